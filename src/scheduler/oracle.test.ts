import fc from 'fast-check';
import { expect, test } from 'vitest';
import type {
  Affinity,
  Namespace,
  Node,
  Pod,
  PodAffinityTerm,
  TopologySpreadConstraint,
} from '../api/core/v1.ts';
import type { PodDisruptionBudget } from '../api/policy/v1.ts';
import type { Stored } from '../api/resource.ts';
import { seededRandom } from '../platform/random.ts';
import { SchedulerCache } from './cache/cache.ts';
import { podInfo } from './cache/node-info.ts';
import { defaultConfiguration } from './configuration/configuration.ts';
import { decide } from './decide.ts';
import { CycleState } from './framework/cycle-state.ts';
import type { Decision } from './framework/framework.ts';
import { Memory } from './framework/memory.ts';
import { keptPods } from './kept-pod.ts';
import { testProfile } from './testing.ts';
import { obviousAffinityScore, obviousProblem, type World } from './testing-oracle.ts';

const namespaceLabels = { red: { team: 'x' }, blue: { team: 'y' } };
const namespaces = Object.entries(namespaceLabels).map(
  ([name, labels]) => ({ metadata: { name, labels } }) as unknown as Stored<Namespace>,
);
const profile = testProfile({ namespaces });
const keep = keptPods(defaultConfiguration) as NonNullable<ReturnType<typeof keptPods>>;
const interPodAffinity = profile.at.score.find((plugin) => plugin.name === 'InterPodAffinity');

