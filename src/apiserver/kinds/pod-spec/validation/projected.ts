import type {
  ClusterTrustBundleProjection,
  DownwardAPIVolumeFile,
  KeyToPath,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../../../../api/core/v1.ts';
import {
  allErrors,
  errorsOf,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  ratcheted,
  required,
} from '../../../../machinery/field-error.ts';
import { labelSelectorErrors } from '../../../../machinery/label-selector.ts';
import { signerName } from '../../certificates/signer-name.ts';
import { each, repeats, requireSupported, requireValue } from '../../shared/validate.ts';
import { objectField, resourceField } from './environment.ts';
import { fileMode, keyToPath, unreservedPath } from './paths.ts';

const fileFields = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

/** A file that holds a field of the pod. */
export function downwardFile(field: string, file: DownwardAPIVolumeFile): readonly FieldError[] {
  const { path, mode } = file;
  return allErrors(
    requireValue(`${field}.path`, path),
    unreservedPath(`${field}.path`, path),
    downwardSource(field, file),
    fileMode(`${field}.mode`, mode),
  );
}

function downwardSource(
  field: string,
  { fieldRef, resourceFieldRef }: DownwardAPIVolumeFile,
): readonly FieldError[] {
  const both = 'fieldRef and resourceFieldRef can not be specified simultaneously';
  if (fieldRef) {
    return allErrors(
      objectField(`${field}.fieldRef`, fieldRef, fileFields),
      resourceFieldRef ? [invalid(field, 'resource', both)] : noErrors,
    );
  }
  return resourceFieldRef
    ? resourceField(`${field}.resourceFieldRef`, resourceFieldRef, true)
    : [required(field, 'one of fieldRef and resourceFieldRef is required')];
}

type TakePath = (path: string | undefined, culprit: string) => readonly FieldError[];

/** Several sources in one directory. */
export function projected(
  field: string,
  { defaultMode, sources }: ProjectedVolumeSource,
): readonly FieldError[] {
  const repeated = repeats();
  const take: TakePath = (path, culprit) =>
    path && repeated(path) ? [invalid(field, culprit, 'conflicting duplicate paths')] : noErrors;
  return allErrors(
    fileMode(`${field}.defaultMode`, defaultMode),
    each(`${field}.sources`, sources, (source, path) => projection(field, path, source, take)),
  );
}

function projection(
  volume: string,
  field: string,
  source: VolumeProjection,
  take: TakePath,
): readonly FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  const file = `${field}.downwardAPI`;
  return allErrors(
    secret ? keyed(`${field}.secret`, secret, take) : noErrors,
    configMap ? keyed(`${field}.configMap`, configMap, take) : noErrors,
    errorsOf(downwardAPI?.items ?? [], (item) =>
      allErrors(downwardFile(file, item), take(item.path, item.path)),
    ),
    serviceAccountToken ? token(volume, `${field}.serviceAccountToken`, serviceAccountToken) : noErrors,
    clusterTrustBundle ? trustBundle(`${field}.clusterTrustBundle`, clusterTrustBundle, take) : noErrors,
    podCertificate ? certificate(`${field}.podCertificate`, podCertificate, take) : noErrors,
    sourcesIn(source) > 1
      ? [forbiddenField(field, 'may not specify more than 1 volume type per source')]
      : noErrors,
  );
}

function sourcesIn(source: VolumeProjection): number {
  let count = 0;
  for (const key in source) {
    const value = source[key as keyof VolumeProjection];
    if (value !== undefined && value !== null) count++;
  }
  return count;
}

function keyed(
  field: string,
  source: { name?: string; items?: KeyToPath[] },
  take: TakePath,
): readonly FieldError[] {
  const { name = '', items } = source;
  return allErrors(
    requireValue(`${field}.name`, name),
    each(`${field}.items`, items, (item, path) => allErrors(keyToPath(path, item), take(item.path, name))),
  );
}

function token(
  volume: string,
  field: string,
  { expirationSeconds = 3600, path }: ServiceAccountTokenProjection,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const lifetime = `${field}.expirationSeconds`;
  if (expirationSeconds < 600) {
    errors.push(invalid(lifetime, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  }
  if (expirationSeconds > 2 ** 32) {
    errors.push(invalid(lifetime, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  }
  if (!path) return [...errors, required(`${volume}.path`)];
  return allErrors(errors, ratcheted('tokenPath', unreservedPath(`${volume}.path`, path)));
}

function trustBundle(
  field: string,
  bundle: ClusterTrustBundleProjection,
  take: TakePath,
): readonly FieldError[] {
  const { name, signerName: signer, labelSelector, path } = bundle;
  const errors: FieldError[] = [];
  if (name !== undefined && signer !== undefined) {
    errors.push(invalid(field, bundle, 'only one of name and signerName may be used'));
  } else if (name !== undefined) {
    errors.push(...requireValue(`${field}.name`, name, 'must be a valid object name'));
    const why = 'labelSelector must be unset if name is specified';
    if (labelSelector) errors.push(invalid(`${field}.labelSelector`, labelSelector, why));
  } else if (signer !== undefined) {
    errors.push(...requireValue(`${field}.signerName`, signer, 'must be a valid signer name'));
    errors.push(
      ...signerName(`${field}.signerName`, signer),
      ...labelSelectorErrors(labelSelector, `${field}.labelSelector`),
    );
  } else {
    errors.push(required(field, 'either name or signerName must be specified'));
  }
  return allErrors(
    errors,
    requireValue(`${field}.path`, path),
    unreservedPath(`${field}.path`, path),
    take(path, path),
  );
}

const keyTypes = ['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519', 'RSA3072', 'RSA4096'];

function certificate(field: string, source: PodCertificateProjection, take: TakePath): readonly FieldError[] {
  const { credentialBundlePath, keyPath, certificateChainPath, maxExpirationSeconds } = source;
  const paths = { credentialBundlePath, keyPath, certificateChainPath };
  const errors = [
    ...signerName(`${field}.signerName`, source.signerName ?? ''),
    ...requireSupported(`${field}.keyType`, source.keyType, keyTypes),
  ];
  if (maxExpirationSeconds !== undefined && maxExpirationSeconds < 3600) {
    errors.push(
      invalid(
        `${field}.maxExpirationSeconds`,
        maxExpirationSeconds,
        'if provided, maxExpirationSeconds must be >= 3600',
      ),
    );
  }
  if (!credentialBundlePath && !keyPath && !certificateChainPath) {
    errors.push(
      required(field, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'),
    );
  }
  const each = Object.entries(paths).flatMap(([name, path]) =>
    path ? allErrors(unreservedPath(`${field}.${name}`, path), take(path, path)) : noErrors,
  );
  return allErrors(errors, each);
}
