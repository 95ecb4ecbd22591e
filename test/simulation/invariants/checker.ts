import type { VirtualCluster } from '../../../src/cluster/simulation/virtual-cluster.ts';
import type { WatchBatch } from '../../../src/store/store.ts';
import { autoscalerRule } from './autoscalers.ts';
import { grantRule } from './budgets.ts';
import { garbageRule } from './garbage.ts';
import { identityRule, livingTwice } from './identities.ts';
import { completionsRule, forbidRule, parallelismRule } from './jobs.ts';
import { allocatableRule, causeRule } from './pods.ts';
import { availabilityRule, replicaSetRule, surgeRule } from './replicas.ts';
import { restRules } from './rest.ts';
import type { Rule, Violation } from './rule.ts';
import { orderRule } from './stateful.ts';
import { World } from './world.ts';

/** Holds everything that is written to what must be true. Knows only what it is told: it is fed with each commit. */
export class InvariantChecker {
  readonly world: World;
  readonly violations: Violation[] = [];
  readonly #rules: readonly Rule[] = [
    causeRule(),
    allocatableRule(),
    replicaSetRule(),
    surgeRule(),
    availabilityRule(),
    parallelismRule(),
    completionsRule(),
    forbidRule(),
    orderRule(),
    garbageRule(),
    grantRule(),
    autoscalerRule(),
  ];

  constructor(loads?: ReadonlyMap<string, number>) {
    this.world = new World(loads);
  }

  take(batch: WatchBatch, timeMs: number): void {
    for (const change of this.world.apply(batch, timeMs))
      for (const rule of this.#rules) {
        const what = rule.check(change, this.world);
        if (what) this.violations.push({ rule: rule.name, what, timeMs, revision: batch.revision });
      }
  }

  /** Looks at what runs on the machines. */
  async look(cluster: Pick<VirtualCluster, 'now' | 'running'>, machines: Iterable<string>): Promise<void> {
    const timeMs = cluster.now();
    for (const what of await livingTwice({ cluster, machines, world: this.world }))
      this.violations.push({ rule: identityRule, what, timeMs, revision: 0 });
  }

  /** What is not as it should be, now that nothing goes wrong any more. */
  atRest(timeMs: number): Violation[] {
    return restRules.flatMap((rule) =>
      rule.check(this.world).map((what) => ({ rule: rule.name, what, timeMs, revision: 0 })),
    );
  }
}
