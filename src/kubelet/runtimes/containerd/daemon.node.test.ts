import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../platform/clock.ts';
import { systemFiles } from '../../../platform/files.ts';
import { silentLog } from '../../../platform/log.ts';
import { writeImageArchive } from '../../../platform/oci-archive.ts';
import { mustRun, type RunningProcess, systemProcesses } from '../../../platform/processes.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { ContainerSpec, PullProgress, SandboxSpec } from '../types.ts';
import { connectCri } from './connect.ts';
import { startContainerd } from './daemon.ts';
import { removePodLeftovers } from './leftovers.ts';
import { sandboxImageName } from './sandbox-image.ts';
import { createTestNode, type TestNode, testImage, whyNoContainers } from './test-node.ts';

const why = whyNoContainers();
const because = why ? ` (skipped: ${why})` : '';
const platform = { clock: systemClock, files: systemFiles, processes: systemProcesses, log: silentLog };

async function until<T>(check: () => T | false | undefined | Promise<T | false | undefined>): Promise<T> {
  for (;;) {
    const found = await check();
    if (found) return found;
    await systemClock.sleep(10);
  }
}

function podOf(node: TestNode, uid: string): SandboxSpec {
  return {
    pod: { name: uid, namespace: 'tests', uid, attempt: 0 },
    hostname: uid,
    logDirectory: `${node.directory}/logs/${uid}`,
    cgroupParent: `${node.cgroupRoot}/${uid}`,
    labels: {},
    annotations: {},
    namespaces: { network: 'pod', ipc: 'pod', pid: 'container' },
  };
}

const shell = (script: string, image = testImage): ContainerSpec => ({
  container: { name: 'main', attempt: 0 },
  image,
  command: ['sh', '-c', script],
  env: [],
  mounts: [],
  labels: {},
  annotations: {},
  logPath: 'main.log',
  security: { namespaces: { network: 'pod', ipc: 'pod', pid: 'container' } },
});

