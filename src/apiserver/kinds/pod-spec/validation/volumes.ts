import type {
  ConfigMapVolumeSource,
  CSIVolumeSource,
  EphemeralVolumeSource,
  SecretVolumeSource,
  Volume,
} from '../../../../api/core/v1.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  required,
} from '../../../../machinery/field-error.ts';
import { dns1123SubdomainErrors } from '../../../../machinery/names.ts';
import { isQuantity, quantitySign } from '../../../../machinery/quantity.ts';
import {
  dnsLabel,
  dnsSubdomain,
  each,
  requireValue,
  repeats,
  requireSupported,
} from '../../shared/validate.ts';
import { claimSpec } from '../../core/volumes/claim-validation.ts';
import { csiDriverName } from '../../storage/names.ts';
import type { SpecContext } from './context.ts';
import { downwardFile, projected } from './projected.ts';
import { descendingPath, fileMode, keyToPath } from './paths.ts';
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
} from './storage-sources.ts';

/** The volumes of a pod. */
export function podVolumes(
  field: string,
  volumes: readonly Volume[] | undefined,
  context: SpecContext,
): FieldError[] {
  const repeated = repeats();
  return each(field, volumes, (volume, path) => [
    ...volumeSource(path, volume, context),
    ...(volume.name ? dnsLabel(`${path}.name`, volume.name) : [required(`${path}.name`)]),
    ...(volume.name && repeated(volume.name) ? [duplicate(`${path}.name`, volume.name)] : []),
  ]);
}

type Sources = Omit<Required<Volume>, 'name'>;
type Rules = {
  [K in keyof Sources]: (
    field: string,
    source: Sources[K],
    volume: Volume,
    context: SpecContext,
  ) => FieldError[];
};

/** In the order in which upstream looks at them: of several sources the first counts. */
const rules: Rules = {
  emptyDir: (field, { sizeLimit }) =>
    sizeLimit !== undefined && isQuantity(sizeLimit) && quantitySign(sizeLimit) < 0
      ? [forbiddenField(`${field}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
      : [],
  hostPath,
  gitRepo: (field, source) => [
    ...requireFields(field, source, 'repository'),
    ...descendingPath(`${field}.directory`, source.directory),
  ],
  gcePersistentDisk: (field, source) => [
    ...requireFields(field, source, 'pdName'),
    ...partition(field, source.partition),
  ],
  awsElasticBlockStore: (field, source) => [
    ...requireFields(field, source, 'volumeID'),
    ...partition(field, source.partition),
  ],
  secret: secretSource,
  nfs,
  iscsi: (field, source, { name }) => [...iscsi(field, source), ...longPortal(field, name, source)],
  glusterfs: (field, source) => requireFields(field, source, 'endpoints', 'path'),
  flocker,
  persistentVolumeClaim: (field, source) => requireFields(field, source, 'claimName'),
  rbd: (field, source) => requireFields(field, source, 'monitors', 'image'),
  cinder: (field, source) => [
    ...requireFields(field, source, 'volumeID'),
    ...namedSecret(field, source.secretRef, 'name'),
  ],
  cephfs: (field, source) => requireFields(field, source, 'monitors'),
  quobyte,
  downwardAPI: (field, source) => [
    ...fileMode(`${field}.defaultMode`, source.defaultMode),
    ...(source.items ?? []).flatMap((file) => downwardFile(field, file)),
  ],
  fc: fibreChannel,
  flexVolume,
  configMap: configMapSource,
  azureFile: (field, source) => requireFields(field, source, 'secretName', 'shareName'),
  vsphereVolume: (field, source) => requireFields(field, source, 'volumePath'),
  photonPersistentDisk: (field, source) => requireFields(field, source, 'pdID'),
  portworxVolume: (field, source) => requireFields(field, source, 'volumeID'),
  azureDisk,
  storageos: (field, source) => [
    ...storageOs(field, source),
    ...namedSecret(field, source.secretRef, 'name'),
  ],
  projected,
  scaleIO: (field, source) => requireFields(field, source, 'gateway', 'system', 'volumeName'),
  csi: csiSource,
  ephemeral: ephemeralSource,
  image: (field, source, _, context) => [
    ...(context.isPod ? requireValue(`${field}.reference`, source.reference) : []),
    ...requireSupported(`${field}.pullPolicy`, source.pullPolicy, ['Always', 'IfNotPresent', 'Never']),
  ],
};

/** Sources whose errors upstream reports under another name than the field's. */
const reportedAs: Partial<Record<keyof Sources, string>> = { gcePersistentDisk: 'persistentDisk' };

function volumeSource(field: string, volume: Volume, context: SpecContext): FieldError[] {
  const names = (Object.keys(rules) as (keyof Sources)[]).filter((name) => volume[name] !== undefined);
  const given = names.map((name): [string, () => FieldError[]] => {
    const rule = rules[name] as (f: string, s: unknown, v: Volume, c: SpecContext) => FieldError[];
    return [name, () => rule(`${field}.${reportedAs[name] ?? name}`, volume[name], volume, context)];
  });
  return oneSource(field, given);
}

function longPortal(
  field: string,
  name: string,
  source: { initiatorName?: string; targetPortal: string },
): FieldError[] {
  if (source.initiatorName === undefined || `${name}:${source.targetPortal}`.length <= 64) return [];
  const why =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
  return [invalid(`${field.slice(0, field.lastIndexOf('.'))}.name`, name, why)];
}

function secretSource(field: string, source: SecretVolumeSource): FieldError[] {
  return [
    ...requireFields(field, source, 'secretName'),
    ...fileMode(`${field}.defaultMode`, source.defaultMode),
    ...each(`${field}.items`, source.items, (item, path) => keyToPath(path, item)),
  ];
}

function configMapSource(field: string, source: ConfigMapVolumeSource): FieldError[] {
  return [
    ...requireFields(field, source, 'name'),
    ...fileMode(`${field}.defaultMode`, source.defaultMode),
    ...each(`${field}.items`, source.items, (item, path) => keyToPath(path, item)),
  ];
}

function csiSource(field: string, { driver, nodePublishSecretRef }: CSIVolumeSource): FieldError[] {
  const secret = `${field}.nodePublishSecretRef`;
  const named = nodePublishSecretRef?.name;
  return [
    ...csiDriverName(`${field}.driver`, driver),
    ...(nodePublishSecretRef && !named ? [required(`${secret}.name`)] : []),
    ...(named ? dnsSubdomain(`${secret}.name`, named) : []),
  ];
}

/** A claim that lives and dies with the pod; its name is made of the pod's and the volume's. */
function ephemeralSource(
  field: string,
  source: EphemeralVolumeSource,
  { name }: Volume,
  context: SpecContext,
): FieldError[] {
  const template = source.volumeClaimTemplate;
  if (!template) return [required(`${field}.volumeClaimTemplate`)];
  const errors = claimSpec(`${field}.volumeClaimTemplate.spec`, template.spec);
  if (!context.podName || !name) return errors;
  const claimName = `${context.podName}-${name}`;
  const volumeField = field.slice(0, field.lastIndexOf('.'));
  const messages = dns1123SubdomainErrors(claimName);
  return [
    ...errors,
    ...messages.map((m) => invalid(`${volumeField}.name`, name, `PVC name "${claimName}": ${m}`)),
  ];
}
