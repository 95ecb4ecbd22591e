import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import type { CommandClient } from './support/kubectl.ts';

let cluster: E2eCluster;
let kubectl: CommandClient;
let ns: string;

const pod = (name: string, annotations: Record<string, string> = {}, containers = ['main']) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, annotations, labels: { app: name } },
  spec: {
    containers: containers.map((container) => ({ name: container, image: 'app' })),
    terminationGracePeriodSeconds: 1,
  },
});
const told = (name: string) => `simulated.k8ts.dev/${name}`;

beforeAll(async () => {
  cluster = await startE2eCluster({ nodes: 1, threads: true });
  ({ kubectl, ns } = await cluster.namespace());
  const two = { [told('logs.side')]: 'aside', 'kubectl.kubernetes.io/default-container': 'side' };
  const items = [
    pod('web', { [told('logs')]: 'one\ntwo' }),
    pod('two', two, ['main', 'side']),
    pod('again', { [told('logs')]: 'run', [told('exit-after')]: '1s', [told('exit-code')]: '3' }),
    { ...pod('stuck', { [told('pull-error')]: 'no such image' }) },
  ];
  await kubectl.apply({ apiVersion: 'v1', kind: 'List', items });
  await kubectl.ok('wait pod/web pod/two --for=condition=Ready --timeout=60s');
});
afterAll(() => cluster?.stop());

const viaSpdy = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' };

