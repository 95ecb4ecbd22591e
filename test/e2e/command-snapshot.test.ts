import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from './support/clients.ts';
import { type E2eCluster, type E2eClusterOptions, startE2eCluster } from './support/cluster.ts';
import { type Ended, runToEnd } from './support/commands.ts';

const program = join(root, 'bin', 'k8ts');
const k8ts = (...args: string[]) => runToEnd(process.execPath, [program, ...args]);

let dir: string;
let file: string;
const started: E2eCluster[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
  file = join(dir, 'a.snapshot');
});
afterEach(async () => {
  for (const cluster of started.splice(0)) await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: E2eClusterOptions = {}): Promise<E2eCluster> {
  const cluster = await startE2eCluster({ dataDir: join(dir, 'old'), ...options });
  started.push(cluster);
  return cluster;
}

function done(ended: Ended): string {
  expect(ended).toMatchObject({ code: 0 });
  return ended.stdout;
}

function refused(ended: Ended, why: string): void {
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain(why);
  expect(ended.stderr).not.toContain('unexpected');
}

const revisionOf = async (cluster: E2eCluster, name: string) =>
  Number(await cluster.kubectl.ok(`get configmap ${name} -o jsonpath={.metadata.resourceVersion}`));

test('a cluster is saved while it runs and goes on elsewhere; who knew it finds all that was saved, and no lies', async () => {
  const old = await start();
  await old.kubectl.ok('create configmap kept --from-literal a=1');
  const kept = await revisionOf(old, 'kept');
  await old.kubectl.ok('create configmap kept-then-gone');
  const said = done(await old.k8ts('snapshot', 'save', file));
  expect(said).toMatch(/^saved \S+a\.snapshot revision=\d+ objects=\d+ bytes=\d+\n$/);
  await old.kubectl.ok('delete configmap kept-then-gone');
  await old.kubectl.ok('create configmap lost');
  const lost = await revisionOf(old, 'lost');
  await old.interrupt();

  const dataDir = join(dir, 'new');
  const restored = done(await k8ts('snapshot', 'restore', file, '--data-dir', dataDir));
  expect(restored).toMatch(/^restored \S+new revision=1\d{9} of=\d+\n$/);
  const cluster = await start({ dataDir });
  // The administrator of old, whose kubeconfig was not in the snapshot.
  const kubectl = cluster.kubectl.with({ kubeconfig: old.kubeconfig });
  const at = `--server ${cluster.url}`;
  expect(await kubectl.ok(`get configmaps -n default -o name ${at}`)).toBe(
    'configmap/kept\nconfigmap/kept-then-gone\nconfigmap/kube-root-ca.crt',
  );
  expect(await revisionOf(cluster, 'kept')).toBe(kept);
  const path = '/api/v1/namespaces/default/configmaps';
  const raw = (query: string) => kubectl.run(`get --raw ${path}?${query} ${at}`);
  // Whoever goes on from a revision that the snapshot does not know must begin anew.
  for (const query of [
    `watch=1&resourceVersion=${lost}`,
    `resourceVersionMatch=Exact&resourceVersion=${lost}`,
  ]) {
    const { stdout, stderr } = await raw(query);
    expect(stdout + stderr).toMatch(/Expired|too old resource version|Gone/);
  }
  expect(done(await raw(`resourceVersionMatch=Exact&resourceVersion=${kept}`))).not.toContain(
    'kept-then-gone',
  );
  await kubectl.ok(`create configmap newer ${at}`);
  expect(await revisionOf(cluster, 'newer')).toBeGreaterThan(lost + 1_000_000);
});

test('a cluster that does not run is saved too, and put back in its place', async () => {
  const first = await start();
  await first.kubectl.ok('create configmap one');
  await first.interrupt();
  const dataDir = join(dir, 'old');
  done(await k8ts('snapshot', 'save', file, '--data-dir', dataDir));
  const second = await start();
  await second.kubectl.ok('delete configmap one');
  refused(await second.k8ts('snapshot', 'restore', file), 'a cluster runs in');
  await second.interrupt();
  refused(await k8ts('snapshot', 'restore', file, '--data-dir', dataDir), 'is not empty');
  done(await k8ts('snapshot', 'restore', file, '--data-dir', dataDir, '--replace'));
  expect(readdirSync(dataDir).filter((name) => name.startsWith('replaced-'))).toHaveLength(1);
  expect(existsSync(join(dataDir, '.restoring'))).toBe(false);
  const third = await start();
  await third.kubectl.ok('get configmap one');
});

test('inspect says what is in a snapshot, to people and to programs', async () => {
  const cluster = await start();
  for (const name of ['one', 'two']) await cluster.kubectl.ok(`create configmap ${name}`);
  done(await cluster.k8ts('snapshot', 'save', file));
  const told = done(await k8ts('snapshot', 'inspect', file));
  expect(told).toMatch(/^checksum\s+ok/m);
  expect(told).toMatch(/^keys\s+included/m);
  expect(told).toMatch(/^configmaps\s+\d+\s+\d+$/m);
  const json = JSON.parse(done(await k8ts('snapshot', 'inspect', file, '-o', 'json')));
  expect(json).toMatchObject({ checksum: 'ok', format: 1, hasKeys: true, backend: 'embedded' });
  expect(json.objects).toBeGreaterThan(100);
  const bare = join(dir, 'bare.snapshot');
  done(await cluster.k8ts('snapshot', 'save', bare, '--without-keys', '--without-history'));
  const less = JSON.parse(done(await k8ts('snapshot', 'inspect', bare, '-o', 'json')));
  expect(less).toMatchObject({ hasKeys: false, olderVersions: 0, objects: json.objects });
  const dataDir = join(dir, 'new');
  const restored = await k8ts('snapshot', 'restore', bare, '--data-dir', dataDir);
  expect(restored.stderr).toContain('the snapshot holds no keys');
});

describe('what cannot be done is said in a line, and changes nothing', () => {
  test('a file that is no snapshot, or a part of one, or was changed', async () => {
    const cluster = await start();
    done(await cluster.k8ts('snapshot', 'save', file));
    const whole = readFileSync(file);
    const dataDir = join(dir, 'new');
    const changed = Buffer.from(whole);
    changed[whole.length >> 1] = (changed[whole.length >> 1] as number) ^ 1;
    const newer = Buffer.from(whole);
    newer[9] = 2;
    refused(await k8ts('snapshot', 'restore', file, '--data-dir', '/proc/none'), 'error: ENOENT');
    const cases: [Buffer, string][] = [
      [whole.subarray(0, whole.length - 1), 'it is cut off'],
      [changed, 'it is damaged: its checksum does not fit'],
      [newer, 'it has format 2, and this version of k8ts knows formats up to 1'],
      [readFileSync(cluster.kubeconfig), 'it is not a snapshot of k8ts'],
    ];
    for (const [content, why] of cases) {
      writeFileSync(file, content);
      refused(await k8ts('snapshot', 'restore', file, '--data-dir', dataDir), why);
      refused(await k8ts('snapshot', 'inspect', file), why);
    }
    refused(await k8ts('snapshot', 'inspect', join(dir, 'none')), 'ENOENT');
    expect(existsSync(dataDir)).toBe(false);
  });

  test('a place that has no cluster, one whose objects are gone, and a file that cannot be written', async () => {
    const nowhere = join(dir, 'nowhere');
    refused(await k8ts('snapshot', 'save', file, '--data-dir', nowhere), 'there is no store in');
    expect(existsSync(nowhere)).toBe(false);
    const cluster = await start();
    refused(await cluster.k8ts('snapshot', 'save', join(dir, 'no', 'such', 'folder')), 'ENOENT');
    expect(readdirSync(dir)).toEqual(['old']);
  });

  test('a disk that fills up while the snapshot is written', async () => {
    const cluster = await start();
    writeFileSync(join(dir, 'big'), 'x'.repeat(900_000));
    await cluster.kubectl.ok(`create configmap big --from-file ${join(dir, 'big')}`);
    writeFileSync(file, 'of old');
    const limited = `trap '' XFSZ; ulimit -f 500; exec "$0" "$@"`;
    const args = [process.execPath, program, 'snapshot', 'save', file, '--data-dir', cluster.dataDir];
    refused(await runToEnd('bash', ['-c', limited, ...args]), 'no snapshot was made: EFBIG');
    expect(readFileSync(file, 'utf8')).toBe('of old');
    expect(readdirSync(dir).sort()).toEqual(['a.snapshot', 'big', 'old']);
    await cluster.kubectl.ok('create configmap still-works');
  });

  test('a restore that was broken off', async () => {
    const cluster = await start();
    done(await cluster.k8ts('snapshot', 'save', file));
    const dataDir = join(dir, 'new');
    const unfinished = join(dataDir, '.restoring', 'store');
    done(await runToEnd('mkdir', ['-p', unfinished]));
    refused(
      await k8ts('up', '--nodes', '0', '--port', '0', '--data-dir', dataDir),
      'and that was not finished',
    );
    done(await k8ts('snapshot', 'restore', file, '--data-dir', dataDir));
    const restored = await start({ dataDir });
    await restored.kubectl.ok('get namespace default');
  });
});
