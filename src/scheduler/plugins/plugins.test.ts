import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import {
  csinodes,
  csistoragecapacities,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  storageclasses,
  volumeattachments,
} from '../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { seededRandom } from '../../platform/random.ts';
import { SchedulerCache } from '../cache/cache.ts';
import { podInfo } from '../cache/node-info.ts';
import { Memory } from '../framework/memory.ts';
import { decide } from '../decide.ts';
import { CycleState } from '../framework/cycle-state.ts';
import { Fitting } from '../fitting.ts';
import type { Decision, Plugin, Profile } from '../framework/framework.ts';
import { pluginsToAsk, totalScores } from '../score.ts';
import { type TestObjects, testProfile } from '../testing.ts';

let made = 0;
const zone = 'topology.kubernetes.io/zone';

function stored<T>(name: string, more: object): T {
  const { metadata, ...rest } = more as { metadata?: object };
  const meta = { name, uid: `${name}-${made++}`, resourceVersion: '1', creationTimestamp: '', ...metadata };
  return { metadata: meta, ...rest } as T;
}

const node = (name: string, more: { labels?: object; status?: object; spec?: object } = {}) =>
  stored<Stored<Node>>(name, {
    metadata: { labels: { 'kubernetes.io/hostname': name, ...more.labels } },
    spec: more.spec ?? {},
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10' }, ...more.status },
  });

const pod = (spec: Partial<Pod['spec']> = {}, requests: Record<string, string> = {}) =>
  stored<Stored<Pod>>(`pod-${made}`, {
    metadata: { namespace: 'default' },
    spec: {
      schedulerName: 'default-scheduler',
      containers: [{ name: 'c', image: 'i', resources: { requests } }],
      ...spec,
    },
  });

interface Setting {
  nodes: Stored<Node>[];
  running?: Stored<Pod>[];
  objects?: TestObjects;
  profile?: object;
}

function cacheOf({ nodes, running = [] }: Setting): SchedulerCache {
  const cache = new SchedulerCache();
  for (const n of nodes) cache.setNode(n);
  for (const p of running) cache.setPod(p);
  return cache;
}

/** The node, or the reasons of the nodes in their order. */
function place(one: Stored<Pod>, setting: Setting): string | (string | undefined)[] {
  const profile = testProfile(setting.objects, setting.profile);
  const snapshot = cacheOf(setting).snapshot();
  const verdict = decide(podInfo(one), snapshot, { profile, random: seededRandom(1), startAt: 0 });
  if (verdict.type === 'placed') return verdict.node;
  return setting.nodes.map(({ metadata }) => verdict.refusals.of(metadata.name)?.reasons.join());
}

/** Where a pod is placed on the one node that there is, `a`. */
function placed(one: Stored<Pod>, profile: Profile): Decision {
  const snapshot = cacheOf({ nodes: [node('a')] }).snapshot();
  const verdict = decide(podInfo(one), snapshot, { profile, random: seededRandom(1), startAt: 0 });
  if (verdict.type !== 'placed') throw new Error(verdict.type);
  return verdict.decision;
}

interface VolumePlan {
  bind: readonly { claim: KubernetesObject; volume: KubernetesObject }[];
}

/** Which volumes the claims of a pod are to get on that node, as `<claim> <volume>`. */
function bindings(one: Stored<Pod>, profile: Profile): string[] | undefined {
  const state = placed(one, profile).state.get<{ plans: Map<string, VolumePlan> }>('VolumeBinding');
  return state?.plans
    .get('a')
    ?.bind.map(({ claim, volume }) => `${claim.metadata.name} ${volume.metadata.name}`);
}

/** What one plugin alone makes of the nodes. */
function scores(plugin: string, one: Stored<Pod>, setting: Setting & { args?: object }): number[] {
  const profile = testProfile(setting.objects, {
    plugins: { score: { disabled: [{ name: '*' }], enabled: [{ name: plugin, weight: 1 }] } },
    pluginConfig: setting.args ? [{ name: plugin, args: setting.args }] : [],
  });
  const snapshot = cacheOf(setting).snapshot();
  const state = new CycleState();
  const decision: Decision = { pod: podInfo(one), state, snapshot, profile, filters: [] };
  const places = setting.nodes.map(({ metadata }) => snapshot.nodes.placeOf(metadata.name) as number);
  const fitting = Fitting.at(snapshot.nodes, places);
  return totalScores(decision, fitting, pluginsToAsk(decision, fitting));
}