const labels = fc.record(
  { app: fc.constantFrom('a', 'b'), tier: fc.constantFrom('1', '2') },
  { requiredKeys: [] },
);
const selector = fc.oneof(
  fc.record({ matchLabels: labels }),
  fc.record({
    matchExpressions: fc.array(
      fc.oneof(
        fc.record({
          key: fc.constantFrom('app', 'tier'),
          operator: fc.constantFrom('In', 'NotIn'),
          values: fc.constantFrom(['a'], ['b', '1'], ['2']),
        }),
        fc.record({
          key: fc.constantFrom('app', 'tier'),
          operator: fc.constantFrom('Exists', 'DoesNotExist'),
        }),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  }),
);
const topologyKey = fc.constantFrom('zone', 'kubernetes.io/hostname');
const term = fc.record(
  {
    topologyKey,
    labelSelector: selector,
    namespaces: fc.constantFrom(['red'], ['blue', 'red']),
    namespaceSelector: fc.constantFrom({}, { matchLabels: { team: 'y' } }),
    matchLabelKeys: fc.constant(['app']),
    mismatchLabelKeys: fc.constant(['tier']),
  },
  { requiredKeys: ['topologyKey'] },
) as fc.Arbitrary<PodAffinityTerm>;
const terms = fc.record(
  {
    requiredDuringSchedulingIgnoredDuringExecution: fc.array(term, { maxLength: 2 }),
    preferredDuringSchedulingIgnoredDuringExecution: fc.array(
      fc.record({ weight: fc.integer({ min: 1, max: 10 }), podAffinityTerm: term }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);
const affinity: fc.Arbitrary<Affinity> = fc.record(
  { podAffinity: terms, podAntiAffinity: terms },
  { requiredKeys: [] },
);
const constraint = fc.record(
  {
    maxSkew: fc.integer({ min: 1, max: 2 }),
    topologyKey,
    whenUnsatisfiable: fc.constant('DoNotSchedule'),
    labelSelector: selector,
    minDomains: fc.integer({ min: 1, max: 4 }),
    nodeAffinityPolicy: fc.constantFrom('Honor', 'Ignore'),
    nodeTaintsPolicy: fc.constantFrom('Honor', 'Ignore'),
    matchLabelKeys: fc.constant(['tier']),
  },
  { requiredKeys: ['maxSkew', 'topologyKey', 'whenUnsatisfiable'] },
) as fc.Arbitrary<TopologySpreadConstraint>;
const taint = { key: 'k', value: 'v', effect: 'NoSchedule' };
const podArbitraries = {
  namespace: fc.constantFrom('red', 'blue'),
  labels,
  affinity: fc.option(affinity, { nil: undefined, freq: 3 }),
  spread: fc.array(constraint, { maxLength: 2 }),
  cpu: fc.constantFrom('0', '500m', '1'),
  tolerates: fc.boolean(),
  zone: fc.option(fc.constantFrom('z0', 'z1'), { nil: undefined, freq: 4 }),
  priority: fc.constantFrom(0, 5, 10),
};
const podParts = fc.record(podArbitraries);
const nodeParts = fc.record({
  zone: fc.option(fc.constantFrom('z0', 'z1', 'z2'), { nil: undefined, freq: 6 }),
  cpu: fc.constantFrom('1', '2', '4'),
  tainted: fc.boolean(),
  cordoned: fc.constantFrom(false, false, false, true),
  pods: fc.constantFrom('2', '10'),
});

let made = 0;
function nodeOf(name: string, parts: NodeParts): Stored<Node> {
  const { zone, cpu, tainted, cordoned, pods } = parts;
  const own = { 'kubernetes.io/hostname': name, ...(zone && { zone }) };
  return {
    metadata: { name, uid: name, resourceVersion: `${made++}`, creationTimestamp: '', labels: own },
    spec: { ...(tainted && { taints: [taint] }), ...(cordoned && { unschedulable: true }) },
    status: { allocatable: { cpu, memory: '4Gi', pods } },
  };
}

type PodParts = typeof podParts extends fc.Arbitrary<infer T> ? T : never;
type NodeParts = typeof nodeParts extends fc.Arbitrary<infer T> ? T : never;

function podOf(parts: PodParts, nodeName?: string): Stored<Pod> {
  const name = `pod-${made++}`;
  return {
    metadata: {
      name,
      namespace: parts.namespace,
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '',
      labels: parts.labels as Record<string, string>,
    },
    spec: {
      schedulerName: 'default-scheduler',
      priority: parts.priority,
      ...(nodeName && { nodeName }),
      containers: [{ name: 'c', resources: { requests: { cpu: parts.cpu } } }],
      affinity: parts.affinity,
      topologySpreadConstraints: parts.spread,
      ...(parts.tolerates && { tolerations: [{ operator: 'Exists' }] }),
      ...(parts.zone && { nodeSelector: { zone: parts.zone } }),
    },
  };
}

type Step =
  | { type: 'node'; name: string; parts: NodeParts }
  | { type: 'remove node'; name: string }
  | { type: 'pod'; node: string; kind: number }
  | { type: 'remove pod'; which: number }
  | { type: 'relabel'; which: number; labels: PodParts['labels'] }
  | { type: 'nominate'; node: string; kind: number }
  | { type: 'budget'; allowed: number }
  | { type: 'decide'; kind: number };

const nodeName = fc.constantFrom('n0', 'n1', 'n2', 'n3', 'n4');
const one = <T extends Step['type'], R>(type: T, rest: { [K in keyof R]: fc.Arbitrary<R[K]> }) =>
  fc.record({ type: fc.constant(type), ...rest });
const steps = {
  node: one('node', { name: nodeName, parts: nodeParts }),
  removeNode: one('remove node', { name: nodeName }),
  pod: one('pod', { node: nodeName, kind: fc.nat(3) }),
  removePod: one('remove pod', { which: fc.nat(20) }),
  relabel: one('relabel', { which: fc.nat(20), labels }),
  nominate: one('nominate', { node: nodeName, kind: fc.nat(3) }),
  budget: one('budget', { allowed: fc.nat(1) }),
  decide: one('decide', { kind: fc.nat(3) }),
};
/** Steps, each kind as often as is said, out of all that are said. */
const stepsOf = (often: { [kind in keyof typeof steps]?: number }) =>
  fc.oneof(
    ...Object.entries(often).map(([kind, weight]) => ({
      weight,
      arbitrary: steps[kind as keyof typeof steps] as fc.Arbitrary<Step>,
    })),
  );

const budgetOf = (disruptionsAllowed: number) =>
  ({
    metadata: { name: 'b', namespace: 'red', resourceVersion: `${made++}` },
    spec: { selector: { matchLabels: { app: 'a' } } },
    status: { disruptionsAllowed },
  }) as unknown as Stored<PodDisruptionBudget>;

class Model {
  readonly cache = new SchedulerCache();
  /** The same cluster, some of whose nodes are kept for pods: the obvious rules know nothing of that. */
  readonly keeping = new SchedulerCache();
  readonly nodes = new Map<string, Stored<Node>>();
  pods: Stored<Pod>[] = [];
  readonly budgets: Stored<PodDisruptionBudget>[] = [];
  readonly memory = new Memory();
  #startAt = 0;
  /** One for decisions without memory and one for those with it: each takes its own chances. */
  readonly #profiles = [1, 2].map(() => testProfile({ namespaces, poddisruptionbudgets: this.budgets }));
  /** Few kinds of pods, so that they have to do with each other, and the same things are counted again and again. */
  readonly #kinds: readonly PodParts[];

  constructor(kinds: readonly PodParts[]) {
    this.#kinds = kinds;
  }

  #kind(index: number): PodParts {
    return this.#kinds[index % this.#kinds.length] as PodParts;
  }

  take(action: Step): void {
    switch (action.type) {
      case 'node':
        this.nodes.set(action.name, nodeOf(action.name, action.parts));
        return this.both((cache) => cache.setNode(this.nodes.get(action.name) as Stored<Node>));
      case 'remove node':
        this.nodes.delete(action.name);
        return this.both((cache) => cache.removeNode(action.name));
      case 'pod':
        return this.put(podOf(this.#kind(action.kind), action.node));
      case 'remove pod': {
        const [gone] = this.pods.splice(action.which % Math.max(1, this.pods.length), 1);
        return gone && this.both((cache) => cache.removePod(gone));
      }
      case 'relabel': {
        const [old] = this.pods.splice(action.which % Math.max(1, this.pods.length), 1);
        const own = action.labels as Record<string, string>;
        return old && this.put({ ...old, metadata: { ...old.metadata, labels: own } });
      }
      case 'nominate':
        return this.keeping.nominated.set(podInfo(podOf(this.#kind(action.kind))), action.node);
      case 'budget':
        return void this.budgets.splice(0, 1, budgetOf(action.allowed));
      case 'decide': {
        const pod = podOf(this.#kind(action.kind));
        this.check(pod);
        const nominate = this.checkMemory(pod);
        if (!nominate) return;
        // A node that is kept for a pod is not kept from that pod.
        this.keeping.nominated.set(podInfo(pod), nominate);
        return void this.checkMemory(pod);
      }
    }
  }

  put(pod: Stored<Pod>): void {
    this.pods.push(pod);
    // The obvious rules look at all of it.
    this.cache.setPod(keep(pod) as Stored<Pod>);
    this.keeping.setPod(pod);
  }

  both(change: (cache: SchedulerCache) => void): void {
    for (const cache of [this.cache, this.keeping]) change(cache);
  }

  world(): World {
    const known = (pod: Stored<Pod>) => this.nodes.has(pod.spec.nodeName ?? '');
    return { nodes: [...this.nodes.values()], pods: this.pods.filter(known), namespaceLabels };
  }

  check(pod: Stored<Pod>): void {
    const world = this.world();
    const snapshot = this.cache.snapshot();
    const options = { profile, random: seededRandom(1), startAt: 0, percentageOfNodesToScore: 100 };
    const verdict = decide(podInfo(pod), snapshot, options);
    const problems = new Map(
      world.nodes.map((node) => [node.metadata.name, obviousProblem(world, pod, node)]),
    );
    const fitting = [...problems].filter(([, problem]) => problem === undefined).map(([name]) => name);
    if (verdict.type === 'placed') {
      expect(fitting).toContain(verdict.node);
      expect(verdict.feasible).toBe(fitting.length);
    } else {
      const found = world.nodes.map(({ metadata }) => [
        metadata.name,
        verdict.refusals.of(metadata.name)?.reasons.join(),
      ]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(problems));
    }
    this.checkScores(world, pod);
  }

  /** A decision that makes use of earlier ones is that which is made without. Gives the node that the pod wants. */
  checkMemory(pod: Stored<Pod>): string | undefined {
    const startAt = (this.#startAt += 37);
    const [anew, remembering] = this.#profiles.map((profile, i) => {
      const memory = [undefined, this.memory][i];
      const options = { profile, random: seededRandom(1), startAt, memory };
      const { decision: _, ...verdict } = decide(podInfo(pod), this.keeping.snapshot(), options);
      if (verdict.type === 'placed') return verdict;
      const { refusals, ...rest } = verdict;
      return {
        ...rest,
        plan: rest.plan.nominate,
        all: [...this.nodes.keys()].map((name) => refusals.of(name)),
      };
    });
    expect(remembering).toEqual(anew);
    return anew && ('plan' in anew ? anew.plan : anew.node);
  }

  checkScores(world: World, pod: Stored<Pod>): void {
    const snapshot = this.cache.snapshot();
    const state = new CycleState();
    const decision: Decision = { pod: podInfo(pod), state, snapshot, profile, filters: [] };
    const isSkipped = interPodAffinity?.preScore?.(decision, () => [...snapshot.nodes]) === 'skip';
    for (const node of snapshot.nodes) {
      const score = isSkipped ? 0 : interPodAffinity?.score?.(decision, node);
      expect(score).toBe(obviousAffinityScore(world, pod, node.node));
    }
  }
}

function run(kinds: PodParts[], nodes: NodeParts[], steps: Step[]): void {
  const model = new Model(kinds);
  nodes.forEach((parts, i) => model.take({ type: 'node', name: `n${i}`, parts }));
  for (const action of steps) model.take(action);
}

test('decisions are those of the obvious rules, whatever has happened to the cluster before', () => {
  const kinds = fc.array(podParts, { minLength: 1, maxLength: 4 });
  const nodes = fc.array(nodeParts, { minLength: 3, maxLength: 5 });
  const often = {
    node: 3,
    removeNode: 1,
    pod: 5,
    removePod: 2,
    relabel: 1,
    nominate: 1,
    budget: 1,
    decide: 5,
  };
  const steps = fc.array(stepsOf(often), { minLength: 10, maxLength: 60 });
  fc.assert(fc.property(kinds, nodes, steps, run), { numRuns: 300 });
}, 120_000);

/** Pods that differ in one thing alone. */
function almostAlike(): fc.Arbitrary<PodParts[]> {
  return podParts.chain((parts) => {
    const plain: PodParts = {
      ...parts,
      affinity: undefined,
      spread: [],
      namespace: 'red',
      labels: { app: 'a' },
    };
    const other: fc.Arbitrary<Partial<PodParts>> = fc.oneof(
      fc.record({ cpu: podArbitraries.cpu }),
      fc.record({ tolerates: podArbitraries.tolerates }),
      fc.record({ zone: podArbitraries.zone }),
      fc.record({ priority: podArbitraries.priority }),
    );
    return fc
      .array(other, { minLength: 3, maxLength: 3 })
      .map((others) => [plain, ...others.map((one) => ({ ...plain, ...one }))]);
  });
}

test('what is remembered of pods that are almost alike changes no decision', () => {
  const nodes = fc.array(nodeParts, { minLength: 3, maxLength: 5 });
  const often = { node: 1, pod: 5, removePod: 2, nominate: 3, budget: 3, decide: 14 };
  const steps = fc.array(stepsOf(often), { minLength: 20, maxLength: 80 });
  fc.assert(fc.property(almostAlike(), nodes, steps, run), { numRuns: 300 });
}, 120_000);

test('nor does it in a cluster of which a decision looks at a part', () => {
  const nodes = fc.array(nodeParts, { minLength: 150, maxLength: 250 });
  const often = { node: 1, removeNode: 1, pod: 3, nominate: 2, decide: 6 };
  const steps = fc.array(stepsOf(often), { minLength: 10, maxLength: 30 });
  fc.assert(fc.property(almostAlike(), nodes, steps, run), { numRuns: 20 });
}, 120_000);
