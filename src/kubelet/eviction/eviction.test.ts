import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { Evictor, type EvictorOptions } from './evictor.ts';
import { defaultThresholds, type Observed, shortages } from './pressure.ts';
import { evictionOrder } from './ranking.ts';
import { isStorageLimited, storageExcess } from './storage-limits.ts';

const gi = 2 ** 30;
const plenty: Observed = {
  memoryBytes: 4 * gi,
  disk: { capacityBytes: 100 * gi, availableBytes: 50 * gi, inodes: 1000, inodesFree: 900 },
  pids: { max: 1000, used: 10 },
};

describe('what a node is short of', () => {
  test('is nothing while there is plenty', () => {
    expect(shortages(plenty, defaultThresholds)).toEqual([]);
  });

  test('is named with how much is left', () => {
    const [found] = shortages({ ...plenty, memoryBytes: 50 * 2 ** 20 }, defaultThresholds);
    expect(found).toEqual({
      signal: 'memory',
      resource: 'memory',
      threshold: '102400Ki',
      available: '51200Ki',
    });
  });

  test('disk, inodes, process ids', () => {
    const disk = { ...plenty.disk, availableBytes: gi, inodesFree: 10 };
    const found = shortages({ ...plenty, disk, pids: { max: 1000, used: 990 } }, defaultThresholds);
    expect(found.map((s) => s.signal)).toEqual(['disk', 'inodes', 'pids']);
  });
});

function pod(name: string, spec: Partial<Pod['spec']> = {}, memory?: string): Pod {
  const resources = memory ? { requests: { memory } } : undefined;
  return {
    metadata: { name, uid: name, namespace: 'n' },
    spec: { containers: [{ name: 'c', resources }], ...spec },
  };
}

test('those above what they asked for go first, then by priority, then by how far above', () => {
  const order = evictionOrder(
    [
      { pod: pod('within', {}, '1Gi'), usedBytes: gi / 2 },
      { pod: pod('a-little'), usedBytes: 10 },
      { pod: pod('a-lot'), usedBytes: gi },
      { pod: pod('important', { priority: 1000 }), usedBytes: 4 * gi },
      { pod: pod('critical', { priority: 2_000_000_000 }), usedBytes: 9 * gi },
    ],
    'memory',
  );
  expect(order.map((o) => o.pod.metadata.name)).toEqual(['a-lot', 'a-little', 'important', 'within']);
});

describe('limits on what a pod writes', () => {
  const limited = pod('p', {
    volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
    containers: [{ name: 'c', resources: { limits: { 'ephemeral-storage': '2Mi' } } }],
  });
  const usage = (volume: number, container: number, hostsFile = 0) => ({
    volumes: new Map([['v', volume]]),
    containers: new Map([['c', container]]),
    hostsFile,
  });

  test('matter only where there are any', () => {
    expect(isStorageLimited(limited)).toBe(true);
    expect(
      isStorageLimited(
        pod('p', { volumes: [{ name: 'm', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }] }),
      ),
    ).toBe(false);
  });

  test.each([
    [2 ** 20, 0, undefined],
    [2 ** 20 + 1, 0, 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". '],
    [0, 2 ** 21 + 1, 'Container c exceeded its local ephemeral storage limit "2Mi". '],
    [2 ** 20, 2 ** 21, 'Pod ephemeral local storage usage exceeds the total limit of containers 2097152. '],
  ])('%i bytes in the volume and %i beside it', (volume, container, why) => {
    expect(storageExcess(limited, usage(volume, container))).toBe(why);
  });

  test('count what stands in all volumes on disk and in logs, whichever containers have a limit', async () => {
    const roomy = pod('p', {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ name: 'c', resources: { limits: { 'ephemeral-storage': '2Mi' } } }, { name: 'd' }],
    });
    const ended: string[] = [];
    const sizes: Record<string, number> = {};
    const evictor = new Evictor({
      context: {
        platform: { clock: new VirtualClock() },
        runtime: { containers: { stats: async () => [] } },
        recorder: { record: () => {} },
      },
      host: {
        availableMemoryBytes: async () => plenty.memoryBytes,
        disk: async () => plenty.disk,
        pids: async () => plenty.pids,
        usedBytes: async (path: string) => sizes[path] ?? 0,
      },
      facts: { rootDir: '/k', logsDir: '/logs' },
      workers: {
        all: () => [{ stage: 'running', pod: roomy }],
        end: (_: string, { verdict }: { verdict: { message: string } }) => ended.push(verdict.message),
      },
      thresholds: defaultThresholds,
    } as unknown as EvictorOptions);
    const total = 'Pod ephemeral local storage usage exceeds the total limit of containers 2097152. ';
    const volume = '/k/pods/p/volumes/kubernetes.io~empty-dir/v';
    for (const [path, message] of [
      [volume, total],
      ['/logs/n_p_p/d', total],
      ['/logs/n_p_p/c', 'Container c exceeded its local ephemeral storage limit "2Mi". '],
    ] as const) {
      sizes[path] = 2 ** 21 + 1;
      await evictor.check();
      expect(ended.splice(0)).toEqual([message]);
      sizes[path] = 0;
    }
    await evictor.check();
    expect(ended).toEqual([]);
  });

  test('what containers write into their hosts file counts (CVE-2020-8557)', () => {
    expect(storageExcess(limited, usage(0, 0, 2 ** 21))).toBeUndefined();
    expect(storageExcess(limited, usage(0, 0, 2 ** 21 + 1))).toContain('exceeds the total limit');
  });
});
