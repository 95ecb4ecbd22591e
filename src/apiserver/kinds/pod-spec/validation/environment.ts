import type {
  ConfigMapKeySelector,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  ObjectFieldSelector,
  PodSpec,
  ResourceFieldSelector,
} from '../../../../api/core/v1.ts';
import {
  allErrors,
  errorsOf,
  type FieldError,
  invalid,
  invalids,
  noErrors,
  notFoundValue,
  notSupported,
  required,
} from '../../../../machinery/field-error.ts';
import { configMapKeyErrors, dns1123SubdomainErrors, envVarNameErrors } from '../../../../machinery/names.ts';
import { canonicalQuantity, isQuantity, quantitySign } from '../../../../machinery/quantity.ts';
import { dnsLabel, each, qualifiedName } from '../../shared/validate.ts';
import { containersWithPaths, someContainer } from './context.ts';
import { noBacksteps } from './paths.ts';

const environmentFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** The variables of a container. */
export function environment(field: string, variables: readonly EnvVar[] | undefined): readonly FieldError[] {
  return each(field, variables, (variable, path) =>
    allErrors(
      variable.name
        ? invalids(`${path}.name`, variable.name, envVarNameErrors(variable.name))
        : [required(`${path}.name`)],
      variable.valueFrom ? variableSource(`${path}.valueFrom`, variable) : noErrors,
    ),
  );
}

function variableSource(field: string, { value, valueFrom }: EnvVar): readonly FieldError[] {
  const source = valueFrom as EnvVarSource;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(
    Boolean,
  ).length;
  const errors = [
    ...(fieldRef ? objectField(`${field}.fieldRef`, fieldRef, environmentFields) : noErrors),
    ...(resourceFieldRef ? resourceField(`${field}.resourceFieldRef`, resourceFieldRef, false) : noErrors),
    ...(configMapKeyRef ? keySelector(`${field}.configMapKeyRef`, configMapKeyRef) : noErrors),
    ...(secretKeyRef ? keySelector(`${field}.secretKeyRef`, secretKeyRef) : noErrors),
    ...(fileKeyRef ? fileKey(`${field}.fileKeyRef`, fileKeyRef) : noErrors),
  ];
  const sources = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
  if (count === 0) errors.push(invalid(field, '', `must specify one of: ${sources}`));
  else if (value) errors.push(invalid(field, '', 'may not be specified when `value` is not empty'));
  else if (count > 1) errors.push(invalid(field, '', 'may not have more than one field specified at a time'));
  return errors;
}

function keySelector(field: string, { name = '', key }: ConfigMapKeySelector): readonly FieldError[] {
  return allErrors(
    invalids(`${field}.name`, name, dns1123SubdomainErrors(name)),
    key ? invalids(`${field}.key`, key, configMapKeyErrors(key)) : [required(`${field}.key`)],
  );
}

function fileKey(field: string, { volumeName, path, key }: FileKeySelector): readonly FieldError[] {
  return allErrors(
    key ? invalids(`${field}.key`, key, envVarNameErrors(key)) : [required(`${field}.key`)],
    volumeName ? dnsLabel(`${field}.volumeName`, volumeName) : [required(`${field}.volumeName`)],
    path ? noBacksteps(`${field}.path`, path) : [required(`${field}.path`)],
  );
}

/** Files that variables come from lie in empty directories of the pod. */
export function filesOfVariables(field: string, spec: PodSpec): readonly FieldError[] {
  const fromFile = ({ valueFrom }: EnvVar) => valueFrom?.fileKeyRef !== undefined;
  if (!someContainer(spec, ({ env }) => env?.some(fromFile) === true)) return noErrors;
  const volumes = new Map(spec.volumes?.map((volume) => [volume.name, volume]));
  return errorsOf(containersWithPaths(spec, field), ({ container, field: path }) =>
    each(`${path}.env`, container.env, ({ valueFrom }, variable) => {
      const name = valueFrom?.fileKeyRef?.volumeName;
      if (name === undefined) return noErrors;
      const at = `${variable}.valueFrom.fileKeyRef.volumeName`;
      const volume = volumes.get(name);
      if (!volume) return [notFoundValue(at, name)];
      const why = 'referenced volume must be of type emptyDir';
      return volume.emptyDir ? noErrors : [invalid(at, name, why)];
    }),
  );
}