describe('scores', () => {
  const half = pod({ nodeName: 'a' }, { cpu: '2', memory: '4Gi' });
  const nodes = [node('a'), node('b')];
  const small = pod({}, { cpu: '1', memory: '2Gi' });

  test('of free and used room', () => {
    expect(scores('NodeResourcesFit', small, { nodes, running: [half] })).toEqual([25, 75]);
    const most = { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }] } };
    expect(scores('NodeResourcesFit', small, { nodes, running: [half], args: most })).toEqual([75, 25]);
    const shape = [
      { utilization: 0, score: 0 },
      { utilization: 50, score: 10 },
      { utilization: 100, score: 0 },
    ];
    const ratio = {
      scoringStrategy: { type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape } },
    };
    expect(scores('NodeResourcesFit', small, { nodes, running: [half], args: ratio })).toEqual([50, 50]);
  });

  test('along a shape leave out what scores nothing', () => {
    const shape = [
      { utilization: 0, score: 10 },
      { utilization: 100, score: 0 },
    ];
    const args = {
      scoringStrategy: { type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape } },
    };
    const most = pod({ nodeName: 'a' }, { cpu: '2', memory: '6Gi' });
    const asked = pod({}, { cpu: '2', memory: '1Gi' });
    expect(scores('NodeResourcesFit', asked, { nodes, running: [most], args })).toEqual([13, 69]);
  });

  test('of what the pod does to the balance; pods that ask for nothing are not weighed', () => {
    const balance = (one: Stored<Pod>, running: Stored<Pod>[] = []) =>
      scores('NodeResourcesBalancedAllocation', one, { nodes, running });
    const lopsided = pod({ nodeName: 'a' }, { cpu: '3' });
    // A node that is out of balance stays so, and is no worse than one that stays in balance.
    expect(balance(small, [lopsided])).toEqual([75, 75]);
    const counterweight = pod({}, { memory: '6Gi' });
    expect(balance(counterweight, [lopsided])).toEqual([94, 56]);
    const full = pod({ nodeName: 'a' }, { cpu: '4' });
    expect(balance(pod({}, { memory: '8Gi' }), [full])).toEqual([100, 50]);
    expect(balance(pod(), [lopsided])).toEqual([0, 0]);
  });

  test('of images that are there', () => {
    const names = ['i:latest'];
    const images = [{ names, sizeBytes: 600 * 1024 * 1024 }];
    const having = [node('a', { status: { images } }), node('b')];
    expect(scores('ImageLocality', pod(), { nodes: having })).toEqual([28, 0]);
  });

  test('of soft taints', () => {
    const soft = { spec: { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] } };
    expect(scores('TaintToleration', pod(), { nodes: [node('a', soft), node('b')] })).toEqual([0, 100]);
  });

  test('of zones by the default constraints, for the pods of a service', () => {
    const service = stored<Stored<KubernetesObject>>('s', {
      metadata: { namespace: 'default' },
      spec: { selector: { app: 'x' } },
    });
    const labelled = (nodeName?: string) => {
      const one = pod(nodeName ? { nodeName } : {});
      return { ...one, metadata: { ...one.metadata, labels: { app: 'x' } } };
    };
    const zoned = [
      node('a', { labels: { [zone]: '1' } }),
      node('b', { labels: { [zone]: '1' } }),
      node('c', { labels: { [zone]: '2' } }),
    ];
    const setting = { nodes: zoned, running: [labelled('a')], objects: { services: [service] } };
    const [a, b, c] = scores('PodTopologySpread', labelled(), setting) as [number, number, number];
    expect(c).toBe(100);
    expect(b).toBeLessThan(c);
    expect(a).toBeLessThan(b);
  });
});

describe('which nodes wake a pod', () => {
  /** Whether a plugin lets a change of a node wake a pod. */
  function wakes(plugin: string, one: Stored<Pod>, now: Stored<Node>, old?: Stored<Node>): boolean {
    const profile = testProfile();
    const { events = [] } = profile.at.filter.find(({ name }) => name === plugin) ?? {};
    const event = { resource: nodes as never, action: 'Add' as const, object: now, old };
    const interests = events.filter(({ resource }) => resource === (nodes as never));
    return interests.some(({ helps }) => !helps || helps(one, event));
  }
  const term = (topologyKey: string) => ({
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey, labelSelector: { matchLabels: { a: 'b' } } },
    ],
  });
  const bare = stored<Stored<Node>>('bare', { spec: {}, status: {} });
  const zoned = (value: string) => node('zoned', { labels: { [zone]: value } });

  test('one that has the keys of all that the pod wants to be near', () => {
    const near = pod({ affinity: { podAffinity: term(zone) } });
    expect(wakes('InterPodAffinity', near, zoned('x'))).toBe(true);
    expect(wakes('InterPodAffinity', near, bare)).toBe(false);
    expect(wakes('InterPodAffinity', near, zoned('x'), zoned('y'))).toBe(true);
    expect(wakes('InterPodAffinity', near, zoned('x'), zoned('x'))).toBe(false);
  });

  test('any new one for a pod that only keeps apart: without the key it is in nobody’s domain', () => {
    const apart = pod({ affinity: { podAntiAffinity: term(zone) } });
    expect(wakes('InterPodAffinity', apart, zoned('x'))).toBe(true);
    expect(wakes('InterPodAffinity', apart, bare)).toBe(true);
    expect(wakes('InterPodAffinity', apart, bare, zoned('x'))).toBe(true);
  });

  test('one that has more of what the pod asks for', () => {
    const having = (cpu: string, gpu = '0') =>
      node('a', { status: { allocatable: { cpu, memory: '1Gi', pods: '10', 'example.com/gpu': gpu } } });
    const asking = pod({}, { cpu: '2' });
    expect(wakes('NodeResourcesFit', asking, having('2'))).toBe(true);
    expect(wakes('NodeResourcesFit', asking, having('1'))).toBe(false);
    expect(wakes('NodeResourcesFit', asking, having('3'), having('2'))).toBe(true);
    expect(wakes('NodeResourcesFit', asking, having('2'), having('3'))).toBe(false);
    expect(wakes('NodeResourcesFit', asking, having('2', '1'), having('2'))).toBe(false);
    expect(
      wakes('NodeResourcesFit', pod({}, { 'example.com/gpu': '1' }), having('2', '1'), having('2')),
    ).toBe(true);
    expect(wakes('NodeResourcesFit', pod({}, { 'example.com/gpu': '1' }), having('2'))).toBe(false);
  });
});

