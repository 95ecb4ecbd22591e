import type {
  ConfigMapVolumeSource,
  CSIVolumeSource,
  EphemeralVolumeSource,
  SecretVolumeSource,
  Volume,
} from '../../../../api/core/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  required,
} from '../../../../machinery/field-error.ts';
import { dns1123SubdomainErrors } from '../../../../machinery/names.ts';
import { isQuantity, quantitySign } from '../../../../machinery/quantity.ts';
import { dnsLabel, dnsSubdomain, each, requireValue, requireSupported } from '../../shared/validate.ts';
import { claimSpec } from '../../core/volumes/claim-validation.ts';
import { csiDriverName } from '../../storage/names.ts';
import { bareMetadata } from './template-metadata.ts';
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

/** The pod that a volume is part of; of a template nothing is known. */
type Owner = { name?: string } | undefined;

/** The volumes of a pod: what is wrong with them, and by their names those that are not. */
export function podVolumes(
  field: string,
  volumes: readonly Volume[] | undefined,
  pod: Owner,
): { errors: readonly FieldError[]; valid: Map<string, Volume> } {
  const valid = new Map<string, Volume>();
  const errors = each(field, volumes, (volume, path) => {
    const found = allErrors(
      oneVolume(path, volume, pod),
      valid.has(volume.name) ? [duplicate(`${path}.name`, volume.name)] : noErrors,
    );
    if (found.length === 0) valid.set(volume.name, volume);
    return allErrors(found, claimOfEphemeral(path, volume, { volumes, pod }));
  });
  return { errors, valid };
}

function oneVolume(field: string, volume: Volume, pod: Owner): readonly FieldError[] {
  const { name } = volume;
  return allErrors(
    volumeSource(field, volume, pod),
    name ? dnsLabel(`${field}.name`, name) : [required(`${field}.name`)],
  );
}

/** A claim that is made for another volume of the same pod cannot be meant. */
function claimOfEphemeral(
  field: string,
  { persistentVolumeClaim: claim }: Volume,
  { volumes, pod }: { volumes: readonly Volume[] | undefined; pod: Owner },
): readonly FieldError[] {
  if (!claim || !pod?.name) return noErrors;
  const made = (volumes ?? []).some((v) => v.ephemeral && `${pod.name}-${v.name}` === claim.claimName);
  const why = 'must not reference a PVC that gets created for an ephemeral volume';
  return made ? [invalid(`${field}.persistentVolumeClaim.claimName`, claim.claimName, why)] : noErrors;
}

type Sources = Omit<Required<Volume>, 'name'>;
type Rules = {
  [K in keyof Sources]: (
    field: string,
    source: Sources[K],
    volume: Volume,
    pod: Owner,
  ) => readonly FieldError[];
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
  image: (field, source, _, pod) => [
    ...(pod ? requireValue(`${field}.reference`, source.reference) : []),
    ...requireSupported(`${field}.pullPolicy`, source.pullPolicy, ['Always', 'IfNotPresent', 'Never']),
  ],
};

/** Sources whose errors upstream reports under another name than the field's. */
const reportedAs: Partial<Record<keyof Sources, string>> = { gcePersistentDisk: 'persistentDisk' };

/** The same, for what stands beside another source. */
const forbiddenAs: Partial<Record<keyof Sources, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

const sources = new Set(Object.keys(rules) as (keyof Sources)[]);

/** The sources that a volume has, in upstream's order. */
function sourcesOf(volume: Volume): (keyof Sources)[] {
  const given: (keyof Sources)[] = [];
  for (const key in volume) {
    const name = key as keyof Sources;
    if (sources.has(name) && volume[name] !== undefined) given.push(name);
  }
  return given.length < 2 ? given : [...sources].filter((name) => given.includes(name));
}

function volumeSource(field: string, volume: Volume, pod: Owner): readonly FieldError[] {
  const given = sourcesOf(volume).map((name): [string, () => readonly FieldError[]] => {
    const rule = rules[name] as (f: string, s: unknown, v: Volume, pod: Owner) => readonly FieldError[];
    const path = `${field}.${reportedAs[name] ?? name}`;
    return [forbiddenAs[name] ?? name, () => rule(path, volume[name], volume, pod)];
  });
  return oneSource(field, given);
}

function longPortal(
  field: string,
  name: string,
  source: { initiatorName?: string; targetPortal: string },
): readonly FieldError[] {
  if (source.initiatorName === undefined || `${name}:${source.targetPortal}`.length <= 64) return noErrors;
  const why =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
  return [invalid(`${field.slice(0, field.lastIndexOf('.'))}.name`, name, why)];
}

function secretSource(field: string, source: SecretVolumeSource): readonly FieldError[] {
  return allErrors(
    requireFields(field, source, 'secretName'),
    fileMode(`${field}.defaultMode`, source.defaultMode),
    each(`${field}.items`, source.items, (item, path) => keyToPath(path, item)),
  );
}

function configMapSource(field: string, source: ConfigMapVolumeSource): readonly FieldError[] {
  return allErrors(
    requireFields(field, source, 'name'),
    fileMode(`${field}.defaultMode`, source.defaultMode),
    each(`${field}.items`, source.items, (item, path) => keyToPath(path, item)),
  );
}

function csiSource(field: string, { driver, nodePublishSecretRef }: CSIVolumeSource): readonly FieldError[] {
  const secret = `${field}.nodePublishSecretRef`;
  const named = nodePublishSecretRef?.name;
  return allErrors(
    csiDriverName(`${field}.driver`, driver),
    nodePublishSecretRef && !named ? [required(`${secret}.name`)] : noErrors,
    named ? dnsSubdomain(`${field}.name`, named) : noErrors,
  );
}

/** A claim that lives and dies with the pod; its name is made of the pod's and the volume's. */
function ephemeralSource(
  field: string,
  source: EphemeralVolumeSource,
  { name }: Volume,
  pod: Owner,
): readonly FieldError[] {
  const template = source.volumeClaimTemplate;
  if (!template) return [required(`${field}.volumeClaimTemplate`)];
  const errors = [
    ...bareMetadata(`${field}.volumeClaimTemplate.metadata`, template.metadata),
    ...claimSpec(`${field}.volumeClaimTemplate.spec`, template.spec),
  ];
  if (!pod?.name || !name) return errors;
  const claimName = `${pod.name}-${name}`;
  const volumeField = field.slice(0, field.lastIndexOf('.'));
  const messages = dns1123SubdomainErrors(claimName);
  return allErrors(
    errors,
    messages.map((m) => invalid(`${volumeField}.name`, name, `PVC name "${claimName}": ${m}`)),
  );
}
