import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Runtime, RuntimeEvent } from './runtime.ts';
import type { RuntimeErrorCode } from './runtime-error.ts';
import type { ContainerSpec, SandboxSpec } from './types.ts';

/** A runtime to be held to the contract, and what the tests need of the world around it. */
export interface ContractSubject {
  runtime: Runtime;
  /** An image that stands on the node and has a shell with the usual small programs. */
  image: string;
  cgroupRoot: string;
  logRoot: string;
  readLog(path: string): Promise<string>;
  /** Waits until `check` gives something, without end: the test's own time-out ends it. */
  until<T>(check: () => Promise<T | undefined | false>): Promise<T>;
  remove(): Promise<void>;
}

export interface ContractOptions {
  /** Whether commands are really executed: what a program prints and reads can be tested only then. */
  executes: boolean;
}

let pods = 0;

function sandboxSpec(s: ContractSubject, more: Partial<SandboxSpec> = {}): SandboxSpec {
  const uid = `uid-${++pods}`;
  return {
    pod: { name: `pod-${pods}`, namespace: 'tests', uid, attempt: 0 },
    hostname: `pod-${pods}`,
    logDirectory: `${s.logRoot}/${uid}`,
    cgroupParent: `${s.cgroupRoot}/pod${uid}`,
    labels: { 'io.kubernetes.pod.uid': uid },
    annotations: { note: 'kept' },
    namespaces: { network: 'pod', ipc: 'pod', pid: 'container' },
    seccomp: { type: 'RuntimeDefault' },
    ...more,
  };
}

function containerSpec(s: ContractSubject, script: string, more: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    container: { name: 'main', attempt: 0 },
    image: s.image,
    command: ['sh', '-c', script],
    env: [],
    mounts: [],
    labels: { 'io.kubernetes.container.name': 'main' },
    annotations: {},
    logPath: 'main/0.log',
    security: {
      namespaces: { network: 'pod', ipc: 'pod', pid: 'container' },
      seccomp: { type: 'RuntimeDefault' },
    },
    ...more,
  };
}

async function started(
  s: ContractSubject,
  sandboxId: string,
  sandbox: SandboxSpec,
  spec: ContainerSpec,
): Promise<string> {
  const id = await s.runtime.containers.create(sandboxId, spec, sandbox);
  await s.runtime.containers.start(id);
  return id;
}

const failsWith = (code: RuntimeErrorCode) => expect.objectContaining({ name: 'RuntimeError', code });

export async function textOf(stream: Readable | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => (stream ? stream.on('end', resolve) : resolve(undefined)));
  return Buffer.concat(chunks).toString();
}

