import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { readState } from './state.ts';
import { clusterStatus } from './status.ts';
import { up, type UpOptions } from './up.ts';

const platform = systemPlatform(silentLog);

test('a second start in the same place is refused while the first is under way, and leaves it alone', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-up-'));
  let second: Promise<unknown> | undefined;
  let status: Promise<unknown> | undefined;
  const start: UpOptions = {
    options: {
      ...{ nodes: 1, runtime: 'simulated', store: 'memory', uplink: 'none' },
      ...{ dataDir, port: 0, kubeconfig: undefined },
    },
    platform,
    program: { command: '', script: '' },
    pid: process.pid,
    onStep: () => {
      second ??= up({ ...start, onStep: () => {} }).catch((error: Error) => error.message);
      status ??= clusterStatus(platform, dataDir);
    },
  };
  const cluster = await up(start);
  try {
    expect(await second).toBe(`a cluster already runs in ${dataDir} (process ${process.pid}, starting)`);
    expect(await status).toMatchObject({ running: true, state: { server: '', nodes: [] } });
    expect(await readState(platform.files, dataDir)).toMatchObject({ server: cluster.controlPlane.url });
  } finally {
    await cluster.stop();
    rmSync(dataDir, { recursive: true });
  }
  expect(await readState(platform.files, dataDir)).toBeUndefined();
}, 30_000);
