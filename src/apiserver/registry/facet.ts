import type { Scale } from '../../api/autoscaling/v1.ts';
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { clone, getOwn } from '../../machinery/clone.ts';
import { type FieldError, invalid, invalidObject, noErrors } from '../../machinery/field-error.ts';
import type { WriteContext } from '../../machinery/managed-fields/ownership.ts';
import { entriesOfScaled, scaleEntries } from '../../machinery/managed-fields/scale.ts';
import { shapeOfType } from '../../machinery/managed-fields/shape.ts';
import { formatApiVersion, type GroupVersionKind } from '../../machinery/schema.ts';
import { badRequest, internalError } from '../../machinery/status-error.ts';
import type { Findings, HookContext, Kind, ScaleStrategy, ValidatedWrite } from './kind.ts';
import type { Call, Registry } from './registry.ts';

/** What differs between an update of the main resource and one through a subresource. */
export interface UpdateStrategy {
  prepare(object: KubernetesObject, old: Stored<KubernetesObject>, context: HookContext): void;
  validate(
    object: KubernetesObject,
    old: Stored<KubernetesObject>,
    context: HookContext,
  ): readonly FieldError[];
  /** What is wrong besides what that has found, where it can take long to find out. */
  validateInTurns?(write: ValidatedWrite): Findings;
  /** Advice that goes back in `Warning` headers. */
  warnings?(object: KubernetesObject, old: Stored<KubernetesObject>): readonly string[];
  /** Whether allotments are made: only where the spec can change. */
  main: boolean;
}

/** The side of an object that a request reads and writes: the object itself, its status, its scale, a part. */
export interface Facet {
  gvk: GroupVersionKind;
  /** Full name of the type that is sent. */
  type: string;
  strategy: UpdateStrategy;
  /** Fills in what a client left out of what it sent. */
  defaults(sent: KubernetesObject): void;
  /** What of an object it is made of, and how that is filled in, where the rest need not be looked at. */
  narrow?: { fields: ReadonlySet<string>; defaults(sent: KubernetesObject): void };
  /** Drops what a custom kind's schema does not have. */
  prune(sent: KubernetesObject, options?: { keepNulls?: boolean }): string[];
  /** Why what was sent cannot be read; undefined where it can be. */
  misfit(sent: KubernetesObject): string | undefined;
  /** What clients see of the object. */
  show(object: KubernetesObject): KubernetesObject;
  /** What a GET answers with, where that is not always what is shown. Throws a StatusError where there is nothing to show. */
  read?(object: KubernetesObject): KubernetesObject;
  /** What patches and server-side apply are made in, where that is not always what is shown. */
  patched?(object: KubernetesObject): KubernetesObject;
  /** The object (in the form of the resource asked for) with what was sent taken in; `sent` may be used up. */
  take(sent: KubernetesObject, old: KubernetesObject | undefined): KubernetesObject;
  /** Of a facet that is an object of another kind: how its managed fields go with those of the object. */
  fields?: FacetFields;
}

/** Managed fields that are kept for a facet as an object of its own. */
export interface FacetFields {
  context: WriteContext;
  /** The managed fields of the facet. */
  of(object: KubernetesObject): ManagedFieldsEntry[] | undefined;
  /** The managed fields of the object, now that the facet has these. */
  back(object: KubernetesObject, written: ManagedFieldsEntry[] | undefined): ManagedFieldsEntry[] | undefined;
}

/** The facet that a request addresses; undefined where its subresource is none. */
export function facetOf(call: Call): Facet | undefined {
  const { registry, request } = call;
  const { view, kind } = registry;
  const { subresource } = request.info;
  if (subresource === 'scale' && kind.scale) return scaleFacet(call, kind.scale);
  const known = facets.get(registry) ?? new Map<string, Facet | undefined>();
  if (!known.has(subresource))
    facets.set(registry, known.set(subresource, wholeFacet(view, kind, subresource)));
  return known.get(subresource);
}

/** The facets of each registry by their subresource, made once. */
const facets = new WeakMap<Registry, Map<string, Facet | undefined>>();

function wholeFacet(view: Kind, kind: Kind, subresource: string): Facet | undefined {
  if (subresource === '') return whole(view, mainUpdate(view, kind));
  if (subresource === 'status' && kind.status) return statusFacet(view, kind);
  const part = getOwn(kind.parts, subresource);
  return part && whole(view, partUpdate(part));
}

function statusFacet(view: Kind, kind: Kind): Facet {
  const facet = whole(view, statusUpdate(kind));
  const defaults = view === kind ? kind.status?.defaults : undefined;
  return defaults ? { ...facet, narrow: { fields: ofStatus, defaults } } : facet;
}

/** A facet in which the object is seen as it is. */
function whole(view: Kind, strategy: UpdateStrategy): Facet {
  return {
    gvk: view.resource,
    type: view.resource.type,
    strategy,
    defaults: (sent) => view.defaults?.(sent),
    prune: (sent, options) => view.prune?.(sent, options) ?? [],
    misfit: (sent) => view.misfit?.(sent),
    show: (object) => object,
    take: (sent) => sent,
  };
}

