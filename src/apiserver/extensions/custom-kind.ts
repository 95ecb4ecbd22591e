import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
  JSONSchemaProps,
} from '../../api/apiextensions/v1.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { formatApiVersion } from '../../machinery/schema.ts';
import { compareVersions } from '../discovery/discovery.ts';
import type { Kind, ScaleStrategy, StorageCodec } from '../registry/kind.ts';
import { customColumns } from './columns.ts';
import { type ConversionContext, type ConversionWebhook, convert, convertOne } from './conversion.ts';
import { customErrors, customRuleErrors, finalizerWarnings, type Validation } from './custom-validation.ts';
import { findAll, parseJsonPath } from './json-path.ts';
import { integerAt, setAt, stepsOf, textAt } from './paths.ts';
import { compilingTree } from './rules/compile-rules.ts';
import { applyDefaults, dropNulls } from './schema/default.ts';
import { embeddedMisfit, dropMisfitMetadata, pruneEmbeddedMetadata } from './schema/embedded.ts';
import { prune } from './schema/prune.ts';
import { isObject, type Json } from './schema/structure.ts';

/** One version of a custom resource as the registries serve it. */
export function customKind(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  webhook: ConversionWebhook,
): Kind {
  const schema = schemaOf(version);
  const shape = shapeOf(definition, version);
  const { scale, status } = version.subresources ?? {};
  const validation: Validation = { schema, rules: compilingTree(schema, true), scale };
  const hasStatus = status !== undefined;
  return {
    resource: resourceOf(definition, version),
    listKind: definition.status?.acceptedNames?.listKind,
    schema: shape,
    ...deprecationOf(definition, version),
    allowUnconditionalUpdate: false,
    countsGeneration: true,
    storageVersion: storageVersionOf(definition) ?? version.name,
    codec: codecOf(definition, version, webhook),
    prune: (object, options) => pruned(object, shape, options),
    misfit: (object) => misfitOf(object, shape),
    defaults: (object) => void fillIn(object as unknown as Json, shape),
    ...(hasStatus && ownStatus(validation)),
    ...(scale && { scale: scaleOf(scale) }),
    validate: (object) => customErrors(validation, { object }),
    validateUpdate: (object, old) => customErrors(validation, { object, old }),
    validateInTurns: (write) => customRuleErrors(validation, write),
    warnings: finalizerWarnings,
    columns: customColumns(version.additionalPrinterColumns),
    fieldLabels: isNamespaced(definition) ? {} : { common: ['metadata.name'] },
    ...selectableFieldsOf(version),
  };
}

const anything: JSONSchemaProps = { 'x-kubernetes-preserve-unknown-fields': true };

const schemaOf = ({ schema }: CustomResourceDefinitionVersion) => schema?.openAPIV3Schema ?? anything;

/**
 * What objects of a version come down to when they are read: anything, where the definition keeps unknown fields everywhere. No
 * new definition may, but those that upstream took when they were in v1beta1 do.
 */
