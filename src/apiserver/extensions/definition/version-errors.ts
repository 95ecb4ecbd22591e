import type {
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  JSONSchemaProps,
} from '../../../api/apiextensions/v1.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  required,
  tooMany,
} from '../../../machinery/field-error.ts';
import { once } from '../../../machinery/cel/rest.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { dns1035LabelErrors } from '../../../machinery/names.ts';
import { each } from '../../kinds/shared/validate.ts';
import { FieldPathError, findField, type FoundField } from '../rules/field-path.ts';
import { columnErrors, simplePathErrors } from './column-errors.ts';
import { checkingDefaults } from './default-errors.ts';
import { checkingSchemaDefinition } from './schema-definition-errors.ts';
import { structuralErrors, unstructuredReason } from './structural-errors.ts';
import type { Tolerance } from './tolerance.ts';

const maxSelectableFields = 8;

type Version = CustomResourceDefinitionVersion;

/** Parts of versions that upstream keeps in one place where all versions have the same. */
const parts = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;
type Part = (typeof parts)[number];

/** The parts that all versions have alike. */
export function commonParts(versions: readonly Version[]): ReadonlySet<Part> {
  const [first, ...others] = versions;
  if (!first) return new Set();
  return new Set(parts.filter((part) => others.every((version) => deepEqual(version[part], first[part]))));
}

export interface VersionSurroundings {
  /** Parts that are looked at elsewhere. */
  common: ReadonlySet<Part>;
  /** The version before the change. */
  old?: Version | undefined;
  /** What is let pass since it was so before. */
  tolerated: Tolerance;
}

/** What finds out what is wrong. It can rest: it is called until it does not throw Pause (`rest.ts`). */
export type Checking = () => readonly FieldError[];

/** What is wrong with one version of a definition. */
export function checkingVersion(field: string, version: Version, around: VersionSurroundings): Checking {
  const wrongName = dns1035LabelErrors(version.name);
  const own = Object.fromEntries(
    Object.entries(version).filter(([part]) => !around.common.has(part as Part)),
  );
  const errors = [
    ...(wrongName.length > 0 ? [invalid(`${field}.name`, version.name, wrongName.join(','))] : []),
    ...deprecationErrors(`${field}.deprecationWarning`, version),
  ];
  const checking = checkingParts(field, 'schema', {
    version: own,
    hasStatus: hasStatus(version),
    ...comparison(version, around),
  });
  return () => [...errors, ...checking()];
}

/** What is wrong with what all versions have alike. */
export function checkingCommon(versions: readonly Version[], around: VersionSurroundings): Checking {
  const [first] = versions;
  if (!first) return () => noErrors;
  const { common } = around;
  const shared = Object.fromEntries(Object.entries(first).filter(([part]) => common.has(part as Part)));
  return checkingParts('spec', 'validation', {
    version: shared,
    hasStatus: versions.some(hasStatus),
    ...comparison(first, around),
  });
}

const hasStatus = ({ subresources }: Version) => subresources?.status !== undefined;

/** How a version compares with what it was before. */
interface Comparison {
  tolerated: Tolerance;
  /** Whether the schema is what it was. */
  isAsBefore: boolean;
  /** Whether the selectable fields are what they were. */
  selectsAsBefore: boolean;
}

const comparison = (version: Version, { old, tolerated }: VersionSurroundings): Comparison => ({
  tolerated,
  isAsBefore: old !== undefined && deepEqual(version.schema, old.schema),
  selectsAsBefore: old !== undefined && deepEqual(version.selectableFields, old.selectableFields),
});

interface PartsToCheck extends Comparison {
  version: Partial<Version>;
  hasStatus: boolean;
}

function checkingParts(field: string, schemaField: string, { version, ...about }: PartsToCheck): Checking {
  const schema = version.schema?.openAPIV3Schema;
  const checking = schema && checkingSchema(`${field}.${schemaField}.openAPIV3Schema`, schema, about);
  const others = [
    ...subresourceErrors(`${field}.subresources`, version.subresources),
    ...each(`${field}.additionalPrinterColumns`, version.additionalPrinterColumns, (column, path) =>
      columnErrors(path, column),
    ),
    ...selectableErrors(`${field}.selectableFields`, {
      version,
      mayBeMany: about.selectsAsBefore,
      missing:
        schemaField === 'schema'
          ? 'may only be set when `version.schema.openAPIV3Schema` is not included'
          : 'may only be set when validations.schema is included',
    }),
  ];
  return () => [...(checking?.() ?? noErrors), ...others];
}

function deprecationErrors(
  field: string,
  { deprecated, deprecationWarning: warning }: Version,
): readonly FieldError[] {
  if (warning === undefined) return [];
  if (!deprecated) return [invalid(field, warning, 'can only be set for deprecated versions')];
  const errors: string[] = [];
  if (Buffer.byteLength(warning) > 256) errors.push('must be <= 256 characters long');
  if (warning === '') errors.push('must not be an empty string');
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning);
  if (odd) {
    const index = Buffer.byteLength(warning.slice(0, odd.index));
    errors.push(
      `must only contain printable UTF-8 characters; non-printable character found at index ${index}`,
    );
  }
  return errors.map((why) => invalid(field, warning, why));
}

