import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterId } from '../../src/cluster/cluster-id.ts';
import { root } from './support/clients.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { eventually, Running } from './support/commands.ts';
import type { CommandClient } from './support/kubectl.ts';
import {
  answersItsName,
  ask,
  processesWith,
  shell,
  shellArchive,
  shellPod,
  tracesOf,
  whyNoRealNodes,
} from './support/real.ts';

const why = whyNoRealNodes();
let dataDir: string;
let cluster: E2eCluster;
let kubectl: CommandClient;

const example = join(root, 'examples', 'guestbook');
const start = (...args: string[]) => startE2eCluster({ nodes: 3, runtime: 'containerd', dataDir, args });
const state = () => JSON.parse(readFileSync(join(dataDir, 'state.json'), 'utf8'));
const nodeAddresses = () => state().nodes.map((node: { address: string }) => node.address) as string[];

/** Pods that wait only a second for a node that has gone. */
const impatient = ['not-ready', 'unreachable'].map((what) => ({
  key: `node.kubernetes.io/${what}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 1,
}));

interface PodSeen {
  metadata: { uid: string };
  status: { containerStatuses: { containerID: string; restartCount: number }[] };
}
const runOf = ({ containerID, restartCount }: { containerID: string; restartCount: number }) =>
  `${containerID} ${restartCount}`;

// One story: each test goes on where the one before has ended.
describe.skipIf(why)(`a cluster of real nodes${why ? ` (skipped: ${why})` : ''}`, () => {
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
    cluster = await start('--example', example);
    kubectl = cluster.kubectl.with({ namespace: 'default' });
    expect((await cluster.k8ts('image', 'load', await shellArchive())).code).toBe(0);
  });
  afterAll(() => cluster?.stop());

  test('the guestbook keeps what is written, on every node', async () => {
    const [first = ''] = nodeAddresses();
    const entry = `hello ${Date.now()}`;
    const body = new URLSearchParams({ entry });
    await ask(`http://${first}:30080/`, { method: 'POST', body, redirect: 'manual' });
    for (const address of nodeAddresses()) {
      const entries = await eventually(async () => {
        const all: string[] = JSON.parse(await ask(`http://${address}:30080/entries`));
        return all.length > 0 ? all : undefined;
      });
      expect(entries).toEqual([entry]);
      expect(await ask(`http://${address}:30080/`)).toContain(`<li>${entry}</li>`);
    }
  });

  test('every replica of a ReplicaSet and of a ReplicationController answers', async () => {
    for (const [apiVersion, kind] of [
      ['apps/v1', 'ReplicaSet'],
      ['v1', 'ReplicationController'],
    ] as const) {
      const name = kind.toLowerCase();
      const labels = { app: name };
      const selector = kind === 'ReplicaSet' ? { matchLabels: labels } : labels;
      const ready = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
      const containers = [shell(answersItsName(), { readinessProbe: ready })];
      const template = { metadata: { labels }, spec: { containers, terminationGracePeriodSeconds: 1 } };
      await kubectl.apply({
        apiVersion,
        kind,
        metadata: { name },
        spec: { replicas: 2, selector, template },
      });
    }
    for (const name of ['replicaset', 'replicationcontroller']) {
      await kubectl.ok(`wait ${name}/${name} --for=jsonpath={.status.readyReplicas}=2 --timeout=60s`);
      const { items } = await kubectl.json(`get pods -l app=${name}`);
      expect(items).toHaveLength(2);
      for (const { metadata } of items) {
        const path = `/api/v1/namespaces/default/pods/${metadata.name}:8080/proxy/`;
        expect((await kubectl.ok(['get', '--raw', path])).trim()).toBe(metadata.name);
      }
      await kubectl.ok(`delete ${name} ${name} --wait=false`);
    }
  });

  test('a pod reaches the API by its Service, with its own token and the authority it is given', async () => {
    const script = `
      const { readFileSync } = require('fs');
      const dir = '/var/run/secrets/kubernetes.io/serviceaccount/';
      const headers = { authorization: 'Bearer ' + readFileSync(dir + 'token') };
      require('https').get('https://kubernetes.default.svc/api/v1/namespaces/default/pods', { headers, ca: readFileSync(dir + 'ca.crt') },
        (answer) => { console.log(answer.statusCode); answer.pipe(process.stdout); });`;
    const said = await kubectl.ok(['exec', 'deployment/frontend', '--', 'node', '-e', script]);
    expect(said).toContain('403\n');
    expect(said).toContain(
      'pods is forbidden: User \\"system:serviceaccount:default:default\\" cannot list resource',
    );
  });

  test('k8ts status says that all is well', async () => {
    const { code, stdout } = await cluster.k8ts('status');
    expect(code).toBe(0);
    for (const node of ['node-1', 'node-2', 'node-3']) expect(stdout).toContain(node);
  });

  test('a container that is killed from outside is started again, under the same pod', async () => {
    const leader = async () => (await kubectl.json('get pods -l app=redis,role=leader')).items[0];
    const before = await leader();
    const id = before.status.containerStatuses[0].containerID.replace('containerd://', '');
    for (const pid of processesWith(id)) {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('redis')) process.kill(pid, 'SIGKILL');
    }
    await kubectl.ok(
      `wait pod/${before.metadata.name} --for=jsonpath={.status.containerStatuses[0].restartCount}=1 --timeout=30s`,
    );
    const after = await leader();
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.status.containerStatuses[0]).toMatchObject({ lastState: { terminated: { exitCode: 137 } } });
    await kubectl.ok(`wait pod/${before.metadata.name} --for=condition=Ready --timeout=30s`);
  });

  test('an agent that is killed is started again, and takes over the containers that run', async () => {
    const onNode = async () => {
      const { items } = await kubectl.json('get pods --field-selector spec.nodeName=node-2');
      return items.map((pod: PodSeen) => [pod.metadata.uid, ...pod.status.containerStatuses.map(runOf)]);
    };
    const before = await onNode();
    expect(before.length).toBeGreaterThan(0);
    for (const pid of processesWith(join(dataDir, 'nodes', 'node-2', 'agent.json')))
      process.kill(pid, 'SIGKILL');
    await kubectl.apply(
      shellPod('after', undefined, { spec: { nodeSelector: { 'kubernetes.io/hostname': 'node-2' } } }),
    );
    await kubectl.ok('wait pod/after --for=condition=Ready --timeout=60s');
    expect(await kubectl.ok('exec after -- hostname')).toBe('after');
    await kubectl.ok('delete pod after --now');
    expect(await onNode()).toEqual(before);
  });

  test('network policies isolate pods from their first moment on, from pods of their node and of others', async () => {
    const on = (node: string) => ({ nodeSelector: { 'kubernetes.io/hostname': node } });
    const isolated = { labels: { isolated: 'yes' } };
    const ready = { readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } };
    const policies = [
      ['all', { policyTypes: ['Ingress', 'Egress'] }],
      ['friends', { ingress: [{ from: [{ podSelector: { matchLabels: { friend: 'yes' } } }] }] }],
    ] as const;
    await kubectl.ok('create namespace guarded');
    const guarded = kubectl.with({ namespace: 'guarded' });
    for (const [name, spec] of policies)
      await guarded.apply({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name },
        spec: { ...spec, podSelector: { matchLabels: isolated.labels } },
      });
    await guarded.apply(
      shellPod('web', answersItsName(), { ...isolated, container: ready, spec: on('node-1') }),
    );
    await guarded.apply(shellPod('free', answersItsName(), { container: ready, spec: on('node-2') }));
    for (const node of ['node-1', 'node-2']) {
      await guarded.apply(
        shellPod(`friend-${node}`, undefined, { labels: { friend: 'yes' }, spec: on(node) }),
      );
      await guarded.apply(shellPod(`stranger-${node}`, undefined, { spec: on(node) }));
    }
    await guarded.ok('wait pod --all --for=condition=Ready --timeout=60s');
    const [web, free] = await Promise.all(
      ['web', 'free'].map(async (name) => (await guarded.json(`get pod ${name}`)).status.podIP as string),
    );
    await guarded.ok('expose pod web --name by-service --port 80 --target-port 8080');
    const get = (host: string | undefined, port = 8080) =>
      `echo 'GET / HTTP/1.0' | nc -w 1 ${host} ${port} | tail -n 1`;
    const says = async (pod: string) => {
      const script = `${get(web)}; ${get('by-service', 80)}`;
      return (await guarded.ok(['exec', pod, '--', 'sh', '-c', script]))
        .split('\n')
        .filter((line) => line === 'web');
    };
    const reaches = (pod: string) =>
      eventually(async () => ((await says(pod)).length === 2 ? true : undefined));
    for (const node of ['node-1', 'node-2']) {
      await reaches(`friend-${node}`);
      expect(await says(`stranger-${node}`)).toEqual([]);
    }
    const eager = `for i in 1 2 3 4 5; do ${get(free)}; done; echo through`;
    await guarded.apply(
      shellPod('eager', eager, { ...isolated, spec: { restartPolicy: 'Never', ...on('node-1') } }),
    );
    await guarded.ok('wait pod/eager --for=jsonpath={.status.phase}=Succeeded --timeout=60s');
    expect((await guarded.ok('logs eager')).split('\n').filter((line) => line !== 'nc: timed out')).toEqual([
      'through',
    ]);
    await guarded.ok('delete networkpolicy --all');
    await reaches('stranger-node-1');
    await kubectl.ok('delete namespace guarded --wait=false');
  });

  test('a node that falls silent: its pods run elsewhere, Services go on; it comes back as before', async () => {
    const template = {
      metadata: { labels: { app: 'steady' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        tolerations: impatient,
        containers: [
          shell(answersItsName(), {
            ports: [{ containerPort: 8080 }],
            readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
          }),
        ],
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: { app: 'steady' } },
          },
        ],
      },
    };
    const spec = { replicas: 3, selector: { matchLabels: { app: 'steady' } }, template };
    await kubectl.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'steady' }, spec });
    await kubectl.ok('create service nodeport steady --tcp=80:8080');
    await kubectl.ok('rollout status deployment/steady --timeout=60s');
    const port = await kubectl.ok('get service steady -o jsonpath={.spec.ports[0].nodePort}');
    const [address = ''] = nodeAddresses();
    await eventually(() => ask(`http://${address}:${port}/`));
    const nodesOf = async () => {
      const { items } = await kubectl.json('get pods -l app=steady --field-selector=status.phase=Running');
      return items
        .filter((pod: { metadata: { deletionTimestamp?: string } }) => !pod.metadata.deletionTimestamp)
        .map((pod: { spec: { nodeName: string } }) => pod.spec.nodeName)
        .sort();
    };
    expect(await nodesOf()).toEqual(['node-1', 'node-2', 'node-3']);

    expect((await cluster.k8ts('node', 'stop', 'node-3')).code).toBe(0);
    await kubectl.ok('wait node/node-3 --for=condition=Ready=unknown --timeout=90s');
    expect(await kubectl.ok('get node node-3')).toMatch(/node-3 +NotReady/);
    const { stdout } = await cluster.k8ts('status');
    expect(stdout).toContain('its agent does not run: `k8ts node start node-3` starts it');
    await eventually(async () => {
      const nodes = await nodesOf();
      return nodes.length === 3 && !nodes.includes('node-3') ? true : undefined;
    });
    await kubectl.ok('rollout status deployment/steady --timeout=60s');
    for (let i = 0; i < 20; i++) expect(await ask(`http://${address}:${port}/`)).toMatch(/^steady-/);

    expect((await cluster.k8ts('node', 'start', 'node-3')).code).toBe(0);
    await kubectl.ok('wait node/node-3 --for=condition=Ready --timeout=60s');
    await eventually(async () =>
      (await kubectl.json('get pods -l app=steady')).items.length === 3 ? true : undefined,
    );
    const running = (await kubectl.json('get pods -l app=steady')).items.map(
      (pod: { metadata: { uid: string } }) => pod.metadata.uid,
    );
    expect(new Set(running).size).toBe(3);
    // Nothing of the pods that ran there before is left on the node.
    await kubectl.apply(
      shellPod('back', undefined, { spec: { nodeSelector: { 'kubernetes.io/hostname': 'node-3' } } }),
    );
    await kubectl.ok('wait pod/back --for=condition=Ready --timeout=60s');
    expect(await kubectl.ok('exec back -- hostname')).toBe('back');
  });

  test('kubectl top tells what nodes and pods use', async () => {
    expect(await kubectl.ok('top pods -l app=redis --no-headers')).toMatch(/^redis-\S+ +\d+m +[1-9]\d*Mi/m);
    expect(await kubectl.ok('top node node-1 --no-headers')).toMatch(/^node-1 +\d+m +\d+% +[1-9]\d*Mi +\d+%/);
  });

  test('a control plane that is killed goes on where it was, with its pods', async () => {
    await kubectl.ok('create configmap kept --from-literal=a=1');
    const uid = await kubectl.ok('get configmap kept -o jsonpath={.metadata.uid}');
    const { id } = state();
    cluster.process.child.kill('SIGKILL');
    await cluster.process.ended;
    cluster = await start();
    kubectl = cluster.kubectl.with({ namespace: 'default' });
    expect(state().id).toBe(id);
    expect(await kubectl.ok('get configmap kept -o jsonpath={.metadata.uid}')).toBe(uid);
    await kubectl.ok('rollout status deployment/frontend --timeout=90s');
    await kubectl.ok('rollout status deployment/steady --timeout=90s');
    await eventually(async () => {
      const pods = (await kubectl.ok('get pods --no-headers')).split('\n');
      return pods.every((line) => / 1\/1 +Running /.test(line)) ? true : undefined;
    });
    const [first = ''] = nodeAddresses();
    const entry = 'after the fall';
    await eventually(() =>
      ask(`http://${first}:30080/`, {
        method: 'POST',
        body: new URLSearchParams({ entry }),
        redirect: 'manual',
      }),
    );
    await eventually(async () =>
      (await ask(`http://${first}:30080/entries`)).includes(entry) ? true : undefined,
    );
  });

  test('Ctrl-C leaves nothing on the machine but the data', async () => {
    const { id } = state();
    expect((await tracesOf(id)).length).toBeGreaterThan(0);
    const ended = await cluster.interrupt();
    expect(ended).toMatchObject({ code: 0 });
    expect(await tracesOf(id)).toEqual([]);
    expect(processesWith(dataDir)).toEqual([]);
  });
});

test.skipIf(why)(`a start that is interrupted leaves nothing${why ? ` (skipped: ${why})` : ''}`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
  const args = ['up', '--nodes', '2', '--port', '0', '--data-dir', directory];
  try {
    for (const [step, ...more] of [[/control plane/], [/2 nodes/, '--example', example]] as const) {
      const starting = new Running(process.execPath, [join(root, 'bin', 'k8ts'), ...args, ...more]);
      await starting.shows(step);
      const ended = await starting.stop('SIGINT');
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toContain('interrupted before the');
      expect(await tracesOf(clusterId(directory))).toEqual([]);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
