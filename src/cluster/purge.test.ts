import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { Pki } from './pki.ts';
import { purge } from './purge.ts';
import { serveEtcd } from './serve-etcd.ts';
import { restoreClusterSnapshot } from './snapshots/restore.ts';
import { saveClusterSnapshot } from './snapshots/save.ts';

const platform = systemPlatform(silentLog);
let dir: string;
let dataDir: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-purge-'));
  dataDir = join(dir, 'data');
});
afterEach(() => rmSync(dir, { recursive: true }));

const cluster = () => new Pki(`${dataDir}/pki`, platform).authority();
const place = (name: string) => {
  mkdirSync(join(dataDir, name, '..'), { recursive: true });
  writeFileSync(join(dataDir, name), '');
};
const startEtcd = (dataDir: string) =>
  serveEtcd({ dataDir, name: 'm', listenClientUrls: 'http://127.0.0.1:0' }, platform);

async function refused(why: string): Promise<void> {
  await expect(purge(platform, dataDir)).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining(why),
    hint: expect.stringMatching(/\w/),
  });
  expect(existsSync(dataDir)).toBe(true);
}

test('a data directory is removed, also where a process was killed while it wrote there', async () => {
  await cluster();
  for (const name of ['k8ts.log', 'state.json.tmp-12-0', 'nodes/node-1/x', 'replaced-20260101T000000000Z/x'])
    place(name);
  await purge(platform, dataDir);
  expect(existsSync(dataDir)).toBe(false);
  await purge(platform, dataDir);
});

test('a directory in which somebody else has put something is left as it is', async () => {
  await cluster();
  place('thesis.tex');
  await refused('such as thesis.tex');
});

test('a directory that no cluster has ever used is left as it is', async () => {
  for (const name of ['store/shoes', 'volumes/one']) place(name);
  await refused('not known for a data directory');
});

test('what `k8ts etcd` keeps in the directory of a cluster is not removed with that', async () => {
  await cluster();
  place('etcd/keys/store.mdb');
  await refused('holds the data of `k8ts etcd`');
});

test('the directory of an etcd that runs is neither removed nor replaced', async () => {
  const etcd = await startEtcd(dataDir);
  try {
    await refused('has it open');
    const other = join(dir, 'other');
    await (await startEtcd(other)).stop();
    const path = join(dir, 'snapshot');
    await saveClusterSnapshot(platform, { dataDir: other, path, signal: new AbortController().signal });
    const restoring = restoreClusterSnapshot(platform, { path, dataDir, replace: true });
    await expect(restoring).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('has it open'),
    });
  } finally {
    await etcd.stop();
  }
  await purge(platform, dataDir);
});
