import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectl36, root } from './support/clients.ts';
import { type Ended, Running, runToEnd } from './support/commands.ts';
import { CommandClient } from './support/kubectl.ts';
import { shellArchive, shellPod, untilStopped, whyNoRealNodes } from './support/real.ts';

const why = whyNoRealNodes();
const program = join(root, 'bin', 'k8ts');
/** The machine: a network namespace of its own, without a way out. */
const namespace = `k8ts-join-${process.pid}`;
const address = '198.19.10.1';
const nodeName = `joined-${process.pid}`;
const within = ['--net=/run/netns/' + namespace, '--'];

const onMachine = (command: string, ...args: string[]) => spawnSync('nsenter', [...within, command, ...args]);

/** What CNI's plugins keep on this machine: addresses that are taken, and what became of pods. */
const networkOfPods = () =>
  existsSync('/var/lib/cni') ? readdirSync('/var/lib/cni', { recursive: true }).toSorted() : [];

describe.skipIf(why)(`a machine that joins as a node${why ? ` (skipped: ${why})` : ''}`, () => {
  let dir: string;
  const running: Running[] = [];

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'k8ts-join-'));
    spawnSync('ip', ['netns', 'add', namespace]);
    onMachine('ip', 'link', 'set', 'lo', 'up');
    onMachine('ip', 'link', 'add', 'machine', 'type', 'bridge');
    onMachine('ip', 'address', 'add', `${address}/24`, 'dev', 'machine');
    onMachine('ip', 'link', 'set', 'machine', 'up');
  });
  afterAll(async () => {
    await k8ts('down', '--data-dir', join(dir, 'node'));
    for (const process_ of running) await process_.stop('SIGKILL');
    spawnSync('ip', ['netns', 'delete', namespace]);
    rmSync(dir, { recursive: true, force: true });
  });

  const k8ts = (...args: string[]): Promise<Ended> =>
    runToEnd('nsenter', [...within, process.execPath, program, ...args], { timeoutMs: 60_000 });

  /** Starts a command that goes on, and gives what it has said once it is ready. */
  async function start(ready: RegExp, ...args: string[]): Promise<string> {
    const process_ = new Running('nsenter', [...within, process.execPath, program, ...args]);
    running.push(process_);
    return process_.shows(ready, 60_000);
  }

  test('runs pods, gets images, outlives the server, and is left as it was', async () => {
    const before = networkOfPods();
    const [serverDir, nodeDir] = [join(dir, 'server'), join(dir, 'node')];
    const server = ['server', '--data-dir', serverDir, '--bind-address', address];
    const said = await start(/^ready/m, ...server, '--port', '0');
    const [, url = '', token = ''] = /--server (\S+) --token (\S+)/.exec(said) ?? [];
    const agent = ['agent', '--data-dir', nodeDir, '--node-name', nodeName, '--node-ip', address];
    await start(/^joined/m, ...agent, '--server', url, '--token', token);
    expect(await k8ts(...agent)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('an agent runs in'),
    });
    const loaded = await k8ts('image', 'load', await shellArchive(), '--data-dir', nodeDir);
    expect(loaded).toMatchObject({ code: 0, stdout: expect.stringContaining(` on ${nodeName}`) });

    const kubeconfig = join(serverDir, 'kubeconfig');
    const kubectl = new CommandClient({
      program: 'nsenter',
      flags: [...within, kubectl36()],
      kubeconfig,
      home: dir,
    });
    await kubectl.apply(shellPod('lasts', untilStopped));
    const ready = ['wait', 'pod/lasts', '--for=condition=Ready', '--timeout=60s'];
    await kubectl.ok(ready);
    expect(await kubectl.ok(['exec', 'lasts', '--', 'hostname'])).toBe('lasts');

    await running[0]?.stop('SIGKILL');
    await start(/^ready/m, ...server, '--port', new URL(url).port);
    await kubectl.ok(ready);
    expect(await kubectl.ok('get pod lasts -o jsonpath={.status.containerStatuses[0].restartCount}')).toBe(
      '0',
    );
    expect(await kubectl.ok(['exec', 'lasts', '--', 'hostname'])).toBe('lasts');

    expect(await k8ts('down', '--data-dir', nodeDir)).toMatchObject({ code: 0, stdout: 'stopped\n' });
    expect(onMachine('nft', 'list', 'tables').stdout.toString()).toBe('');
    const links = onMachine('ip', '-brief', 'link').stdout.toString().trim().split('\n');
    expect(links.map((line) => line.split(/\s/)[0])).toEqual(['lo', 'machine']);
    expect(networkOfPods()).toEqual(before);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(dir);
    for (const hierarchy of ['', 'memory', 'unified'])
      expect(existsSync(`/sys/fs/cgroup/${hierarchy}/k8ts-${nodeName}`)).toBe(false);
    const processes = spawnSync('ps', ['-eo', 'args']).stdout.toString();
    expect(processes.split('\n').filter((line) => line.includes(nodeDir))).toEqual([]);
  });
});
