import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { MemoryFiles } from '../../platform/memory-files.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import type { NodeContext } from '../pods/context.ts';
import { LogRotator, rotatedName, surplus } from './log-rotator.ts';

test('of five files one is in use and one is about to come', () => {
  expect(surplus(['a', 'b', 'c', 'd'], 5)).toEqual(['a']);
  expect(surplus(['a', 'b', 'c'], 5)).toEqual([]);
});

test('a log that is moved away is named by the moment', () => {
  expect(rotatedName('/l/0.log', Date.parse('2026-02-03T04:05:06.789Z'))).toBe('/l/0.log.20260203-040506');
});

/** Holds logs that are larger than memory. */
class LargeLogs extends MemoryFiles {
  override async read(path: string): Promise<Buffer> {
    if (/log\.\d+-\d+$/.test(path)) throw new Error('ERR_FS_FILE_TOO_LARGE');
    return super.read(path);
  }
}

test('a log that has grown too large is moved away; earlier ones are packed', async () => {
  const files = new LargeLogs();
  const clock = new VirtualClock();
  await files.makeDir('/l');
  await files.write('/l/0.log', 'x'.repeat(100));
  await files.write('/l/0.log.20250101-000000', 'old');
  await files.write('/l/0.log.20250101-000000.gz.tmp', 'half');
  const reopened: string[] = [];
  const runtime = {
    containers: {
      list: async () => [{ id: 'c1' }],
      status: async () => ({ logPath: '/l/0.log' }),
      reopenLog: async (id: string) => void reopened.push(id),
    },
  };
  const context = { runtime, platform: { files, clock } } as unknown as NodeContext;
  await new LogRotator(context, { maxBytes: 100, maxFiles: 5 }).rotate();
  expect(reopened).toEqual(['c1']);
  expect(await files.list('/l')).toEqual(['0.log.20250101-000000.gz', '0.log.20260101-000000']);
  expect(gunzipSync(await files.read('/l/0.log.20250101-000000.gz')).toString()).toBe('old');
});
