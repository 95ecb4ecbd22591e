import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEtcdServer } from '../../etcd/server.ts';
import type { Files } from '../../platform/files.ts';
import { silentLog } from '../../platform/log.ts';
import { type Platform, systemPlatform } from '../../platform/platform.ts';
import { openEmbeddedStore } from '../../store/embedded-store.ts';
import { put } from '../../store/test-support.ts';
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

/** The same machine, with what is below `path` on a disk that takes nothing. */
function takingNothing(path: string, code = 'EROFS'): Platform {
  const refuse = (what: string) =>
    Promise.reject(Object.assign(new Error(`${code}: read-only file system, ${what}`), { code }));
  const open: Files['open'] = (file, flags, mode) =>
    file.startsWith(path) && flags !== 'r' ? refuse(`open '${file}'`) : files.open(file, flags, mode);
  const makeDir: Files['makeDir'] = (file, options) =>
    file.startsWith(path) && !existsSync(file) ? refuse(`mkdir '${file}'`) : files.makeDir(file, options);
  return { ...platform, files: { ...files, open, makeDir } };
}

const readOnly = (path: string) => takingNothing(path);

test.each(['EROFS', 'ENOSPC', 'EACCES'])(
  'a store where nothing can be written is saved elsewhere, and no copy of it stays: %s',
  async (code) => {
    const dataDir = join(dir, 'data');
    const path = join(dir, 'snapshot');
    const store = await openEmbeddedStore({ path: join(dataDir, 'store'), clock, files });
    await store.commit(put('/registry/configmaps/default/a', '{}'));
    await store.close();
    const saved = await saveClusterSnapshot(takingNothing(dataDir, code), { dataDir, path, signal });
    expect(saved).toMatchObject({ objects: 1 });
    expect(readdirSync(dir).sort()).toEqual(['data', 'snapshot']);
  },
);

test('one that is written meanwhile is not', async () => {
  const dataDir = join(dir, 'data');
  const world = takingNothing(dataDir);
  let looks = 0;
  world.files.stat = async (path, options) => {
    const found = await files.stat(path, options);
    return found && path.endsWith('.mdb') ? { ...found, modifiedMs: found.modifiedMs + looks++ } : found;
  };
  const saving = saveClusterSnapshot(world, { dataDir, path: join(dir, 'snapshot'), signal });
  await expect(saving).rejects.toThrow('was written while it was read: another process has it open');
  expect(readdirSync(dir)).toEqual(['data']);
});

test('a server of etcd that does not run is saved likewise', async () => {
  const dataDir = join(dir, 'etcd');
  const server = await startEtcdServer({
    ...{ dataDir, platform, name: 'm0', writer: 'test', addresses: [{ host: '127.0.0.1', port: 0 }] },
  });
  await server.stop();
  const path = join(dir, 'snapshot');
  await saveClusterSnapshot(readOnly(dataDir), { dataDir, path, signal });
  expect(readdirSync(dir).sort()).toEqual(['data', 'etcd', 'snapshot']);
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
