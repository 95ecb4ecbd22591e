import type { StatefulSet } from '../../api/apps/v1.ts';
import type { PersistentVolumeClaim, Pod, PodTemplateSpec } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { isReady, podFromTemplate } from '../shared/pods.ts';

export const revisionLabel = 'controller-revision-hash';
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

export const startOf = (set: StatefulSet) => set.spec.ordinals?.start ?? 0;
export const replicasOf = (set: StatefulSet) => set.spec.replicas ?? 1;
/** Whether the number is one of those that the set shall have pods of. */
export const hasSeat = (set: StatefulSet, ordinal: number) =>
  ordinal >= startOf(set) && ordinal < startOf(set) + replicasOf(set);
export const revisionOf = (pod: Pod) => pod.metadata.labels?.[revisionLabel];

/** The number in the name of a set's pod; undefined where the name is not of the set's making. */
export function ordinalOf(setName: string, podName: string): number | undefined {
  const match = /^(.*)-(0|[1-9][0-9]*)$/.exec(podName);
  return match?.[1] === setName ? Number(match[2]) : undefined;
}

/** The claims of one pod, by the name of the volume. */
export function claimsFor(set: Stored<StatefulSet>, ordinal: number): Map<string, PersistentVolumeClaim> {
  const { name, namespace } = set.metadata;
  const claims = (set.spec.volumeClaimTemplates ?? []).map((template): [string, PersistentVolumeClaim] => {
    const volume = template.metadata.name ?? '';
    const labels = { ...template.metadata.labels, ...set.spec.selector.matchLabels };
    const metadata = { ...template.metadata, name: `${volume}-${name}-${ordinal}`, namespace, labels };
    const { status: _, ...rest } = clone(template) as PersistentVolumeClaim;
    return [volume, { ...rest, apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata }];
  });
  return new Map(claims);
}

/** What labels say which pod of its set one is. */
export const identityLabels = (name: string, ordinal: number): Record<string, string> => ({
  [podNameLabel]: name,
  [podIndexLabel]: String(ordinal),
});

/** The pod of one number, from the template of a revision. */
export function podFor(
  set: Stored<StatefulSet>,
  { template, revision, ordinal }: { template: PodTemplateSpec; revision: string; ordinal: number },
): Pod {
  const name = `${set.metadata.name}-${ordinal}`;
  const pod = podFromTemplate(template, set);
  const { generateName: _, ...metadata } = pod.metadata;
  const labels = {
    ...metadata.labels,
    ...identityLabels(name, ordinal),
    [revisionLabel]: revision,
  };
  const claimed = [...claimsFor(set, ordinal)].map(([volume, claim]) => {
    return { name: volume, persistentVolumeClaim: { claimName: claim.metadata.name ?? '', readOnly: false } };
  });
  const own = new Set(claimed.map((volume) => volume.name));
  const volumes = [...claimed, ...(pod.spec.volumes ?? []).filter((volume) => !own.has(volume.name))];
  const { serviceName } = set.spec;
  const spec = { ...pod.spec, hostname: name, ...(serviceName && { subdomain: serviceName }), volumes };
  return { ...pod, metadata: { ...metadata, name, labels }, spec };
}

export const isTerminating = (pod: Pod) => pod.metadata.deletionTimestamp !== undefined;
export const isRunningAndReady = (pod: Pod) => pod.status?.phase === 'Running' && isReady(pod);