/** What a schema may say at its root where the status is written apart. */
const allowedAtRoot =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations'.split(
    ' ',
  );

/** The name that upstream's types have for a field of a schema. */
function goName(name: string): string {
  const words = name.replace(/^x-kubernetes-/, 'x-').split('-');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function rootErrors(field: string, schema: JSONSchemaProps): readonly FieldError[] {
  if (schema.type && schema.type !== 'object') {
    const why =
      'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    return [invalid(`${field}.type`, schema.type, why)];
  }
  if (Object.keys(schema).every((name) => allowedAtRoot.includes(goName(name)))) return [];
  const why = `only [${allowedAtRoot.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;
  return [invalid(field, schema, why)];
}

function checkingSchema(
  field: string,
  schema: JSONSchemaProps,
  { hasStatus, isAsBefore, tolerated }: Omit<PartsToCheck, 'version'>,
): Checking {
  const { noStructure } = tolerated;
  const odd = noStructure ? undefined : unstructuredReason(schema);
  const structural = odd || noStructure ? [] : structuralErrors(field, schema);
  const isStructural = !odd && !noStructure && structural.length === 0;
  const defaults = isStructural
    ? once(checkingDefaults(field, schema, { anyFields: tolerated.unknownDefaults }))
    : () => noErrors;
  const definition = once(() => {
    const sound = isStructural && defaults().length === 0;
    return checkingSchemaDefinition(field, schema, { sound, isAsBefore, tolerated });
  });
  return once(() => {
    const errors = [
      ...(hasStatus ? rootErrors(field, schema) : []),
      ...(schema.nullable
        ? [forbiddenField(`${field}.nullable`, 'nullable cannot be true at the root')]
        : []),
      ...structural,
      ...defaults(),
      ...definition()(),
    ];
    return odd && errors.length === 0 ? [invalid(field, '', odd)] : errors;
  });
}

function subresourceErrors(
  field: string,
  subresources: CustomResourceSubresources | undefined,
): readonly FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  return [
    ...pathUnder(`${field}.scale.specReplicasPath`, scale.specReplicasPath, ['.spec.']),
    ...pathUnder(`${field}.scale.statusReplicasPath`, scale.statusReplicasPath, ['.status.']),
    ...(scale.labelSelectorPath
      ? pathUnder(`${field}.scale.labelSelectorPath`, scale.labelSelectorPath, ['.spec.', '.status.'])
      : []),
  ];
}

function pathUnder(field: string, path: string, parents: readonly string[]): readonly FieldError[] {
  if (!path) return [required(field)];
  const errors = simplePathErrors(field, path);
  if (errors.length > 0 || parents.some((parent) => path.startsWith(parent))) return errors;
  const names = parents.map((parent) => parent.slice(0, -1));
  const where = names.length === 1 ? names[0] : `either ${names.join(' or ')}`;
  return [invalid(field, path, `should be a json path under ${where}`)];
}

interface Selectable {
  version: Partial<Version>;
  /** There were as many before. */
  mayBeMany: boolean;
  /** What is said where there is no schema to select by. */
  missing: string;
}

function selectableErrors(field: string, { version, mayBeMany, missing }: Selectable): readonly FieldError[] {
  const { selectableFields = [], schema } = version;
  if (selectableFields.length === 0) return [];
  if (!schema?.openAPIV3Schema) return [invalid(field, '', missing)];
  const seen = new Set<string>();
  const root = schema.openAPIV3Schema;
  const errors = each(field, selectableFields, ({ jsonPath }, path) => {
    if (!jsonPath) return [required(`${path}.jsonPath`)];
    return oneSelectable(`${path}.jsonPath`, jsonPath, { root, seen });
  });
  return seen.size > maxSelectableFields && !mayBeMany
    ? [...errors, tooMany(field, seen.size, maxSelectableFields)]
    : errors;
}

function oneSelectable(
  field: string,
  path: string,
  { root, seen }: { root: JSONSchemaProps; seen: Set<string> },
): readonly FieldError[] {
  let found: FoundField;
  try {
    found = findField(path, root, { brackets: false });
  } catch (error) {
    if (error instanceof FieldPathError)
      return [invalid(field, path, `is an invalid path: ${error.message}`)];
    throw error;
  }
  const errors: FieldError[] = [];
  if (found.root === 'metadata') errors.push(invalid(field, path, 'must not point to fields in metadata'));
  if (!['string', 'boolean', 'integer'].includes(found.schema?.type ?? '')) {
    const why =
      'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
    errors.push(invalid(field, path, why));
  }
  if (seen.has(found.path)) errors.push(duplicate(field, path));
  seen.add(found.path);
  return errors;
}
