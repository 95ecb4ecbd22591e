import { expect, test } from 'vitest';
import { configmaps, secrets } from '../../src/api/generated/resources.ts';
import { VirtualCluster } from '../../src/cluster/simulation/virtual-cluster.ts';
import { InvariantChecker } from './invariants/checker.ts';
import { autoscalerMistakes, plantedMistakes, unbookedEvictions } from './planted.ts';
import { type RunOptions, runSeed } from './run-seed.ts';

/** Lives after which a mistake has to have been found. */
const mostSeeds = 40;

/** The rule that is broken first, in the lives from one on. */
async function find(mistake: Pick<RunOptions, 'controllers' | 'kinds'>, from = 1): Promise<string> {
  for (let seed = from; seed < from + mostSeeds; seed++) {
    const { violations } = await runSeed({ seed, ...mistake, untilFirst: true });
    if (violations[0]) return violations[0].rule;
  }
  return `nothing in ${mostSeeds} lives`;
}

test.each([
  ['a ReplicaSet forgets pods that have no node yet', 'never more pods than replicas'],
  [
    'a Deployment takes away more than it may',
    /^never (more pods unavailable than the strategy allows|above replicas and surge)$/,
  ],
  ['a StatefulSet keeps no order', 'pods of a StatefulSet come in their order'],
  [
    'a StatefulSet does not wait until its pods are gone',
    'never two living pods of one identity of a StatefulSet',
  ],
  ['a namespace goes before what is in it', 'nothing is left of a namespace that is gone'],
  ['a Job keeps no books', 'a Job completes as often as it should, and counts every pod'],
])(
  '%s: found, since %s',
  async (mistake, rule) => {
    expect(await find({ controllers: plantedMistakes[mistake] })).toMatch(rule);
  },
  600_000,
);

// Few lives have an autoscaler that is put to the test: begun with one that has.
test.each([
  ['knows no policies', 60, 'an autoscaler keeps its limits, its policies and its patience'],
  ['does not look back', 60, 'an autoscaler keeps its limits, its policies and its patience'],
  ['knows no limits', 1, 'an autoscaler keeps its limits, its policies and its patience'],
  [
    'never goes down',
    20,
    'autoscalers keep the number of pods within their limits, and as the load wants it',
  ],
])(
  'an autoscaler %s: found from life %i on, since %s',
  async (mistake, from, rule) => {
    expect(await find({ controllers: autoscalerMistakes[mistake] }, from)).toBe(rule);
  },
  600_000,
);

test('evictions are not booked on their budgets: found, since nobody is evicted but as the budget allowed it', async () => {
  expect(await find({ kinds: unbookedEvictions })).toBe('nobody is evicted but as the budget allowed it');
}, 600_000);

test('the garbage collector takes every owner for gone: found, where it hears of owners late', async () => {
  const controllers = plantedMistakes['the garbage collector takes every owner for gone'];
  const cluster = await VirtualCluster.start({ controllers, faults: { eventDelayMs: 3000 } });
  const checker = new InvariantChecker();
  await cluster.follow((batch) => checker.take(batch, cluster.now()));
  const cause = { reason: 'a test says so' };
  for (let i = 0; i < 10; i++) {
    const metadata = { name: `c${i}`, namespace: 'default' };
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
    const { uid } = (await cluster.client.of(configmaps).create(owner, { cause })).metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: metadata.name, uid }];
    const owned = { apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, ownerReferences } };
    await cluster.client.of(secrets).create(owned, { cause });
  }
  await cluster.advance('10s');
  expect(checker.violations[0]?.rule).toBe('nothing is collected whose owner is there');
  await cluster.stop();
});