describe('which changes of placed pods and of nodes wake a pod', () => {
  const app = { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: zone };
  const apart = pod({
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [app] } },
  });
  const spread = pod({
    topologySpreadConstraints: [{ ...app, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
  });
  const placed = (labels: Record<string, string>, metadata: object = {}) =>
    stored<Stored<Pod>>('placed', {
      metadata: { namespace: 'default', labels, ...metadata },
      spec: { containers: [], nodeName: 'n' },
    });
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  const web = placed({ app: 'web' });
  const zoned = (value: string | undefined, more: Parameters<typeof node>[1] = {}) =>
    node('a', { ...more, labels: { ...(value && { [zone]: value }), ...more.labels } });
  const tainted = { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } };

  test.each<[string, Stored<Pod>, Stored<KubernetesObject>, Stored<KubernetesObject> | undefined, boolean]>([
    ['InterPodAffinity', apart, web, undefined, true],
    ['InterPodAffinity', apart, placed({ app: 'other' }), undefined, false],
    ['InterPodAffinity', apart, placed({ app: 'other' }), web, true],
    ['InterPodAffinity', apart, placed({ app: 'other' }), placed({ app: 'third' }), false],
    // Until it is gone it keeps others away.
    ['InterPodAffinity', apart, placed({ app: 'web' }, going), web, false],
    ['PodTopologySpread', spread, web, undefined, true],
    ['PodTopologySpread', spread, placed({ app: 'other' }), undefined, false],
    ['PodTopologySpread', spread, placed({ app: 'other' }), web, true],
    ['PodTopologySpread', spread, placed({ app: 'other' }), placed({ app: 'third' }), false],
    ['PodTopologySpread', spread, placed({ app: 'web' }, going), web, true],
    ['PodTopologySpread', spread, placed({ app: 'web' }, going), placed({ app: 'web' }, going), false],
    ['PodTopologySpread', spread, zoned('1'), undefined, true],
    ['PodTopologySpread', spread, zoned(undefined), undefined, false],
    ['PodTopologySpread', spread, zoned('1'), zoned(undefined), true],
    ['PodTopologySpread', spread, zoned(undefined), zoned('1'), true],
    ['PodTopologySpread', spread, zoned('1'), zoned('2'), true],
    ['PodTopologySpread', spread, zoned('1'), zoned('1', { labels: { other: 'x' } }), false],
    ['PodTopologySpread', spread, zoned('1'), zoned('1', tainted), true],
    ['PodTopologySpread', spread, zoned(undefined), zoned(undefined, tainted), false],
  ])('%s', (plugin, one, now, old, helps) => {
    const { events = [] } = testProfile().at.filter.find(({ name }) => name === plugin) ?? {};
    const resource = 'status' in now ? nodes : pods;
    const action = old ? ('Update' as const) : ('Add' as const);
    const event = { resource: resource as never, action, object: now, ...(old && { old }) };
    const interests = events.filter((interest) => interest.resource === (resource as never));
    expect(interests.some((interest) => !interest.helps || interest.helps(one, event))).toBe(helps);
  });
});

test('what a change of a pod frees is found once, however many pods wait', () => {
  let reads = 0;
  const resizing = pod({}) as Stored<Pod>;
  const change = (cpu: string): Stored<Pod> => ({
    ...resizing,
    spec: {
      ...resizing.spec,
      containers: [
        Object.defineProperty({ name: 'c', image: 'i' }, 'resources', {
          get() {
            reads++;
            return { requests: { cpu } };
          },
        }),
      ],
    },
  });
  const { events = [] } = testProfile().at.filter.find(({ name }) => name === 'NodeResourcesFit') ?? {};
  const interest = events.find(({ resource, actions }) => resource === pods && actions.includes('Update'));
  const waiting = Array.from({ length: 200 }, () => pod({}));
  const heldAgainst = (now: string, old: string) => {
    const event = { resource: pods, action: 'Update' as const, object: change(now), old: change(old) };
    return waiting.filter((one) => interest?.helps?.(one, event)).length;
  };
  expect([heldAgainst('1', '2'), heldAgainst('2', '1'), heldAgainst('1', '3')]).toEqual([200, 0, 200]);
  expect(reads).toBeLessThan(100);
});

describe('what wakes a pod that mounts volumes', () => {
  /** Whether a plugin lets what has become of an object wake a pod with the claim `c`. */
  function wakes(plugin: string, resource: unknown, now: object, old?: object): boolean {
    const { events = [] } = testProfile().at.filter.find(({ name }) => name === plugin) ?? {};
    const action = old ? ('Update' as const) : ('Add' as const);
    const one = pod({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] });
    const event = { resource: resource as never, action, object: now as never, old: old as never };
    const interests = events.filter((e) => e.resource === resource && e.actions.includes(action));
    return interests.some(({ helps }) => !helps || helps(one, event));
  }
  const object = (more: object) => stored<Stored<KubernetesObject>>('o', more);
  const inZone = (value?: string) =>
    object({ metadata: { labels: value ? { [zone]: value } : {} }, spec: {} });
  const capacity = (size: string, most?: string) =>
    object({ capacity: size, ...(most && { maximumVolumeSize: most }), storageClassName: 'k' });
  const taking = (count?: number) =>
    object({ spec: { drivers: [{ name: 'd', nodeID: 'n', ...(count && { allocatable: { count } }) }] } });
  const mode = (volumeBindingMode: string) => object({ provisioner: 'd', volumeBindingMode });
  const inNamespace = (name: string) => ({ metadata: { name, namespace: 'default' }, spec: {} });
  const migrates = (plugins: string) =>
    object({
      metadata: { annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': plugins } },
      spec: { drivers: [] },
    });

  test.each<[string, unknown, object, object | undefined, boolean]>([
    ['VolumeZone', persistentvolumes, inZone('a'), undefined, true],
    ['VolumeZone', persistentvolumes, inZone('a'), inZone('b'), true],
    ['VolumeZone', persistentvolumes, inZone('a'), inZone('a'), false],
    ['VolumeZone', storageclasses, mode('WaitForFirstConsumer'), undefined, true],
    ['VolumeZone', storageclasses, mode('Immediate'), undefined, false],
    ['VolumeZone', persistentvolumeclaims, inNamespace('c'), undefined, true],
    ['VolumeZone', persistentvolumeclaims, inNamespace('e'), undefined, false],
    ['VolumeBinding', csistoragecapacities, capacity('1Gi'), undefined, true],
    ['VolumeBinding', csistoragecapacities, capacity('2Gi'), capacity('1Gi'), true],
    ['VolumeBinding', csistoragecapacities, capacity('1Gi'), capacity('2Gi'), false],
    ['VolumeBinding', csistoragecapacities, capacity('9Gi', '1Gi'), capacity('1Gi', '1Gi'), false],
    ['VolumeBinding', csinodes, taking(1), undefined, true],
    ['VolumeBinding', csinodes, taking(2), taking(1), false],
    ['VolumeBinding', csinodes, migrates('kubernetes.io/aws-ebs'), migrates(''), true],
    ['NodeVolumeLimits', csinodes, taking(1), undefined, true],
    ['NodeVolumeLimits', csinodes, taking(2), taking(1), true],
    ['NodeVolumeLimits', csinodes, taking(1), taking(2), false],
    ['NodeVolumeLimits', csinodes, taking(), taking(1), true],
    ['NodeVolumeLimits', persistentvolumeclaims, inNamespace('c'), undefined, true],
    ['NodeVolumeLimits', persistentvolumeclaims, inNamespace('c'), inNamespace('c'), false],
    ['NodeVolumeLimits', persistentvolumes, inZone('a'), undefined, false],
  ])('%s', (plugin, resource, now, old, helps) => expect(wakes(plugin, resource, now, old)).toBe(helps));
});

