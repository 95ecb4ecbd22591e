import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { root } from './support/clients.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { Running, runToEnd } from './support/commands.ts';

const started: E2eCluster[] = [];
const start = async (...options: Parameters<typeof startE2eCluster>) => {
  const cluster = await startE2eCluster(...options);
  started.push(cluster);
  return cluster;
};
const k8ts = (...args: string[]) => runToEnd(process.execPath, [join(root, 'bin', 'k8ts'), ...args]);

afterEach(async () => {
  for (const cluster of started.splice(0)) await cluster.stop();
});

test('up says once that it is ready, as the last line on standard output', async () => {
  const cluster = await start();
  expect(cluster.process.stdout).toMatch(
    /^ready https:\/\/127\.0\.0\.1:\d+ kubeconfig=\S+ nodes=0\/0 in \d+\.\d\d s\n$/,
  );
  expect(statSync(cluster.kubeconfig).mode & 0o777).toBe(0o600);
  const ended = await cluster.interrupt();
  expect(ended).toMatchObject({ code: 0 });
  expect(existsSync(join(cluster.dataDir, 'state.json'))).toBe(false);
});

test('what was stored is there after the next start, Ctrl-C or kill', async () => {
  const first = await start();
  const { dataDir } = first;
  await first.kubectl.ok('create configmap one');
  await first.interrupt();
  const second = await start({ dataDir });
  await second.kubectl.ok('get configmap one');
  await second.kubectl.ok('create configmap two');
  second.process.child.kill('SIGKILL');
  await second.process.ended;
  const third = await start({ dataDir });
  expect(await third.kubectl.ok('get configmaps -n default -o name')).toContain(
    'configmap/one\nconfigmap/two',
  );
});

test('status, a second up in the same place, down', async () => {
  const cluster = await start({ nodes: 2 });
  const status = await cluster.k8ts('status');
  expect(status.code).toBe(0);
  expect(status.stdout).toContain(cluster.url);
  expect(status.stdout).toMatch(/node-1/);
  const second = await cluster.k8ts('up', '--nodes', '0', '--port', '0');
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`a cluster already runs in ${cluster.dataDir}`);
  expect((await cluster.k8ts('down')).code).toBe(0);
  expect((await cluster.process.ended).code).toBe(0);
  const after = await cluster.k8ts('status');
  expect(after.code).not.toBe(0);
});

test('in the background, with a kubeconfig of choice and nothing on disk', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
  const kubeconfig = join(dataDir, 'elsewhere');
  const flags = ['--nodes', '0', '--store', 'memory', '--port', '0', '--data-dir', dataDir];
  try {
    const up = await k8ts('up', ...flags, '--kubeconfig', kubeconfig, '--detach');
    expect(up.stdout).toMatch(/^ready .* kubeconfig=\S+elsewhere nodes=0\/0 /m);
    expect(existsSync(kubeconfig)).toBe(true);
    expect(existsSync(join(dataDir, 'store'))).toBe(false);
  } finally {
    expect((await k8ts('down', '--data-dir', dataDir)).code).toBe(0);
    rmSync(dataDir, { recursive: true });
  }
});

test('a hang-up ends it as Ctrl-C does, unless it was started to outlive its terminal', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
  const program = join(root, 'bin', 'k8ts');
  const flags = ['up', '--nodes', '0', '--port', '0', '--data-dir', dataDir];
  try {
    const usual = new Running(program, flags);
    await usual.shows(/^ready /m);
    expect(await usual.stop('SIGHUP')).toMatchObject({ code: 0 });
    const lasting = new Running('nohup', [program, ...flags]);
    await lasting.shows(/^ready /m);
    lasting.child.kill('SIGHUP');
    expect((await k8ts('status', '--data-dir', dataDir)).code).toBe(0);
    const ended = await lasting.stop('SIGTERM');
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain('stopping (SIGTERM)');
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

test('a port that is taken, and options that make no sense, are told as such', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
  try {
    const refused = await k8ts('up', '--nodes', '0', '--data-dir', dataDir, '--port', String(port));
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`port ${port} is taken`);
    expect(refused.stderr).not.toContain('    at ');
    expect((await k8ts('up', '--nodes', 'many', '--data-dir', dataDir)).stderr).toContain(
      'must be a whole number',
    );
    const many = await k8ts('up', '--nodes', '251', '--data-dir', dataDir);
    expect(many.stderr).toContain('--runtime simulated there can be up to 5000');
    const misplaced = await k8ts('down', '--data-dir', join(root, 'package.json', 'x'));
    expect(misplaced.stderr).toMatch(/^error: ENOTDIR: .*\nhint: {2}choose a path below a directory\n$/);
    expect((await k8ts('sideways')).stderr).toContain("unknown command 'sideways'");
  } finally {
    taken.close();
    rmSync(dataDir, { recursive: true });
  }
});

test('the scheduler decides as its configuration says, and what is wrong with that is told', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
  const file = join(dataDir, 'scheduler.yaml');
  const configure = (text: string) =>
    writeFileSync(
      file,
      `apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n${text}\n`,
    );
  const refused = async (path = file) => {
    const up = await k8ts(
      'up',
      '--nodes',
      '0',
      '--port',
      '0',
      '--data-dir',
      dataDir,
      '--scheduler-config',
      path,
    );
    expect(up).toMatchObject({ code: 1, stdout: '' });
    return up.stderr.trim().split('\n').at(-1)?.replace(dataDir, '');
  };
  const unusable = 'error: the scheduler configuration /scheduler.yaml cannot be used: ';
  try {
    expect(await refused(join(dataDir, 'none'))).toMatch(/^error: .*\/none cannot be used: ENOENT: /);
    configure('profiles: {');
    expect(await refused()).toContain(unusable);
    configure('profiles: [{ schedulerNames: packed }]');
    expect(await refused()).toContain(`${unusable}profiles[0]`);
    configure('profiles: [{ plugins: { multiPoint: { enabled: [{ name: Quiet }] } } }]');
    expect(await refused()).toBe(`${unusable}default-scheduler: plugin "Quiet" does not exist`);
    configure(`profiles:
- schedulerName: default-scheduler
- schedulerName: packed
  plugins: { multiPoint: { disabled: [{ name: NodeResourcesBalancedAllocation }, { name: PodTopologySpread }] } }
  pluginConfig:
  - { name: NodeResourcesFit, args: { scoringStrategy: { type: MostAllocated } } }`);
    const { kubectl } = await start({ dataDir, nodes: 3, args: ['--scheduler-config', file] });
    const requests = { cpu: '100m', memory: '64Mi' };
    const container = { name: 'c', image: 'web:1', resources: { requests } };
    for (const name of ['a', 'b', 'c', 'd']) {
      await kubectl.apply({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default' },
        spec: { schedulerName: 'packed', containers: [container] },
      });
      await kubectl.ok(`wait -n default pod/${name} --for=condition=PodScheduled --timeout=30s`);
    }
    const nodes = await kubectl.ok(`get pods -n default -o jsonpath={.items[*].spec.nodeName}`);
    expect(new Set(nodes.split(' ')).size).toBe(1);
  } finally {
    for (const cluster of started.splice(0)) await cluster.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
