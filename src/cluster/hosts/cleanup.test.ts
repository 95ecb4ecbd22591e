import { expect, test } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import type { Processes } from '../../platform/processes.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { removeHosts, removeMachineNode } from './cleanup.ts';

/** A machine with such mounts, the commands that were run on it, and what they print. */
async function machine(mounts: readonly string[], printed: Readonly<Record<string, string>> = {}) {
  const files = new MemoryFiles();
  await files.makeDir('/proc/self');
  await files.write(
    '/proc/self/mountinfo',
    mounts.map((point) => `1 1 0:1 / ${point} rw - t t rw\n`).join(''),
  );
  const commands: string[] = [];
  const processes: Pick<Processes, 'run'> = {
    async run(command, args) {
      const line = [command, ...args].join(' ');
      commands.push(line);
      return { code: 0, signal: undefined, stdout: printed[line] ?? '', stderr: '' };
    },
  };
  const world = { files, processes: processes as Processes, log: silentLog, clock: new VirtualClock() };
  return { world, commands };
}

test('the mounts of a cluster go, and the disk that it keeps its data on stays', async () => {
  const points = ['/', '/srv', '/srv/data', '/srv/data-2/x', '/srv/data/node-1', '/srv/data/node-1/pods/a'];
  const { world, commands } = await machine([...points, '/run/k8ts/abc', '/run/k8ts/abc/node-1']);
  await removeHosts(world, 'abc', '/srv/data');
  const gone = commands.filter((line) => line.startsWith('umount')).map((line) => line.split(' ').at(-1));
  expect(gone).toEqual([
    '/srv/data/node-1/pods/a',
    '/srv/data/node-1',
    '/run/k8ts/abc/node-1',
    '/run/k8ts/abc',
  ]);
});

test('what the network knows of the pods of a machine goes, however long the kernel keeps their namespaces', async () => {
  const links =
    'veth1a2b3c4d@if2 UP 3a:00:00:00:00:01 <BROADCAST,MULTICAST,UP,LOWER_UP> \n' +
    'veth5e6f7a8b@if3 UP 3a:00:00:00:00:02 <BROADCAST,MULTICAST,UP,LOWER_UP> \n';
  const { world, commands } = await machine([], { 'ip -brief link show master cni0': links });
  const node = {
    dir: '/srv/agent',
    runDir: '/run/k8ts/n',
    cgroup: '/k8ts-n',
    serviceRanges: ['198.19.96.0/20'],
  };
  const results = '/var/lib/cni/results';
  const names = ['k8ts-a1-eth0', 'cni-loopback-a1-lo', 'other-b2-eth0', 'cni-loopback-b2-lo'];
  await world.files.makeDir(results);
  for (const name of names) await world.files.write(`${results}/${name}`, '{}');
  await removeMachineNode(world, node);
  expect((await world.files.list(results)).toSorted()).toEqual(['cni-loopback-b2-lo', 'other-b2-eth0']);
  expect(commands.filter((line) => line.startsWith('ip link'))).toEqual([
    'ip link delete veth1a2b3c4d',
    'ip link delete veth5e6f7a8b',
    'ip link delete cni0',
  ]);
  for (const name of ['other-b2-eth0', 'cni-loopback-b2-lo']) await world.files.remove(`${results}/${name}`);
  await removeMachineNode(world, node);
  expect(await world.files.exists(results)).toBe(false);
});
