import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { CommandClient } from '../../e2e/support/kubectl.ts';
import { type ConformanceCluster, eventually, startConformanceCluster } from '../support/cluster.ts';
import { type Kubectl, kubectlFor } from '../support/kubectl.ts';
import { testsOf } from '../support/lines.ts';
import { controller, deployment, pod } from '../support/objects.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let client: Kubectl;

beforeAll(async () => {
  cluster = await startConformanceCluster({ nodes: 1 });
  client = kubectlFor(cluster);
});
afterAll(async () => {
  client?.remove();
  await cluster?.stop();
});

/** kubectl in a namespace of its own. */
async function inNamespace(): Promise<{ ns: string; kubectl: CommandClient }> {
  const ns = await cluster.namespace();
  return { ns, kubectl: client.kubectl.with({ namespace: ns }) };
}

/** The primary of the guestbook: a ReplicationController, and its pods once they run. */
async function primary(kubectl: CommandClient, replicas = 1): Promise<string[]> {
  await kubectl.apply(controller('agnhost-primary', replicas));
  return runningPods(kubectl, replicas);
}

async function runningPods(kubectl: CommandClient, replicas: number): Promise<string[]> {
  return eventually(async () => {
    const names = await kubectl.ok([
      'get',
      'pods',
      '-l',
      'app=agnhost-primary',
      '-o',
      'go-template={{range .items}}{{if and (not .metadata.deletionTimestamp) (eq .status.phase "Running")}}{{.metadata.name}} {{end}}{{end}}',
    ]);
    const found = names.split(' ').filter(Boolean);
    return found.length === replicas && found;
  }, 30_000);
}

line('api-versions', async () => {
  expect((await client.kubectl.ok('api-versions')).split('\n')).toContain('v1');
});

line('cluster-info', async () => {
  const said = await client.kubectl.ok('cluster-info');
  expect(said).toContain(`Kubernetes control plane is running at ${cluster.url}`);
  expect(said).toMatch(/CoreDNS is running at|To further debug/);
});

line('describe', async () => {
  const { ns, kubectl } = await inNamespace();
  const [name = ''] = await primary(kubectl);
  await kubectl.ok('expose rc agnhost-primary --port=6379');
  const described = await kubectl.ok(`describe pod ${name}`);
  for (const [field, value] of [
    ['Name', name],
    ['Namespace', ns],
    ['Node', 'node-1/127\\.0\\.0\\.1'],
    ['Labels', 'app=agnhost-primary'],
    ['Status', 'Running'],
    ['IP', '10\\.244\\.'],
    ['Controlled By', 'ReplicationController/agnhost-primary'],
    ['Image', 'registry\\.test/main:1'],
    ['State', 'Running'],
    ['QoS Class', 'BestEffort'],
  ]) {
    expect(described).toMatch(new RegExp(`^ *${field}: +${value}`, 'm'));
  }
  const rc = await kubectl.ok('describe rc agnhost-primary');
  expect(rc).toMatch(
    /Replicas: +1 current \/ 1 desired\nPods Status: +1 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/,
  );
  expect(rc).toMatch(/Pod Template:\n +Labels: +app=agnhost-primary\n +Containers:\n +main:\n +Image: /);
  expect(rc).toMatch(/SuccessfulCreate .*replication-controller +Created pod: /);
  const service = await kubectl.ok('describe service agnhost-primary');
  expect(service).toMatch(/^Selector: +app=agnhost-primary\nType: +ClusterIP$/m);
  expect(service).toMatch(/^IP: +10\.\d+\.\d+\.\d+$/m);
  expect(service).toMatch(/^Endpoints: +10\.244\.\d+\.\d+:6379$/m);
  const node = await kubectl.ok('describe node node-1');
  for (const field of [
    'Name',
    'Labels',
    'CreationTimestamp',
    'Conditions',
    'Addresses',
    'Capacity',
    'System Info',
  ]) {
    expect(node).toMatch(new RegExp(`^${field}:`, 'm'));
  }
  expect(node).toMatch(new RegExp(`^ +${ns} +${name} `, 'm'));
  const namespace = await kubectl.ok(`describe namespace ${ns}`);
  expect(namespace).toMatch(new RegExp(`^Name: +${ns}\n[^]*^Status: +Active$`, 'm'));
});