function mainUpdate({ storedAs }: Kind, kind: Kind): UpdateStrategy {
  return {
    main: true,
    prepare: (object, old, context) => kind.prepareForUpdate?.(object, old, context),
    validate(object, old, context) {
      if (storedAs?.validate) return storedAs.validate(object, old);
      if (kind.validateUpdate) return kind.validateUpdate(object, old, context);
      return kind.validate?.(object, context) ?? [];
    },
    validateInTurns: (write) => kind.validateInTurns?.(write) ?? noErrors,
    warnings: (object, old) => kind.warnings?.(object, old) ?? [],
  };
}

function statusUpdate({ status = {} }: Kind): UpdateStrategy {
  return {
    main: false,
    prepare(object, old, context) {
      takeStatus(object, old);
      status.prepareForUpdate?.(object, old, context);
    },
    validate: (object, old, context) => status.validateUpdate?.(object, old, context) ?? [],
    validateInTurns: (write) => status.validateInTurns?.(write) ?? noErrors,
    warnings: (object) => status.warnings?.(object) ?? [],
  };
}

function partUpdate(part: NonNullable<Kind['parts']>[string]): UpdateStrategy {
  return {
    main: false,
    prepare: (object, old, context) => part.prepareForUpdate(object, old, context),
    validate: (object, old, context) => part.validateUpdate?.(object, old, context) ?? [],
  };
}

const ofStatus = new Set(['apiVersion', 'kind', 'metadata', 'status']);

/** Puts back everything but metadata and status. */
function takeStatus(object: KubernetesObject, old: Stored<KubernetesObject>): void {
  const target = object as unknown as Record<string, unknown>;
  const source = old as unknown as Record<string, unknown>;
  for (const key of Object.keys(target)) if (!ofStatus.has(key) && !(key in source)) delete target[key];
  for (const key of Object.keys(source)) if (!ofStatus.has(key)) target[key] = source[key];
}

const scaleGvk = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

const scaleType = 'io.k8s.api.autoscaling.v1.Scale';
/** Upstream's sign for replicas that were not there, which a patch has to replace. */
const nobodysReplicas = -(2 ** 31);
const usualReplicasPath = ['spec', 'replicas'];

function scaleFields({ registry, environment }: Call): FacetFields {
  const paths = new Map(
    environment.versions(registry).map(({ view, kind }) => {
      const scale = view.scale ?? kind.scale;
      return [formatApiVersion(view.resource), scale && (scale.replicasPath ?? usualReplicasPath)] as const;
    }),
  );
  return {
    context: { apiVersion: formatApiVersion(scaleGvk), shape: shapeOfType(scaleType) },
    of: ({ metadata }) => scaleEntries(metadata.managedFields, paths),
    back: ({ metadata, apiVersion = '' }, written) =>
      entriesOfScaled({ apiVersion, entries: metadata.managedFields, paths }, written),
  };
}

function scaleFacet(call: Call, strategy: ScaleStrategy<KubernetesObject>): Facet {
  const { view, kind } = call.registry;
  const update = mainUpdate(view, kind);
  return {
    gvk: scaleGvk,
    type: scaleType,
    fields: scaleFields(call),
    strategy: {
      ...update,
      validate(object, old, context) {
        checkScale(strategy, object);
        return update.validate(object, old, context);
      },
    },
    defaults: () => {},
    prune: () => [],
    misfit: () => undefined,
    show: (object) => scaleOf(strategy, object) as KubernetesObject,
    read(object) {
      const lacked = strategy.lackedReplicas?.(object);
      if (lacked !== undefined) throw internalError(`the spec replicas field "${lacked}" does not exist`);
      return scaleOf(strategy, object) as KubernetesObject;
    },
    patched(object) {
      const scale = scaleOf(strategy, object);
      if (strategy.lackedReplicas?.(object) !== undefined) scale.spec = { replicas: nobodysReplicas };
      return scale as KubernetesObject;
    },
    take(sent, old) {
      const object = clone(old) as KubernetesObject;
      const { replicas = 0 } = (sent as Scale).spec ?? {};
      if (replicas === nobodysReplicas) {
        const path = strategy.lackedReplicas?.(object) ?? '.spec.replicas';
        throw badRequest(`the spec replicas field "${path}" cannot be empty`);
      }
      strategy.setReplicas(object, replicas);
      if (sent.metadata.resourceVersion) object.metadata.resourceVersion = sent.metadata.resourceVersion;
      return object;
    },
  };
}

/** The scale of an object, as autoscaling/v1 says it. */
function scaleOf(strategy: ScaleStrategy<KubernetesObject>, object: KubernetesObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = strategy.replicas(object);
  const selector = strategy.selector(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas.spec === 0 ? {} : { replicas: replicas.spec },
    status: { replicas: replicas.status, ...(selector && { selector }) },
  };
}

/** What is wrong with a scale is said of the scale, not of the object that is scaled. */
function checkScale(strategy: ScaleStrategy<KubernetesObject>, object: KubernetesObject): void {
  const { spec } = strategy.replicas(object);
  if (spec >= 0) return;
  const errors = [invalid('spec.replicas', spec, 'must be greater than or equal to 0')];
  throw invalidObject(scaleGvk, object.metadata.name ?? '', errors);
}