/** What every runtime must do. Call it inside a `describe` of its own. */
export function runtimeContract(make: () => Promise<ContractSubject>, options: ContractOptions): void {
  let s: ContractSubject;
  const forever = 'trap "exit 0" TERM; sleep 100000 & wait';

  beforeAll(async () => {
    s = await make();
  });
  afterAll(() => s?.remove());

  test('tells what it is, and that it is ready', async () => {
    expect((await s.runtime.version()).name).toMatch(/\w/);
    const { conditions } = await s.runtime.status();
    const by = Object.fromEntries(conditions.map((c) => [c.type, c.status]));
    expect(by).toMatchObject({ RuntimeReady: true, NetworkReady: true });
  });

  describe('sandboxes', () => {
    test('run with an address, are listed, stop and go', async () => {
      const { sandboxes } = s.runtime;
      const spec = sandboxSpec(s);
      const id = await sandboxes.run(spec);
      const status = await sandboxes.status(id);
      expect(status).toMatchObject({
        id,
        pod: spec.pod,
        state: 'ready',
        labels: spec.labels,
        annotations: { note: 'kept' },
      });
      expect(status.ips[0]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(Math.abs(status.createdAtMs - (await sandboxes.list({ id }))[0]!.createdAtMs)).toBeLessThan(
        1000,
      );
      expect((await sandboxes.list({ labels: spec.labels })).map((found) => found.id)).toEqual([id]);
      expect(await sandboxes.list({ labels: { 'io.kubernetes.pod.uid': 'other' } })).toEqual([]);
      await sandboxes.stop(id);
      await sandboxes.stop(id);
      expect(await sandboxes.status(id)).toMatchObject({ state: 'notReady', ips: [] });
      expect(await sandboxes.list({ id, state: 'ready' })).toEqual([]);
      await sandboxes.remove(id);
      await sandboxes.remove(id);
      await expect(sandboxes.status(id)).rejects.toEqual(failsWith('NotFound'));
      await sandboxes.stop(id);
    });

    test('the same attempt cannot run twice, the next one can', async () => {
      const { sandboxes } = s.runtime;
      const spec = sandboxSpec(s);
      const first = await sandboxes.run(spec);
      await expect(sandboxes.run(spec)).rejects.toEqual(failsWith('AlreadyExists'));
      const second = await sandboxes.run({ ...spec, pod: { ...spec.pod, attempt: 1 } });
      expect(second).not.toBe(first);
      for (const id of [first, second]) {
        await sandboxes.stop(id);
        await sandboxes.remove(id);
      }
    });

    test("in the node's network has no address of its own", async () => {
      const namespaces = { network: 'node', ipc: 'pod', pid: 'container' } as const;
      const id = await s.runtime.sandboxes.run(sandboxSpec(s, { hostname: '', namespaces }));
      expect(await s.runtime.sandboxes.status(id)).toMatchObject({
        ips: [],
        namespaces: { network: 'node' },
      });
      await s.runtime.sandboxes.stop(id);
      await s.runtime.sandboxes.remove(id);
    });
  });

  describe('containers', () => {
    let sandbox: SandboxSpec;
    let sandboxId: string;
    beforeAll(async () => {
      sandbox = sandboxSpec(s);
      sandboxId = await s.runtime.sandboxes.run(sandbox);
    });

    test('are created, started, stopped and removed', async () => {
      const { containers } = s.runtime;
      const spec = containerSpec(s, forever);
      const id = await containers.create(sandboxId, spec, sandbox);
      expect(await containers.status(id)).toMatchObject({
        state: 'created',
        startedAtMs: undefined,
        exitCode: undefined,
      });
      await containers.start(id);
      const status = await containers.status(id);
      expect(status).toMatchObject({ id, state: 'running', container: spec.container, labels: spec.labels });
      expect(status.logPath).toBe(`${sandbox.logDirectory}/main/0.log`);
      expect(status.imageId).toBe((await s.runtime.images.status(s.image))?.id);
      expect(status.startedAtMs).toBeGreaterThanOrEqual(status.createdAtMs);
      expect(await containers.list({ sandboxId, state: 'running' })).toMatchObject([
        { id, sandboxId, state: 'running' },
      ]);
      await containers.stop(id, 10);
      await containers.stop(id, 10);
      const stopped = await containers.status(id);
      expect(stopped).toMatchObject({ state: 'exited', exitCode: 0, reason: 'Completed' });
      expect(stopped.finishedAtMs).toBeGreaterThanOrEqual(stopped.startedAtMs ?? Number.NaN);
      await containers.remove(id);
      await containers.remove(id);
      await expect(containers.status(id)).rejects.toEqual(failsWith('NotFound'));
      await containers.stop(id, 0);
    });

    test('one attempt has one container', async () => {
      const spec = containerSpec(s, forever, { container: { name: 'twice', attempt: 0 } });
      const id = await s.runtime.containers.create(sandboxId, spec, sandbox);
      await expect(s.runtime.containers.create(sandboxId, spec, sandbox)).rejects.toEqual(
        failsWith('AlreadyExists'),
      );
      await s.runtime.containers.remove(id);
    });

    test('need an image and a sandbox that are there', async () => {
      const spec = containerSpec(s, forever, { container: { name: 'lost', attempt: 0 } });
      const noImage = { ...spec, image: 'k8ts.local/none:1' };
      await expect(s.runtime.containers.create(sandboxId, noImage, sandbox)).rejects.toEqual(
        failsWith('ImageNotFound'),
      );
      await expect(s.runtime.containers.create('none', spec, sandbox)).rejects.toEqual(failsWith('NotFound'));
    });

    test('removed by force while they run', async () => {
      const spec = containerSpec(s, forever, { container: { name: 'forced', attempt: 0 } });
      const id = await started(s, sandboxId, sandbox, spec);
      await s.runtime.containers.remove(id);
      expect(await s.runtime.containers.list({ id })).toEqual([]);
    });

    test('report their usage', async () => {
      const spec = containerSpec(s, forever, { container: { name: 'used', attempt: 0 } });
      const id = await started(s, sandboxId, sandbox, spec);
      const [stats] = await s.runtime.containers.stats({ id });
      expect(stats).toMatchObject({ id, container: spec.container });
      expect(stats?.cpu?.usageCoreNanoseconds).toBeGreaterThanOrEqual(0);
      expect(stats?.memory?.workingSetBytes).toBeGreaterThan(0);
      const [pod] = await s.runtime.sandboxes.stats({ id: sandboxId });
      expect(pod?.containers.map((c) => c.id)).toContain(id);
      await s.runtime.containers.remove(id);
    });

    test('take new limits while they run', async () => {
      const spec = containerSpec(s, forever, { container: { name: 'resized', attempt: 0 } });
      const id = await started(s, sandboxId, sandbox, spec);
      await s.runtime.containers.update(id, { memoryLimitBytes: 64 << 20, cpuShares: 512 });
      await s.runtime.containers.remove(id);
    });

    test('execute commands', async () => {
      const spec = containerSpec(s, forever, { container: { name: 'commanded', attempt: 0 } });
      const id = await started(s, sandboxId, sandbox, spec);
      const result = await s.runtime.containers.execSync(id, ['sh', '-c', 'exit 0']);
      expect(result.exitCode).toBe(0);
      const session = await s.runtime.containers.exec(id, ['sh', '-c', 'exit 0'], {
        stdout: true,
        stderr: true,
      });
      session.stdout?.resume();
      session.stderr?.resume();
      expect(await session.ended).toEqual({ exitCode: 0 });
      await s.runtime.containers.remove(id);
      await expect(s.runtime.containers.execSync(id, ['true'])).rejects.toEqual(failsWith('NotFound'));
    });

    test('say when they start and when they end', async () => {
      const events: RuntimeEvent[] = [];
      const over = new AbortController();
      s.runtime.watch((event) => events.push(event), over.signal);
      await s.until(async () => events.some((event) => event.type === 'resync'));
      const spec = containerSpec(s, forever, { container: { name: 'followed', attempt: 0 } });
      const id = await started(s, sandboxId, sandbox, spec);
      await s.until(async () => events.some((event) => event.type === 'started' && event.id === id));
      await s.runtime.containers.stop(id, 10);
      const exited = await s.until(async () =>
        events.find((event) => event.type === 'exited' && event.id === id),
      );
      expect(exited).toMatchObject({ exitCode: 0 });
      over.abort();
      await s.runtime.containers.remove(id);
    });

    test('end with their sandbox', async () => {
      const own = sandboxSpec(s);
      const ownId = await s.runtime.sandboxes.run(own);
      const id = await started(s, ownId, own, containerSpec(s, forever));
      await s.runtime.sandboxes.stop(ownId);
      expect((await s.runtime.containers.status(id)).state).toBe('exited');
      await s.runtime.sandboxes.remove(ownId);
      await expect(s.runtime.containers.status(id)).rejects.toEqual(failsWith('NotFound'));
    });
  });

  describe('images', () => {
    test('are listed and found by name and by id', async () => {
      const image = await s.runtime.images.status(s.image);
      expect(image?.tags).toContain(s.image);
      expect(image?.sizeBytes).toBeGreaterThan(0);
      expect((await s.runtime.images.status(image?.id ?? ''))?.id).toBe(image?.id);
      expect((await s.runtime.images.list()).map((found) => found.id)).toContain(image?.id);
      expect(await s.runtime.images.status('k8ts.local/none:1')).toBeUndefined();
      await s.runtime.images.remove('k8ts.local/none:1');
      // Runtimes measure now and then.
      await s.until(async () => ((await s.runtime.images.usage())[0]?.usedBytes ?? 0) > 0);
    });
  });

  if (options.executes) executionContract(() => s);
}

/** What can be told only of a runtime that really executes. */
function executionContract(subject: () => ContractSubject): void {
  describe('execution', () => {
    let s: ContractSubject;
    let sandbox: SandboxSpec;
    let sandboxId: string;
    let names = 0;
    const run = (script: string, more: Partial<ContainerSpec> = {}) => {
      const name = `c${++names}`;
      const own = { container: { name, attempt: 0 }, logPath: `${name}/0.log`, ...more };
      return started(s, sandboxId, sandbox, containerSpec(s, script, own));
    };
    const exit = (id: string) =>
      s.until(async () => {
        const status = await s.runtime.containers.status(id);
        return status.state === 'exited' && status;
      });

    beforeAll(async () => {
      s = subject();
      sandbox = sandboxSpec(s, { dns: { servers: ['10.96.0.10'], searches: ['svc'], options: ['ndots:5'] } });
      sandboxId = await s.runtime.sandboxes.run(sandbox);
    });

    test('exit codes and logs are kept', async () => {
      const id = await run('echo out; echo err >&2; exit 3');
      expect(await exit(id)).toMatchObject({ exitCode: 3, reason: 'Error' });
      const log = await s.readLog((await s.runtime.containers.status(id)).logPath);
      const stamp = String.raw`\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)`;
      expect(log).toMatch(new RegExp(`^${stamp} stdout F out$`, 'm'));
      expect(log).toMatch(new RegExp(`^${stamp} stderr F err$`, 'm'));
    });

    test('a command that is not there fails to start', async () => {
      const spec = containerSpec(s, '', {
        container: { name: 'none', attempt: 0 },
        command: ['/no/such/program'],
      });
      const id = await s.runtime.containers.create(sandboxId, spec, sandbox);
      await expect(s.runtime.containers.start(id)).rejects.toThrow(/no such file/);
      expect(await s.runtime.containers.status(id)).toMatchObject({
        state: 'exited',
        exitCode: 128,
        reason: 'StartError',
      });
    });

    test('what ignores the stop signal is killed', async () => {
      const id = await run('trap "" TERM; while :; do sleep 0.1; done');
      await s.runtime.containers.stop(id, 1);
      expect(await s.runtime.containers.status(id)).toMatchObject({ state: 'exited', exitCode: 137 });
    });

    test('too much memory ends it', async () => {
      const events: RuntimeEvent[] = [];
      const over = new AbortController();
      s.runtime.watch((event) => events.push(event), over.signal);
      await s.until(async () => events.some((event) => event.type === 'resync'));
      const resources = { memoryLimitBytes: 16 << 20, memorySwapLimitBytes: 16 << 20 };
      const id = await run('head -c 200000000 /dev/zero | tail -c 199999999 >/dev/null; sleep 1; exit 1', {
        resources,
      });
      await s.until(async () => events.some((event) => event.type === 'outOfMemory' && event.id === id));
      expect(await exit(id)).toMatchObject({ reason: 'OOMKilled' });
      over.abort();
    });

    test('environment, identity, limits and mounts arrive', async () => {
      const script =
        'echo "$A:$(id -u):$(id -g):$(id -G):$(pwd):$(hostname)"; cat /etc/resolv.conf; touch /x /data/x; cat /data/file';
      const id = await run(script, {
        env: [{ name: 'A', value: 'ü "quoted"' }],
        workingDir: '/tmp',
        mounts: [{ hostPath: `${s.logRoot}/data`, containerPath: '/data', readOnly: true }],
        security: {
          namespaces: { network: 'pod', ipc: 'pod', pid: 'container' },
          runAsUser: 33,
          runAsGroup: 44,
          supplementalGroups: [55],
          readOnlyRootfs: true,
        },
      });
      await exit(id);
      const log = await s.readLog((await s.runtime.containers.status(id)).logPath);
      expect(log).toContain(`ü "quoted":33:44:44 55`);
      expect(log).toContain(`:/tmp:${sandbox.hostname}`);
      expect(log).toContain('nameserver 10.96.0.10');
      expect(log.match(/Read-only file system/g)).toHaveLength(2);
      expect(log).toContain('F content of the file');
    });

    test('capabilities are as told', async () => {
      const namespaces = { network: 'pod', ipc: 'pod', pid: 'container' } as const;
      const capabilities = { add: ['NET_ADMIN'], drop: ['ALL'] };
      const id = await run('grep CapEff /proc/self/status', { security: { namespaces, capabilities } });
      await exit(id);
      const log = await s.readLog((await s.runtime.containers.status(id)).logPath);
      expect(log).toContain('CapEff:\t0000000000001000');
    });

    test('low ports are for everybody', async () => {
      const namespaces = { network: 'pod', ipc: 'pod', pid: 'container' } as const;
      const id = await run(
        'timeout 1 nc -l -p 80; echo "ended $?"; cat /proc/sys/net/ipv4/ping_group_range',
        {
          security: { namespaces, runAsUser: 33, capabilities: { add: [], drop: ['ALL'] } },
        },
      );
      await exit(id);
      const log = await s.readLog((await s.runtime.containers.status(id)).logPath);
      expect(log).toContain('F ended 143');
      expect(log).toContain('2147483647');
    });

    test.each(['pod', 'node', 'container'] as const)('processes are seen in the %s', async (pid) => {
      const namespaces = { network: 'pod', ipc: 'pod', pid } as const;
      const own = sandboxSpec(s, { namespaces });
      const ownId = await s.runtime.sandboxes.run(own);
      const id = await started(
        s,
        ownId,
        own,
        containerSpec(s, 'echo "$$ $PPID"', { security: { namespaces } }),
      );
      await exit(id);
      const log = await s.readLog((await s.runtime.containers.status(id)).logPath);
      const self = Number(/F (\d+) \d+$/m.exec(log)?.[1]);
      if (pid === 'container') expect(self).toBe(1);
      else expect(self).toBeGreaterThan(1);
      if (pid === 'pod') expect(self).toBeLessThan(50);
      await s.runtime.sandboxes.stop(ownId);
      await s.runtime.sandboxes.remove(ownId);
    });

    test('commands run to their end, or out of time', async () => {
      const id = await run('sleep 1000');
      const { containers } = s.runtime;
      const result = await containers.execSync(id, ['sh', '-c', 'echo out; echo err >&2; exit 7']);
      expect({ ...result, stdout: result.stdout.toString(), stderr: result.stderr.toString() }).toEqual({
        exitCode: 7,
        stdout: 'out\n',
        stderr: 'err\n',
      });
      await expect(containers.execSync(id, ['sleep', '30'], { timeoutMs: 1000 })).rejects.toEqual(
        failsWith('Timeout'),
      );
    });

    test('exec streams both ways, and closes stdin alone', async () => {
      const id = await run('sleep 1000');
      const wanted = { stdin: true, stdout: true, stderr: true };
      const session = await s.runtime.containers.exec(
        id,
        ['sh', '-c', 'wc -c; echo err >&2; exit 5'],
        wanted,
      );
      const output = Promise.all([textOf(session.stdout), textOf(session.stderr)]);
      session.stdin?.write(Buffer.alloc(300_000));
      session.stdin?.end('tail');
      expect(await session.ended).toEqual({ exitCode: 5 });
      expect(await output).toEqual(['300004\n', 'err\n']);
    });

    test('exec carries megabytes unharmed', async () => {
      const id = await run('sleep 1000');
      const session = await s.runtime.containers.exec(id, ['head', '-c', '20000000', '/dev/zero'], {
        stdout: true,
      });
      expect((await textOf(session.stdout)).length).toBe(20_000_000);
      expect(await session.ended).toEqual({ exitCode: 0 });
    });

    test('a terminal has a size', async () => {
      const id = await run('sleep 1000');
      const wanted = { stdin: true, stdout: true, tty: true };
      const session = await s.runtime.containers.exec(id, ['sh'], wanted);
      const output = textOf(session.stdout);
      session.resize({ width: 77, height: 33 });
      session.stdin?.write('until stty size | grep "33 77"; do sleep 0.05; done; exit 4\n');
      expect(await session.ended).toEqual({ exitCode: 4 });
      expect(await output).toContain('33 77');
    });

    test('exec of what is not there says so', async () => {
      const id = await run('sleep 1000');
      const session = await s.runtime.containers.exec(id, ['/no/such'], { stdout: true });
      session.stdout?.resume();
      const end = await session.ended;
      expect(end.exitCode === 126 || end.exitCode === 127 || /no such file/.test(end.error ?? '')).toBe(true);
    });

    test('closing a session leaves the container alone', async () => {
      const id = await run('sleep 1000');
      const session = await s.runtime.containers.exec(id, ['cat'], { stdin: true, stdout: true });
      session.close();
      expect(await session.ended).toHaveProperty('error');
      expect((await s.runtime.containers.status(id)).state).toBe('running');
    });

    test('attach joins the first process', async () => {
      const id = await run('read line; echo "got $line"; exit 6', { stdin: true, stdinOnce: true });
      const wanted = { stdin: true, stdout: true, stderr: true };
      const session = await s.runtime.containers.attach(id, wanted);
      const output = textOf(session.stdout);
      session.stdin?.write('something\n');
      expect(await output).toBe('got something\n');
      expect(await exit(id)).toMatchObject({ exitCode: 6 });
    });

    test("ports are reached from inside the pod's network", async () => {
      await run('while :; do echo hello | nc -l -p 8080; done');
      const session = await s.runtime.sandboxes.portForward(sandboxId);
      const greeting = await s.until(async () => {
        const { data, error } = await session.connect(8080);
        const text = await textOf(data);
        data.end();
        return (await error) === undefined && text;
      });
      expect(greeting).toBe('hello\n');
      const refused = await session.connect(9);
      refused.data.resume();
      expect(await refused.error).toMatch(/refused/);
      session.close();
      await session.closed;
    });

    test('logs go on in a new file', async () => {
      const id = await run('while :; do echo tick; sleep 0.02; done');
      const { logPath } = await s.runtime.containers.status(id);
      await s.until(async () => (await s.readLog(logPath)).includes('tick'));
      const { rename } = await import('node:fs/promises');
      await rename(logPath, `${logPath}.old`);
      await s.runtime.containers.reopenLog(id);
      await s.until(async () => (await s.readLog(logPath).catch(() => '')).includes('tick'));
    });
  });
}