line('diff', async () => {
  const { kubectl } = await inNamespace();
  const live = deployment('httpd', 1);
  await kubectl.apply(live);
  const wanted = JSON.stringify(live).replace('registry.test/main:1', 'registry.test/busybox:1');
  const { code, stdout } = await kubectl.run('diff -f -', { input: wanted });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^-\s+- image: registry\.test\/main:1$/m);
  expect(stdout).toMatch(/^\+\s+- image: registry\.test\/busybox:1$/m);
});

line('expose', async () => {
  const { kubectl } = await inNamespace();
  await primary(kubectl);
  await kubectl.ok('expose rc agnhost-primary --name=rm2 --port=1234 --target-port=6379');
  await kubectl.ok('expose service rm2 --name=rm3 --port=2345 --target-port=6379');
  for (const [name, port] of [
    ['rm2', 1234],
    ['rm3', 2345],
  ]) {
    expect((await kubectl.json(`get service ${name}`)).spec.ports).toMatchObject([
      { port, targetPort: 6379 },
    ]);
    const [{ subsets }] = await eventually(async () => {
      const { items } = await kubectl.json('get endpoints');
      const found = items.filter(
        (item: { metadata: { name: string }; subsets?: object }) => item.metadata.name === name,
      );
      return found[0]?.subsets && found;
    });
    expect(subsets).toMatchObject([{ addresses: [{}], ports: [{ port: 6379 }] }]);
  }
});

line('label', async () => {
  const { kubectl } = await inNamespace();
  await kubectl.apply(pod('pause'));
  expect(await kubectl.ok('label pods pause testing-label=testing-label-value')).toBe('pod/pause labeled');
  expect(await kubectl.ok('get pod -l testing-label=testing-label-value -o name')).toBe('pod/pause');
  expect(await kubectl.ok('get pod pause -L testing-label')).toContain('testing-label-value');
  expect(await kubectl.ok('label pods pause testing-label-')).toBe('pod/pause unlabeled');
  expect(await kubectl.ok('get pod pause -L testing-label')).not.toContain('testing-label-value');
});

line('patch', async () => {
  const { kubectl } = await inNamespace();
  const names = await primary(kubectl, 2);
  for (const name of names) {
    const patch = '{"metadata":{"annotations":{"x":"y"}}}';
    expect(await kubectl.ok(['patch', 'pod', name, '-p', patch])).toBe(`pod/${name} patched`);
  }
  const { items } = await kubectl.json('get pods -l app=agnhost-primary');
  expect(items.map((item: { metadata: { annotations: object } }) => item.metadata.annotations)).toEqual([
    { x: 'y' },
    { x: 'y' },
  ]);
});

line('replace', async () => {
  const { kubectl } = await inNamespace();
  await kubectl.ok('run httpd --image=registry.test/httpd:1 --labels=run=httpd');
  await kubectl.ok('wait pod/httpd --for=condition=Ready --timeout=30s');
  const live = JSON.stringify(await kubectl.json('get pod httpd'));
  const input = live.replaceAll('registry.test/httpd:1', 'registry.test/busybox:1');
  expect(await kubectl.ok('replace -f -', { input })).toBe('pod/httpd replaced');
  expect(await kubectl.ok('get pod httpd -o jsonpath={.spec.containers[*].image}')).toBe(
    'registry.test/busybox:1',
  );
});

line('run', async () => {
  const { kubectl } = await inNamespace();
  await kubectl.ok('run httpd --restart=Never --image=registry.test/httpd:1');
  const { spec } = await kubectl.json('get pod httpd');
  expect(spec).toMatchObject({
    restartPolicy: 'Never',
    containers: [{ name: 'httpd', image: 'registry.test/httpd:1' }],
  });
  expect(spec.containers).toHaveLength(1);
});

