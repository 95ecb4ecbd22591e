import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '../../../api/apiextensions/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  required,
} from '../../../machinery/field-error.ts';
import { dns1035LabelErrors, dns1123SubdomainErrors } from '../../../machinery/names.ts';
import { clientErrors } from '../../kinds/admissionregistration/webhook-validation.ts';
import { each, immutable, requireSupported, requireValue } from '../../kinds/shared/validate.ts';
import { bundleError } from '../../kinds/shared/pem.ts';
import { eachSchema } from '../schema/structure.ts';
import { approvalErrors } from './approval.ts';
import { isTrue } from './conditions.ts';
import { toleranceOf } from './tolerance.ts';
import { type Checking, checkingCommon, checkingVersion, commonParts } from './version-errors.ts';

/**
 * What is wrong with a definition; of a changed one also what had to stay. Its rules are compiled, and run on its defaults, which can take
 * long: it rests meanwhile, what this gives is called until it does not throw Pause (`rest.ts`).
 */
export function checkingDefinition(
  definition: CustomResourceDefinition,
  old?: CustomResourceDefinition,
): Checking {
  const { spec, status } = definition;
  const checking = checkingSpec(definition, old);
  const named = old ? noErrors : ownNameErrors(definition);
  const others = [
    ...(old ? fixedErrors(definition, old) : []),
    ...nameErrors('status.acceptedNames', status?.acceptedNames),
    ...storedVersionErrors(status?.storedVersions ?? [], spec.versions ?? []),
    ...approvalErrors(definition, old),
    ...(spec.preserveUnknownFields && !old?.spec.preserveUnknownFields ? [cannotKeepUnknown] : []),
  ];
  return () => [...named, ...checking(), ...others];
}

const cannotKeepUnknown = invalid(
  'spec.preserveUnknownFields',
  true,
  'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
);

function ownNameErrors({ metadata, spec }: CustomResourceDefinition): readonly FieldError[] {
  const wanted = `${spec.names?.plural ?? ''}.${spec.group ?? ''}`;
  const { name = '', generateName } = metadata;
  const why = 'must be spec.names.plural+"."+spec.group';
  return [
    ...(generateName && generateName !== wanted ? [invalid('metadata.generateName', generateName, why)] : []),
    ...(name === wanted ? [] : [invalid('metadata.name', name, why)]),
  ];
}

/** What objects that are stored already hang on. */
function fixedErrors(
  { spec }: CustomResourceDefinition,
  old: CustomResourceDefinition,
): readonly FieldError[] {
  const ofEstablished = isTrue(old, 'Established')
    ? [
        ...immutable('spec.scope', spec.scope, old.spec.scope),
        ...immutable('spec.names.kind', spec.names.kind, old.spec.names.kind),
      ]
    : [];
  return [
    ...ofEstablished,
    ...immutable('spec.group', spec.group, old.spec.group),
    ...immutable('spec.names.plural', spec.names.plural, old.spec.names.plural),
  ];
}

/** The authorities that a definition trusts in its webhook. */
export const bundleOf = ({ spec }: Pick<CustomResourceDefinition, 'spec'>): string | undefined =>
  spec.conversion?.webhook?.clientConfig?.caBundle;

function storedVersionErrors(
  stored: readonly string[],
  versions: readonly CustomResourceDefinitionVersion[],
): readonly FieldError[] {
  const field = 'status.storedVersions';
  if (stored.length === 0) return [invalid(field, null, 'must have at least one stored version')];
  const unstored = versions.filter((version) => version.storage && !stored.includes(version.name));
  const gone = stored.filter((name) => !versions.some((version) => version.name === name));
  return [
    ...unstored.map(({ name }) => invalid(field, stored, `must have the storage version ${name}`)),
    ...gone.map((name) => {
      const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
      return invalid(`${field}[${stored.indexOf(name)}]`, name, why);
    }),
  ];
}