const shapeOf = ({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion) =>
  spec.preserveUnknownFields ? anything : schemaOf(version);

const storageVersionOf = ({ spec }: CustomResourceDefinition) =>
  spec.versions.find((version) => version.storage)?.name;

function misfitOf(object: KubernetesObject, schema: JSONSchemaProps): string | undefined {
  const misfit = embeddedMisfit(object, schema);
  return misfit && `${misfit.field}: ${misfit.body}`;
}

const isNamespaced = ({ spec }: CustomResourceDefinition) => spec.scope === 'Namespaced';

/** A custom resource whose definition is going away. */
export const ending = (kind: Kind): Kind => ({
  ...kind,
  creationForbidden: 'create not allowed while custom resource definition is terminating',
});

/**
 * What a version is served as. Plural and kind are those of the definition's own part, never of its status: under the plural
 * stand its name and its objects, and neither changes once it is established. Who may write its status names nothing else.
 */
function resourceOf(
  { spec, status }: CustomResourceDefinition,
  { name: version }: CustomResourceDefinitionVersion,
): Resource {
  const { group, scope, names } = spec;
  const { plural, kind } = names;
  const { singular = '', shortNames = [], categories = [] } = status?.acceptedNames ?? {};
  const namespaced = scope === 'Namespaced';
  // Never that of a type which is built in, whatever the group is called: it says where objects are stored.
  const type = `${formatApiVersion({ group, version })}, Kind=${kind}`;
  return { group, version, kind, plural, singular, namespaced, shortNames, categories, type };
}

function deprecationOf(
  { spec }: CustomResourceDefinition,
  { name, deprecated, deprecationWarning }: CustomResourceDefinitionVersion,
): Pick<Kind, 'deprecation'> {
  if (!deprecated) return {};
  const shown = (version: string) => `${spec.group}/${version} ${spec.names.kind}`;
  const [better] = spec.versions
    .filter((other) => other.served && !other.deprecated && compareVersions(other.name, name) < 0)
    .map((other) => other.name)
    .sort(compareVersions);
  const advice = better === undefined ? '' : `; use ${shown(better)}`;
  return { deprecation: deprecationWarning ?? `${shown(name)} is deprecated${advice}` };
}

function pruned(
  object: KubernetesObject,
  schema: JSONSchemaProps,
  { keepNulls = false }: { keepNulls?: boolean } = {},
): string[] {
  const json = object as unknown as Json;
  const unknown = [...prune(json, schema), ...pruneEmbeddedMetadata(json, schema)];
  if (!keepNulls) dropNulls(json, schema);
  return unknown;
}

/** What differs where the status is written apart. */
function ownStatus(validation: Validation): Pick<Kind, 'prepareForCreate' | 'prepareForUpdate' | 'status'> {
  return {
    prepareForCreate: (object) => void delete (object as { status?: unknown }).status,
    prepareForUpdate: keepStatusOf,
    status: {
      resets: ['spec', 'metadata'],
      prepareForUpdate: (object, old) => {
        const { managedFields, resourceVersion } = object.metadata;
        object.metadata = { ...clone(old.metadata), resourceVersion };
        if (managedFields) object.metadata.managedFields = managedFields;
        else delete object.metadata.managedFields;
      },
      validateUpdate: (object, old) => customErrors(validation, { object, old, part: 'status' }),
      validateInTurns: (write) => customRuleErrors(validation, write),
    },
  };
}

function keepStatusOf(object: KubernetesObject, old: KubernetesObject): void {
  const [target, source] = [object as { status?: unknown }, old as { status?: unknown }];
  if (source.status === undefined) delete target.status;
  else target.status = source.status;
}

function scaleOf(scale: CustomResourceSubresourceScale): ScaleStrategy<KubernetesObject> {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  return {
    replicas: (object) => ({
      spec: Number(integerAt(object, specReplicasPath) ?? 0),
      status: Number(integerAt(object, statusReplicasPath) ?? 0),
    }),
    lackedReplicas: (object) =>
      integerAt(object, specReplicasPath) === undefined ? specReplicasPath : undefined,
    setReplicas: (object, replicas) => setAt(object, specReplicasPath, replicas),
    replicasPath: stepsOf(specReplicasPath),
    selector: (object) => (labelSelectorPath ? (textAt(object, labelSelectorPath) ?? '') : ''),
  };
}

function selectableFieldsOf({
  selectableFields = [],
}: CustomResourceDefinitionVersion): Pick<Kind, 'selectableFields'> {
  if (selectableFields.length === 0) return {};
  const fields = selectableFields.map(({ jsonPath }) => ({
    name: jsonPath.replace(/^\./, ''),
    path: parseJsonPath(jsonPath),
  }));
  return {
    selectableFields: (object) =>
      Object.fromEntries(fields.map(({ name, path }) => [name, String(findAll(path, object)[0] ?? '')])),
  };
}

function codecOf(
  definition: CustomResourceDefinition,
  { name }: CustomResourceDefinitionVersion,
  webhook: ConversionWebhook,
): StorageCodec<KubernetesObject> {
  const { group, versions, conversion } = definition.spec;
  const storage = storageVersionOf(definition) ?? name;
  const context: ConversionContext = { name: definition.metadata.name ?? '', conversion, webhook };
  const schemas = new Map(
    versions.map((version) => [
      formatApiVersion({ group, version: version.name }),
      shapeOf(definition, version),
    ]),
  );
  const shown = formatApiVersion({ group, version: name });
  const stored = formatApiVersion({ group, version: storage });
  return {
    decode(objects) {
      const own = objects.map((object) => withDefaults(object, schemas.get(object.apiVersion ?? '')));
      const converted = convert(context, own, shown);
      const finish = (made: KubernetesObject[]) =>
        made.map((object, i) => finished(object, own[i], schemas.get(shown)));
      return converted instanceof Promise ? converted.then(finish) : finish(converted);
    },
    encode: (object) => convertOne(context, object, stored),
    schemas,
    convert(object, apiVersion) {
      const made = convertOne(context, object, apiVersion);
      const finish = (other: KubernetesObject) => finished(other, object, schemas.get(apiVersion));
      return made instanceof Promise ? made.then(finish) : finish(made);
    },
  };
}

/** Fills in defaults, in place, but none that the metadata of embedded resources does not have. Says whether there were any. */
function fillIn(object: Json, schema: JSONSchemaProps): boolean {
  const filled = applyDefaults(object, schema);
  if (filled) pruneEmbeddedMetadata(object, schema);
  return filled;
}

/** A stored object without what its version's schema no longer has, and with the defaults that it has by now. */
function withDefaults(object: KubernetesObject, schema: JSONSchemaProps | undefined): KubernetesObject {
  if (!schema) return object;
  const copy = clone(object);
  const json = copy as unknown as Json;
  const misfits = dropMisfitMetadata(json, schema);
  const isRepaired = repairGeneration(copy);
  const dropped = prune(json, schema).length + pruneEmbeddedMetadata(json, schema).length;
  dropNulls(json, schema);
  const filled = fillIn(json, schema);
  return misfits || isRepaired || dropped > 0 || filled ? copy : object;
}

/** What has no generation was stored before custom resources had one, or by others: it is then the first. */
function repairGeneration({ metadata }: KubernetesObject): boolean {
  if (!metadata || metadata.generation) return false;
  metadata.generation = 1;
  return true;
}

/** A converted object without what the schema of its version does not have. */
function finished(
  object: KubernetesObject,
  before: KubernetesObject | undefined,
  schema: JSONSchemaProps | undefined,
): KubernetesObject {
  if (object === before || !schema || !isObject(object)) return object;
  const copy = clone(object);
  prune(copy as unknown as Json, schema);
  return copy;
}
