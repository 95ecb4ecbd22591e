import type { Node, Pod, TopologySpreadConstraint } from '../../api/core/v1.ts';
import { nodes, pods } from '../../api/generated/resources.ts';
import { formatLabelSelector, matchesLabels, type Selector } from '../../machinery/label-selector.ts';
import { compileOrNothing, keyRequirements, pairOf } from '../cache/affinity-terms.ts';
import { byNode, type DomainCounts } from '../cache/domain-counts.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { interestIn } from '../framework/events.ts';
import { type Decision, maxScore, type Plugin, type Refusal } from '../framework/framework.ts';
import type { OwnerSelector } from './owner-selector.ts';
import { matchesNode } from './node-selection.ts';
import { isRepelled } from './tolerations.ts';

const name = 'PodTopologySpread';
const filterKey = `filter ${name}`;
const scoreKey = `score ${name}`;
const hostname = 'kubernetes.io/hostname';

const reason = "node(s) didn't match pod topology spread constraints";
const uneven: Refusal = { plugin: name, reasons: [reason], unresolvable: false };
const noDomain: Refusal = {
  plugin: name,
  reasons: [`${reason} (missing required label)`],
  unresolvable: true,
};

export interface PodTopologySpreadArgs {
  /** For pods without constraints of their own; upstream's two unless given. */
  defaultConstraints?: readonly TopologySpreadConstraint[];
}