describe.each([
  ['WebSockets', {}, 'Internal error occurred: unable to upgrade connection: '],
  ['SPDY', viaSpdy, 'unable to upgrade connection: '],
])('commands over %s', (_name, env: Record<string, string>, refused) => {
  test('print, fail and read', async () => {
    expect(await kubectl.ok('exec web -- echo hello', { env })).toBe('hello');
    expect(await kubectl.ok('exec -i web -- cat', { env, input: 'given\n' })).toBe('given');
    const failed = await kubectl.run(['exec', 'web', '--', 'sh', '-c', 'echo out; exit 7'], { env });
    expect(failed).toMatchObject({
      code: 7,
      stdout: 'out\n',
      stderr: 'command terminated with exit code 7\n',
    });
    const missing = await kubectl.run('exec web -- psql', { env });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('exec: "psql": executable file not found in $PATH');
  });

  test('choose a container', async () => {
    expect(await kubectl.ok('exec two -c main -- hostname', { env })).toBe('two');
    expect(await kubectl.ok('exec two -- true', { env })).toBe('');
    expect(await kubectl.fails('exec stuck -- true', { env })).toBe(
      `error: ${refused}container not found ("main")`,
    );
    expect(await kubectl.fails('attach stuck --quiet', { env })).toBe(
      `error: ${refused}container main not found in pod stuck_${ns}`,
    );
  });

  test('have a terminal', async () => {
    const terminal = kubectl.startOnTerminal('exec -it web -- sh', { env });
    await terminal.shows(/\/ # /);
    terminal.write('echo six\r');
    await terminal.shows(/six\r\nsix\r\n/);
    terminal.write('exit 6\r');
    expect((await terminal.ended).code).toBe(6);
  });

  test('carry much both ways', async () => {
    const input = Buffer.alloc(4 << 20, '0123456789abcde\n');
    expect((await kubectl.ok('exec -i web -- cat', { env, input })).length).toBe(input.length - 1);
  });

  test('copy files in and out', async () => {
    const dir = mkdtempSync(join(cluster.home, 'cp-'));
    writeFileSync(join(dir, 'file'), 'content');
    await kubectl.ok(`cp ${join(dir, 'file')} web:/tmp/copied`, { env });
    expect(await kubectl.ok('exec web -- cat /tmp/copied', { env })).toBe('content');
    await kubectl.ok(`cp web:/tmp/copied ${join(dir, 'back')}`, { env });
    expect(readFileSync(join(dir, 'back'), 'utf8')).toBe('content');
    const none = await kubectl.run(`cp web:/tmp/none ${join(dir, 'none')}`, { env });
    expect(`${none.stdout}${none.stderr}`).toContain('No such file or directory');
    expect(none.code).toBe(1);
  });

  test('attach until the container ends', async () => {
    const name = `brief${env === viaSpdy ? '-spdy' : ''}`;
    await kubectl.apply({
      ...pod(name, { [told('exit-after')]: '10s' }),
      spec: { ...pod(name).spec, restartPolicy: 'Never' },
    });
    await kubectl.ok(`wait pod/${name} --for=condition=Ready --timeout=60s`);
    expect((await kubectl.run(`attach ${name}`, { env })).code).toBe(0);
    expect(await kubectl.fails(`attach ${name}`, { env })).toContain(
      'cannot attach a container in a completed pod',
    );
  });

  test('forward ports, and say that nothing listens', async () => {
    const forward = kubectl.start('port-forward web :80 :81', { env });
    const said = await forward.shows(/(Forwarding from 127\.0\.0\.1:\d+ -> \d+[^]*){2}/);
    const ports = [...said.matchAll(/127\.0\.0\.1:(\d+) -> (\d+)/g)];
    expect(ports.map(([, , to]) => to)).toEqual(['80', '81']);
    for (const [, port] of ports)
      connect(Number(port), '127.0.0.1')
        .on('error', () => {})
        .end('x');
    // kubectl gives up the whole connection at the first error.
    await forward.shows(/nothing listens on port 8[01] of a simulated pod/);
    await forward.stop();
  });
});

describe('logs', () => {
  test('of one container, of the one that is the default, of all', async () => {
    expect(await kubectl.ok('logs web')).toBe('one\ntwo');
    expect(await kubectl.ok('logs two')).toBe('aside');
    expect(await kubectl.ok('logs two --all-containers --prefix')).toBe('[pod/two/side] aside');
    expect(await kubectl.ok('logs web --tail=1')).toBe('two');
    expect(await kubectl.ok('logs web --since-time=2999-01-01T00:00:00Z')).toBe('');
    expect(await kubectl.ok('logs web --timestamps --tail=1')).toMatch(/^\d{4}-\S+Z two$/);
    expect(await kubectl.ok('logs web --limit-bytes=5')).toBe('one\nt');
    expect(await kubectl.ok('logs web --insecure-skip-tls-verify-backend')).toBe('one\ntwo');
    const raw = (query: string) => kubectl.fails(['get', '--raw', `/api/v1/namespaces/${ns}/pods/${query}`]);
    expect(await raw('two/log')).toBe(
      'Error from server (BadRequest): a container name must be specified for pod two, choose one of: [main side]',
    );
  });

  test('that are not there yet', async () => {
    // Which of the two depends on whether the kubelet has just tried again.
    const why =
      /container "main" in pod "stuck" is waiting to start: (image can't be pulled|trying and failing to pull image)$/;
    expect(await eventually(async () => why.exec(await kubectl.fails('logs stuck'))?.[0])).toMatch(why);
    expect(await kubectl.fails('logs web --previous')).toBe(
      'Error from server (BadRequest): previous terminated container "main" in pod "web" not found',
    );
  });

  test('of a run before this one', async () => {
    expect(await eventually(() => kubectl.ok('logs again --previous'))).toBe('run');
    const follow = await kubectl.run('logs again -f', { timeoutMs: 60_000 });
    expect(follow).toMatchObject({ code: 0, stdout: 'run\n' });
  });

  test('of a pod whose node is gone', async () => {
    await kubectl.apply({ ...pod('lost'), spec: { ...pod('lost').spec, nodeName: 'nowhere' } });
    expect(await kubectl.fails('logs lost')).toBe('Error from server (NotFound): nodes "nowhere" not found');
    await kubectl.ok('delete pod lost --force --grace-period=0');
  });
});

test('a debug container can be added and entered', async () => {
  await kubectl.ok('debug web --image=tools --container=dbg -- sleep 1h');
  const running = '--for=jsonpath={.status.ephemeralContainerStatuses[0].state.running.startedAt}';
  await kubectl.ok(['wait', 'pod/web', running, '--timeout=60s']);
  expect(await kubectl.ok('exec web -c dbg -- echo inside')).toBe('inside');
});

test('a pod is run for as long as it is attached to', async () => {
  const annotations = `--annotations=${told('exit-after')}=5s`;
  const ended = await kubectl.run([
    'run',
    'once',
    '-i',
    '--rm',
    '--restart=Never',
    '--image=app',
    annotations,
  ]);
  expect(ended.code).toBe(0);
  expect(ended.stdout).toContain('pod "once" deleted');
});

test('proxies say what cannot be reached', async () => {
  const raw = (path: string) => kubectl.fails(['get', '--raw', `/api/v1/namespaces/${ns}/${path}`]);
  expect(await raw('pods/web/proxy/')).toMatch(/nothing listens on port 80 of a simulated pod/);
  await kubectl.ok('create service clusterip none --tcp=80');
  expect(await raw('services/none:80/proxy/')).toBe(
    'Error from server (ServiceUnavailable): no endpoints available for service "none"',
  );
});

test('an evicted pod says why it goes', async () => {
  await kubectl.apply(pod('evicted', { [told('stop-after')]: '30s' }));
  await kubectl.ok('wait pod/evicted --for=condition=Ready --timeout=60s');
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'evicted' } };
  const path = `/api/v1/namespaces/${ns}/pods/evicted/eviction`;
  const options = { ...body, deleteOptions: { gracePeriodSeconds: 20 } };
  await kubectl.ok(['create', '--raw', path, '-f', '-'], { input: JSON.stringify(options) });
  const { status, metadata } = await kubectl.json('get pod evicted');
  expect(metadata.deletionTimestamp).toBeDefined();
  expect(status.conditions).toContainEqual(
    expect.objectContaining({ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }),
  );
  await kubectl.ok('delete pod evicted --force --grace-period=0');
});
