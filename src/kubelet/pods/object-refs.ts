import type { Container, EphemeralContainer, Pod, Volume } from '../../api/core/v1.ts';
import { allContainers } from './pod-kinds.ts';

/** An object of the pod's namespace that the pod needs. */
export interface ObjectNeed {
  kind: 'ConfigMap' | 'Secret';
  name: string;
}

/** Every ConfigMap and Secret that the pod names, each once. */
export function objectNeeds(pod: Pod): ObjectNeed[] {
  const found = [
    ...(pod.spec.imagePullSecrets ?? []).map((s) => secret(s.name)),
    ...(pod.spec.volumes ?? []).flatMap(ofVolume),
    ...allContainers(pod).flatMap(ofContainer),
  ];
  const byKey = new Map(found.filter((n) => n.name !== '').map((n) => [`${n.kind}/${n.name}`, n]));
  return [...byKey.values()];
}

const secret = (name = ''): ObjectNeed => ({ kind: 'Secret', name });
const configMap = (name = ''): ObjectNeed => ({ kind: 'ConfigMap', name });

function ofVolume(volume: Volume): ObjectNeed[] {
  const projected = (volume.projected?.sources ?? []).flatMap((s) => [
    ...(s.secret ? [secret(s.secret.name)] : []),
    ...(s.configMap ? [configMap(s.configMap.name)] : []),
  ]);
  return [
    ...(volume.secret ? [secret(volume.secret.secretName)] : []),
    ...(volume.configMap ? [configMap(volume.configMap.name)] : []),
    ...projected,
  ];
}

function ofContainer(container: Container | EphemeralContainer): ObjectNeed[] {
  const sources = (container.envFrom ?? []).flatMap((s) => [
    ...(s.secretRef ? [secret(s.secretRef.name)] : []),
    ...(s.configMapRef ? [configMap(s.configMapRef.name)] : []),
  ]);
  const values = (container.env ?? []).flatMap(({ valueFrom }) => [
    ...(valueFrom?.secretKeyRef ? [secret(valueFrom.secretKeyRef.name)] : []),
    ...(valueFrom?.configMapKeyRef ? [configMap(valueFrom.configMapKeyRef.name)] : []),
  ]);
  return [...sources, ...values];
}
