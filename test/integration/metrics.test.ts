import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { deployments } from '../../src/api/generated/resources.ts';
import { startCluster, type TestCluster } from '../../src/cluster/testing.ts';
import { Api } from '../conformance/support/api.ts';

let cluster: TestCluster;
let api: Api;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 1 });
  api = Api.of(cluster.kubeconfig);
});
afterAll(async () => {
  api.close();
  await cluster.stop();
});

const cause = { reason: 'a test' };

/** The value of the series of this name with these labels, in any order. */
async function value(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const { text } = await api.call('GET', '/metrics');
  const pairs = Object.entries(labels).map(([key, label]) => `${key}="${label}"`);
  const line = text
    .split('\n')
    .find((l) => /^[^{ ]+/.exec(l)?.[0] === name && pairs.every((pair) => l.includes(pair)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
}

test('the metrics of the API server tell what the scheduler and the controllers of its process do', async () => {
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web' }] } };
  const spec = { replicas: 3, selector: { matchLabels: labels }, template };
  const ref = { name: 'web', namespace: 'default' };
  await cluster.client.of(deployments).create({ metadata: ref, spec }, { cause });
  const scheduled = { result: 'scheduled', profile: 'default-scheduler' };
  await vi.waitFor(
    async () => expect(await value('scheduler_schedule_attempts_total', scheduled)).toBeGreaterThanOrEqual(3),
    { timeout: 15_000 },
  );
  expect(await value('workqueue_adds_total', { name: 'deployment' })).toBeGreaterThan(0);
  expect(await value('workqueue_depth', { name: 'replicaset' })).toBeGreaterThanOrEqual(0);
  expect(await value('workqueue_work_duration_seconds_count', { name: 'replicaset' })).toBeGreaterThan(0);
  const { text } = await api.call('GET', '/metrics');
  expect(text).toMatch(/^# HELP scheduler_schedule_attempts_total \[STABLE\] /m);
  expect(text).toMatch(/^# TYPE workqueue_queue_duration_seconds histogram$/m);
});
