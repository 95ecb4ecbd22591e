import path from 'node:path/posix';
import type {
  CSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
} from '../../../../api/core/v1.ts';
import { semanticEqual } from '../../../../machinery/equal.ts';
import {
  type FieldError,
  forbiddenField,
  notSupported,
  required,
} from '../../../../machinery/field-error.ts';
import { nodeSelector } from '../../pod-spec/validation/affinity.ts';
import { noBacksteps } from '../../pod-spec/validation/paths.ts';
import {
  azureDisk,
  fibreChannel,
  flexVolume,
  flocker,
  hostPath,
  iscsi,
  namedSecret,
  nfs,
  oneSource,
  partition,
  quobyte,
  requireFields,
  storageOs,
} from '../../pod-spec/validation/storage-sources.ts';
import { goDiff } from '../../shared/go-diff.ts';
import { dnsLabel, dnsSubdomain, immutable, optionalSupported } from '../../shared/validate.ts';
import { csiDriverName } from '../../storage/names.ts';
import { accessModes, positiveQuantity, volumeModes } from './claim-validation.ts';

type Sources = Required<PersistentVolumeSource>;
type Rules = { [K in keyof Sources]: (field: string, source: Sources[K]) => FieldError[] };

/** In the order in which upstream looks at them: of several sources the first counts. */
const rules: Rules = {
  hostPath,
  gcePersistentDisk: (field, source) => [
    ...requireFields(field, source, 'pdName'),
    ...partition(field, source.partition),
  ],
  awsElasticBlockStore: (field, source) => [
    ...requireFields(field, source, 'volumeID'),
    ...partition(field, source.partition),
  ],
  glusterfs: (field, source) => [
    ...requireFields(field, source, 'endpoints', 'path'),
    ...(source.endpointsNamespace === undefined
      ? []
      : dnsLabel(`${field}.endpointsNamespace`, source.endpointsNamespace)),
  ],
  flocker,
  nfs,
  rbd: (field, source) => requireFields(field, source, 'monitors', 'image'),
  quobyte,
  cephfs: (field, source) => requireFields(field, source, 'monitors'),
  iscsi: (field, source) => [
    ...iscsi(field, source, 'must be valid format'),
    ...namedSecret(field, source.secretRef, 'name'),
  ],
  cinder: (field, source) => [
    ...requireFields(field, source, 'volumeID'),
    ...namedSecret(field, source.secretRef, 'name', 'namespace'),
  ],
  fc: fibreChannel,
  flexVolume,
  azureFile: (field, source) => [
    ...requireFields(field, source, 'secretName', 'shareName'),
    ...(source.secretNamespace === '' ? [required(`${field}.secretNamespace`)] : []),
  ],
  vsphereVolume: (field, source) => requireFields(field, source, 'volumePath'),
  photonPersistentDisk: (field, source) => requireFields(field, source, 'pdID'),
  portworxVolume: (field, source) => requireFields(field, source, 'volumeID'),
  azureDisk,
  scaleIO: (field, source) => requireFields(field, source, 'gateway', 'system', 'volumeName'),
  local: (field, source) => [
    ...requireFields(field, source, 'path'),
    ...(source.path ? noBacksteps(`${field}.path`, source.path) : []),
  ],
  storageos: (field, source) => [
    ...storageOs(field, source),
    ...namedSecret(field, source.secretRef, 'name', 'namespace'),
  ],
  csi,
};

const sourceNames = Object.keys(rules) as (keyof Sources)[];

/** Sources whose errors upstream reports under another name than the field's. */
const reportedAs: Partial<Record<keyof Sources, string>> = { gcePersistentDisk: 'persistentDisk' };

