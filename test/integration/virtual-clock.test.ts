import { afterEach, describe, expect, test } from 'vitest';
import type { PodSpec, PodTemplateSpec } from '../../src/api/core/v1.ts';
import type { NodeMetricsList, PodMetricsList } from '../../src/api/metrics/v1beta1.ts';
import {
  configmaps,
  cronjobs,
  daemonsets,
  deployments,
  events,
  horizontalpodautoscalers,
  jobs,
  nodes,
  persistentvolumeclaims,
  poddisruptionbudgets,
  pods,
  replicasets,
} from '../../src/api/generated/resources.ts';
import type { Component } from '../../src/client/component.ts';
import type { ControllerContext } from '../../src/controllers/controller.ts';
import type { VirtualCluster, VirtualClusterOptions } from '../../src/cluster/simulation/virtual-cluster.ts';
import { startCluster } from '../../src/cluster/testing.ts';

const cause = { reason: 'a test says so' };
const namespace = 'default';

let cluster: VirtualCluster;
const start = async (options: VirtualClusterOptions = {}) => {
  cluster = await startCluster({ clock: 'virtual', ...options });
};
afterEach(() => cluster?.stop());

const template = (
  app: string,
  spec: Partial<PodSpec> = {},
  annotations: Record<string, string> = {},
): PodTemplateSpec => ({
  metadata: { labels: { app }, annotations },
  spec: { containers: [{ name: 'main', image: 'app:1' }], ...spec },
});

const podsOf = async (app: string) =>
  (await cluster.client.of(pods).list({ namespace, labelSelector: `app=${app}` })).items;

async function deploy(name: string, replicas: number, pod = template(name)): Promise<void> {
  await cluster.client.of(deployments).create(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: {
        replicas,
        progressDeadlineSeconds: 60,
        selector: { matchLabels: { app: name } },
        template: pod,
      },
    },
    { cause },
  );
  await cluster.settle();
}

test('events have the source that they have upstream, whatever the service account of who writes them', async () => {
  await start({ nodes: 1 });
  const selector = { matchLabels: { app: 'agent' } };
  const make = { metadata: { name: 'agent', namespace } };
  await cluster.client
    .of(daemonsets)
    .create({ ...make, spec: { selector, template: template('agent') } }, { cause });
  await cluster.client.of(poddisruptionbudgets).create({ ...make, spec: { minAvailable: 1 } }, { cause });
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  await cluster.client.of(persistentvolumeclaims).create({ ...make, spec: claim }, { cause });
  await deploy('web', 1);
  await cluster.advance(5000);
  const [node] = (await cluster.client.of(nodes).list()).items;
  const taints = [{ key: 'away', effect: 'NoExecute' }];
  await cluster.client
    .of(nodes)
    .patch(
      node?.metadata ?? { name: '' },
      { spec: { taints } },
      { type: 'application/merge-patch+json', cause },
    );
  await cluster.advance(5000);
  const { items } = await cluster.client.of(events).list({ namespace });
  const sources = items.map(({ reason, involvedObject, source }) => [
    `${reason} ${involvedObject.kind}`,
    source?.component,
  ]);
  expect(Object.fromEntries(sources)).toMatchObject({
    'SuccessfulCreate DaemonSet': 'daemonset-controller',
    'SuccessfulCreate ReplicaSet': 'replicaset-controller',
    'ScalingReplicaSet Deployment': 'deployment-controller',
    'NoPods PodDisruptionBudget': 'controllermanager',
    'FailedBinding PersistentVolumeClaim': 'persistentvolume-controller',
    'TaintManagerEviction Pod': 'taint-eviction-controller',
    'Started Pod': 'kubelet',
  });
});

test('nothing happens until time is told to pass, and then everything that falls due does', async () => {
  await start({ nodes: 2 });
  const before = cluster.now();
  await deploy('web', 3);
  expect((await podsOf('web')).map((pod) => pod.status?.phase)).toEqual(['Running', 'Running', 'Running']);
  expect(cluster.now() - before).toBeLessThan(1000);
  const { count } = cluster.trace();
  await cluster.settle();
  expect(cluster.trace().count).toBe(count);
  await cluster.advance('90s');
  expect(cluster.now() - before).toBeGreaterThanOrEqual(90_000);
  expect(cluster.trace().count).toBeGreaterThan(count);
});

