import { expect, test } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import type { Processes } from '../../platform/processes.ts';
import type { JoinedNode } from './joined-node.ts';
import { prepareMachine } from './prepare-machine.ts';

/** What is mounted, and whether it is shared. */
type Mounted = readonly (readonly [path: string, isShared: boolean])[];

async function madeShared(mounted: Mounted): Promise<string[]> {
  const files = new MemoryFiles();
  await files.makeDir('/proc/self');
  const lines = mounted.map(
    ([path, isShared]) => `1 1 0:1 / ${path} rw ${isShared ? 'shared:1 ' : ''}- t t rw\n`,
  );
  await files.write('/proc/self/mountinfo', lines.join(''));
  const shared: string[] = [];
  const run: Processes['run'] = async (command, args) => {
    if (command === 'mount') shared.push(args.join(' '));
    return { code: 0, signal: undefined, stdout: '', stderr: '' };
  };
  const node = {
    podRange: '10.244.0.0/16',
    serviceRange: '10.96.0.0/16',
    address: '198.19.0.1',
  } as JoinedNode;
  await prepareMachine(node, { processes: { run } as Processes, files, log: silentLog });
  return shared;
}

test('mounts are shared where nothing has done so, but not those of clusters on this machine', async () => {
  const mounted: Mounted = [
    ['/', false],
    ['/sys', false],
    ['/run/netns', true],
    ['/run/k8ts/abc', false],
  ];
  expect(await madeShared(mounted)).toEqual(['--make-shared /', '--make-shared /sys']);
});

test('where the root is shared, nothing is changed', async () => {
  expect(
    await madeShared([
      ['/', true],
      ['/run/snapd/ns', false],
    ]),
  ).toEqual([]);
});