function csi(field: string, source: CSIPersistentVolumeSource): FieldError[] {
  const secrets = [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const;
  return [
    ...csiDriverName(`${field}.driver`, source.driver),
    ...requireFields(field, source, 'volumeHandle'),
    ...secrets.flatMap((name) => secretReference(`${field}.${name}`, source[name])),
  ];
}

function secretReference(field: string, ref: SecretReference | undefined): FieldError[] {
  if (!ref) return [];
  const { name, namespace } = ref;
  return [
    ...(name ? dnsSubdomain(`${field}.name`, name) : [required(`${field}.name`)]),
    ...(namespace ? dnsLabel(`${field}.namespace`, namespace) : [required(`${field}.namespace`)]),
  ];
}

/** What holds for a volume at any time. */
export function volumeErrors({ spec }: PersistentVolume): FieldError[] {
  const { storageClassName, volumeMode, persistentVolumeReclaimPolicy: policy } = spec;
  const modes = spec.accessModes?.length ? [] : [required('spec.accessModes')];
  return [
    ...modes,
    ...accessModes('spec.accessModes', spec.accessModes),
    ...capacity(spec),
    ...(policy
      ? optionalSupported('spec.persistentVolumeReclaimPolicy', policy, ['Delete', 'Recycle', 'Retain'])
      : []),
    ...nodeAffinity(spec),
    ...source(spec),
    ...(storageClassName ? dnsSubdomain('spec.storageClassName', storageClassName) : []),
    ...optionalSupported('spec.volumeMode', volumeMode, volumeModes),
    ...attributesClass(spec),
  ];
}

function capacity({ capacity = {} }: PersistentVolumeSpec): FieldError[] {
  const field = 'spec.capacity';
  const names = Object.keys(capacity);
  const errors = names.length === 0 ? [required(field)] : [];
  if (names.length !== 1 || names[0] !== 'storage') errors.push(notSupported(field, capacity, ['storage']));
  return [
    ...errors,
    ...names.flatMap((name) => positiveQuantity(`${field}[${name}]`, capacity[name] as string)),
  ];
}

function nodeAffinity({ nodeAffinity: affinity, local }: PersistentVolumeSpec): FieldError[] {
  const field = 'spec.nodeAffinity';
  if (!affinity) return local ? [required(field, 'Local volume requires node affinity')] : [];
  if (affinity.required) return nodeSelector(`${field}.required`, affinity.required);
  return [required(`${field}.required`, 'must specify required node constraints')];
}

function source(spec: PersistentVolumeSpec): FieldError[] {
  const names = sourceNames.filter((name) => spec[name] !== undefined);
  const given = names.map((name): [string, () => FieldError[]] => {
    const rule = rules[name] as (field: string, source: unknown) => FieldError[];
    return [name, () => rule(`spec.${reportedAs[name] ?? name}`, spec[name])];
  });
  const errors = oneSource('spec', given);
  const recyclesAll =
    spec.hostPath &&
    path.normalize(spec.hostPath.path) === '/' &&
    spec.persistentVolumeReclaimPolicy === 'Recycle';
  const why = "may not be 'recycle' for a hostPath mount of '/'";
  return recyclesAll ? [...errors, forbiddenField('spec.persistentVolumeReclaimPolicy', why)] : errors;
}

function attributesClass({ volumeAttributesClassName: name, csi }: PersistentVolumeSpec): FieldError[] {
  const field = 'spec.volumeAttributesClassName';
  if (name === undefined) return [];
  const errors = name ? dnsSubdomain(field, name) : [required(field, 'an empty string is disallowed')];
  const why = 'has to be specified when using volumeAttributesClassName';
  return csi ? errors : [...errors, required('spec.csi', why)];
}

/** What an update may do: where the data is does not change. */
export function volumeUpdateErrors(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const { spec } = volume;
  return [
    ...volumeErrors(volume),
    ...sourceChange(spec, old.spec),
    ...immutable('volumeMode', spec.volumeMode, old.spec.volumeMode),
    ...(old.spec.nodeAffinity ? immutable('nodeAffinity', spec.nodeAffinity, old.spec.nodeAffinity) : []),
    ...(old.spec.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined
      ? [forbiddenField('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')]
      : []),
  ];
}

function sourceChange(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): FieldError[] {
  const now = sourceOf(spec);
  const before = sourceOf(old);
  // Growing a volume may need a secret that nobody thought of before.
  if (now.csi && before.csi && !before.csi.controllerExpandSecretRef) {
    now.csi = { ...now.csi };
    delete now.csi.controllerExpandSecretRef;
  }
  if (semanticEqual(now, before, 'io.k8s.api.core.v1.PersistentVolumeSpec')) return [];
  const diff = goDiff('core.PersistentVolumeSource', before, now);
  return [
    forbiddenField(
      'spec.persistentvolumesource',
      `spec.persistentvolumesource is immutable after creation\n${diff}`,
    ),
  ];
}

function sourceOf(spec: PersistentVolumeSpec): PersistentVolumeSource {
  return Object.fromEntries(sourceNames.filter((name) => spec[name]).map((name) => [name, spec[name]]));
}