const systemDefaults: readonly TopologySpreadConstraint[] = [
  { topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

interface Constraint {
  topologyKey: string;
  maxSkew: number;
  minDomains: number;
  selector: Selector | undefined;
  honourAffinity: boolean;
  honourTaints: boolean;
}

type Action = 'DoNotSchedule' | 'ScheduleAnyway';

function compile(constraint: TopologySpreadConstraint, pod: Pod): Constraint {
  const { topologyKey, maxSkew, minDomains, nodeAffinityPolicy, nodeTaintsPolicy } = constraint;
  const base = compileOrNothing(constraint.labelSelector);
  const selector = base && [
    ...base,
    ...keyRequirements(constraint.matchLabelKeys, pod.metadata.labels, 'in'),
  ];
  return {
    topologyKey,
    maxSkew,
    minDomains: minDomains ?? 1,
    selector,
    honourAffinity: (nodeAffinityPolicy ?? 'Honor') === 'Honor',
    honourTaints: nodeTaintsPolicy === 'Honor',
  };
}

const hasAll = (node: Node, keys: readonly string[]) =>
  keys.every((key) => node.metadata.labels?.[key] !== undefined);

interface Counting {
  constraint: Constraint;
  /** Labels that a node must have to count. */
  keys: readonly string[];
  sparse: boolean;
}

/** Which nodes count for a constraint: those that the pod may be on, as far as its policies go. */
function nodeRule(pod: Pod, { constraint, keys }: Counting) {
  const { honourAffinity, honourTaints } = constraint;
  const { nodeSelector, affinity, tolerations } = pod.spec;
  const byAffinity = honourAffinity && (nodeSelector || affinity?.nodeAffinity) ? true : undefined;
  const key = [
    keys,
    byAffinity && [nodeSelector, affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution],
    honourTaints ? (tolerations ?? []) : null,
  ];
  const counts = (node: Node) =>
    hasAll(node, keys) &&
    (!byAffinity || matchesNode(pod, node)) &&
    !(honourTaints && isRepelled(node.spec?.taints, tolerations));
  return { key, counts };
}

/** Counts of the pods that the constraint spreads. Pods on their way out do not count. */
function countOf({ snapshot, pod: { pod } }: Decision, counting: Counting): DomainCounts {
  const { selector, topologyKey } = counting.constraint;
  const { namespace } = pod.metadata;
  const rule = nodeRule(pod, counting);
  const text = selector ? formatLabelSelector(selector) : null;
  return snapshot.pods.count({
    key: JSON.stringify([name, topologyKey, namespace, text, rule.key, counting.sparse]),
    topologyKey,
    pair: pairOf(selector),
    sparse: counting.sparse,
    countsPod: ({ metadata }) =>
      metadata.namespace === namespace &&
      !metadata.deletionTimestamp &&
      matchesLabels(selector, metadata.labels),
    countsNode: rule.counts,
  });
}

/** One hard constraint with its counts, and what a trial has changed of them in the one domain it is about. */
class Spread {
  readonly constraint: Constraint;
  readonly counts: DomainCounts;
  readonly countsNode: (node: Node) => boolean;
  /** Whether the pod itself counts. */
  readonly self: number;
  #domain: string | undefined;
  #change = 0;

  constructor(parts: Pick<Spread, 'constraint' | 'counts' | 'countsNode' | 'self'>) {
    this.constraint = parts.constraint;
    this.counts = parts.counts;
    this.countsNode = parts.countsNode;
    this.self = parts.self;
  }

  refusal(node: Node): Refusal | undefined {
    const { topologyKey, maxSkew } = this.constraint;
    const domain = node.metadata.labels?.[topologyKey];
    if (domain === undefined) return noDomain;
    const count = this.counts.of(domain) + (domain === this.#domain ? this.#change : 0);
    return count + this.self - this.#least() > maxSkew ? uneven : undefined;
  }

  change(node: Node, by: 1 | -1): void {
    if (!this.countsNode(node)) return;
    this.#domain = node.metadata.labels?.[this.constraint.topologyKey];
    this.#change += by;
  }

  clone(): Spread {
    return new Spread(this);
  }

  #least(): number {
    const { counts } = this;
    if (counts.size < this.constraint.minDomains) return 0;
    if (this.#domain === undefined || !counts.has(this.#domain)) return counts.least();
    return Math.min(counts.least(this.#domain), counts.of(this.#domain) + this.#change);
  }
}

class Spreads {
  readonly all: readonly Spread[];

  constructor(all: readonly Spread[]) {
    this.all = all;
  }

  clone(): Spreads {
    return new Spreads(this.all.map((spread) => spread.clone()));
  }
}

interface SoftConstraint {
  constraint: Constraint;
  counts: DomainCounts;
  /** Keeps constraints with few domains from being drowned by those with many. */
  weight: number;
}

interface SoftState {
  constraints: readonly SoftConstraint[];
  requireAll: readonly string[];
}

function softConstraint(
  decision: Decision,
  constraint: Constraint,
  { candidates, keys }: { candidates: readonly NodeInfo[]; keys: readonly string[] },
): SoftConstraint {
  const isByNode = constraint.topologyKey === hostname;
  const counted = isByNode
    ? // Each node is its own domain, and those that do not count are no candidates.
      {
        constraint: { ...constraint, topologyKey: byNode, honourAffinity: false, honourTaints: false },
        keys: [],
      }
    : { constraint, keys };
  const counts = countOf(decision, { ...counted, sparse: true });
  const domains = new Set<string | undefined>();
  if (!isByNode)
    for (const { node } of candidates) domains.add(node.metadata.labels?.[constraint.topologyKey]);
  const size = isByNode ? candidates.length : domains.size;
  return { constraint, counts, weight: Math.log(size + 2) };
}

/** Keeps the pods of a set apart, in zones or on nodes, as evenly as they ask for. */
export function podTopologySpread(ownerSelector: OwnerSelector, args: PodTopologySpreadArgs = {}): Plugin {
  const defaults = args.defaultConstraints ?? systemDefaults;
  const isSystemDefault = args.defaultConstraints === undefined;

  const constraintsOf = (pod: Pod, action: Action): Constraint[] => {
    const own = pod.spec.topologySpreadConstraints ?? [];
    const chosen = (list: readonly TopologySpreadConstraint[]) =>
      list.filter((c) => c.whenUnsatisfiable === action).map((c) => compile(c, pod));
    if (own.length > 0) return chosen(own);
    const compiled = chosen(defaults);
    const selector = compiled.length > 0 ? ownerSelector(pod) : undefined;
    return selector ? compiled.map((constraint) => ({ ...constraint, selector })) : [];
  };

  return {
    name,
    events: [
      interestIn(pods, ['Add', 'Update', 'Delete'], (pod, other, old) => {
        const spreads = ({ metadata }: Pod) =>
          metadata.namespace === pod.metadata.namespace &&
          constraintsOf(pod, 'DoNotSchedule').some((c) => matchesLabels(c.selector, metadata.labels));
        return spreads(other) || (old !== undefined && spreads(old));
      }),
      interestIn(nodes, ['Add', 'Delete', 'UpdateLabel', 'UpdateTaint'], (pod, node, old) => {
        const keys = constraintsOf(pod, 'DoNotSchedule').map((c) => c.topologyKey);
        return hasAll(node, keys) || (old !== undefined && hasAll(old, keys));
      }),
    ],
    preFilter(decision) {
      const { pod } = decision.pod;
      const constraints = constraintsOf(pod, 'DoNotSchedule');
      if (constraints.length === 0) return { skip: true };
      const keys = [...new Set(constraints.map((c) => c.topologyKey))];
      const spreads = constraints.map((constraint) => {
        const counting = { constraint, keys, sparse: false };
        const counts = countOf(decision, counting);
        const self = matchesLabels(constraint.selector, pod.metadata.labels) ? 1 : 0;
        return new Spread({ constraint, counts, countsNode: nodeRule(pod, counting).counts, self });
      });
      decision.state.set(filterKey, new Spreads(spreads));
      return undefined;
    },
    filter({ state }, { node }) {
      for (const spread of state.get<Spreads>(filterKey)?.all ?? []) {
        const refusal = spread.refusal(node);
        if (refusal) return refusal;
      }
      return undefined;
    },
    changePod({ state, pod }, change) {
      const { metadata } = change.pod.pod;
      if (metadata.namespace !== pod.pod.metadata.namespace || metadata.deletionTimestamp) return;
      for (const spread of state.get<Spreads>(filterKey)?.all ?? []) {
        if (matchesLabels(spread.constraint.selector, metadata.labels))
          spread.change(change.node.node, change.by);
      }
    },
    preScore(decision, fitting) {
      const { pod } = decision.pod;
      const constraints = constraintsOf(pod, 'ScheduleAnyway');
      if (constraints.length === 0) return 'skip';
      const own = (pod.spec.topologySpreadConstraints ?? []).length > 0;
      const keys = own || !isSystemDefault ? constraints.map((c) => c.topologyKey) : [];
      const candidates = fitting.filter(({ node }) => hasAll(node, keys));
      const soft = constraints.map((c) => softConstraint(decision, c, { candidates, keys }));
      decision.state.set(scoreKey, { constraints: soft, requireAll: keys } satisfies SoftState);
      return undefined;
    },
    score({ state }, { node, name: nodeName }) {
      const { constraints, requireAll } = state.get<SoftState>(scoreKey) as SoftState;
      if (!hasAll(node, requireAll)) return 0;
      let sum = 0;
      for (const { constraint, counts, weight } of constraints) {
        const domain = node.metadata.labels?.[constraint.topologyKey];
        if (domain === undefined) continue;
        const count = counts.of(constraint.topologyKey === hostname ? nodeName : domain);
        sum += count * weight + (constraint.maxSkew - 1);
      }
      return Math.round(sum);
    },
    normalize({ state }, scores, fitting) {
      const { requireAll } = state.get<SoftState>(scoreKey) as SoftState;
      favourFew(scores, (i) => hasAll((fitting[i] as NodeInfo).node, requireAll));
    },
  };
}

/** Few pods in a domain are good. Nodes without the labels come last. */
function favourFew(scores: number[], counts: (i: number) => boolean): void {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  scores.forEach((score, i) => {
    if (!counts(i)) return;
    least = Math.min(least, score);
    most = Math.max(most, score);
  });
  scores.forEach((score, i) => {
    if (!counts(i)) scores[i] = 0;
    else scores[i] = most === 0 ? maxScore : Math.floor((maxScore * (most + least - score)) / most);
  });
}
