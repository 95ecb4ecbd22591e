import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Container, Pod } from '../../api/core/v1.ts';
import { events, nodes, pods, resourceclaims, serviceaccounts } from '../../api/generated/resources.ts';
import { Client } from '../../client/client.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { silentLog } from '../../platform/log.ts';
import { systemProcesses } from '../../platform/processes.ts';
import { seededRandom } from '../../platform/random.ts';
import { createKubelet } from '../kubelet.ts';
import { simulatedHost } from '../node/simulated-host.ts';
import { SimulatedRuntime } from '../runtimes/simulated/runtime.ts';
import { TestApi } from '../testing/test-api.ts';
import { TestDraDriver } from '../testing/test-dra-driver.ts';

/* A whole kubelet, on simulated containers, with a driver behind real sockets. */

let dir: string;
let api: TestApi;
let runtime: SimulatedRuntime;
let driver: TestDraDriver | undefined;
let abort: AbortController;
let run: Promise<void>;
const clock = systemClock;
const random = seededRandom(3);

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dra-k-'));
  api = new TestApi();
  api.add(serviceaccounts, { metadata: { name: 'default', namespace: 'default' } });
  runtime = new SimulatedRuntime({ clock, random, files: systemFiles, podCidrs: ['10.244.1.0/24'] });
  abort = new AbortController();
  const refuse = async () => {
    throw new Error('nothing to dial');
  };
  run = createKubelet({
    client: new Client(api),
    runtime,
    platform: { clock, random, files: systemFiles, log: silentLog, processes: systemProcesses },
    host: simulatedHost({
      nodeName: 'n1',
      cpus: 4,
      memoryBytes: 2 ** 33,
      diskBytes: 2 ** 36,
      files: systemFiles,
    }),
    dialer: { httpGet: refuse, tcp: refuse, grpc: refuse },
    nodeName: 'n1',
    dirs: { root: `${dir}/kubelet`, logs: `${dir}/logs`, plugins: `${dir}/registry` },
    node: { addresses: [{ type: 'InternalIP', address: '198.18.0.1' }] },
    cluster: { dnsServers: ['10.96.0.10'], domain: 'cluster.local' },
    intervals: { pluginsMs: 20, claimsMs: 50 },
  }).run(abort.signal);
  await eventually(() => expect(api.get(nodes, '', 'n1')).toBeDefined());
});

afterEach(async () => {
  abort.abort();
  await run;
  driver?.stop();
  driver = undefined;
  rmSync(dir, { recursive: true, force: true });
});

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });

const startDriver = async () => {
  driver = await TestDraDriver.start({ dir: `${dir}/own`, registry: `${dir}/registry` });
  return driver;
};

function addPod(name: string, annotations: Record<string, string> = {}): void {
  const claimed: Container = { name: 'c', image: 'i', resources: { claims: [{ name: 'gpu' }] } };
  api.add(resourceclaims, {
    metadata: { name: `of-${name}`, namespace: 'default' },
    spec: { devices: { requests: [] } },
    status: {
      allocation: {
        devices: { results: [{ request: 'r', driver: 'test.dra.example', pool: 'n1', device: 'gpu-0' }] },
      },
      reservedFor: [{ resource: 'pods', name, uid: `uid-${name}` }],
    },
  });
  api.add(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', annotations },
    spec: {
      nodeName: 'n1',
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      resourceClaims: [{ name: 'gpu', resourceClaimName: `of-${name}` }],
      containers: [claimed, { name: 'without', image: 'i' }],
    },
  });
}

const pod = (name: string): Pod | undefined => api.get(pods, 'default', name);
const phase = (name: string) => pod(name)?.status?.phase;
const told = (name: string) =>
  api
    .list(events)
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);

test('a pod waits for its claims, has their devices, and is gone only once they are taken back', async () => {
  const create = vi.spyOn(runtime.containers, 'create');
  addPod('p');
  await eventually(() =>
    expect(told('p')).toContain(
      'Warning FailedPrepareDynamicResources: Failed to prepare dynamic resources: prepare dynamic resources: DRA driver test.dra.example is not registered',
    ),
  );
  expect(pod('p')?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ContainerCreating');
  expect(create).not.toHaveBeenCalled();
  const { asked, failures } = await startDriver();
  await eventually(() => expect(phase('p')).toBe('Running'));
  expect(create.mock.calls.map(([, spec]) => [spec.container.name, spec.cdiDevices])).toEqual([
    ['c', ['test.dra.example/gpu=of-p']],
    ['without', undefined],
  ]);
  failures.set('unprepare', 'in use');
  api.remove(pods, 'default', 'p');
  await eventually(() => expect(asked).toContain('unprepare of-p'));
  expect(phase('p')).toBe('Running');
  failures.clear();
  await eventually(() => expect(pod('p')).toBeUndefined());
}, 60_000);

test('a pod whose containers have ended is over once its claims are taken back', async () => {
  const { asked, failures } = await startDriver();
  failures.set('unprepare', 'in use');
  addPod('short', { 'simulated.k8ts.dev/exit-after': '10ms' });
  await eventually(() =>
    expect(asked.filter((call) => call.startsWith('unprepare')).length).toBeGreaterThan(1),
  );
  const { phase: seen, containerStatuses } = pod('short')?.status ?? {};
  expect(containerStatuses?.[0]?.allocatedResourcesStatus).toHaveLength(1);
  expect(seen).toBe('Running');
  expect(containerStatuses?.map(({ state }) => state?.terminated?.exitCode)).toEqual([0, 0]);
  failures.clear();
  await eventually(() => expect(phase('short')).toBe('Succeeded'));
  expect(pod('short')?.status?.containerStatuses?.[0]?.allocatedResourcesStatus ?? []).toEqual([]);
}, 60_000);