test.each([
  ['by claims', { persistentVolumeClaim: { claimName: 'c' } }, 'any.example.com', true],
  ['as such, which that driver serves', { awsElasticBlockStore: { volumeID: 'x' } }, 'ebs.csi.aws.com', true],
  ['as such, which another serves', { gcePersistentDisk: { pdName: 'x' } }, 'ebs.csi.aws.com', false],
  ['that nobody attaches', { emptyDir: {} }, 'any.example.com', false],
])('what a driver detaches may help pods with volumes %s', (_, volume, attacher, helps) => {
  const { events = [] } = testProfile().at.filter.find((p) => p.name === 'NodeVolumeLimits') ?? {};
  const object = stored<Stored<KubernetesObject>>('gone', { spec: { attacher } });
  const one = pod({ volumes: [{ name: 'v', ...volume }] });
  const event = { resource: volumeattachments as never, action: 'Delete' as const, object };
  const asked = events.filter(({ resource }) => resource === volumeattachments);
  expect(asked.map((interest) => interest.helps?.(one, event))).toEqual([helps]);
});

test.each([
  ['VolumeRestrictions', 'persistentvolumeclaim "c" not found'],
  ['NodeVolumeLimits', 'looking up PVC default/c: persistentvolumeclaim "c" not found'],
])('%s alone keeps a pod waiting for a claim that is not there', (name, reason) => {
  const enabled = ['PrioritySort', 'DefaultBinder', name].map((plugin) => ({ name: plugin }));
  const profile = { plugins: { multiPoint: { disabled: [{ name: '*' }], enabled } } };
  const one = pod({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] });
  expect(place(one, { nodes: [node('a')], profile })).toEqual([reason]);
});

describe('which changes of a pod wake it', () => {
  /** Whether a plugin lets what changes of a pod that it has refused wake it. */
  function wakes(plugin: string, old: Stored<Pod>, change: object, objects: TestObjects = {}): boolean {
    const { at } = testProfile(objects);
    const all = [...at.preEnqueue, ...at.preFilter, ...at.filter];
    const found = all.find(({ name }) => name === plugin);
    if (!found) throw new Error(`there is no ${plugin}`);
    const { metadata, spec, status } = change as Partial<Pod>;
    const now = {
      ...old,
      metadata: { ...old.metadata, ...metadata },
      spec: { ...old.spec, ...spec },
      status: { ...old.status, ...status },
    } as Stored<Pod>;
    return found.changeHelps?.(now, old) ?? true;
  }
  const labelled = (labels: Record<string, string>) => ({ metadata: { labels } });
  const tolerating = (key: string) => ({ spec: { tolerations: [{ key, operator: 'Exists' }] } });
  const cordon = 'node.kubernetes.io/unschedulable';
  const spreading = (more: object = {}) =>
    pod({
      topologySpreadConstraints: [
        {
          topologyKey: zone,
          maxSkew: 1,
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
          ...more,
        },
      ],
    });
  const asking = (cpu: string) => ({
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] },
  });
  const claiming = pod({ resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] });
  const made = { status: { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'made' }] } };
  const claims = [
    stored<Stored<KubernetesObject>>('made', {
      metadata: { namespace: 'default', ownerReferences: [{ controller: true, uid: claiming.metadata.uid }] },
      spec: {},
    }),
  ];

  test.each<[string, Stored<Pod>, object, boolean]>([
    ['NodeResourcesFit', pod({}, { cpu: '2' }), asking('1'), true],
    ['NodeResourcesFit', pod({}, { cpu: '2' }), asking('3'), false],
    ['NodeResourcesFit', pod({}, { cpu: '2' }), { spec: { containers: [{ name: 'c', image: 'i' }] } }, true],
    ['NodeResourcesFit', pod({}, { cpu: '2' }), labelled({ a: 'b' }), false],
    ['TaintToleration', pod(), tolerating('anything'), true],
    ['TaintToleration', pod(), labelled({ a: 'b' }), false],
    ['NodeUnschedulable', pod(), tolerating(cordon), true],
    ['NodeUnschedulable', pod(), tolerating('something-else'), false],
    ['InterPodAffinity', pod(), labelled({ a: 'b' }), true],
    ['InterPodAffinity', pod(), tolerating('a'), false],
    ['PodTopologySpread', spreading(), labelled({ app: 'web' }), true],
    ['PodTopologySpread', spreading(), labelled({ app: 'other' }), false],
    ['PodTopologySpread', spreading(), tolerating('a'), false],
    ['PodTopologySpread', spreading({ nodeTaintsPolicy: 'Honor' }), tolerating('a'), true],
    ['NodeAffinity', pod({ nodeSelector: { a: 'b' } }), labelled({ a: 'b' }), false],
    ['NodePorts', pod(), labelled({ a: 'b' }), false],
    ['NodeName', pod(), labelled({ a: 'b' }), false],
    ['VolumeBinding', pod(), labelled({ a: 'b' }), false],
    ['VolumeZone', pod(), labelled({ a: 'b' }), false],
    ['VolumeRestrictions', pod(), labelled({ a: 'b' }), false],
    ['NodeVolumeLimits', pod(), labelled({ a: 'b' }), false],
    ['NodeDeclaredFeatures', pod(), labelled({ a: 'b' }), false],
    [
      'SchedulingGates',
      pod({ schedulingGates: [{ name: 'a' }, { name: 'b' }] }),
      { spec: { schedulingGates: [{ name: 'b' }] } },
      false,
    ],
    ['SchedulingGates', pod({ schedulingGates: [{ name: 'a' }] }), { spec: { schedulingGates: [] } }, true],
    ['DynamicResources', claiming, labelled({ a: 'b' }), false],
  ])('%s', (plugin, old, change, helps) => expect(wakes(plugin, old, change)).toBe(helps));

  test('claims that were made for it, once they are to be seen', () => {
    expect(wakes('DynamicResources', claiming, made)).toBe(false);
    expect(wakes('DynamicResources', claiming, made, { resourceclaims: claims })).toBe(true);
  });
});

