import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../platform/random.ts';
import { VirtualClock } from '../../../platform/virtual-clock.ts';
import { runtimeContract } from '../contract.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { ContainerSpec, SandboxSpec } from '../types.ts';
import { AddressPool, AddressPools } from './addresses.ts';
import { behaviourOf, parseSpanMs } from './behaviour.ts';
import { fullName } from './images.ts';
import { SimulatedRuntime } from './runtime.ts';
import type { SimulatedOptions } from './world.ts';

function simulated(more: Partial<SimulatedOptions> = {}) {
  const clock = new VirtualClock();
  const logs = new Map<string, string>();
  const append = async (path: string, data: string | Uint8Array) =>
    void logs.set(path, (logs.get(path) ?? '') + data.toString());
  const files = { append, makeDir: async () => {} };
  const runtime = new SimulatedRuntime({
    clock,
    random: seededRandom(1),
    podCidrs: ['10.1.0.0/24'],
    files,
    ...more,
  });
  return { clock, logs, runtime };
}

describe('a simulated node keeps the runtime contract', () => {
  runtimeContract(
    async () => {
      const { runtime, logs } = simulated();
      const image = 'k8ts.local/busybox:test';
      await runtime.images.pull(image);
      return {
        runtime,
        image,
        cgroupRoot: '/none',
        logRoot: '/logs',
        readLog: async (path) => logs.get(path) ?? '',
        until: async (check) => {
          const found = await check();
          if (!found) throw new Error('a simulated node does everything at once');
          return found;
        },
        remove: () => runtime.close(),
      };
    },
    { executes: false },
  );
});

const sandbox = (annotations: Record<string, string> = {}): SandboxSpec => ({
  pod: { name: 'p', namespace: 'n', uid: 'u', attempt: 0 },
  hostname: 'p',
  logDirectory: '/logs/u',
  cgroupParent: '',
  labels: {},
  annotations,
  namespaces: { network: 'pod', ipc: 'pod', pid: 'container' },
});
const container = (name = 'main'): ContainerSpec => ({
  container: { name, attempt: 0 },
  image: 'nginx',
  env: [],
  mounts: [],
  labels: {},
  annotations: {},
  logPath: `${name}/0.log`,
  security: { namespaces: { network: 'pod', ipc: 'pod', pid: 'container' } },
});

async function runPod(
  annotations: Record<string, string>,
  names = ['main'],
  more: Partial<SimulatedOptions> = {},
) {
  const node = simulated(more);
  await node.runtime.images.pull('nginx');
  const spec = sandbox(annotations);
  const sandboxId = await node.runtime.sandboxes.run(spec);
  const ids: string[] = [];
  for (const name of names) {
    const id = await node.runtime.containers.create(sandboxId, container(name));
    await node.runtime.containers.start(id);
    ids.push(id);
  }
  return { ...node, sandboxId, ids: ids as [string, ...string[]] };
}

