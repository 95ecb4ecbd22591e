import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { withSnapshot } from '../store/snapshot/read.ts';
import { isEtcdSnapshot, restoreEtcd } from './snapshot.ts';
import { TestServer } from './test-server.ts';

let dir: string;
let server: TestServer;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8ts-etcd-snapshot-'));
  server = await TestServer.start();
});
afterEach(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

/** The snapshot as a client of etcd gets it. */
async function save(): Promise<Buffer> {
  const text = await server.post('/v3/maintenance/snapshot', {});
  const lines = text.trim().split('\n');
  return Buffer.concat(lines.map((line) => Buffer.from(JSON.parse(line).result.blob ?? '', 'base64')));
}

const restoreTo = (path: string, bumpRevision: number) =>
  withSnapshot(join(dir, 's'), systemFiles, async (snapshot) => {
    expect(isEtcdSnapshot(snapshot)).toBe(true);
    return restoreEtcd(snapshot, { path, files: systemFiles, clock: systemClock, bumpRevision });
  });

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('what a client saves is made a server of again: keys with their past, and leases', async () => {
  const post = async (path: string, body: object) => JSON.parse(await server.post(path, body));
  await post('/v3/lease/grant', { ID: 7, TTL: 1000 });
  await post('/v3/kv/put', { key: base64('a'), value: base64('1'), lease: 7 });
  await post('/v3/kv/put', { key: base64('a'), value: base64('2'), lease: 7 });
  const saved = await save();
  expect(saved.length % 512).toBe(32);
  await writeFile(join(dir, 's'), saved);
  const dataDir = join(dir, 'data');
  expect(await restoreTo(dataDir, 0)).toBe(3);
  await server.stop();
  server = await TestServer.start({ dataDir });
  expect(await post('/v3/kv/range', { key: base64('a'), revision: 2 })).toMatchObject({
    header: { revision: '3' },
    kvs: [{ value: base64('1'), lease: '7' }],
  });
  expect(await post('/v3/lease/timetolive', { ID: 7, keys: true })).toMatchObject({
    grantedTTL: '1000',
    keys: [base64('a')],
  });
  await post('/v3/lease/revoke', { ID: 7 });
  expect(await post('/v3/kv/range', { key: base64('a') })).not.toHaveProperty('kvs');
});

test('a snapshot that was cut off or damaged on its way is refused', async () => {
  await server.post('/v3/kv/put', { key: base64('a'), value: base64('x'.repeat(5000)) });
  const saved = await save();
  await writeFile(join(dir, 's'), saved.subarray(0, saved.length - 512));
  await expect(restoreTo(join(dir, 'data'), 0)).rejects.toThrow('it is cut off: its end is missing');
  saved[2000] = (saved[2000] as number) ^ 1;
  await writeFile(join(dir, 's'), saved);
  await expect(restoreTo(join(dir, 'data'), 0)).rejects.toThrow('it is damaged: its checksum does not fit');
});
