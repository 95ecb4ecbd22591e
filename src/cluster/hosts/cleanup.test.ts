import { expect, test } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import type { Processes } from '../../platform/processes.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { removeHosts } from './cleanup.ts';

test('the mounts of a cluster go, and the disk that it keeps its data on stays', async () => {
  const files = new MemoryFiles();
  const points = ['/', '/srv', '/srv/data', '/srv/data-2/x', '/srv/data/node-1', '/srv/data/node-1/pods/a'];
  const table = [...points, '/run/k8ts/abc', '/run/k8ts/abc/node-1'];
  await files.makeDir('/proc/self');
  await files.write(
    '/proc/self/mountinfo',
    table.map((point) => `1 1 0:1 / ${point} rw - t t rw\n`).join(''),
  );
  const commands: string[] = [];
  const processes: Pick<Processes, 'run'> = {
    async run(command, args) {
      commands.push([command, ...args].join(' '));
      return { code: 0, signal: undefined, stdout: '', stderr: '' };
    },
  };
  const world = { files, processes: processes as Processes, log: silentLog, clock: new VirtualClock() };
  await removeHosts(world, 'abc', '/srv/data');
  const gone = commands.filter((line) => line.startsWith('umount')).map((line) => line.split(' ').at(-1));
  expect(gone).toEqual([
    '/srv/data/node-1/pods/a',
    '/srv/data/node-1',
    '/run/k8ts/abc/node-1',
    '/run/k8ts/abc',
  ]);
});