describe('features that nodes declare', () => {
  const rule = { action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [1] } };
  const restarts = { containers: [{ name: 'c', image: 'i', restartPolicyRules: [rule] }] };
  const declaring = (...declaredFeatures: string[]) => ({ status: { declaredFeatures } });
  const missing = "node(s) didn't match Pod's required features";

  test.each([
    ['the one that the pod needs', ['RestartAllContainersOnContainerExits'], [], true],
    ['one that it does not need', ['Something'], [], false],
    ['one more than it needs', ['RestartAllContainersOnContainerExits', 'X'], ['X'], true],
    [
      'one more where it could go already',
      ['RestartAllContainersOnContainerExits', 'X'],
      ['RestartAllContainersOnContainerExits'],
      false,
    ],
  ])('wake a pod where a node declares %s', (_, now, before, helps) => {
    const { events = [] } = testProfile().at.filter.find((p) => p.name === 'NodeDeclaredFeatures') ?? {};
    const [added, updated] = [node('a', declaring(...now)), node('a', declaring(...before))];
    const event = { resource: nodes as never, action: 'UpdateDeclaredFeatures' as const, object: added };
    expect(events.map((one) => one.helps?.(pod(restarts), { ...event, old: updated }))).toEqual([helps]);
  });

  test('are there for pods that need them', () => {
    const nodes = [node('a'), node('b', declaring('RestartAllContainersOnContainerExits', 'Something'))];
    expect(place(pod(restarts), { nodes })).toBe('b');
    expect(place(pod(restarts), { nodes: nodes.slice(0, 1) })).toEqual([missing]);
    expect(place(pod({ hostNetwork: true, hostUsers: false }), { nodes })).toEqual([missing, missing]);
    expect(place(pod({ hostUsers: false }), { nodes: nodes.slice(0, 1) })).toBe('a');
  });
});

describe('resources', () => {
  test('extended ones count, unless they are ignored', () => {
    const nodes = [
      node('a'),
      node('b', { status: { allocatable: { cpu: '1', pods: '9', 'x.io/gpu': '1' } } }),
    ];
    const wants = pod({}, { 'x.io/gpu': '1' });
    expect(place(wants, { nodes })).toBe('b');
    expect(place(pod({}, { 'x.io/gpu': '2' }), { nodes })).toEqual([
      'Insufficient x.io/gpu',
      'Insufficient x.io/gpu',
    ]);
    const profile = {
      pluginConfig: [{ name: 'NodeResourcesFit', args: { ignoredResourceGroups: ['x.io'] } }],
    };
    expect(place(pod({}, { 'x.io/gpu': '2' }), { nodes: [node('a')], profile })).toBe('a');
  });

  test('a node takes only so many pods', () => {
    const nodes = [node('a', { status: { allocatable: { cpu: '4', pods: '1' } } })];
    expect(place(pod(), { nodes, running: [pod({ nodeName: 'a' })] })).toEqual(['Too many pods']);
  });
});

test('a node has no domain under a key that only what every object has is called as', () => {
  const labelSelector = { matchLabels: { app: 'x' } };
  const near = {
    requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector, topologyKey: 'constructor' }],
  };
  const running = pod({ nodeName: 'a' });
  const all = {
    nodes: [node('a')],
    running: [{ ...running, metadata: { ...running.metadata, labels: { app: 'x' } } }],
  };
  expect(place(pod({ affinity: { podAntiAffinity: near } }), all)).toBe('a');
  expect(place(pod({ affinity: { podAffinity: near } }), all)).toEqual([
    "node(s) didn't match pod affinity rules",
  ]);
});

describe('affinity to nodes', () => {
  test('that the profile adds holds for all', () => {
    const nodeSelectorTerms = [{ matchExpressions: [{ key: 'pool', operator: 'In', values: ['x'] }] }];
    const addedAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
    const profile = { pluginConfig: [{ name: 'NodeAffinity', args: { addedAffinity } }] };
    expect(place(pod(), { nodes: [node('a'), node('b', { labels: { pool: 'x' } })], profile })).toBe('b');
    expect(place(pod(), { nodes: [node('a')], profile })).toEqual([
      "node(s) didn't match scheduler-enforced node affinity",
    ]);
  });

  test('by names that exclude each other finds none', () => {
    const named = (name: string) => ({ key: 'metadata.name', operator: 'In', values: [name] });
    const nodeSelectorTerms = [{ matchFields: [named('a'), named('b')] }];
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
    const one = pod({ affinity: { nodeAffinity: required } });
    const reason = 'pod affinity terms conflict';
    expect(place(one, { nodes: [node('a'), node('b')] })).toEqual([reason, reason]);
  });

  test('by name looks at no other node', () => {
    const by = (...values: string[]) =>
      pod({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values }] }],
            },
          },
        },
      });
    const nodes = [node('a'), node('b', { spec: { unschedulable: true } })];
    expect(place(by('a'), { nodes })).toBe('a');
    expect(place(by('b'), { nodes })).toEqual([
      "node(s) didn't satisfy plugin(s) [NodeAffinity]",
      'node(s) were unschedulable',
    ]);
  });
});