describe.skipIf(why)(`a node's containerd${because}`, () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await createTestNode();
  });
  afterAll(() => node?.remove());

  test('has the sandbox image, which is never to be collected', async () => {
    const image = await node.daemon.runtime.images.status(sandboxImageName);
    expect(image).toMatchObject({ tags: [sandboxImageName], pinned: true });
  });

  test('may be killed: pods live on, exits meanwhile are told, and watchers find back', async () => {
    const watcher = await connectCri({ socketPath: node.daemon.socketPath, platform });
    const events: RuntimeEvent[] = [];
    watcher.watch((event) => events.push(event), new AbortController().signal);
    await until(() => events.length > 0);
    const pod = podOf(node, 'survivor');
    const { runtime } = node.daemon;
    const sandboxId = await runtime.sandboxes.run(pod);
    const gate = `${node.directory}/gate`;
    mkdirSync(gate);
    const spec = shell('until [ -e /gate/open ]; do sleep 0.05; done; exit 9');
    const id = await runtime.containers.create(
      sandboxId,
      { ...spec, mounts: [{ hostPath: gate, containerPath: '/gate' }] },
      pod,
    );
    await runtime.containers.start(id);
    await until(() => events.some((event) => event.type === 'started' && event.id === id));

    const restarts = events.filter((event) => event.type === 'resync').length;
    process.kill(node.daemon.pid, 'SIGKILL');
    await node.daemon.ended;
    await expect(runtime.version()).rejects.toMatchObject({ code: 'Unavailable' });
    writeFileSync(`${gate}/open`, '');
    await node.daemon.stop();
    await node.startAgain();

    const again = node.daemon.runtime;
    const status = await until(async () => {
      const found = await again.containers.status(id);
      return found.state === 'exited' && found;
    });
    expect(status).toMatchObject({ exitCode: 9 });
    expect((await again.sandboxes.status(sandboxId)).state).toBe('ready');
    await until(() => events.filter((event) => event.type === 'resync').length > restarts);
    await watcher.close();
  });

  test('that was killed can be cleaned up after', async () => {
    const lost = await createTestNode();
    onTestFinished(() => lost.remove());
    const pod = podOf(lost, 'orphan');
    const { sandboxes, containers } = lost.daemon.runtime;
    const sandboxId = await sandboxes.run(pod);
    const id = await containers.create(sandboxId, shell('sleep 4242'), pod);
    await containers.start(id);
    const sleepers = async () => {
      const { stdout } = await systemProcesses.run('ps', ['-eo', 'stat,args']);
      return stdout.split('\n').filter((line) => /^[^Z]\S* +sleep 4242/.test(line));
    };
    expect((await sleepers()).length).toBe(1);
    process.kill(lost.daemon.pid, 'SIGKILL');
    await lost.daemon.ended;
    await lost.daemon.stop();
    await removePodLeftovers(platform, lost.directory);
    expect((await sleepers()).length).toBe(0);
    await lost.startAgain();
    expect((await lost.daemon.runtime.containers.status(id)).state).toBe('exited');
  });

  test('that cannot start says why', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'k8ts-bad-'));
    const bad = { platform, directory, cniBinDir: '/usr/lib/cni', cniConfDir: `${directory}/cni` };
    await expect(startContainerd({ ...bad, command: '/nowhere/containerd' })).rejects.toThrow(
      /install the package/,
    );
    writeFileSync(`${directory}/state`, '');
    await expect(startContainerd(bad)).rejects.toThrow(/state/);
    rmSync(`${directory}/state`);
    const broken = { ...bad, entry: ['sh', '-c', 'echo "containerd: no luck today" >&2; exit 1'] };
    await expect(startContainerd(broken)).rejects.toThrow(
      /ended while it was starting\ncontainerd: no luck today/,
    );
    const silent = { ...bad, entry: ['sleep', '100', '--'], readyTimeoutMs: 100 };
    await expect(startContainerd({ ...silent, entry: ['sh', '-c', 'exec sleep 100'] })).rejects.toThrow(
      /did not become ready in time/,
    );
    await expect(startContainerd({ ...bad, directory: `/tmp/${'x'.repeat(100)}` })).rejects.toThrow(
      /too long a path/,
    );
    rmSync(directory, { recursive: true });
  });

  test('archives that are none are refused', async () => {
    const archive = `${node.directory}/no-archive.tar`;
    writeFileSync(archive, 'nothing');
    await expect(node.daemon.runtime.images.importArchive(archive)).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
  });

  describe('pulls', () => {
    let registry: RunningProcess;
    const port = 5000;
    const locked = 5001;
    let lockedRegistry: RunningProcess;

    beforeAll(async () => {
      const directory = `${node.directory}/registry`;
      mkdirSync(directory);
      const filler = Buffer.alloc(8 << 20, 7);
      await writeImageArchive(systemFiles, `${directory}/image.tar`, {
        name: 'unused:1',
        layers: [
          [
            { path: '/bin/sh', source: '/usr/bin/busybox', mode: 0o755 },
            { path: '/filler', content: filler },
          ],
        ],
        defaults: { user: '33', env: ['FROM=image'] },
      });
      await mustRun(systemProcesses, 'tar', ['-xf', `${directory}/image.tar`, '-C', directory]);
      const script = fileURLToPath(new URL('test-registry.mjs', import.meta.url));
      const serve = async (...args: string[]) => {
        const [program = '', ...rest] = [...node.entry, process.execPath, script, directory, ...args];
        let ready = false;
        const onOutput = () => {
          ready = true;
        };
        const running = await systemProcesses.start(program, rest, { onOutput });
        await until(() => ready);
        return running;
      };
      registry = await serve(String(port));
      lockedRegistry = await serve(String(locked), 'user:secret');
    });
    afterAll(async () => {
      for (const server of [registry, lockedRegistry]) {
        server?.kill('SIGKILL');
        await server?.ended;
      }
    });

    test('until they are given up', async () => {
      const giveUp = new AbortController();
      const onProgress = (p: PullProgress) => p.doneBytes > 0 && giveUp.abort('enough');
      const name = `127.0.0.1:${port}/given-up:1`;
      const pulled = node.daemon.runtime.images.pull(name, { signal: giveUp.signal, onProgress });
      await expect(pulled).rejects.toMatchObject({ code: 'Canceled' });
      expect(await node.daemon.runtime.images.status(name)).toBeUndefined();
    });

    test('an image, telling how far it is, and run it', async () => {
      const { images, sandboxes, containers } = node.daemon.runtime;
      const seen: PullProgress[] = [];
      const name = `127.0.0.1:${port}/app:1`;
      const id = await images.pull(name, { onProgress: (progress) => seen.push(progress) });
      expect(await images.status(name)).toMatchObject({ id, tags: [name], uid: 33 });
      expect(seen.some((p) => p.doneBytes > 0 && p.doneBytes < p.totalBytes)).toBe(true);
      const pod = podOf(node, 'pulled');
      const sandboxId = await sandboxes.run(pod);
      const container = await containers.create(sandboxId, shell('echo "$FROM"; exit 0', id), pod);
      await containers.start(container);
      const status = await until(async () => {
        const found = await containers.status(container);
        return found.state === 'exited' && found;
      });
      expect(status).toMatchObject({ exitCode: 0, imageId: id });
      expect(status.imageRef).toMatch(new RegExp(`^127.0.0.1:${port}/app@sha256:[0-9a-f]{64}$`));
      expect(readFileSync(status.logPath, 'utf8')).toContain('stdout F image');
      await images.remove(name);
      expect(await images.status(name)).toBeUndefined();
    });

    test('what a registry does not have, or does not give, is told apart', async () => {
      const { images } = node.daemon.runtime;
      await expect(images.pull(`127.0.0.1:${port}/missing:1`)).rejects.toMatchObject({
        code: 'ImageNotFound',
      });
      await expect(images.pull(`127.0.0.1:${locked}/app:1`)).rejects.toMatchObject({
        code: 'PermissionDenied',
      });
      await expect(images.pull('127.0.0.1:9/app:1')).rejects.toMatchObject({ code: 'Unavailable' });
      const auth = { username: 'user', password: 'secret' };
      expect(await images.pull(`127.0.0.1:${locked}/app:1`, { auth })).toMatch(/^sha256:/);
    });
  });
});
