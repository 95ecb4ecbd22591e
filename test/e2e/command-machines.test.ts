import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { kubectl36, root } from './support/clients.ts';
import { type Ended, Running, runToEnd } from './support/commands.ts';
import { CommandClient } from './support/kubectl.ts';

/** The commands of a cluster of several machines, each machine a process here. Nodes are simulated. */

const program = join(root, 'bin', 'k8ts');
const k8ts = (...args: string[]) => runToEnd(process.execPath, [program, ...args]);

let dir: string;
const running: Running[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-machines-'));
});
afterEach(async () => {
  for (const process of running.splice(0).reverse()) await process.stop('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

/** Starts a command that goes on, and gives what it says once it is ready. */
async function start(ready: RegExp, ...args: string[]): Promise<{ process: Running; said: string }> {
  const process_ = new Running(process.execPath, [program, ...args]);
  running.push(process_);
  await process_.shows(ready, 30_000);
  return { process: process_, said: ready.exec(process_.stdout)?.[1] ?? '' };
}

const place = (name: string) => join(dir, name);

const kubectlOn = (server: string) =>
  new CommandClient({ program: kubectl36(), kubeconfig: join(place(server), 'kubeconfig'), home: dir });

function refused(ended: Ended, why: string): void {
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain(why);
  expect(ended.stderr).not.toContain('unexpected');
}

test('two servers on one etcd, a node that joins with a token, and the loss of a server', async () => {
  const etcd = await start(
    /^ready (http:\S+)/m,
    ...['etcd', '--data-dir', place('etcd'), '--listen-client-urls', 'http://127.0.0.1:0'],
  );
  const server = (name: string, ...more: string[]) =>
    start(
      /^ready (https:\S+) /m,
      ...['server', '--store', 'etcd', '--etcd-servers', etcd.said, '--data-dir', place(name)],
      ...['--bind-address', '127.0.0.1', '--port', '0', ...more],
    );
  const first = await server('first');
  expect(first.process.stderr).toContain('k8ts agent --server');
  const serverToken = readFileSync(join(place('first'), 'server-token'), 'utf8').trim();
  refused(
    await k8ts(
      ...['server', '--store', 'etcd', '--etcd-servers', etcd.said, '--data-dir', place('wrong')],
      ...['--bind-address', '127.0.0.1', '--port', '0', '--token', 'not-the-token'],
    ),
    'token',
  );
  const onLoopback = ['--bind-address', '127.0.0.1', '--port', '0'];
  const joining = ['server', '--server', first.said, '--data-dir', place('second'), ...onLoopback];
  refused(await k8ts(...joining), '--token');
  const second = await start(/^ready (https:\S+) /m, ...joining, '--token', serverToken);

  const onFirst = kubectlOn('first');
  const onSecond = kubectlOn('second');
  await onFirst.ok('create configmap shared --from-literal a=1');
  expect(await onSecond.ok('get configmap shared -o jsonpath={.data.a}')).toBe('1');

  const created = await k8ts('token', 'create', '--data-dir', place('second'), '--description', 'for one');
  expect(created.stdout).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}\n$/);
  const agent = ['agent', '--server', `${first.said},${second.said}`, '--runtime', 'simulated'];
  const node = [...agent, '--node-name', 'one', '--data-dir', place('node')];
  const address = ['--node-ip', '127.0.0.2'];
  refused(await k8ts(...node, '--token', created.stdout.trim(), '--node-ip', '127.0.0.1'), '--node-ip');
  refused(await k8ts(...node, ...address, '--token', 'abcdef.0123456789abcdef'), 'token');
  await start(/^joined /m, ...node, ...address, '--token', created.stdout.trim());
  await onSecond.ok('wait node/one --for=condition=Ready --timeout=30s');
  const identities = 'get leases -n kube-system -l apiserver.kubernetes.io/identity=kube-apiserver -o name';
  expect((await onSecond.ok(identities)).trim().split('\n')).toHaveLength(2);

  first.process.child.kill('SIGKILL');
  await onSecond.ok('create deployment web --image registry.test/web:1 --replicas 3');
  await onSecond.ok('rollout status deployment/web --timeout=60s');
  expect(await onSecond.ok('get pods -l app=web -o jsonpath={.items[*].spec.nodeName}')).toBe('one one one');
});

test('a snapshot of a server that runs is a cluster that goes on', async () => {
  const one = ['--bind-address', '127.0.0.1', '--port', '0', '--data-dir'];
  const before = await start(/^ready (https:\S+) /m, 'server', ...one, place('before'));
  await kubectlOn('before').ok('create configmap kept');
  const file = place('a.snapshot');
  expect(await k8ts('snapshot', 'save', file, '--data-dir', place('before'))).toMatchObject({ code: 0 });
  refused(await k8ts('server', ...one, place('before')), 'already runs');
  await before.process.stop('SIGINT');
  expect(await k8ts('snapshot', 'restore', file, '--data-dir', place('after'))).toMatchObject({ code: 0 });
  const token = readFileSync(join(place('before'), 'server-token'), 'utf8').trim();
  await start(/^ready (https:\S+) /m, 'server', ...one, place('after'), '--token', token);
  await kubectlOn('after').ok('get configmap kept');
});
