import { expect, test } from 'vitest';
import { MemoryFiles } from '../platform/memory-files.ts';
import { clusterId } from './cluster-id.ts';
import { clusterLayout, entryOf, fabricNetworks, networkOf, nodeLayout } from './hosts/layout.ts';
import { type ClusterState, isRunning, knownProcess, readState, removeState, writeState } from './state.ts';

const state: ClusterState = {
  pid: 42,
  startTicks: '777',
  id: 'abcdef',
  server: 'https://127.0.0.1:6443',
  kubeconfig: '/data/kubeconfig',
  runtime: 'containerd',
  startedMs: 0,
  nodes: [],
};

const statLine = (ticks: string, runState = 'S') =>
  `42 (odd ) name) ${runState} ${Array.from({ length: 18 }, () => '0').join(' ')} ${ticks} 0`;

test('a cluster counts as running while its very process lives', async () => {
  const files = new MemoryFiles();
  expect(await readState(files, '/data')).toBeUndefined();
  await writeState(files, '/data', state);
  const read = (await readState(files, '/data')) as ClusterState;
  expect(read).toEqual(state);
  expect(await isRunning(files, read)).toBe(false);
  await files.makeDir('/proc/42');
  await files.write('/proc/42/stat', statLine('777'));
  expect(await knownProcess(files, 42)).toEqual({ pid: 42, startTicks: '777' });
  expect(await isRunning(files, read)).toBe(true);
  // Another process has got the same id since.
  await files.write('/proc/42/stat', statLine('888'));
  expect(await isRunning(files, read)).toBe(false);
  // Ended, and not waited for.
  await files.write('/proc/42/stat', statLine('777', 'Z'));
  expect(await isRunning(files, read)).toBe(false);
  await removeState(files, '/data');
  expect(await readState(files, '/data')).toBeUndefined();
});

test('after another boot a process that has got the same id at the same tick is another', async () => {
  const files = new MemoryFiles();
  for (const dir of ['/proc/42', '/proc/sys/kernel/random']) await files.makeDir(dir);
  await files.write('/proc/42/stat', statLine('777'));
  const boot = (id: string) => files.write('/proc/sys/kernel/random/boot_id', `${id}\n`);
  await boot('one');
  const known = await knownProcess(files, 42);
  expect(known).toEqual({ pid: 42, startTicks: '777', bootId: 'one' });
  expect(await isRunning(files, known)).toBe(true);
  await boot('two');
  expect(await isRunning(files, known)).toBe(false);
});

test('a state that names no process is that of none', async () => {
  expect(await isRunning(new MemoryFiles(), {} as ClusterState)).toBe(false);
});

test('half a state file is none', async () => {
  const files = new MemoryFiles();
  await files.makeDir('/data');
  await files.write('/data/state.json', '{"pid": 42, "sta');
  expect(await readState(files, '/data')).toBeUndefined();
});

test('names and addresses follow from the data directory', () => {
  const id = clusterId('/var/lib/k8ts');
  expect(id).toMatch(/^[0-9a-f]{6}$/);
  expect(clusterId('/var/lib/k8ts')).toBe(id);
  expect(clusterId('/tmp/other')).not.toBe(id);
  const cluster = clusterLayout(id, networkOf(id, 0));
  expect(cluster.hostLink.length).toBeLessThan(16);
  const node = nodeLayout(cluster, 3);
  const [, second = 0, third = 0] = cluster.network.split('.').map(Number);
  const subnet = (second * 256 + third).toString(16);
  expect(node.addresses).toEqual({ IPv4: `${cluster.network}.4`, IPv6: `2001:2:0:${subnet}::4` });
  expect(entryOf(node)).toEqual([
    'nsenter',
    `--net=/run/netns/k8ts-${id}-node-3`,
    `--mount=/run/k8ts/${id}/node-3.mnt`,
    '--',
  ]);
});

test('every network lies in the range for laboratories, and each is tried', () => {
  const all = Array.from({ length: fabricNetworks }, (_, i) => networkOf('abcdef', i));
  expect(new Set(all).size).toBe(fabricNetworks);
  expect(all.every((network) => /^198\.1[89]\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/.test(network))).toBe(
    true,
  );
});
