import path from 'node:path/posix';
import type {
  CSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
  VolumeNodeAffinity,
} from '../../../../api/core/v1.ts';
import { clone } from '../../../../machinery/clone.ts';
import { semanticEqual } from '../../../../machinery/equal.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  notSupported,
  required,
  withoutOldFaults,
} from '../../../../machinery/field-error.ts';
import { byteLength } from '../../../../machinery/go-text.ts';
import { newLabel } from '../../pod-spec/node-labels.ts';
import { nodeSelector, shownTerm } from '../../pod-spec/validation/affinity.ts';
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
import { basicAmount } from './claim-status-validation.ts';
import { accessModes, positiveQuantity, volumeModes } from './claim-validation.ts';

const affinityType = 'io.k8s.api.core.v1.VolumeNodeAffinity';

type Sources = Required<PersistentVolumeSource>;
type Rules = {
  [K in keyof Sources]: (
    field: string,
    source: Sources[K],
    volume: PersistentVolume,
  ) => readonly FieldError[];
};

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
    ...endpointsNamespace(`${field}.endpointsNamespace`, source.endpointsNamespace),
  ],
  flocker,
  nfs,
  rbd: (field, source) => requireFields(field, source, 'monitors', 'image'),
  quobyte,
  cephfs: (field, source) => requireFields(field, source, 'monitors'),
  iscsi: iscsiVolume,
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
  local: (field, source, { spec }) => [
    ...requireFields(field, source, 'path'),
    ...(source.path ? noBacksteps(`${field}.path`, source.path) : []),
    ...(spec.nodeAffinity ? [] : [required('spec.nodeAffinity', 'Local volume requires node affinity')]),
  ],
  storageos: (field, source) => [
    ...storageOs(field, source),
    ...namedSecret(field, source.secretRef, 'name', 'namespace'),
  ],
  csi,
};

const sourceNames = Object.keys(rules) as (keyof Sources)[];

function endpointsNamespace(field: string, name: string | undefined): readonly FieldError[] {
  const why = 'if the endpointnamespace is set, it must be a valid namespace name';
  if (name === '') return [invalid(field, name, why)];
  return name === undefined ? noErrors : dnsLabel(field, name);
}

const maxPortalLength = 64;

function iscsiVolume(
  field: string,
  source: Sources['iscsi'],
  { metadata }: PersistentVolume,
): readonly FieldError[] {
  const { initiatorName, targetPortal = '' } = source;
  const long = byteLength(`${metadata.name ?? ''}:${targetPortal}`) > maxPortalLength;
  const why =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
  return allErrors(
    initiatorName !== undefined && long ? [invalid(`${field}.targetportal`, targetPortal, why)] : noErrors,
    iscsi(field, source, 'must be valid format'),
    namedSecret(field, source.secretRef, 'name'),
  );
}

/** Sources whose errors upstream reports under another name than the field's. */
const reportedAs: Partial<Record<keyof Sources, string>> = { gcePersistentDisk: 'persistentDisk' };