function checkingSpec(
  { spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): Checking {
  const { versions = [], conversion, preserveUnknownFields: keepsUnknown } = spec;
  const before = (name: string | undefined) => old?.spec.versions?.find((version) => version.name === name);
  const around = { common: commonParts(versions), tolerated: toleranceOf(spec, old?.spec) };
  const first = versions[0]?.name;
  const ofVersions = versions.map((version, i) =>
    checkingVersion(`spec.versions[${i}]`, version, { ...around, old: before(version.name) }),
  );
  const common = checkingCommon(versions, { ...around, old: before(first) });
  const above = [
    ...groupErrors(spec.group),
    ...requireSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']),
    ...missingSchemaErrors(spec, old?.spec),
    ...(keepsUnknown && hasDefaults(versions) ? [noDefaultsBesideUnknown] : []),
  ];
  const between = [
    ...versionSetErrors(versions),
    ...(first ? labelErrors('spec.version', first) : []),
    ...(['plural', 'singular', 'kind', 'listKind'] as const).flatMap((name) =>
      requireValue(`spec.names.${name}`, spec.names?.[name]),
    ),
    ...nameErrors('spec.names', spec.names),
  ];
  const below = [
    ...(keepsUnknown && conversion && conversion.strategy !== 'None'
      ? [
          invalid(
            'spec.conversion.strategy',
            conversion.strategy,
            'must be None if spec.preserveUnknownFields is true',
          ),
        ]
      : []),
    ...conversionErrors('spec.conversion', conversion, old),
  ];
  return () => [...above, ...ofVersions.flatMap((checking) => checking()), ...between, ...common(), ...below];
}

const noDefaultsBesideUnknown = invalid(
  'spec.preserveUnknownFields',
  true,
  'must be false in order to use defaults in the schema',
);

function hasDefaults(versions: readonly CustomResourceDefinitionVersion[]): boolean {
  let found = false;
  for (const { schema } of versions) {
    if (schema?.openAPIV3Schema) {
      eachSchema(schema.openAPIV3Schema, (part) => void (found ||= part.default !== undefined));
    }
  }
  return found;
}

/** Each version has a schema, unless a definition from before that was asked for has none. */
function missingSchemaErrors(
  { versions = [], preserveUnknownFields }: CustomResourceDefinitionSpec,
  old: CustomResourceDefinitionSpec | undefined,
): readonly FieldError[] {
  const lacks = ({ schema }: CustomResourceDefinitionVersion) => !schema?.openAPIV3Schema;
  const mayLack = old?.versions?.some(lacks) ?? false;
  if (mayLack && preserveUnknownFields) return [];
  return each('spec.versions', versions, (version, field) => {
    const isWrong = lacks(version) && (!mayLack || version.served);
    const why = mayLack ? 'because otherwise all fields are pruned' : '';
    return isWrong ? [required(`${field}.schema.openAPIV3Schema`, why)] : [];
  });
}

function groupErrors(group: string | undefined): readonly FieldError[] {
  const field = 'spec.group';
  if (!group) return [required(field)];
  const errors = dns1123SubdomainErrors(group);
  if (errors.length > 0) return [invalid(field, group, errors.join(','))];
  if (group.includes('.')) return [];
  return [invalid(field, group, 'should be a domain with at least one dot')];
}

function versionSetErrors(versions: readonly CustomResourceDefinitionVersion[]): readonly FieldError[] {
  const field = 'spec.versions';
  const errors: FieldError[] = [];
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    errors.push(invalid(field, versions, 'must contain unique version names'));
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    const why = 'must have exactly one version marked as storage version';
    errors.push(invalid(field, versions, why));
  }
  return errors;
}

/** What is wrong with the names of a type. */
export function nameErrors(
  field: string,
  names: Partial<CustomResourceDefinitionNames> = {},
): readonly FieldError[] {
  const { plural = '', singular = '', kind = '', listKind = '', shortNames, categories } = names;
  const label = (name: string, value: string) => labelErrors(`${field}.${name}`, value);
  const mixed = (name: string, value: string): readonly FieldError[] => {
    const errors = value ? dns1035LabelErrors(value.toLowerCase()) : [];
    const why = `may have mixed case, but should otherwise match: ${errors.join(',')}`;
    return errors.length > 0 ? [invalid(`${field}.${name}`, value, why)] : [];
  };
  return [
    ...(plural ? label('plural', plural) : []),
    ...(singular ? label('singular', singular) : []),
    ...mixed('kind', kind),
    ...mixed('listKind', listKind),
    ...(shortNames ?? []).flatMap((name, i) => label(`shortNames[${i}]`, name)),
    ...(kind && kind === listKind
      ? [invalid(`${field}.listKind`, listKind, 'kind and listKind may not be the same')]
      : []),
    ...(categories ?? []).flatMap((name, i) => label(`categories[${i}]`, name)),
  ];
}

function labelErrors(field: string, value: string): readonly FieldError[] {
  const errors = dns1035LabelErrors(value);
  return errors.length > 0 ? [invalid(field, value, errors.join(','))] : [];
}

function conversionErrors(
  field: string,
  conversion: CustomResourceConversion | undefined,
  old: CustomResourceDefinition | undefined,
): readonly FieldError[] {
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  const client = `${field}.webhookClientConfig`;
  const versions = `${field}.conversionReviewVersions`;
  const reviews = webhook?.conversionReviewVersions ?? [];
  const errors = [...requireSupported(`${field}.strategy`, strategy, ['None', 'Webhook'])];
  if (strategy !== 'Webhook') {
    const why = 'should not be set when strategy is not set to Webhook';
    if (webhook?.clientConfig) errors.push(forbiddenField(client, why));
    if (reviews.length > 0) errors.push(forbiddenField(versions, why));
    return errors;
  }
  if (webhook?.clientConfig) {
    const { caBundle } = webhook.clientConfig;
    errors.push(...clientErrors(client, webhook.clientConfig), ...bundleErrors(client, caBundle, old));
  } else errors.push(required(client, 'required when strategy is set to Webhook'));
  return [...errors, ...reviewVersionErrors(versions, reviews, old)];
}

/** A webhook that converts must be one that can be trusted, once the definition is established with such a one or none. */
function bundleErrors(
  field: string,
  bundle: string | undefined,
  old: CustomResourceDefinition | undefined,
): readonly FieldError[] {
  if (!old || !isTrue(old, 'Established') || bundleError(bundleOf(old))) return [];
  const why = bundleError(bundle);
  return why ? [invalid(`${field}.caBundle`, bundle, why)] : [];
}

const understood = ['v1', 'v1beta1'];
const isUnderstood = (versions: readonly string[]) => versions.some((name) => understood.includes(name));

function reviewVersionErrors(
  field: string,
  versions: readonly string[],
  old: CustomResourceDefinition | undefined,
): readonly FieldError[] {
  if (versions.length === 0) return [required(field)];
  const errors = each(field, versions, (version, path, i) =>
    versions.indexOf(version) < i
      ? [invalid(path, version, 'duplicate version')]
      : dns1035LabelErrors(version).map((why) => invalid(path, version, why)),
  );
  const before = old?.spec.conversion?.webhook?.conversionReviewVersions ?? [];
  if (isUnderstood(versions) || (before.length > 0 && !isUnderstood(before))) return errors;
  return [...errors, invalid(field, versions, `must include at least one of ${understood.join(', ')}`)];
}
