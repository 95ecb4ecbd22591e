import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemFiles } from '../platform/files.ts';
import { connectLocal } from '../platform/local-socket.ts';
import { serveControl } from './control-socket.ts';
import { refuseSecond } from './refuse-second.ts';
import { isRunning } from './state.ts';
import { unrecordedProcess } from './unrecorded-process.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8ts unrecorded-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('the process of a cluster is found though its data directory has been removed, until it ends', async () => {
  const control = await serveControl(dir, { commands: {}, onError() {} });
  const client = await connectLocal(join(dir, 'control.sock'));
  await rm(dir, { recursive: true });
  const found = await unrecordedProcess(systemFiles, dir);
  expect(found?.pid).toBe(process.pid);
  expect(found && (await isRunning(systemFiles, found))).toBe(true);
  expect(await unrecordedProcess(systemFiles, dir.slice(0, -1))).toBeUndefined();
  await expect(refuseSecond(systemFiles, dir)).rejects.toThrow(
    `the cluster that ran in ${dir} before that was removed still does (process ${process.pid})`,
  );
  client.destroy();
  await control.close();
  await refuseSecond(systemFiles, dir);
  expect(await unrecordedProcess(systemFiles, dir)).toBeUndefined();
});

test('where the system tells nothing none is found', async () => {
  const files = { ...systemFiles, readText: () => Promise.reject(new Error('no /proc')) };
  expect(await unrecordedProcess(files, dir)).toBeUndefined();
});