const subscripted = /^(metadata\.(?:annotations|labels)|[^[]*)\['([^']*)'\]$/;

/** A field of the pod; `allowed` are those that may be named whole. */
export function objectField(
  field: string,
  selector: ObjectFieldSelector,
  allowed: readonly string[],
): readonly FieldError[] {
  const { apiVersion, fieldPath } = selector;
  if (!apiVersion) return [required(`${field}.apiVersion`)];
  if (!fieldPath) return [required(`${field}.fieldPath`)];
  const path = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
  const conversion = conversionError(apiVersion, path);
  if (conversion)
    return [invalid(`${field}.fieldPath`, fieldPath, `error converting fieldPath: ${conversion}`)];
  const match = subscripted.exec(path);
  if (match) {
    const key = match[2] as string;
    return qualifiedName(field, match[1] === 'metadata.annotations' ? key.toLowerCase() : key);
  }
  return allowed.includes(path) ? noErrors : [notSupported(`${field}.fieldPath`, path, allowed)];
}

const knownFields = new Set([
  ...environmentFields,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);

function conversionError(apiVersion: string, path: string): string | undefined {
  if (apiVersion !== 'v1') return `unsupported pod version: ${apiVersion}`;
  const match = subscripted.exec(path);
  if (match) {
    const base = match[1] as string;
    return base === 'metadata.annotations' || base === 'metadata.labels'
      ? undefined
      : `field label does not support subscript: ${path}`;
  }
  return knownFields.has(path) ? undefined : `field label not supported: ${path}`;
}

const resourceFields = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const isHugePages = (resource: string) => /^(requests|limits)\.hugepages-/.test(resource);

/** An amount that a container requests or is limited to; a volume has to say which container's. */
export function resourceField(
  field: string,
  selector: ResourceFieldSelector,
  inVolume: boolean,
): readonly FieldError[] {
  const { containerName, resource = '' } = selector;
  const errors: FieldError[] = [];
  if (inVolume && !containerName) errors.push(required(`${field}.containerName`));
  else if (!resource) errors.push(required(`${field}.resource`));
  else if (!resourceFields.includes(resource) && !isHugePages(resource)) {
    errors.push(notSupported(`${field}.resource`, resource, resourceFields));
  }
  return allErrors(errors, divisor(field, selector));
}

const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

function divisor(
  field: string,
  { resource = '', divisor = '0' }: ResourceFieldSelector,
): readonly FieldError[] {
  if (!isQuantity(divisor) || quantitySign(divisor) === 0) return noErrors;
  const kind = divisorKind(resource);
  if (!kind) return noErrors;
  const allowed = kind === 'cpu' ? ['1m', '1'] : byteDivisors;
  if (allowed.includes(canonicalQuantity(divisor))) return noErrors;
  const list = kind === 'cpu' ? '1m and 1' : allowed.join(', ');
  return [
    invalid(
      `${field}.divisor`,
      resource,
      `only divisor's values ${list} are supported with the ${kind} resource`,
    ),
  ];
}

function divisorKind(resource: string): string | undefined {
  if (isHugePages(resource)) return 'hugepages';
  const name = /^(?:limits|requests)\.(cpu|memory|ephemeral-storage)$/.exec(resource)?.[1];
  return name === 'ephemeral-storage' ? 'local ephemeral storage' : name;
}

/** Whole config maps and secrets whose keys become variables. */
export function environmentFrom(
  field: string,
  sources: readonly EnvFromSource[] | undefined,
): readonly FieldError[] {
  return each(field, sources, ({ prefix, configMapRef, secretRef }, path) => {
    const errors = [...(prefix ? invalids(`${path}.prefix`, prefix, envVarNameErrors(prefix)) : noErrors)];
    if (configMapRef) errors.push(...referenceName(`${path}.configMapRef.name`, configMapRef.name));
    if (secretRef) errors.push(...referenceName(`${path}.secretRef.name`, secretRef.name));
    if (!configMapRef && !secretRef)
      errors.push(invalid(field, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (configMapRef && secretRef)
      errors.push(invalid(field, '', 'may not have more than one field specified at a time'));
    return errors;
  });
}

function referenceName(field: string, name: string | undefined): readonly FieldError[] {
  return name ? invalids(field, name, dns1123SubdomainErrors(name)) : [required(field)];
}