line('dry-run', async () => {
  const { kubectl } = await inNamespace();
  await kubectl.ok('run httpd --image=registry.test/httpd:1 --labels=run=httpd');
  const patch = '{"spec":{"containers":[{"name":"httpd","image":"registry.test/busybox:1"}]}}';
  expect(await kubectl.ok(['patch', 'pod', 'httpd', '-p', patch, '--dry-run=server'])).toContain(
    'pod/httpd patched',
  );
  expect(await kubectl.ok('get pod httpd -o jsonpath={.spec.containers[*].image}')).toBe(
    'registry.test/httpd:1',
  );
});

line('version', async () => {
  const { clientVersion, serverVersion } = await client.kubectl.json('version');
  for (const version of [clientVersion, serverVersion]) {
    expect(Object.keys(version)).toEqual(
      expect.arrayContaining([
        'major',
        'minor',
        'gitVersion',
        'gitCommit',
        'gitTreeState',
        'buildDate',
        'goVersion',
        'compiler',
        'platform',
      ]),
    );
  }
  expect(serverVersion).toMatchObject({ major: '1', minor: '36' });
});

/** What a server without TLS answers. */
function fetchJson(options: { socketPath: string } | { port: number }): Promise<{ versions: string[] }> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, path: '/api', host: '127.0.0.1' }, async (incoming) => {
      let text = '';
      for await (const chunk of incoming) text += chunk;
      resolve(JSON.parse(text));
    });
    sent.on('error', reject);
    sent.end();
  });
}

line('proxy-socket', async () => {
  const socketPath = join(client.home, 'proxy.sock');
  const proxy = client.kubectl.start(`proxy --unix-socket=${socketPath}`);
  await proxy.shows(/Starting to serve on/);
  await eventually(async () => existsSync(socketPath));
  expect((await fetchJson({ socketPath })).versions).toContain('v1');
  await proxy.stop();
});

line('proxy-port', async () => {
  const proxy = client.kubectl.start('proxy --port=0');
  const said = await proxy.shows(/Starting to serve on 127\.0\.0\.1:\d+/);
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
  expect((await fetchJson({ port })).versions).toContain('v1');
  await proxy.stop();
});

line('replication-controller', async () => {
  const { kubectl } = await inNamespace();
  expect(await primary(kubectl, 2)).toHaveLength(2);
});

line('scale', async () => {
  const { kubectl } = await inNamespace();
  await primary(kubectl, 2);
  for (const replicas of [1, 2]) {
    expect(await kubectl.ok(`scale rc agnhost-primary --replicas=${replicas} --timeout=1m`)).toBe(
      'replicationcontroller/agnhost-primary scaled',
    );
    await runningPods(kubectl, replicas);
  }
});

line('logs', async () => {
  const { kubectl } = await inNamespace();
  const said = Array.from({ length: 20 }, (_, i) => `line ${i} of the log`).join('\n');
  const talker = pod('talker');
  const annotations = { 'simulated.k8ts.dev/logs': `${said}\n` };
  await kubectl.apply({ ...talker, metadata: { ...talker.metadata, annotations } });
  await kubectl.ok('wait pod/talker --for=condition=Ready --timeout=30s');
  const logs = async (flags = '') => (await kubectl.run(`logs talker ${flags}`)).stdout;
  await eventually(async () => (await logs()).includes('line 19'));
  expect((await logs()).trimEnd()).toBe(said);
  expect(await logs('--tail=1')).toBe('line 19 of the log\n');
  expect(await logs('--limit-bytes=1')).toBe('l');
  const stamped = await logs('--tail=1 --timestamps');
  expect(stamped).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) line 19 of the log\n$/);
  const [time = ''] = stamped.split(' ');
  expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(120_000);
  // What was said once, at the start, is older than a second soon enough.
  await eventually(async () => (await logs('--since=1s')) === '');
  expect((await logs('--since=24h')).trimEnd()).toBe(said);
});