describe('what annotations make containers do', () => {
  test('they end after their time, with their code, and say so', async () => {
    const { clock, runtime, ids } = await runPod(
      { 'simulated.k8ts.dev/exit-after': '1m30s', 'simulated.k8ts.dev/exit-code.second': '3' },
      ['first', 'second'],
    );
    const events: RuntimeEvent[] = [];
    runtime.watch((event) => events.push(event), new AbortController().signal);
    await clock.advance(89_999);
    expect(await runtime.containers.list({ state: 'running' })).toHaveLength(2);
    await clock.advance(1);
    const [first, second] = await Promise.all(ids.map((id) => runtime.containers.status(id)));
    expect(first).toMatchObject({
      state: 'exited',
      exitCode: 0,
      reason: 'Completed',
      finishedAtMs: clock.now(),
    });
    expect(second).toMatchObject({ state: 'exited', exitCode: 3, reason: 'Error' });
    expect(events.filter((event) => event.type === 'exited').map((event) => event.id)).toEqual(ids);
  });

  test('they run out of memory', async () => {
    const { clock, runtime, ids } = await runPod({
      'simulated.k8ts.dev/exit-after': '1s',
      'simulated.k8ts.dev/exit-code': '137',
      'simulated.k8ts.dev/exit-reason': 'OOMKilled',
    });
    await clock.advance(1000);
    expect(await runtime.containers.status(ids[0])).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  });

  test('they take their time to stop, or are killed', async () => {
    const { clock, runtime, ids } = await runPod({ 'simulated.k8ts.dev/stop-after.slow': '20s' }, [
      'slow',
      'quick',
    ]);
    const stopped = runtime.containers.stop(ids[0], 5);
    await runtime.containers.stop(ids[1] as string, 5);
    await clock.advance(4999);
    expect((await runtime.containers.status(ids[0])).state).toBe('running');
    await clock.advance(1);
    await stopped;
    expect(await runtime.containers.status(ids[0])).toMatchObject({ state: 'exited', exitCode: 137 });
    expect(await runtime.containers.status(ids[1] as string)).toMatchObject({ state: 'exited', exitCode: 0 });
  });

  test('the network of their node answers that all is well, unless nothing listens in the pod', async () => {
    const all = async ({ runtime, sandboxId }: Awaited<ReturnType<typeof runPod>>) => {
      const { dialer } = runtime;
      const [host = ''] = (await runtime.sandboxes.status(sandboxId)).ips;
      const get = { url: `http://${host}:8080/`, headers: [], timeoutMs: 1, bodyBytes: 1 };
      const call = { host, port: 8080, method: '/grpc.health.v1.Health/Check', message: Buffer.of() };
      const asked = [dialer.httpGet(get), dialer.tcp(host, 8080, 1), dialer.grpc({ ...call, timeoutMs: 1 })];
      return Promise.allSettled<unknown>(asked);
    };
    expect((await all(await runPod({}))).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
    const refused = { code: 'ECONNREFUSED', address: '10.1.0.2', port: 8080 };
    const failure = { status: 'rejected', reason: expect.objectContaining(refused) };
    expect(await all(await runPod({ 'simulated.k8ts.dev/listens': 'false' }))).toEqual([
      failure,
      failure,
      failure,
    ]);
  });

  test('they fail to start, or to be pulled', async () => {
    await expect(runPod({ 'simulated.k8ts.dev/start-error': 'no such file' })).rejects.toThrow(
      'no such file',
    );
    const { runtime } = simulated();
    const spec = sandbox({ 'simulated.k8ts.dev/pull-error': 'manifest unknown' });
    await expect(runtime.images.pull('nginx', { sandbox: spec })).rejects.toThrow('manifest unknown');
  });

  test('they print, answer commands and use what they say', async () => {
    const { clock, runtime, ids, logs } = await runPod({
      'simulated.k8ts.dev/logs': 'one\ntwo',
      'simulated.k8ts.dev/exec-exit-code': '1',
      'simulated.k8ts.dev/exec-output': 'unwell',
      'simulated.k8ts.dev/cpu': '250m',
      'simulated.k8ts.dev/memory': '64Mi',
    });
    expect(logs.get('/logs/u/main/0.log')).toMatch(/^\S+Z stdout F one\n\S+Z stdout F two\n$/);
    const result = await runtime.containers.execSync(ids[0]);
    expect([result.exitCode, result.stdout.toString()]).toEqual([1, 'unwell']);
    await clock.advance(2000);
    const [stats] = await runtime.containers.stats();
    expect(stats?.cpu).toMatchObject({ usageCoreNanoseconds: 500_000_000, usageNanoCores: 250_000_000 });
    expect(stats?.memory?.workingSetBytes).toBe(64 << 20);
  });

  test('an exit code may be told for each start', () => {
    const annotations = { 'simulated.k8ts.dev/exit-code': '1, 2,0' };
    const codes = [0, 1, 2, 3].map((start) => behaviourOf(annotations, 'c', start).exitCode);
    expect(codes).toEqual([1, 2, 0, 0]);
  });

  test('nonsense counts as nothing', () => {
    const prefixed = (name: string, value: string) => ({ [`simulated.k8ts.dev/${name}`]: value });
    expect(
      behaviourOf(
        { ...prefixed('exit-after', 'soon'), ...prefixed('cpu', '??'), ...prefixed('exit-code', '-x') },
        'c',
      ),
    ).toMatchObject({
      exitAfterMs: undefined,
      exitCode: 0,
      cpuMillicores: 1,
    });
    expect(['1h1m1s', '1.5s', '20ms', '', '5', '5 s'].map(parseSpanMs)).toEqual([
      3_661_000,
      1500,
      20,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

test('a command that somebody executes takes its time to begin', async () => {
  const { clock, runtime, ids } = await runPod({}, ['main'], { latencies: { execMs: 20 } });
  let hasBegun = false;
  void runtime.containers.exec(ids[0], ['echo', 'a'], { stdout: true }).then(() => {
    hasBegun = true;
  });
  await clock.advance(19);
  expect(hasBegun).toBe(false);
  await clock.advance(11);
  expect(hasBegun).toBe(true);
});

test('latencies pass on the clock', async () => {
  const { clock, runtime } = simulated({ latencies: { pullMs: 1000 } });
  let pulled = false;
  const done = runtime.images.pull('nginx').then(() => {
    pulled = true;
  });
  await clock.advance(999);
  expect(pulled).toBe(false);
  await clock.advance(501);
  await done;
});

test('a node without a range gives no addresses until it is told one', async () => {
  const runtime = new SimulatedRuntime({ clock: new VirtualClock(), random: seededRandom(1) });
  expect((await runtime.status()).conditions[1]).toMatchObject({ type: 'NetworkReady', status: false });
  await expect(runtime.sandboxes.run(sandbox())).rejects.toThrow(/no addresses/);
  await runtime.setPodCidrs(['10.9.0.0/30']);
  const id = await runtime.sandboxes.run(sandbox());
  expect((await runtime.sandboxes.status(id)).ips).toEqual(['10.9.0.2']);
  const next = { ...sandbox(), pod: { ...sandbox().pod, uid: 'v' } };
  await expect(runtime.sandboxes.run(next)).rejects.toThrow(/no free address/);
  await runtime.sandboxes.remove(id);
  await runtime.sandboxes.run(next);
});

test('addresses go round', () => {
  const pool = new AddressPool('10.0.0.0/29');
  expect([pool.take(), pool.take()]).toEqual(['10.0.0.2', '10.0.0.3']);
  pool.giveBack('10.0.0.2');
  expect(pool.take()).toBe('10.0.0.4');
  expect(() => new AddressPool('10.0.0.0/31')).toThrow(/no range/);
});

test('pods get an address of each family, and none where one family has none left', () => {
  const pools = new AddressPools(['10.0.0.0/24', 'fd00:10:244:1::/126']);
  expect(pools.take()).toEqual(['10.0.0.2', 'fd00:10:244:1::2']);
  expect(pools.take()).toEqual(['10.0.0.3', 'fd00:10:244:1::3']);
  expect(() => pools.take()).toThrow(/no free address/);
  pools.giveBack(['10.0.0.2', 'fd00:10:244:1::2']);
  expect(pools.take()).toEqual(['10.0.0.5', 'fd00:10:244:1::2']);
  const large = new AddressPool('fd00::/64');
  expect(large.take()).toBe('fd00::2');
});

test('names are completed as registries do', () => {
  expect(['nginx', 'a/b', 'a.b/c', 'localhost/x:1', 'r:5000/x', 'x@sha256:0'].map(fullName)).toEqual([
    'docker.io/library/nginx:latest',
    'docker.io/a/b:latest',
    'a.b/c:latest',
    'localhost/x:1',
    'r:5000/x:latest',
    'docker.io/library/x@sha256:0',
  ]);
});