test('a CronJob over a day', async () => {
  await start({ nodes: 1, heartbeat: '1h' });
  await cluster.client.of(cronjobs).create(
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'hourly', namespace },
      spec: {
        schedule: '30 * * * *',
        concurrencyPolicy: 'Forbid',
        jobTemplate: {
          spec: {
            template: template(
              'hourly',
              { restartPolicy: 'Never' },
              { 'simulated.k8ts.dev/exit-after': '90s' },
            ),
          },
        },
      },
    },
    { cause },
  );
  await cluster.advance('24h');
  const made = cluster
    .trace()
    .writes.filter((w) => w.verb === 'create' && w.key.startsWith('/registry/jobs/'));
  expect(made).toHaveLength(24);
  expect(made.every((write) => write.timeMs % 3_600_000 === 1_800_000)).toBe(true);
  const kept = (await cluster.client.of(jobs).list({ namespace })).items;
  expect(kept.map((job) => job.status?.succeeded)).toEqual([1, 1, 1]);
}, 120_000);

test('a node that fails keeps its pods for 300 s, then they run elsewhere', async () => {
  await start({ nodes: 2 });
  await deploy('web', 1);
  const placeOf = async () =>
    (await podsOf('web')).find((pod) => !pod.metadata.deletionTimestamp)?.spec.nodeName;
  const failed = (await placeOf()) as string;
  cluster.switchOff(failed);
  const readyOf = async () => {
    const node = await cluster.client.of(nodes).get({ name: failed });
    return node.status?.conditions?.find((c) => c.type === 'Ready')?.status;
  };
  await cluster.advance('30s');
  expect(await readyOf()).toBe('True');
  await cluster.advance('30s');
  expect(await readyOf()).toBe('Unknown');
  await cluster.advance('280s');
  expect(await placeOf()).toBe(failed);
  await cluster.advance('30s');
  expect(await placeOf()).toBeDefined();
  expect(await placeOf()).not.toBe(failed);
});

test('a rollout of an image that is not there stops at its deadline, and the old pods go on', async () => {
  await start({ nodes: 2 });
  await deploy('web', 4);
  const broken = template('web', {}, { 'simulated.k8ts.dev/pull-error': 'no such image' });
  const patch = {
    spec: { template: { ...broken, spec: { containers: [{ name: 'main', image: 'app:none' }] } } },
  };
  const type = 'application/strategic-merge-patch+json';
  await cluster.client.of(deployments).patch({ name: 'web', namespace }, patch, { type, cause });
  const conditionOf = async (name: string) =>
    (await cluster.client.of(deployments).get({ name: 'web', namespace })).status?.conditions?.find(
      (c) => c.type === name,
    );
  await cluster.advance('50s');
  expect(await conditionOf('Progressing')).toMatchObject({ status: 'True' });
  await cluster.advance('20s');
  expect(await conditionOf('Progressing')).toMatchObject({
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
  });
  expect(await conditionOf('Available')).toMatchObject({ status: 'True' });
  const running = (await podsOf('web')).filter((pod) => pod.status?.phase === 'Running');
  expect(running).toHaveLength(3);
});