describe('volumes', () => {
  const claim = (name: string, spec: object, bound = true) =>
    stored<Stored<KubernetesObject>>(name, {
      metadata: {
        namespace: 'default',
        ...(bound && { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }),
      },
      spec,
    });
  const volume = (name: string, spec: object, labels = {}) =>
    stored<Stored<KubernetesObject>>(name, { metadata: { labels }, spec, status: { phase: 'Available' } });
  const mounting = (claimName: string, more: Partial<Pod['spec']> = {}) =>
    pod({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }], ...more });
  const waiting = { volumeBindingMode: 'WaitForFirstConsumer' };

  test('are in zones', () => {
    const objects = {
      persistentvolumeclaims: [claim('c', { volumeName: 'v' })],
      persistentvolumes: [volume('v', {}, { [zone]: '1__2' })],
    };
    const nodes = [node('a', { labels: { [zone]: '3' } }), node('b', { labels: { [zone]: '2' } })];
    expect(place(mounting('c'), { nodes, objects })).toBe('b');
    expect(place(mounting('c'), { nodes: nodes.slice(0, 1), objects })).toEqual([
      'node(s) had no available volume zone',
    ]);
  });

  test('that drivers serve now are where these say that nodes are', () => {
    const driverZone = 'topology.ebs.csi.aws.com/zone';
    const terms = [{ matchExpressions: [{ key: zone, operator: 'In', values: ['1'] }] }];
    const nodeAffinity = { required: { nodeSelectorTerms: terms } };
    const source = { awsElasticBlockStore: { volumeID: 'vol-1' } };
    const csinode = stored<Stored<KubernetesObject>>('b', {
      metadata: {
        annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': 'x,kubernetes.io/aws-ebs' },
      },
      spec: { drivers: [] },
    });
    const objects = {
      persistentvolumeclaims: [claim('c', { volumeName: 'v' })],
      persistentvolumes: [volume('v', { ...source, nodeAffinity })],
      csinodes: [csinode],
    };
    const nodes = ['a', 'b'].map((name) => node(name, { labels: { [driverZone]: '1' } }));
    expect(place(mounting('c'), { nodes, objects })).toBe('b');
    expect(place(mounting('c'), { nodes: nodes.slice(0, 1), objects })).toEqual([
      "node(s) didn't match PersistentVolume's node affinity",
    ]);
  });

  test('that only one pod may have are not given to a second', () => {
    const objects = {
      persistentvolumeclaims: [claim('c', { volumeName: 'v', accessModes: ['ReadWriteOncePod'] })],
      persistentvolumes: [volume('v', {})],
    };
    const nodes = [node('a'), node('b')];
    const reason =
      'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';
    expect(place(mounting('c'), { nodes, objects, running: [mounting('c', { nodeName: 'a' })] })).toEqual([
      reason,
      reason,
    ]);
    const important = mounting('c', { priority: 5 });
    expect(place(important, { nodes, objects })).toMatch(/[ab]/);
  });

  test('are as many as the driver allows', () => {
    const csi = (name: string) => ({ csi: { driver: 'd', volumeHandle: name } });
    const csinode = stored<Stored<KubernetesObject>>('a', {
      spec: { drivers: [{ name: 'd', nodeID: 'a', allocatable: { count: 1 } }] },
    });
    const objects = {
      persistentvolumeclaims: [claim('c', { volumeName: 'v' }), claim('e', { volumeName: 'w' })],
      persistentvolumes: [volume('v', csi('v')), volume('w', csi('w'))],
      csinodes: [csinode],
    };
    const setting = { nodes: [node('a')], objects, running: [mounting('c', { nodeName: 'a' })] };
    expect(place(mounting('e'), setting)).toEqual(['node(s) exceed max volume count']);
    expect(place(mounting('c'), setting)).toBe('a');
  });

  test('that are gone count as what their class makes, as do those still to be made', () => {
    const csinode = stored<Stored<KubernetesObject>>('a', {
      spec: { drivers: [{ name: 'd', nodeID: 'a', allocatable: { count: 1 } }] },
    });
    const lost = (spec: object) => ({
      persistentvolumeclaims: [claim('c', { volumeName: 'gone', ...spec }), claim('e', { volumeName: 'w' })],
      persistentvolumes: [volume('w', { csi: { driver: 'd', volumeHandle: 'w' } })],
      storageclasses: [stored<Stored<KubernetesObject>>('k', { provisioner: 'd', ...waiting })],
      csinodes: [csinode],
    });
    const beside = (spec: object) =>
      place(mounting('e'), {
        nodes: [node('a')],
        objects: lost(spec),
        running: [mounting('c', { nodeName: 'a' })],
      });
    expect(beside({ storageClassName: 'k' })).toEqual(['node(s) exceed max volume count']);
    expect(beside({})).toBe('a');
  });

  test('of what was part of Kubernetes once count as those of the driver that serves them now', () => {
    const csinode = stored<Stored<KubernetesObject>>('a', {
      spec: { drivers: [{ name: 'ebs.csi.aws.com', nodeID: 'a', allocatable: { count: 1 } }] },
    });
    const ebs = (volumeID: string) => ({ awsElasticBlockStore: { volumeID } });
    const objects = {
      persistentvolumeclaims: [
        claim('old', { volumeName: 'old' }),
        claim('new', { volumeName: 'new' }),
        claim('open', { storageClassName: 'k' }, false),
      ],
      persistentvolumes: [
        volume('old', ebs('aws://zone/vol-1')),
        volume('new', { csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-2' } }),
      ],
      storageclasses: [
        stored<Stored<KubernetesObject>>('k', { provisioner: 'kubernetes.io/aws-ebs', ...waiting }),
      ],
      csinodes: [csinode],
    };
    const inline = (volumeID: string, more: object = {}) =>
      pod({ volumes: [{ name: 'v', ...ebs(volumeID) }], ...more });
    const full = ['node(s) exceed max volume count'];
    const beside = (running: Stored<Pod>, one: Stored<Pod>) =>
      place(one, { nodes: [node('a')], objects, running: [running] });
    expect(beside(mounting('old', { nodeName: 'a' }), mounting('new'))).toEqual(full);
    expect(beside(mounting('new', { nodeName: 'a' }), mounting('old'))).toEqual(full);
    expect(beside(mounting('new', { nodeName: 'a' }), inline('vol-3'))).toEqual(full);
    expect(beside(inline('vol-3', { nodeName: 'a' }), mounting('new'))).toEqual(full);
    expect(beside(mounting('new', { nodeName: 'a' }), mounting('open'))).toEqual(full);
    // The same volume by its old name and as it stands in a pod is one.
    const other = stored<Stored<KubernetesObject>>('b', { spec: { drivers: [] } });
    expect(beside(mounting('old', { nodeName: 'a' }), mounting('old'))).toBe('a');
    expect(
      place(inline('vol-3'), {
        nodes: [node('b')],
        objects: { ...objects, csinodes: [other] },
        running: [mounting('new', { nodeName: 'b' })],
      }),
    ).toBe('b');
  });

  test('are made where the class allows, and there is room', () => {
    const size = { resources: { requests: { storage: '2Gi' } }, storageClassName: 'k' };
    const nodes = [node('a', { labels: { [zone]: '1' } }), node('b', { labels: { [zone]: '2' } })];
    const capacity = stored<Stored<KubernetesObject>>('cap', {
      metadata: { namespace: 'default' },
      storageClassName: 'k',
      capacity: '1Gi',
      nodeTopology: { matchLabels: { [zone]: '2' } },
    });
    const topology = [{ matchLabelExpressions: [{ key: zone, values: ['2'] }] }];
    const objects = {
      persistentvolumeclaims: [claim('c', size, false)],
      storageclasses: [
        stored<Stored<KubernetesObject>>('k', { provisioner: 'd', ...waiting, allowedTopologies: topology }),
      ],
    };
    expect(place(mounting('c'), { nodes, objects })).toBe('b');
    const driver = stored<Stored<KubernetesObject>>('d', { spec: { storageCapacity: true } });
    const tracked = { ...objects, csidrivers: [driver], csistoragecapacities: [capacity] };
    expect(place(mounting('c'), { nodes, objects: tracked })).toEqual([
      "node(s) didn't find available persistent volumes to bind",
      'node(s) did not have enough free storage',
    ]);
  });

  test('go to the smallest claim first, whichever the pod mounts first', () => {
    const size = (storage: string) => ({ resources: { requests: { storage } }, storageClassName: 'k' });
    const free = (name: string, storage: string) =>
      volume(name, { capacity: { storage }, storageClassName: 'k' });
    const objects = {
      persistentvolumeclaims: [claim('large', size('2Gi'), false), claim('small', size('1Gi'), false)],
      persistentvolumes: [free('v', '2Gi'), free('w', '3Gi')],
      storageclasses: [
        stored<Stored<KubernetesObject>>('k', { provisioner: 'kubernetes.io/no-provisioner', ...waiting }),
      ],
    };
    const both = pod({
      volumes: [
        { name: 'l', persistentVolumeClaim: { claimName: 'large' } },
        { name: 's', persistentVolumeClaim: { claimName: 'small' } },
      ],
    });
    expect(bindings(both, testProfile(objects))).toEqual(['small v', 'large w']);
  });

  const one = { resources: { requests: { storage: '2Gi' } }, accessModes: ['ReadWriteOnce'] };
  const large = { capacity: { storage: '3Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'k' };
  const claimRef = { namespace: 'default', name: 'c' };
  const local = stored<Stored<KubernetesObject>>('k', {
    provisioner: 'kubernetes.io/no-provisioner',
    ...waiting,
  });

  test.each([
    ['with all that it asks for', {}, {}, 'v'],
    ['larger than others', { capacity: { storage: '9Gi' } }, {}, 'v'],
    ['which is too small', { capacity: { storage: '1Gi' } }, {}, 'w'],
    ['of another mode', { volumeMode: 'Block' }, {}, 'w'],
    ['of other attributes', { volumeAttributesClassName: 'gold' }, {}, 'w'],
    ['of another class', { storageClassName: 'other' }, {}, 'w'],
    ['for others to read', { accessModes: ['ReadOnlyMany'] }, {}, 'w'],
    ['on its way out', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }, 'w'],
  ])('that are kept for a claim: one %s', (_, spec, metadata, chosen) => {
    const kept = volume('v', { ...large, claimRef, ...spec });
    const objects = {
      persistentvolumeclaims: [claim('c', { ...one, storageClassName: 'k' }, false)],
      persistentvolumes: [
        volume('w', large),
        { ...kept, metadata: { ...kept.metadata, ...metadata } },
        volume('x', large),
      ],
      storageclasses: [local],
    };
    expect(bindings(mounting('c'), testProfile(objects))).toEqual([`c ${chosen}`]);
  });

  test('may have their class from the annotation that came before the field', () => {
    const { storageClassName: _, ...without } = large;
    const { metadata, ...rest } = volume('v', without);
    const annotations = { 'volume.beta.kubernetes.io/storage-class': 'k' };
    const objects = {
      persistentvolumeclaims: [claim('c', { ...one, storageClassName: 'k' }, false)],
      persistentvolumes: [{ ...rest, metadata: { ...metadata, annotations } }],
      storageclasses: [local],
    };
    expect(bindings(mounting('c'), testProfile(objects))).toEqual(['c v']);
  });

  test('go to a claim once, however many mount it', async () => {
    const objects = {
      persistentvolumeclaims: [
        claim('c', { ...one, storageClassName: 'k' }, false),
        claim('e', { ...one, storageClassName: 'k' }, false),
      ],
      persistentvolumes: [volume('v', large), volume('w', large)],
      storageclasses: [local],
    };
    const profile = testProfile(objects);
    const persistentVolumeClaim = { claimName: 'c' };
    const twice = pod({
      volumes: [
        { name: 'v', persistentVolumeClaim },
        { name: 'w', persistentVolumeClaim },
      ],
    });
    expect(bindings(twice, profile)).toEqual(['c v']);
    const [first, second] = [placed(mounting('c'), profile), placed(mounting('c'), profile)];
    const reserve = async (decision: Decision) => {
      for (const plugin of profile.at.reserve) await plugin.reserve?.(decision, 'a');
    };
    const unreserve = async (decision: Decision) => {
      for (const plugin of profile.at.reserve) await plugin.unreserve?.(decision, 'a');
    };
    await reserve(first);
    expect(bindings(mounting('c'), profile)).toEqual(['c v']);
    expect(bindings(mounting('e'), profile)).toEqual(['e w']);
    await reserve(second);
    await unreserve(second);
    expect(bindings(mounting('e'), profile)).toEqual(['e w']);
    await unreserve(first);
    expect(bindings(mounting('e'), profile)).toEqual(['e v']);
  });

  test('that wait for nobody keep the pod waiting', () => {
    const objects = {
      persistentvolumeclaims: [claim('c', { storageClassName: 'k' }, false)],
      storageclasses: [stored<Stored<KubernetesObject>>('k', { provisioner: 'd' })],
    };
    expect(place(mounting('c'), { nodes: [node('a')], objects })).toEqual([
      'pod has unbound immediate PersistentVolumeClaims',
    ]);
  });
});

test('pods that a node is kept for count, for those that matter no more', () => {
  const cache = cacheOf({ nodes: [node('a')] });
  cache.nominated.set(podInfo(pod({ priority: 10 }, { cpu: '3' })), 'a');
  const options = { profile: testProfile(), random: seededRandom(1), startAt: 0 };
  const type = (priority: number) =>
    decide(podInfo(pod({ priority }, { cpu: '2' })), cache.snapshot(), options).type;
  expect([type(5), type(10), type(11)]).toEqual(['refused', 'refused', 'placed']);
});

test('whom a pod pushes aside follows the budgets, also where all else is remembered', () => {
  const running = (name: string, nodeName: string, priority: number) => {
    const { metadata, ...rest } = pod({ nodeName, priority }, { cpu: '4' });
    return { ...rest, metadata: { ...metadata, name, uid: name, labels: { app: name } } };
  };
  const cache = cacheOf({ nodes: [node('a'), node('b')] });
  cache.setPod(running('guarded', 'a', 0));
  cache.setPod(running('open', 'b', 1));
  const budgets: Stored<KubernetesObject>[] = [];
  const profile = testProfile({ poddisruptionbudgets: budgets });
  const options = { profile, random: seededRandom(1), startAt: 0, memory: new Memory() };
  const nominated = (disruptionsAllowed: number) => {
    const parts = { spec: { selector: { matchLabels: { app: 'guarded' } } }, status: { disruptionsAllowed } };
    const budget = stored<Stored<KubernetesObject>>('b', parts);
    budgets.splice(0, 1, { ...budget, metadata: { ...budget.metadata, namespace: 'default' } });
    const verdict = decide(podInfo(pod({ priority: 10 }, { cpu: '4' })), cache.snapshot(), options);
    return verdict.type === 'refused' && verdict.plan.nominate;
  };
  expect([nominated(0), nominated(1), nominated(0)]).toEqual(['b', 'a', 'b']);
});

test('pods that are refused before any node is looked at drive nothing out of memory', () => {
  let asked = 0;
  const counting: Plugin = { name: 'Counting', sign: () => 0, filter: () => void asked++ };
  const profile = testProfile();
  const at = { ...profile.at, filter: [...profile.at.filter, counting] };
  const snapshot = cacheOf({ nodes: [node('a'), node('b')] }).snapshot();
  const memory = new Memory();
  const placed = (one: Stored<Pod>) =>
    decide(podInfo(one), snapshot, {
      profile: { ...profile, at },
      random: seededRandom(1),
      startAt: 0,
      memory,
    }).type;
  expect(placed(pod())).toBe('placed');
  expect(asked).toBe(2);
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'none' } }];
  for (let priority = 1; priority < 20; priority++)
    expect(placed(pod({ volumes, priority }))).toBe('refused');
  expect(placed(pod())).toBe('placed');
  expect(asked).toBe(2);
});

