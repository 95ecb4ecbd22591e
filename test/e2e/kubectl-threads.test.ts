import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';

/** A second profile, so that it is seen whose configuration the thread has. */
const configuration = `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: other
  plugins: { score: { disabled: [{ name: '*' }] } }
`;

let cluster: E2eCluster;
const directory = mkdtempSync(join(tmpdir(), 'k8ts-threads-'));

beforeAll(async () => {
  const file = join(directory, 'scheduler.yaml');
  writeFileSync(file, configuration);
  cluster = await startE2eCluster({ nodes: 2, threads: true, args: ['--scheduler-config', file] });
});

afterAll(async () => {
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('a scheduler in a thread of its own places pods by its configuration, says why not, and is measured', async () => {
  const { kubectl } = await cluster.namespace();
  await kubectl.ok('create deployment web --image=web:1 --replicas=4');
  await kubectl.ok('rollout status deployment/web --timeout=60s');
  const pod = (name: string, spec: object) =>
    kubectl.ok('create -f -', {
      input: JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: { containers: [{ name: 'c', image: 'web:1' }], ...spec },
      }),
    });
  await pod('other', { schedulerName: 'other' });
  await pod('nowhere', { nodeSelector: { no: 'node' } });
  await kubectl.ok('wait pod/other --for=condition=Ready --timeout=60s');
  await kubectl.ok('wait pod/nowhere --for=condition=PodScheduled=False --timeout=60s');
  expect(await kubectl.ok('events --for pod/nowhere')).toContain(
    "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
  );
  expect(await kubectl.ok('events --for pod/other')).toMatch(
    /Successfully assigned test-\d+\/other to node-/,
  );
  const metrics = await cluster.kubectl.ok('get --raw /metrics');
  expect(metrics).toMatch(/^scheduler_schedule_attempts_total\{result="scheduled",profile="other"\} 1$/m);
  expect(metrics).toMatch(
    /^scheduler_schedule_attempts_total\{result="scheduled",profile="default-scheduler"\} 4$/m,
  );
});

test('it ends with the cluster', async () => {
  const ended = await cluster.interrupt();
  expect(ended.code).toBe(0);
  expect(ended.stderr).not.toMatch(/ERROR|WARN/);
});
