import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Files } from '../../platform/files.ts';
import { silentLog } from '../../platform/log.ts';
import { type Platform, systemPlatform } from '../../platform/platform.ts';
import { openEmbeddedStore } from '../../store/embedded-store.ts';
import { restoreClusterSnapshot } from './restore.ts';
import { saveClusterSnapshot } from './save.ts';

const platform = systemPlatform(silentLog);
const { files, clock } = platform;
const { signal } = new AbortController();
let dir: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-read-only-'));
  const store = await openEmbeddedStore({ path: join(dir, 'data/store'), clock, files });
  await store.close();
});
afterEach(() => rmSync(dir, { recursive: true }));

/** The same machine, with what is below `path` on a disk that is mounted read-only. */
function readOnly(path: string): Platform {
  const refuse = (what: string) =>
    Promise.reject(Object.assign(new Error(`EROFS: read-only file system, ${what}`), { code: 'EROFS' }));
  const open: Files['open'] = (file, flags, mode) =>
    file.startsWith(path) && flags !== 'r' ? refuse(`open '${file}'`) : files.open(file, flags, mode);
  const makeDir: Files['makeDir'] = (file, options) =>
    file.startsWith(path) && !existsSync(file) ? refuse(`mkdir '${file}'`) : files.makeDir(file, options);
  return { ...platform, files: { ...files, open, makeDir } };
}

test('a snapshot of a store that cannot be written says how it can be had', async () => {
  const dataDir = join(dir, 'data');
  const saving = saveClusterSnapshot(readOnly(dataDir), { dataDir, path: join(dir, 'snapshot'), signal });
  await expect(saving).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining('EROFS'),
    hint: expect.stringContaining('copy the data directory to a disk that can be written'),
  });
});

test('a snapshot that cannot be written says that of its own folder', async () => {
  const path = join(dir, 'elsewhere/snapshot');
  const saving = saveClusterSnapshot(readOnly(join(dir, 'elsewhere')), {
    ...{ dataDir: join(dir, 'data'), path, signal },
  });
  await expect(saving).rejects.toMatchObject({
    name: 'UserError',
    hint: 'its folder must be there and be writable',
  });
});

test('a restore to a place that cannot be written says what to do', async () => {
  const path = join(dir, 'snapshot');
  await saveClusterSnapshot(platform, { dataDir: join(dir, 'data'), path, signal });
  const dataDir = join(dir, 'other');
  await expect(restoreClusterSnapshot(readOnly(dataDir), { path, dataDir })).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining('EROFS'),
    hint: 'the data directory must be writable; or choose another --data-dir',
  });
});