test('a plugin that refuses a pod before any node is looked at, but could let it pass, has room made as the filters want it', () => {
  class Tokens {
    left = 0;
    clone = () => Object.assign(new Tokens(), { left: this.left });
  }
  const refusal = { plugin: 'Tokens', reasons: ['no token'], unresolvable: false };
  const tokens: Plugin = {
    name: 'Tokens',
    preFilter({ state }) {
      state.set('tokens', new Tokens());
      return { refusal };
    },
    filter: ({ state }) => ((state.get<Tokens>('tokens') as Tokens).left > 0 ? undefined : refusal),
    changePod({ state }, { by }) {
      (state.get<Tokens>('tokens') as Tokens).left -= by;
    },
  };
  const profile = testProfile();
  const { preFilter, filter } = profile.at;
  const at = { ...profile.at, preFilter: [tokens, ...preFilter], filter: [...filter, tokens] };
  const running = [pod({ nodeName: 'a', priority: 0 }, { cpu: '1' })];
  const snapshot = cacheOf({ nodes: [node('a')], running }).snapshot();
  const nominated = (cpu: string) => {
    const options = { profile: { ...profile, at }, random: seededRandom(1), startAt: 0 };
    const verdict = decide(podInfo(pod({ priority: 10 }, { cpu })), snapshot, options);
    return verdict.type === 'refused' && [verdict.plan.nominate, verdict.message];
  };
  expect(nominated('4')).toEqual(['a', '0/1 nodes are available: no token.']);
  expect(nominated('5')).toEqual(['', expect.stringContaining('1 Insufficient cpu')]);
});

test('a pod that plugins leave no node together waits for news of each of them', () => {
  const leaving = (name: string, only: string): Plugin => ({
    name,
    preFilter: () => ({ onlyNodes: new Set([only]) }),
  });
  const profile = testProfile();
  const at = { ...profile.at, preFilter: [leaving('X', 'a'), leaving('Y', 'b')] };
  const options = { profile: { ...profile, at }, random: seededRandom(1), startAt: 0 };
  const verdict = decide(podInfo(pod()), cacheOf({ nodes: [node('a'), node('b')] }).snapshot(), options);
  expect(verdict).toMatchObject({ type: 'refused', refusedBy: new Set(['X', 'Y']) });
});
