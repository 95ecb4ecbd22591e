// The cases of upstream's scheduler_perf: what stands there before, and which pods are to be placed.
import type { Affinity, Node, Pod, PodSpec } from '../../src/api/core/v1.ts';
import type { Stored } from '../../src/api/resource.ts';

export interface Case {
  name: string;
  /** Pods that are there before, as a share of the nodes. */
  before?: { perNode: number; pod: PodShape };
  /** Pods that nothing can be done for, and that wait all the time. */
  hopeless?: number;
  pod: PodShape;
  /** At most so many can be placed, as a share of the nodes. */
  mostPerNode?: number;
  zones?: number;
  /** Each pod is for one node alone, one after the other, as those of a DaemonSet are. */
  daemon?: boolean;
  /** Nodes and other pods come and go meanwhile. */
  churn?: boolean;
}

export interface PodShape {
  labels?: Record<string, string>;
  requests?: Record<string, string>;
  spec?: Partial<PodSpec>;
}

const small = { cpu: '100m', memory: '500Mi' };
const zone = 'topology.kubernetes.io/zone';
const hostname = 'kubernetes.io/hostname';

const term = (color: string, topologyKey: string) => ({
  topologyKey,
  labelSelector: { matchLabels: { color } },
  namespaces: ['bench'],
});
const required = (color: string, key: string) => ({
  requiredDuringSchedulingIgnoredDuringExecution: [term(color, key)],
});
const preferred = (color: string, key: string) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term(color, key) }],
});
const withAffinity = (color: string, affinity: Affinity): PodShape => ({
  labels: { color },
  requests: small,
  spec: { affinity },
});
const spread = (whenUnsatisfiable: string): PodShape => ({
  labels: { color: 'blue' },
  requests: small,
  spec: {
    topologySpreadConstraints: [
      { maxSkew: 5, topologyKey: zone, whenUnsatisfiable, labelSelector: { matchLabels: { color: 'blue' } } },
    ],
  },
});

const basic: PodShape = { requests: small };

export const cases: readonly Case[] = [
  { name: 'Basic', before: { perNode: 0.2, pod: basic }, pod: basic },
  {
    name: 'PodAffinity',
    before: { perNode: 1, pod: withAffinity('blue', { podAffinity: required('blue', zone) }) },
    pod: withAffinity('blue', { podAffinity: required('blue', zone) }),
  },
  {
    name: 'PodAntiAffinity',
    before: { perNode: 0.2, pod: withAffinity('green', { podAntiAffinity: required('green', hostname) }) },
    pod: withAffinity('green', { podAntiAffinity: required('green', hostname) }),
    mostPerNode: 0.8,
  },
  {
    name: 'PreferredPodAffinity',
    before: { perNode: 1, pod: withAffinity('red', { podAffinity: preferred('red', hostname) }) },
    pod: withAffinity('red', { podAffinity: preferred('red', hostname) }),
  },
  {
    name: 'PreferredPodAntiAffinity',
    before: { perNode: 1, pod: withAffinity('yellow', { podAntiAffinity: preferred('yellow', hostname) }) },
    pod: withAffinity('yellow', { podAntiAffinity: preferred('yellow', hostname) }),
  },
  { name: 'TopologySpreading', before: { perNode: 1, pod: basic }, pod: spread('DoNotSchedule'), zones: 3 },
  {
    name: 'PreferredTopologySpreading',
    before: { perNode: 1, pod: basic },
    pod: spread('ScheduleAnyway'),
    zones: 3,
  },
  {
    name: 'Preemption',
    before: { perNode: 4, pod: { requests: { cpu: '900m', memory: '500Mi' } } },
    pod: { requests: { cpu: '3', memory: '500Mi' }, spec: { priority: 10, priorityClassName: 'important' } },
    mostPerNode: 1,
  },
  { name: 'Unschedulable', hopeless: 0.2, pod: basic },
  { name: 'DaemonSet', before: { perNode: 0.2, pod: basic }, pod: basic, daemon: true },
  { name: 'MixedChurn', before: { perNode: 0.2, pod: basic }, hopeless: 0.02, pod: basic, churn: true },
];

export function nodeOf(i: number, { zones = 1 }: Pick<Case, 'zones'>): Stored<Node> {
  const name = `node-${i}`;
  const labels = { [hostname]: name, [zone]: `zone-${i % zones}` };
  const allocatable = { cpu: '4', memory: '32Gi', pods: '110' };
  return {
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '', labels },
    spec: {},
    status: { allocatable, capacity: allocatable },
  };
}

/** What the pod with this number looks like that is to be placed. */
export function shapeOf({ pod, daemon }: Case, i: number, nodes: number): PodShape {
  if (!daemon) return pod;
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [`node-${i % nodes}`] }];
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
  };
  return { ...pod, spec: { affinity: { nodeAffinity } } };
}

/** A pod that asks for more than any node has. */
export const hopeless: PodShape = { requests: { cpu: '6' } };

export function podOf(name: string, { labels, requests, spec }: PodShape): Pod {
  return {
    metadata: { name, namespace: 'bench', labels },
    spec: {
      schedulerName: 'default-scheduler',
      // There is no kubelet that would let evicted pods go.
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10', resources: { requests } }],
      ...spec,
    },
  };
}

let made = 0;

/** The same as a server would have stored it. */
export function storedPodOf(shape: PodShape, nodeName?: string): Stored<Pod> {
  const name = `pod-${made++}`;
  const pod = podOf(name, shape);
  const metadata = { ...pod.metadata, name, uid: name, resourceVersion: '1', creationTimestamp: '' };
  return { ...pod, metadata, spec: { ...pod.spec, ...(nodeName && { nodeName }) } };
}
