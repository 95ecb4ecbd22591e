import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { etcdPath, TestEtcd, whyNoEtcd } from '../../src/store/etcd/test-etcd.ts';
import { root } from './support/clients.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { type Ended, Running, runToEnd } from './support/commands.ts';

const program = join(root, 'bin', 'k8ts');

let etcd: TestEtcd;
let dir: string;
const started: E2eCluster[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
});
afterEach(async () => {
  for (const cluster of started.splice(0)) await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(dataDir: string, ...args: string[]): Promise<E2eCluster> {
  const cluster = await startE2eCluster({ dataDir: join(dir, dataDir), args });
  started.push(cluster);
  return cluster;
}

const servers = () => ['--etcd-servers', etcd.endpoints.join(',')];

const migrate = (from: string, to: string, dataDir: string) =>
  runToEnd(process.execPath, [
    program,
    ...['migrate', '--from', from, '--to', to, '--data-dir', join(dir, dataDir), ...servers()],
  ]);

function done({ code, stdout, stderr }: Ended): string {
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

function refused(ended: Ended, why: string): void {
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain(why);
  expect(ended.stderr).not.toContain('unexpected');
}

const order = (cluster: E2eCluster) =>
  cluster.kubectl.ok('get configmaps,serviceaccounts -n default -o name --sort-by=.metadata.resourceVersion');

async function fill(cluster: E2eCluster, count: number): Promise<void> {
  const items = Array.from({ length: count }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `c-${(i * 7919) % count}` },
    data: { number: String(i) },
  }));
  await cluster.kubectl.ok(['create', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  });
}

describe.skipIf(!etcdPath)(`with a real etcd${whyNoEtcd}`, () => {
  beforeAll(async () => {
    etcd = await TestEtcd.start();
  });
  beforeEach(async () => {
    await etcd.etcdctl('del', '', '--prefix');
  });
  afterAll(() => etcd.stop());

  test('a cluster moves to etcd and back, and takes everything along', async () => {
    const first = await start('a');
    await fill(first, 50);
    await first.kubectl.ok('create serviceaccount somebody');
    await first.kubectl.ok('label configmap c-0 written=again');
    const before = await order(first);
    refused(await migrate('embedded', 'etcd', 'a'), 'a cluster runs in');
    await first.interrupt();
    expect(done(await migrate('embedded', 'etcd', 'a'))).toMatch(
      /^migrated \d+ objects from embedded to etcd in [\d.]+ s; compared, sha256 [0-9a-f]{64}\n$/,
    );
    refused(await migrate('embedded', 'etcd', 'a'), 'the target is not empty');
    const second = await start('a', '--store', 'etcd', ...servers());
    expect(await order(second)).toBe(before);
    await second.kubectl.ok('create configmap made-on-etcd');
    const revision = await second.kubectl.ok(
      'get configmap made-on-etcd -o jsonpath={.metadata.resourceVersion}',
    );
    const then = await order(second);
    await second.interrupt();
    // Elsewhere, with the keys that the cluster had.
    cpSync(join(dir, 'a', 'pki'), join(dir, 'b', 'pki'), { recursive: true });
    done(await migrate('etcd', 'embedded', 'b'));
    const third = await start('b');
    expect(await order(third)).toBe(then);
    expect(
      Number(await third.kubectl.ok('get configmap made-on-etcd -o jsonpath={.metadata.resourceVersion}')),
    ).toBeGreaterThan(Number(revision));
  });

  test('one that was killed halfway is no cluster yet, and goes on where it was', async () => {
    const first = await start('a');
    await fill(first, 400);
    await first.interrupt();
    const args = [
      'migrate',
      '--from',
      'embedded',
      '--to',
      'etcd',
      '--data-dir',
      join(dir, 'a'),
      ...servers(),
    ];
    const running = new Running(process.execPath, [program, ...args]);
    const count = async () =>
      (await etcd.etcdctl('get', '/registry/', '--prefix', '--keys-only')).split('/registry/').length - 1;
    while ((await count()) < 20);
    await running.stop('SIGKILL');
    const copied = await count();
    refused(
      await runToEnd(process.execPath, [
        program,
        ...[
          'up',
          '--nodes',
          '0',
          '--port',
          '0',
          '--data-dir',
          join(dir, 'a'),
          '--store',
          'etcd',
          ...servers(),
        ],
      ]),
      'was begun and not finished',
    );
    const again = await migrate('embedded', 'etcd', 'a');
    expect(done(again)).toContain('compared');
    expect(again.stderr).toMatch(/^\d+ of them were there from an earlier attempt$/m);
    expect(copied).toBeGreaterThan(0);
    const second = await start('a', '--store', 'etcd', ...servers());
    expect((await order(second)).match(/configmap\/c-/g)).toHaveLength(400);
  });

  test('what cannot be done is said', async () => {
    refused(await migrate('embedded', 'etcd', 'nowhere'), 'there is no store in');
    expect(existsSync(join(dir, 'nowhere'))).toBe(false);
    refused(await migrate('etcd', 'etcd', 'a'), 'there is nothing to do from etcd to etcd');
    const noServers = [
      program,
      'migrate',
      '--from',
      'etcd',
      '--to',
      'embedded',
      '--data-dir',
      join(dir, 'a'),
    ];
    refused(await runToEnd(process.execPath, noServers), '--etcd-servers');
    const first = await start('a');
    await first.interrupt();
    await etcd.etcdctl('put', '/registry/mine', '1');
    refused(await migrate('embedded', 'etcd', 'a'), 'the target is not empty: it has /registry/mine');
    refused(await migrate('etcd', 'embedded', 'a'), 'the target is not empty');
  });
});
