import type { KubernetesObject } from '../../api/resource.ts';
import { clone, getOwn } from '../../machinery/clone.ts';
import { ConformError, unknownFieldErrors } from '../../machinery/conform.ts';
import { strictDecodingMessage } from '../../machinery/decode.ts';
import type { Shape } from '../../machinery/managed-fields/shape.ts';
import {
  findType,
  formatApiVersion,
  type GroupVersionKind,
  parseApiVersion,
} from '../../machinery/schema.ts';
import { internalError } from '../../machinery/status-error.ts';
import { conformed } from '../registry/conform-object.ts';
import { conversionsOf, withConversions } from '../registry/conversions.ts';
import { type Facet, facetOf } from '../registry/facet.ts';
import type { StorageCodec } from '../registry/kind.ts';
import { shapeOf } from '../registry/managed-fields.ts';
import { stampType } from '../registry/metadata.ts';
import type { Call, Registry } from '../registry/registry.ts';
import { presentObject } from '../registry/view.ts';

/** What a request is about, as one version of the API sees it. */
export interface Form {
  resource: { group: string; version: string; resource: string };
  kind: GroupVersionKind;
  /**
   * Sees to it that the objects of the request can be shown as they are now; absent where they always can be. Rejects with
   * why they cannot.
   */
  ready?(objects: readonly (KubernetesObject | undefined)[]): Promise<void>;
  /** An object of the request in this form. Not to be changed. */
  show(object: KubernetesObject): KubernetesObject;
  /**
   * An object in this form, fresh and to be used up, as the request has it: with defaults, without what is unknown. `strictly`: what
   * is unknown, or of another type, is an internal error.
   */
  take(
    sent: KubernetesObject,
    current: KubernetesObject,
    strictly?: boolean,
  ): KubernetesObject | Promise<KubernetesObject>;
  /** How its fields merge; absent where the object is none of a kind of its own. */
  shape?: (() => Shape) | undefined;
}

/** The forms of what a request is about, that of the request itself first. `object`: what was sent. */
export function formsOf(call: Call, object: KubernetesObject | undefined): Form[] {
  const { registry, environment, request } = call;
  const facet = facetOf(call);
  if (!facet) return [bodyForm(call, object)];
  const others = environment.versions(registry).filter((other) => other !== registry);
  const own = facetForm(call, facet);
  return [
    own,
    ...others.flatMap((served) => otherForm(call, own, { request, registry: served, environment })),
  ];
}

/** The form of another version, where that has what the request is about. */
function otherForm(call: Call, own: Form, other: Call): Form[] {
  const facet = facetOf(other);
  if (!facet) return [];
  const { codec } = call.registry.kind;
  if (!codec) return [facetForm(other, facet)];
  // The scale is the same object in all versions.
  if (facet.type !== other.registry.view.resource.type)
    return [{ ...own, resource: resourceOf(other.registry) }];
  return [customForm({ call, own, codec }, other, facet)];
}

interface Asked {
  call: Call;
  own: Form;
  codec: StorageCodec<KubernetesObject>;
}

/** The form of another version of a custom kind, which objects are converted to and from. */
function customForm({ call, own, codec }: Asked, other: Call, facet: Facet): Form {
  const to = formatApiVersion(facet.gvk);
  const show = (object: KubernetesObject) =>
    facet.show(
      conversionsOf(call).convert(codec, object as unknown as Json, to) as unknown as KubernetesObject,
    );
  return {
    ...facetForm(other, facet),
    ready: (objects) =>
      withConversions(() => {
        for (const object of objects) if (object) show(object);
      }),
    show,
    async take(sent, current) {
      const made = await codec.convert(conformedTo(facet, sent), formatApiVersion(own.kind));
      return own.take(made, current);
    },
  };
}

type Json = Record<string, unknown>;

const resourceOf = ({ view: { resource } }: Registry): Form['resource'] => ({
  group: resource.group,
  version: resource.version,
  resource: resource.plural,
});

function facetForm(call: Call, facet: Facet): Form {
  const { view } = call.registry;
  const { group, version, kind } = facet.gvk;
  const isWhole = facet.type === view.resource.type;
  return {
    resource: resourceOf(call.registry),
    kind: { group, version, kind },
    show: (object) => facet.show(presentObject(call, object)),
    take: (sent, current, strictly) => taken(call, facet, { sent, current, strictly }),
    shape: isWhole ? () => shapeOf(view) : undefined,
  };
}

function conformedTo(facet: Facet, sent: KubernetesObject, strictly = false): KubernetesObject {
  const object = strictly ? strictlyConformed(facet, sent) : conformed(sent, facet.type).object;
  object.metadata ??= {};
  facet.prune(object);
  facet.defaults(object);
  return object;
}

/** Only types that are built in know what fields they have. */
function strictlyConformed({ type }: Facet, sent: KubernetesObject): KubernetesObject {
  if (!findType(type)) return conformed(sent, type).object;
  let made: ReturnType<typeof conformed>;
  try {
    made = conformed(sent, type);
  } catch (error) {
    const { cause } = error as Error;
    throw cause instanceof ConformError ? internalError(cause.message) : error;
  }
  const errors = unknownFieldErrors(made.unknown);
  if (errors.length > 0) throw internalError(strictDecodingMessage(errors));
  return made.object;
}

interface Taking {
  sent: KubernetesObject;
  current: KubernetesObject;
  strictly: boolean | undefined;
}

function taken(call: Call, facet: Facet, { sent, current, strictly }: Taking): KubernetesObject {
  const { view, kind } = call.registry;
  const made = facet.take(conformedTo(facet, sent, strictly), clone(presentObject(call, current)));
  if (!view.storedAs) return made;
  const stored = view.storedAs.toStored(made);
  stampType(stored, kind.resource);
  return stored;
}

/** What a subresource takes is of a kind of its own, such as an Eviction. */
function bodyForm({ registry, request }: Call, object: KubernetesObject | undefined): Form {
  const known = getOwn(registry.kind.subresources, request.info.subresource)?.gvk;
  const said = parseApiVersion(object?.apiVersion ?? '') ?? { group: '', version: '' };
  const { group, version, kind } = known ?? { ...said, kind: object?.kind ?? '' };
  return {
    resource: resourceOf(registry),
    kind: { group, version, kind },
    show: (shown) => shown,
    take: (sent) => sent,
  };
}
