import type { Pod, Volume } from '../api/core/v1.ts';

/** Whether a pod only shows what a node runs from its own files. */
export const isMirrorPod = (pod: Pod): boolean =>
  pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;

/** The claim behind a volume of a pod: one that it names, or that is made for it. */
export const claimNameIn = (pod: Pod, volume: Volume): string | undefined =>
  volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : volume.persistentVolumeClaim?.claimName;

type Kind = 'secret' | 'configMap';

/** The names of all Secrets, or ConfigMaps, of its namespace that a pod refers to; some may stand there twice. */
export function namesIn(pod: Pod, kind: Kind): (string | undefined)[] {
  const { volumes = [], imagePullSecrets = [] } = pod.spec ?? {};
  return [
    ...(kind === 'secret' ? imagePullSecrets.map(({ name }) => name) : []),
    ...volumes.flatMap((volume) => ofVolume(volume, kind)),
    ...ofEnvironment(pod, kind),
  ];
}

function ofVolume(volume: Volume, kind: Kind): (string | undefined)[] {
  const projected = (volume.projected?.sources ?? []).map((source) => source[kind]?.name);
  if (kind === 'configMap') return [volume.configMap?.name, ...projected];
  const { cephfs, cinder, flexVolume, iscsi, rbd, scaleIO, storageos } = volume;
  const plugins = [cephfs, cinder, flexVolume, iscsi, rbd, scaleIO, storageos];
  return [
    volume.secret?.secretName,
    volume.azureFile?.secretName,
    volume.csi?.nodePublishSecretRef?.name,
    ...plugins.map((plugin) => plugin?.secretRef?.name),
    ...projected,
  ];
}

function ofEnvironment({ spec }: Pod, kind: Kind): (string | undefined)[] {
  const containers = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  return containers.flatMap(({ env = [], envFrom = [] }) => [
    ...env.map(({ valueFrom }) => valueFrom?.[`${kind}KeyRef`]?.name),
    ...envFrom.map((source) => source[`${kind}Ref`]?.name),
  ]);
}
