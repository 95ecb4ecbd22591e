import type { DaemonSet } from '../../api/apps/v1.ts';
import type { Node, Pod, PodSpec, Toleration } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { sameLabels } from '../../machinery/label-selector.ts';
import { matchesNode } from '../../machinery/node-selection.ts';
import { isRepelled } from '../../machinery/tolerations.ts';
import { podFromTemplate } from '../shared/pods.ts';

/** Tells the pods of one template from those of another. */
export const hashLabel = 'controller-revision-hash';

/** How often the template had changed, for clients of old that know daemons by it. */
const generationLabel = 'pod-template-generation';
const generationKey = 'deprecated.daemonset.template.generation';

const toleration = (name: string, effect: string): Toleration => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  effect,
});

/** A daemon belongs to its node also when the node is unwell. */
function daemonTolerations(hostNetwork: boolean): Toleration[] {
  return [
    toleration('not-ready', 'NoExecute'),
    toleration('unreachable', 'NoExecute'),
    toleration('disk-pressure', 'NoSchedule'),
    toleration('memory-pressure', 'NoSchedule'),
    toleration('pid-pressure', 'NoSchedule'),
    toleration('unschedulable', 'NoSchedule'),
    ...(hostNetwork ? [toleration('network-unavailable', 'NoSchedule')] : []),
  ];
}

/** What a daemon tolerates takes the place of the same for a while: it does not leave a node that is unwell. */
function withDaemonTolerations(own: readonly Toleration[], hostNetwork: boolean): Toleration[] {
  const isSame = (a: Toleration, b: Toleration) =>
    a.key === b.key && a.effect === b.effect && a.operator === b.operator && !a.value && !b.value;
  const needed = daemonTolerations(hostNetwork);
  const kept = own.map((one) => needed.find((other) => isSame(one, other)) ?? one);
  return [...kept, ...needed.filter((one) => !kept.includes(one))];
}

/** The pod for one node: the scheduler may put it there and nowhere else. */
export function daemonPod(set: Stored<DaemonSet>, nodeName: string, hash: string): Pod {
  const pod = podFromTemplate(set.spec.template, set);
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  const nodeAffinity = {
    ...pod.spec.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: required,
  };
  const tolerations = withDaemonTolerations(pod.spec.tolerations ?? [], pod.spec.hostNetwork ?? false);
  const generation = set.metadata.annotations?.[generationKey];
  const labels = {
    ...pod.metadata.labels,
    ...(generation && { [generationLabel]: generation }),
    [hashLabel]: hash,
  };
  return {
    ...pod,
    metadata: { ...pod.metadata, labels },
    spec: { ...pod.spec, affinity: { ...pod.spec.affinity, nodeAffinity }, tolerations },
  };
}

/** Whether a daemon was made of the present template, by either label that says so. (`IsPodUpdated`) */
export function isOfTemplate(
  { metadata: { labels = {} } }: Pod,
  { set, hash }: { set: DaemonSet; hash: string },
): boolean {
  const generation = set.metadata.annotations?.[generationKey];
  return labels[hashLabel] === hash || (Boolean(generation) && labels[generationLabel] === generation);
}

/** The node a daemon is on or is meant for. */
export function nodeOf(pod: Pod): string {
  if (pod.spec.nodeName) return pod.spec.nodeName;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = (required?.nodeSelectorTerms ?? []).flatMap((term) => term.matchFields ?? []);
  return fields.find(({ key }) => key === 'metadata.name')?.values?.[0] ?? '';
}

const allTolerations = new WeakMap<PodSpec, readonly Toleration[]>();

/** All that the daemons of a set tolerate, put together once for each version of it: it may be thousands, and is asked for each node. */
function tolerationsOf(spec: PodSpec): readonly Toleration[] {
  const before = allTolerations.get(spec);
  if (before) return before;
  const all = withDaemonTolerations(spec.tolerations ?? [], spec.hostNetwork ?? false);
  allTolerations.set(spec, all);
  return all;
}

/** Whether a node's change can change where daemons are: kubelets write their nodes all the time, and each set would be looked at each time. */
export const mayMoveDaemons = (node: Node, old: Node): boolean =>
  !sameLabels(node, old) || !deepEqual(node.spec?.taints ?? [], old.spec?.taints ?? []);

/** Whether a node shall have a daemon, and whether one that is there may go on. */
export function placement(set: DaemonSet, node: Node): { runs: boolean; goesOn: boolean } {
  const spec = set.spec.template.spec ?? { containers: [] };
  const isNamed = !spec.nodeName || spec.nodeName === node.metadata.name;
  if (!isNamed || !matchesNode({ spec }, node)) return { runs: false, goesOn: false };
  const tolerations = tolerationsOf(spec);
  const taints = node.spec?.taints ?? [];
  const goesOn = !isRepelled(taints, tolerations, ['NoExecute']);
  return { runs: goesOn && !isRepelled(taints, tolerations, ['NoSchedule']), goesOn };
}
