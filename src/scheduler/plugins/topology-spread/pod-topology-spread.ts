import type { Pod, TopologySpreadConstraint } from '../../../api/core/v1.ts';
import { nodes, pods } from '../../../api/generated/resources.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { matchesLabels, sameLabels } from '../../../machinery/label-selector.ts';
import type { NodeInfo, PodInfo } from '../../cache/node-info.ts';
import { interestIn } from '../../framework/events.ts';
import type { Decision, Plugin, PreFilterResult, Refusal } from '../../framework/framework.ts';
import type { OwnerSelector } from '../owner-selector.ts';
import {
  compileConstraint,
  type Constraint,
  countOf,
  hasAll,
  nodeRule,
  type WhenUnsatisfiable,
} from './constraints.ts';
import { Spread, Spreads } from './hard-spread.ts';
import { favourFew, hostname, rawScore, softConstraint, type SoftState } from './soft-spread.ts';

const filterKey = 'filter PodTopologySpread';
const scoreKey = 'score PodTopologySpread';

export interface PodTopologySpreadArgs {
  /** For pods without constraints of their own; upstream's two unless given. */
  defaultConstraints?: readonly TopologySpreadConstraint[];
}

const systemDefaults: readonly TopologySpreadConstraint[] = [
  { topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

/** Keeps the pods of a set apart, in zones or on nodes, as evenly as they ask for. */
export class PodTopologySpread implements Plugin {
  readonly name = 'PodTopologySpread';
  readonly #ownerSelector: OwnerSelector;
  readonly #defaults: readonly TopologySpreadConstraint[];
  /** Nodes without a zone still count for upstream's defaults. */
  readonly #isLenient: boolean;

  constructor(ownerSelector: OwnerSelector, { defaultConstraints }: PodTopologySpreadArgs = {}) {
    this.#ownerSelector = ownerSelector;
    this.#defaults = defaultConstraints ?? systemDefaults;
    this.#isLenient = defaultConstraints === undefined;
  }

  readonly events = [
    interestIn(pods, ['Add', 'Update', 'Delete'], (pod, other, old) => {
      const constraints = this.#constraintsOf(pod, 'DoNotSchedule');
      const spreads = ({ metadata }: Pod) =>
        metadata.namespace === pod.metadata.namespace &&
        constraints.some(({ selector }) => matchesLabels(selector, metadata.labels));
      if (!old) return spreads(other);
      const counts = (one: Pod) => spreads(one) && !one.metadata.deletionTimestamp;
      return counts(other) !== counts(old) || (counts(other) && !sameLabels(other, old));
    }),
    interestIn(nodes, ['Add', 'Delete', 'UpdateLabel', 'UpdateTaint'], (pod, node, old) => {
      const keys = this.#constraintsOf(pod, 'DoNotSchedule').map((c) => c.topologyKey);
      const counts = hasAll(node, keys);
      if (!old || counts !== hasAll(old, keys)) return counts || old !== undefined;
      const isElsewhere = keys.some((key) => node.metadata.labels?.[key] !== old.metadata.labels?.[key]);
      return counts && (isElsewhere || !deepEqual(node.spec?.taints ?? [], old.spec?.taints ?? []));
    }),
  ];

  changeHelps(pod: Pod, old: Pod): boolean {
    const constraints = this.#constraintsOf(pod, 'DoNotSchedule');
    const isTolerant = !deepEqual(pod.spec.tolerations ?? [], old.spec.tolerations ?? []);
    if (isTolerant && constraints.some(({ honourTaints }) => honourTaints)) return true;
    const counts = ({ metadata }: Pod, { selector }: Constraint) => matchesLabels(selector, metadata.labels);
    return constraints.some((constraint) => counts(pod, constraint) !== counts(old, constraint));
  }

  preFilter(decision: Decision): PreFilterResult | undefined {
    const { pod } = decision.pod;
    const constraints = this.#constraintsOf(pod, 'DoNotSchedule');
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
  }

  filter({ state }: Decision, { node }: NodeInfo): Refusal | undefined {
    const spreads = state.get<Spreads>(filterKey);
    if (!spreads) return undefined;
    for (const spread of spreads.all) {
      const refusal = spread.refusal(node);
      if (refusal) return refusal;
    }
    return undefined;
  }

  changePod({ state, pod }: Decision, change: { pod: PodInfo; node: NodeInfo; by: 1 | -1 }): void {
    const { metadata } = change.pod.pod;
    if (metadata.namespace !== pod.pod.metadata.namespace || metadata.deletionTimestamp) return;
    for (const spread of state.get<Spreads>(filterKey)?.all ?? []) {
      if (matchesLabels(spread.constraint.selector, metadata.labels))
        spread.change(change.node.node, change.by);
    }
  }

  preScore(decision: Decision, fitting: () => readonly NodeInfo[]): 'skip' | undefined {
    const { pod } = decision.pod;
    const constraints = this.#constraintsOf(pod, 'ScheduleAnyway');
    if (constraints.length === 0) return 'skip';
    const isOwn = (pod.spec.topologySpreadConstraints ?? []).length > 0;
    const keys = isOwn || !this.#isLenient ? constraints.map((c) => c.topologyKey) : [];
    const candidates = fitting().filter(({ node }) => hasAll(node, keys));
    const soft = constraints.map((c) => softConstraint(decision, c, { candidates, keys }));
    decision.state.set(scoreKey, { constraints: soft, requireAll: keys } satisfies SoftState);
    return undefined;
  }

  score({ state }: Decision, node: NodeInfo): number {
    return rawScore(state.get<SoftState>(scoreKey) as SoftState, node);
  }

  normalize({ state }: Decision, scores: number[], fitting: readonly NodeInfo[]): void {
    const { requireAll } = state.get<SoftState>(scoreKey) as SoftState;
    favourFew(scores, (i) => hasAll((fitting[i] as NodeInfo).node, requireAll));
  }

  #constraintsOf(pod: Pod, action: WhenUnsatisfiable): Constraint[] {
    const own = pod.spec.topologySpreadConstraints ?? [];
    const chosen = (list: readonly TopologySpreadConstraint[]) =>
      list.filter((c) => c.whenUnsatisfiable === action).map((c) => compileConstraint(c, pod));
    if (own.length > 0) return chosen(own);
    const compiled = chosen(this.#defaults);
    const selector = compiled.length > 0 ? this.#ownerSelector(pod) : undefined;
    return selector ? compiled.map((constraint) => ({ ...constraint, selector })) : [];
  }
}