function csi(field: string, source: CSIPersistentVolumeSource): readonly FieldError[] {
  const secrets = [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const;
  return allErrors(
    csiDriverName(`${field}.driver`, source.driver),
    requireFields(field, source, 'volumeHandle'),
    secrets.flatMap((name) => secretReference(`${field}.${name}`, source[name])),
  );
}

function secretReference(field: string, ref: SecretReference | undefined): readonly FieldError[] {
  if (!ref) return noErrors;
  const { name, namespace } = ref;
  return allErrors(
    name ? dnsSubdomain(`${field}.name`, name) : [required(`${field}.name`)],
    namespace ? dnsLabel(`${field}.namespace`, namespace) : [required(`${field}.namespace`)],
  );
}

/** What holds for a volume at any time. */
export function volumeErrors(volume: PersistentVolume): readonly FieldError[] {
  const { spec } = volume;
  const { storageClassName, volumeMode, persistentVolumeReclaimPolicy: policy } = spec;
  const modes = spec.accessModes?.length ? noErrors : [required('spec.accessModes')];
  return allErrors(
    modes,
    accessModes('spec.accessModes', spec.accessModes),
    capacity(spec),
    policy
      ? optionalSupported('spec.persistentVolumeReclaimPolicy', policy, ['Delete', 'Recycle', 'Retain'])
      : noErrors,
    nodeAffinity(spec),
    source('spec', volume),
    recycling(spec),
    storageClassName ? dnsSubdomain('spec.storageClassName', storageClassName) : noErrors,
    optionalSupported('spec.volumeMode', volumeMode, volumeModes),
    attributesClass('spec', spec),
  );
}

/** What holds for a volume that stands in another object: it is a driver's, and nobody claims it. */
export function inlineVolumeErrors(field: string, spec: PersistentVolumeSpec): readonly FieldError[] {
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
  const context = 'in the context of inline volumes';
  const forbidden = (name: keyof PersistentVolumeSpec, isGiven: boolean, why = 'may not be specified') =>
    isGiven ? [forbiddenField(`${field}.${name}`, `${why} ${context}`)] : noErrors;
  const isBare = volumeMode !== undefined && volumeMode !== 'Filesystem';
  return allErrors(
    forbidden('claimRef', spec.claimRef !== undefined),
    forbidden('capacity', Object.keys(spec.capacity ?? {}).length > 0),
    spec.csi ? noErrors : [required(`${field}.csi`, `has to be specified ${context}`)],
    spec.accessModes?.length ? noErrors : [required(`${field}.accessModes`)],
    accessModes(`${field}.accessModes`, spec.accessModes),
    forbidden('persistentVolumeReclaimPolicy', Boolean(policy) && policy !== 'Retain', 'may only be Retain'),
    forbidden('nodeAffinity', spec.nodeAffinity !== undefined),
    source(field, { metadata: {}, spec }),
    forbidden('storageClassName', Boolean(spec.storageClassName)),
    forbidden('volumeMode', isBare, 'may not specify volumeMode other than Filesystem'),
    attributesClass(field, spec),
  );
}

function capacity({ capacity = {} }: PersistentVolumeSpec): readonly FieldError[] {
  const field = 'spec.capacity';
  const names = Object.keys(capacity);
  const errors = names.length === 0 ? [required(field)] : [];
  if (names.length !== 1 || names[0] !== 'storage') errors.push(notSupported(field, capacity, ['storage']));
  return allErrors(
    errors,
    names.flatMap((name) =>
      allErrors(
        basicAmount(`${field}[${name}]`, capacity[name] as string),
        positiveQuantity(`${field}[${name}]`, capacity[name] as string),
      ),
    ),
  );
}

function nodeAffinity({ nodeAffinity: affinity }: PersistentVolumeSpec): readonly FieldError[] {
  const field = 'spec.nodeAffinity';
  if (!affinity) return noErrors;
  if (affinity.required) return nodeSelector(`${field}.required`, affinity.required);
  return [required(`${field}.required`, 'must specify required node constraints')];
}

/** Sources that upstream calls otherwise where they stand beside another. */
const forbiddenAs: Partial<Record<keyof Sources, string>> = { cephfs: 'cephFS' };

function source(field: string, volume: PersistentVolume): readonly FieldError[] {
  const { spec } = volume;
  const names = sourceNames.filter((name) => spec[name] !== undefined);
  const given = names.map((name): [string, () => readonly FieldError[]] => {
    const rule = rules[name] as (
      path: string,
      source: unknown,
      of: PersistentVolume,
    ) => readonly FieldError[];
    const path = `${field}.${reportedAs[name] ?? name}`;
    return [forbiddenAs[name] ?? name, () => rule(path, spec[name], volume)];
  });
  return oneSource(field, given, 'flexVolume');
}

function recycling(spec: PersistentVolumeSpec): readonly FieldError[] {
  const recyclesAll =
    spec.hostPath &&
    path.normalize(spec.hostPath.path) === '/' &&
    spec.persistentVolumeReclaimPolicy === 'Recycle';
  const why = "may not be 'recycle' for a hostPath mount of '/'";
  return recyclesAll ? [forbiddenField('spec.persistentVolumeReclaimPolicy', why)] : noErrors;
}

function attributesClass(
  parent: string,
  { volumeAttributesClassName: name, csi }: PersistentVolumeSpec,
): readonly FieldError[] {
  const field = `${parent}.volumeAttributesClassName`;
  if (name === undefined) return noErrors;
  const errors = name ? dnsSubdomain(field, name) : [required(field, 'an empty string is disallowed')];
  const why = 'has to be specified when using volumeAttributesClassName';
  return csi ? errors : [...errors, required(`${parent}.csi`, why)];
}

/** What an update may do: where the data is does not change. Upstream looks at the whole twice. */
export function volumeUpdateErrors(volume: PersistentVolume, old: PersistentVolume): readonly FieldError[] {
  const { spec } = volume;
  const errors = withoutOldFaults(volumeErrors(volume), () => volumeErrors(old));
  return allErrors(
    errors,
    errors,
    sourceChange(spec, old.spec),
    immutable('volumeMode', spec.volumeMode, old.spec.volumeMode),
    affinityChange(spec.nodeAffinity, old.spec.nodeAffinity),
    old.spec.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined
      ? [forbiddenField('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')]
      : noErrors,
  );
}

/** Nodes stay who they were, by whatever name their labels go. */
function affinityChange(
  now: VolumeNodeAffinity | undefined,
  old: VolumeNodeAffinity | undefined,
): readonly FieldError[] {
  if (!old || semanticEqual(now, withNewLabels(old, now), affinityType)) return noErrors;
  const why = 'field is immutable, except for updating from beta label to GA';
  const terms = now?.required && {
    NodeSelectorTerms: now.required.nodeSelectorTerms?.map(shownTerm) ?? null,
  };
  return [invalid('nodeAffinity', now ? { Required: terms ?? null } : null, why)];
}

/** The old terms, with the labels' new names where the new terms have them. */
function withNewLabels(old: VolumeNodeAffinity, now: VolumeNodeAffinity | undefined): VolumeNodeAffinity {
  const copy = clone(old);
  copy.required?.nodeSelectorTerms?.forEach((term, i) => {
    const other = now?.required?.nodeSelectorTerms?.[i];
    for (const list of ['matchExpressions', 'matchFields'] as const) {
      term[list]?.forEach((requirement, j) => {
        const key = other?.[list]?.[j]?.key;
        if (key !== undefined && newLabel(requirement.key) === key) requirement.key = key;
      });
    }
  });
  return copy;
}

function sourceChange(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): readonly FieldError[] {
  const now = sourceOf(spec);
  const before = sourceOf(old);
  // Growing a volume may need a secret that nobody thought of before.
  if (now.csi && before.csi && !before.csi.controllerExpandSecretRef) {
    now.csi = { ...now.csi };
    delete now.csi.controllerExpandSecretRef;
  }
  if (semanticEqual(now, before, 'io.k8s.api.core.v1.PersistentVolumeSpec')) return noErrors;
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
