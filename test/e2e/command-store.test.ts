import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from './support/clients.ts';
import { type E2eCluster, type E2eClusterOptions, startE2eCluster } from './support/cluster.ts';
import { type Ended, eventually, runToEnd } from './support/commands.ts';

const program = join(root, 'bin', 'k8ts');
const isRoot = process.getuid?.() === 0;

let dir: string;
let dataDir: string;
const started: E2eCluster[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
  dataDir = join(dir, 'data');
});
afterEach(async () => {
  for (const cluster of started.splice(0)) await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: E2eClusterOptions = {}): Promise<E2eCluster> {
  const cluster = await startE2eCluster({ dataDir, ...options });
  started.push(cluster);
  return cluster;
}

const upArgs = () => [program, 'up', '--nodes', '0', '--port', '0', '--data-dir', dataDir];
const up = () => runToEnd(process.execPath, upArgs());

/** Refused in a line and a hint, without a stack. */
function refused({ code, stderr }: Ended, why: RegExp, hint: RegExp): void {
  expect({ code, stderr }).toMatchObject({ code: 1 });
  expect(stderr).toMatch(why);
  expect(stderr).toMatch(hint);
  expect(stderr).not.toContain('    at ');
}

const storeFile = () => join(dataDir, 'store', 'store.mdb');

describe('a store that cannot be used is told in a line, and not touched', () => {
  beforeEach(async () => {
    const cluster = await start();
    await cluster.kubectl.ok('create configmap kept');
    await cluster.interrupt();
  });

  async function refusedAsItIs(why: RegExp, hint: RegExp): Promise<void> {
    const before = readFileSync(storeFile());
    refused(await up(), why, hint);
    expect(readFileSync(storeFile()).equals(before)).toBe(true);
  }

  test('of a newer format', async () => {
    const store = openLmdb<Buffer, string>({
      path: storeFile(),
      noSubdir: true,
      encoding: 'binary',
      overlappingSync: false,
    });
    await store.openDB({ name: 'meta', encoding: 'binary' }).put('format', Buffer.from('9'));
    await store.close();
    await refusedAsItIs(
      /it has format 9, and this version of k8ts knows formats up to 1/,
      /hint: .*not changed/,
    );
  });

  test('cut off, or something else', async () => {
    const whole = readFileSync(storeFile());
    writeFileSync(storeFile(), whole.subarray(0, whole.length / 4));
    await refusedAsItIs(/damaged|CORRUPTED/, /hint: .*k8ts snapshot restore/);
    writeFileSync(storeFile(), 'x'.repeat(100_000));
    await refusedAsItIs(/is damaged, or not a store/, /hint: .*k8ts snapshot restore/);
    writeFileSync(
      storeFile(),
      whole.toString('latin1').replaceAll('"name":"kept"', '"name":"left"'),
      'latin1',
    );
    await refusedAsItIs(/damaged: the record of revision \d+ is broken/, /hint: .*k8ts snapshot restore/);
    writeFileSync(storeFile(), whole);
    const cluster = await start();
    await cluster.kubectl.ok('get configmap kept');
  });

  test.skipIf(!isRoot)(
    `on a file system that cannot be written${isRoot ? '' : ' (needs root to make one)'}`,
    async () => {
      // In a mount namespace of its own, which goes with the process.
      const script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"';
      const args = ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', dataDir, process.execPath];
      refused(
        await runToEnd('unshare', [...args, ...upArgs()]),
        /EROFS|Read-only/,
        /hint: .*must be writable/,
      );
    },
  );

  test.skipIf(!isRoot)(`of another user${isRoot ? '' : ' (needs root to be two users)'}`, async () => {
    chmodSync(dir, 0o755);
    for (const path of [dataDir, join(dataDir, 'store')]) chmodSync(path, 0o555);
    chmodSync(storeFile(), 0o444);
    const args = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
    refused(
      await runToEnd('setpriv', [...args, ...upArgs()]),
      /EACCES|Permission denied/,
      /hint: .*must be writable/,
    );
  });
});

test('how much of the past is kept is said when the cluster is started', async () => {
  const wrong = await runToEnd(process.execPath, [...upArgs(), '--history', 'long']);
  expect(wrong.stderr).toContain('must be a time such as');
  const cluster = await start({ args: ['--history', '1s', '--history-size', '1Mi'] });
  await cluster.kubectl.ok('create configmap one');
  const path = '/api/v1/namespaces/default/configmaps';
  const { metadata } = JSON.parse(await cluster.kubectl.ok(`get --raw ${path}`));
  await cluster.kubectl.ok('create configmap two');
  const query = `resourceVersionMatch=Exact&resourceVersion=${metadata.resourceVersion}`;
  const gone = await eventually(async () => {
    const asked = await cluster.kubectl.run(['get', '--raw', `${path}?${query}`]);
    return asked.code === 0 ? undefined : asked;
  });
  expect(gone.stderr).toMatch(/too old|Expired|Gone/);
});

describe.skipIf(!isRoot)(`a full disk${isRoot ? '' : ' (needs root to make a small one)'}`, () => {
  beforeEach(async () => {
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', dir]).status).toBe(0);
  });
  afterEach(() => {
    expect(spawnSync('umount', ['-l', dir]).status).toBe(0);
  });

  test('fails writes with an error, lets reads go on, loses nothing, and is over once there is room', async () => {
    writeFileSync(join(dir, 'ballast'), Buffer.alloc(8 << 20));
    const cluster = await start();
    const manifest = join(tmpdir(), `k8ts-full-${process.pid}.json`);
    writeFileSync(manifest, 'x'.repeat(900_000));
    const made: string[] = [];
    const create = (name: string) =>
      cluster.kubectl.run(`create configmap ${name} --from-file text=${manifest} --validate=false`);
    try {
      let failed: Ended | undefined;
      for (let i = 0; !failed; i++) {
        const { code, ...ended } = await create(`c-${i}`);
        if (code === 0) made.push(`configmap/c-${i}`);
        else failed = { code, ...ended };
      }
      expect(failed.stderr).toMatch(/could not be made durable: the disk of .* is full/);
      expect(made.length).toBeGreaterThan(2);
      const names = async () =>
        (await cluster.kubectl.ok('get configmaps -n default -o name'))
          .split('\n')
          .filter((n) => n.includes('/c-'));
      expect(await names()).toEqual([...made].sort());
      rmSync(join(dir, 'ballast'));
      await eventually(async () => ((await create('afterwards')).code === 0 ? true : undefined));
      made.push('configmap/afterwards');
      await cluster.interrupt();
      started.pop();
      const again = await start();
      const kept = (await again.kubectl.ok('get configmaps -n default -o name')).split('\n');
      expect(kept).toEqual(expect.arrayContaining(made));
      await again.kubectl.ok('create configmap small');
    } finally {
      rmSync(manifest);
    }
  });

  test('is told before anything is started', async () => {
    const size = 24 << 20;
    const fill = spawnSync('dd', [
      'if=/dev/zero',
      `of=${join(dir, 'ballast')}`,
      'bs=4096',
      `count=${size / 4096 + 1}`,
    ]);
    expect(fill.status).not.toBe(0);
    const { code, stderr } = await up();
    expect(code).toBe(1);
    expect(stderr).toMatch(/ENOSPC|No space left/);
    expect(stderr).not.toContain('    at ');
  });
});
