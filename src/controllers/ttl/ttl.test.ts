import { expect, test } from 'vitest';
import { nodes } from '../../api/generated/resources.ts';
import { TestCluster } from '../testing.ts';
import { nextRange, ttlSecondsOf } from './plan.ts';
import { createTtlController } from './ttl.ts';

const annotation = 'node.alpha.kubernetes.io/ttl';

test.each([
  [0, 100, 0],
  [0, 101, 15],
  [0, 5000, 300],
  [1, 90, 15],
  [1, 89, 0],
  [4, 1800, 300],
  [4, 1799, 60],
  [4, 0, 0],
])('from range %i a cluster that has %i nodes gets %i s', (before, count, seconds) => {
  expect(ttlSecondsOf(nextRange(before, count))).toBe(seconds);
});

test('every node says for how long objects may be kept, and says otherwise as the cluster grows and shrinks', async () => {
  const cluster = await TestCluster.start();
  const add = (name: string) => cluster.create(nodes, { metadata: { name }, spec: {} });
  const said = async () =>
    new Set((await cluster.list(nodes)).map(({ metadata }) => metadata.annotations?.[annotation]));
  await cluster.run(createTtlController(cluster.context('ttl-controller')));
  for (let i = 0; i < 100; i++) await add(`n${i}`);
  await cluster.settle();
  expect(await said()).toEqual(new Set(['0']));
  await add('one-more');
  await cluster.settle();
  expect(await said()).toEqual(new Set(['15']));
  for (let i = 0; i < 12; i++) await cluster.delete(nodes, `n${i}`);
  await cluster.settle();
  expect(await said()).toEqual(new Set(['0']));
  const body = { metadata: { annotations: { [annotation]: null } } };
  const cause = { reason: 'a test says so' };
  const type = 'application/merge-patch+json';
  await cluster.client.of(nodes).patch({ name: 'one-more' }, body, { type, cause });
  await cluster.settle();
  expect(await said()).toEqual(new Set(['0']));
  await cluster.stop();
});