test('the pod of a Job starts over as a whole where its rules say so, and the Job knows of no failure', async () => {
  await start({ nodes: 2 });
  const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }];
  const worker = template(
    'train',
    {
      restartPolicy: 'Never',
      initContainers: [{ name: 'prepare', image: 'app:1' }],
      containers: [
        { name: 'main', image: 'app:1', restartPolicy: 'Never', restartPolicyRules: rules },
        { name: 'helper', image: 'app:1' },
      ],
    },
    {
      'simulated.k8ts.dev/exit-after': '8s',
      'simulated.k8ts.dev/exit-after.prepare': '1s',
      'simulated.k8ts.dev/exit-after.main': '5s',
      'simulated.k8ts.dev/exit-code.main': '42,0',
    },
  );
  await cluster.client.of(jobs).create(
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'train', namespace },
      spec: { template: worker },
    },
    { cause },
  );
  await cluster.advance('1m');
  const [pod, ...others] = await podsOf('train');
  expect(others).toEqual([]);
  const { phase, initContainerStatuses = [], containerStatuses = [] } = pod?.status ?? {};
  expect(phase).toBe('Succeeded');
  expect([...initContainerStatuses, ...containerStatuses].map((s) => [s.name, s.restartCount])).toEqual([
    ['prepare', 1],
    ['main', 1],
    ['helper', 1],
  ]);
  const job = await cluster.client.of(jobs).get({ namespace, name: 'train' });
  expect(job.status).toMatchObject({ succeeded: 1 });
  expect(job.status?.failed ?? 0).toBe(0);
});

test('a Job goes when its time after the end is up', async () => {
  await start({ nodes: 1 });
  const pod = template('once', { restartPolicy: 'Never' }, { 'simulated.k8ts.dev/exit-after': '10s' });
  await cluster.client.of(jobs).create(
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once', namespace },
      spec: { ttlSecondsAfterFinished: 100, template: pod },
    } as never,
    { cause },
  );
  const names = async () =>
    (await cluster.client.of(jobs).list({ namespace })).items.map((j) => j.metadata.name);
  await cluster.advance('100s');
  expect(await names()).toEqual(['once']);
  await cluster.advance('15s');
  expect(await names()).toEqual([]);
  expect(await podsOf('once')).toEqual([]);
});

describe('faults', () => {
  test('a scheduler that dies has forgotten everything, and does its work all the same', async () => {
    await start({ nodes: 1 });
    cluster.crash('kube-scheduler', { restartAfter: '30s' });
    await deploy('web', 2);
    expect((await podsOf('web')).map((pod) => pod.spec.nodeName)).toEqual([undefined, undefined]);
    await cluster.advance('31s');
    expect((await podsOf('web')).map((pod) => pod.status?.phase)).toEqual(['Running', 'Running']);
  });

  test('pods of a node that is cut off go on, and are known again once it is mended', async () => {
    await start({ nodes: 1 });
    await deploy('web', 1);
    cluster.cut('node-1');
    await cluster.advance('2m');
    const isReady = async () =>
      (await podsOf('web'))[0]?.status?.conditions?.find((c) => c.type === 'Ready')?.status;
    expect(await isReady()).toBe('False');
    expect(await cluster.running('node-1')).toHaveLength(1);
    cluster.mend('node-1');
    await cluster.advance('2m');
    expect(await isReady()).toBe('True');
  });

  test('everything comes about on bad connections, with writers that die, and with an API server that does', async () => {
    await start({ nodes: 3, seed: 3 });
    cluster.setFaults({
      requestDelayMs: 50,
      eventDelayMs: 1000,
      refusals: 0.1,
      lostAnswers: 0.1,
      conflicts: 0.2,
      brokenWatches: 0.1,
      expiredWatches: 0.5,
      repeatedEvents: 0.5,
      crashes: 0.01,
      crashMs: 5000,
    });
    await deploy('web', 5);
    await cluster.advance('1m');
    cluster.crash('kube-apiserver', { restartAfter: '10s' });
    await cluster.advance('3m');
    cluster.calm();
    await cluster.advance('3m');
    const { status } = await cluster.client.of(deployments).get({ name: 'web', namespace });
    expect(status).toMatchObject({ replicas: 5, readyReplicas: 5, updatedReplicas: 5 });
    expect((await cluster.client.of(replicasets).list({ namespace })).items).toHaveLength(1);
  });
});

