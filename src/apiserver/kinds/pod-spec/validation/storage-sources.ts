import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  HostPathVolumeSource,
  ISCSIPersistentVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
  StorageOSPersistentVolumeSource,
  StorageOSVolumeSource,
} from '../../../../api/core/v1.ts';
import {
  allErrors,
  errorsOf,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  notSupported,
  required,
} from '../../../../machinery/field-error.ts';
import { inclusiveRangeError, rangeErrors } from '../../../../machinery/names.ts';
import { dnsLabel, optionalSupported, requireValue } from '../../shared/validate.ts';
import { noBacksteps } from './paths.ts';

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

/** Fields that must be there, by name. */
export function requireFields<T extends object>(
  field: string,
  source: T,
  ...names: (keyof T & string)[]
): readonly FieldError[] {
  return names.flatMap((name) => {
    const value = source[name];
    const there = Array.isArray(value) ? value.length > 0 : Boolean(value);
    return there ? noErrors : [required(`${field}.${name}`)];
  });
}

/** A reference to a secret, if there is one, must name it. */
export function namedSecret(
  field: string,
  ref: { name?: string; namespace?: string } | undefined,
  ...names: ('name' | 'namespace')[]
) {
  return ref ? requireFields(`${field}.secretRef`, ref, ...names) : [];
}

export function hostPath(field: string, { path, type }: HostPathVolumeSource): readonly FieldError[] {
  if (!path) return [required(`${field}.path`)];
  return allErrors(
    noBacksteps(`${field}.path`, path),
    optionalSupported(`${field}.type`, type, hostPathTypes),
  );
}

export function nfs(field: string, source: NFSVolumeSource): readonly FieldError[] {
  const { path = '' } = source;
  const errors = requireFields(field, source, 'server', 'path');
  return path.startsWith('/')
    ? errors
    : [...errors, invalid(`${field}.path`, path, 'must be an absolute path')];
}

const initiatorFormats: Record<string, RegExp> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

function initiator(field: string, name: string, unknownForm: string): readonly FieldError[] {
  const format = initiatorFormats[name.slice(0, 3)];
  if (!format) return [invalid(field, name, unknownForm)];
  return format.test(name) ? noErrors : [invalid(field, name, 'must be valid format')];
}

export function iscsi(
  field: string,
  source: ISCSIVolumeSource | ISCSIPersistentVolumeSource,
  unknownForm = 'must be valid format starting with iqn, eui, or naa',
): readonly FieldError[] {
  const { iqn, lun = 0, secretRef, initiatorName } = source;
  const errors = [...requireFields(field, source, 'targetPortal', 'iqn')];
  if (iqn) errors.push(...initiator(`${field}.iqn`, iqn, unknownForm));
  errors.push(...invalids(`${field}.lun`, lun, rangeErrors(lun, 0, 255)));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !secretRef)
    errors.push(required(`${field}.secretRef`));
  if (initiatorName !== undefined)
    errors.push(...initiator(`${field}.initiatorname`, initiatorName, unknownForm));
  return errors;
}

export function fibreChannel(
  field: string,
  { targetWWNs = [], wwids = [], lun }: FCVolumeSource,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (targetWWNs.length === 0 && wwids.length === 0) {
    errors.push(required(`${field}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  }
  if (targetWWNs.length > 0 && wwids.length > 0) {
    const why = 'targetWWNs and wwids can not be specified simultaneously';
    errors.push(invalid(`${field}.targetWWNs`, targetWWNs, why));
  }
  if (targetWWNs.length === 0) return errors;
  if (lun === undefined)
    return [...errors, required(`${field}.lun`, 'lun is required if targetWWNs is specified')];
  return allErrors(errors, invalids(`${field}.lun`, lun, rangeErrors(lun, 0, 255)));
}

export function partition(field: string, partition = 0): readonly FieldError[] {
  if (partition >= 0 && partition <= 255) return noErrors;
  return [invalid(`${field}.partition`, partition, inclusiveRangeError(1, 255))];
}

const hostPortPairs = 'must be a host:port pair or multiple pairs separated by commas';

export function quobyte(field: string, source: QuobyteVolumeSource): readonly FieldError[] {
  const { registry, tenant = '' } = source;
  const errors: FieldError[] = [];
  if (!registry) errors.push(required(`${field}.registry`, hostPortPairs));
  else if (tenant.length > 64) {
    errors.push(required(`${field}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
  } else {
    const wrong = registry.split(',').filter((pair) => !/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair));
    errors.push(...wrong.map(() => invalid(`${field}.registry`, registry, hostPortPairs)));
  }
  return allErrors(errors, requireFields(field, source, 'volume'));
}

export function flocker(
  field: string,
  { datasetName = '', datasetUUID = '' }: FlockerVolumeSource,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (!datasetName && !datasetUUID)
    errors.push(required(field, 'one of datasetName and datasetUUID is required'));
  if (datasetName && datasetUUID) {
    errors.push(
      invalid(field, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'),
    );
  }
  if (datasetName.includes('/'))
    errors.push(invalid(`${field}.datasetName`, datasetName, "must not contain '/'"));
  return errors;
}

export function flexVolume(
  field: string,
  source: { driver: string; options?: Record<string, string> },
): readonly FieldError[] {
  const reserved = Object.keys(source.options ?? {}).filter((key) =>
    /\.(kubernetes\.io|k8s\.io)$/.test(`.${(key.split('/', 2)[0] as string).toLowerCase()}`),
  );
  const why = 'kubernetes.io and k8s.io namespaces are reserved';
  return allErrors(
    requireFields(field, source, 'driver'),
    reserved.map((key) => invalid(`${field}.options[${key}]`, key, why)),
  );
}

const managedDisk =
  '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const blobDisk = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

export function azureDisk(field: string, source: AzureDiskVolumeSource): readonly FieldError[] {
  const { diskURI = '', kind, cachingMode } = source;
  const errors = [
    ...requireFields(field, source, 'diskName', 'diskURI'),
    ...optionalSupported(`${field}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite']),
    ...optionalSupported(`${field}.kind`, kind, ['Dedicated', 'Managed', 'Shared']),
  ];
  const managed = kind === 'Managed';
  if (kind === undefined || diskURI.startsWith(managed ? '/subscriptions/' : 'https://')) return errors;
  return [...errors, notSupported(`${field}.diskURI`, diskURI, [managed ? managedDisk : blobDisk])];
}

export function storageOs(
  field: string,
  source: StorageOSVolumeSource | StorageOSPersistentVolumeSource,
): readonly FieldError[] {
  const { volumeName, volumeNamespace } = source;
  return allErrors(
    volumeName
      ? dnsLabel(`${field}.volumeName`, volumeName)
      : requireValue(`${field}.volumeName`, volumeName),
    volumeNamespace ? dnsLabel(`${field}.volumeNamespace`, volumeNamespace) : noErrors,
  );
}

/**
 * A volume has one source: the validators of those that are given, of which only the first is run. Upstream lets one
 * sort of source stand beside another in volumes of their own: that one is looked at, too.
 */
export function oneSource(
  field: string,
  given: readonly [name: string, validate: () => readonly FieldError[]][],
  tolerated?: string,
): readonly FieldError[] {
  const [first, ...rest] = given;
  if (!first) return [required(field, 'must specify a volume type')];
  const why = 'may not specify more than 1 volume type';
  return allErrors(
    first[1](),
    errorsOf(rest, ([name, validate]) =>
      name === tolerated ? validate() : [forbiddenField(`${field}.${name}`, why)],
    ),
  );
}