describe('a cluster that does not come to rest says who keeps writing', () => {
  const writing = (pauseMs: number) => ({
    'root-ca-cert-publisher': ({ client, clock }: ControllerContext): Component => ({
      name: 'restless',
      async run(signal) {
        for (let count = 0; !signal.aborted; count++) {
          const event = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `c${count}`, namespace } };
          await client.of(configmaps).create(event, { cause: { reason: 'and on' } });
          if (pauseMs > 0) await clock.sleep(pauseMs);
        }
      },
    }),
  });

  test('a little later, again and again', async () => {
    const controllers = writing(50);
    const starting = startCluster({ clock: 'virtual', controllers });
    await expect(starting).rejects.toThrow(
      /does not come to rest within 60 s; it last wrote\n.*root-ca-cert-publisher create configmaps\/default\/c\d+: and on/,
    );
  });

  test('at once, without end', async () => {
    const controllers = writing(0);
    const starting = startCluster({ clock: 'virtual', controllers });
    await expect(starting).rejects.toThrow(
      /writes without end while no time passes\n.*root-ca-cert-publisher create configmaps\/default\/c\d+: and on/,
    );
  });
});

test('a cluster at rest writes nothing but that its nodes live', async () => {
  await start({ nodes: 2 });
  await cluster.advance('2m');
  const { count } = cluster.trace();
  await cluster.advance('2m');
  const { writes, count: all } = cluster.trace();
  const news = writes.slice(count - all).filter(({ key }) => !key.startsWith('/registry/leases/'));
  // A node says how it stands every five minutes, and after a change once between two and a half and seven and a half.
  const reports = news.filter(({ reason }) => reason === 'the node tells how it stands');
  const idle = news.filter((write) => !reports.includes(write));
  expect(idle.map(({ key, reason }) => `${key}: ${reason}`)).toEqual([]);
  expect(new Set(reports.map(({ key }) => key)).size).toBe(reports.length);
});

test('an API server that died does not come back in a cluster that has been stopped', async () => {
  await start();
  cluster.crash('kube-apiserver', { restartAfter: '5s' });
  await cluster.stop();
  await cluster.advance('10s');
  await expect(async () => cluster.client.of(nodes).list()).rejects.toThrow('the API server does not answer');
});

test('the same seed gives the same cluster, write for write; another one another', async () => {
  const live = async (seed: number) => {
    await start({ nodes: 2, seed });
    await deploy('web', 3);
    cluster.setFaults({ eventDelayMs: 500, requestDelayMs: 20, crashes: 0.01 });
    await cluster.advance('2m');
    const { hash, count } = cluster.trace();
    await cluster.stop();
    return { hash, count };
  };
  const first = await live(11);
  expect(await live(11)).toEqual(first);
  expect((await live(12)).hash).not.toBe(first.hash);
});

test('an autoscaler goes by what the containers of simulated nodes use', async () => {
  await start({ nodes: 2, heartbeat: '1h' });
  const resources = { requests: { cpu: '100m' } };
  const containers = ['main', 'sidecar'].map((name) => ({ name, image: 'app:1', resources }));
  const annotations = { 'simulated.k8ts.dev/cpu.main': '200m', 'simulated.k8ts.dev/cpu.sidecar': '1' };
  await deploy('web', 1, template('web', { containers }, annotations));
  const target = { type: 'Utilization', averageUtilization: 70 };
  const containerResource = { name: 'cpu', container: 'main', target };
  const hpa = {
    metadata: { name: 'web', namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 3,
      metrics: [{ type: 'ContainerResource', containerResource }],
    },
  };
  await cluster.client.of(horizontalpodautoscalers).create(hpa, { cause });
  await cluster.advance('2m');
  expect(await podsOf('web')).toHaveLength(3);
  const path = '/apis/metrics.k8s.io/v1beta1';
  const ask = (to: string) => cluster.client.transport.request({ method: 'GET', path: `${path}${to}` });
  const used = { main: { cpu: '200m', memory: '1Mi' }, sidecar: { cpu: '1', memory: '1Mi' } };
  const [pod] = ((await ask('/pods')) as PodMetricsList).items;
  expect(pod?.containers).toEqual(Object.entries(used).map(([name, usage]) => ({ name, usage })));
  const { items } = (await ask('/nodes')) as NodeMetricsList;
  expect(items.map(({ usage }) => usage.cpu).sort()).toEqual(['1200m', '2400m']);
});
