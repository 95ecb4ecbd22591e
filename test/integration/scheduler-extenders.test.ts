import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Node, Pod } from '../../src/api/core/v1.ts';
import {
  configmaps,
  nodes,
  pods,
  priorityclasses,
  storageclasses,
} from '../../src/api/generated/resources.ts';
import { Client } from '../../src/client/client.ts';
import { Informers } from '../../src/client/informers.ts';
import { EventSeriesRecorder } from '../../src/client/series-recorder.ts';
import { addNode, readyNode, TestCluster } from '../../src/controllers/testing.ts';
import { systemFiles } from '../../src/platform/files.ts';
import { httpPoster } from '../../src/platform/http-post.ts';
import { silentLog } from '../../src/platform/log.ts';
import { seededRandom } from '../../src/platform/random.ts';
import { parseConfiguration } from '../../src/scheduler/configuration/configuration.ts';
import { createScheduler, type SchedulerOptions } from '../../src/scheduler/scheduler.ts';

/** What an extender is asked; which of the fields are there depends on the verb. */
interface Asked {
  Pod: Pod;
  Nodes: { items: Node[] } | null;
  NodeNames: string[] | null;
  NodeNameToVictims: Record<string, { Pods: Pod[]; NumPDBViolations: number }> | null;
  NodeNameToMetaVictims: Record<string, { Pods: { UID: string }[]; NumPDBViolations: number }> | null;
  PodName: string;
  PodNamespace: string;
  PodUID: string;
  Node: string;
}

type Answer = (asked: Asked) => unknown;

/** A server that answers as the test says: an object, a number for a status, or never where there is nothing. */
class TestExtender {
  readonly asked: { path: string; body: Asked }[] = [];
  answers: Record<string, Answer> = {};
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
        this.asked.push({ path: request.url ?? '', body });
        void this.#answer(request.url ?? '', body, response);
      });
    });
  }

  async #answer(path: string, body: Asked, response: ServerResponse): Promise<void> {
    const answer = await this.answers[path.slice(1)]?.(body);
    if (answer === undefined) return;
    response.statusCode = typeof answer === 'number' ? answer : 200;
    response.end(JSON.stringify(answer));
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  pathsFor(name: string): string[] {
    return this.asked.filter(({ body }) => body.Pod?.metadata.name === name).map(({ path }) => path);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

let cluster: TestCluster;
let stopInformers: AbortController;
let extender: TestExtender;
const cause = { reason: 'a test says so' };

const configurationOf = (extenders: object[]) =>
  parseConfiguration({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    extenders,
  });

async function runScheduler(extenders: object[], more: Partial<SchedulerOptions> = {}): Promise<void> {
  const user = { name: 'system:kube-scheduler', groups: ['system:authenticated'] };
  const client = new Client(cluster.server.transportFor(user));
  const base = { client, clock: cluster.clock, random: seededRandom(3), log: silentLog };
  const informers = new Informers(base);
  informers.start(stopInformers.signal);
  const events = new EventSeriesRecorder({ ...base, reporter: 'default-scheduler', host: 'h' });
  const means = { poster: httpPoster, files: systemFiles };
  const configuration = configurationOf(extenders);
  const { meter } = cluster;
  const options = { ...base, informers, events, meter, configuration, extenders: means, ...more };
  await cluster.run(createScheduler(options));
}

async function node(name: string, extended: Record<string, string> = {}): Promise<void> {
  const ready = readyNode(name, cluster.clock.now(), { labels: { 'kubernetes.io/hostname': name } });
  const amounts = { cpu: '2', memory: '4Gi', pods: '20', ...extended };
  await addNode(cluster, { ...ready, status: { ...ready.status, capacity: amounts, allocatable: amounts } });
}

async function pod(
  name: string,
  { resources = {}, ...spec }: Partial<Pod['spec']> & { resources?: Record<string, string> } = {},
): Promise<void> {
  const limits = Object.fromEntries(Object.entries(resources).filter(([key]) => key.includes('/')));
  const container = { name: 'c', image: 'i', resources: { requests: resources, limits } };
  const all: Pod['spec'] = { containers: [container], terminationGracePeriodSeconds: 0, ...spec };
  await cluster.create(pods, { metadata: { name }, spec: all });
}

/** Extenders answer in real time, which the cluster's clock knows nothing of. */
async function until(check: () => Promise<unknown>, passMs = 0): Promise<void> {
  for (const endMs = performance.now() + 15_000; performance.now() < endMs; ) {
    await (passMs > 0 ? cluster.pass(passMs) : cluster.settle());
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it did not come to that');
}

const placeOf = async (name: string) => (await cluster.find(pods, name))?.spec.nodeName;

async function conditionOf(name: string) {
  return (await cluster.find(pods, name))?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
}

async function placed(name: string, passMs = 0): Promise<string | undefined> {
  await until(() => placeOf(name), passMs);
  return placeOf(name);
}

async function refusal(name: string): Promise<{ reason?: string; message?: string }> {
  await until(async () => (await conditionOf(name))?.status === 'False');
  return (await conditionOf(name)) ?? {};
}

const namesOf = ({ Nodes, NodeNames }: Asked) =>
  NodeNames ?? (Nodes?.items ?? []).map(({ metadata }) => metadata.name);

/** Answers in whole nodes. */
const leaving = (asked: Asked, kept: readonly string[], more: object = {}) => ({
  Nodes: { items: asked.Nodes?.items.filter(({ metadata }) => kept.includes(metadata.name ?? '')) },
  ...more,
});

beforeEach(async () => {
  extender = new TestExtender();
  await extender.start();
  cluster = await TestCluster.start();
  stopInformers = new AbortController();
});

afterEach(async () => {
  extender.stop();
  stopInformers.abort();
  await cluster.stop();
});

describe('filtering', () => {
  test('extenders are asked one after the other about what is left, those that can be done without last', async () => {
    extender.answers = {
      'last/filter': () => 500,
      'whole/filter': (asked) => leaving(asked, ['a', 'b'], { FailedNodes: { c: 'too old' } }),
      'names/filter': () => ({ nodenames: ['b'] }),
    };
    await runScheduler([
      { urlPrefix: `${extender.url}/last`, filterVerb: 'filter', ignorable: true },
      { urlPrefix: `${extender.url}/whole/`, filterVerb: 'filter' },
      { urlPrefix: `${extender.url}/names`, filterVerb: 'filter', nodeCacheCapable: true },
    ]);
    for (const name of ['a', 'b', 'c']) await node(name);
    await pod('p');
    expect(await placed('p')).toBe('b');
    expect(extender.pathsFor('p')).toEqual(['/whole/filter', '/names/filter', '/last/filter']);
    const [whole, names] = extender.asked.map(({ body }) => body) as [Asked, Asked];
    expect(Object.keys(whole)).toEqual(['Pod', 'Nodes', 'NodeNames']);
    expect(whole.NodeNames).toBeNull();
    expect(whole.Nodes?.items[0]?.status?.allocatable).toMatchObject({ cpu: '2' });
    expect(whole.Pod.spec.containers).toHaveLength(1);
    for (const object of [whole.Pod, whole.Nodes?.items[0]]) {
      expect(object).not.toHaveProperty('kind');
      expect(object?.metadata).not.toHaveProperty('managedFields');
    }
    expect(names.Nodes).toBeNull();
    expect(names.NodeNames?.toSorted()).toEqual(['a', 'b']);
  });

  test('what they refuse counts by node, and anything that happens may change their mind', async () => {
    let isOpen = false;
    extender.answers = {
      filter: (asked) =>
        isOpen
          ? { NodeNames: namesOf(asked) }
          : {
              NodeNames: [],
              FailedNodes: { a: 'too old', b: 'too old' },
              FailedAndUnresolvableNodes: { b: 'gone', unknown: 'gone' },
            },
    };
    await runScheduler([{ urlPrefix: extender.url, filterVerb: 'filter', nodeCacheCapable: true }]);
    for (const name of ['a', 'b', 'c']) await node(name);
    await pod('p');
    const { reason, message } = await refusal('p');
    expect(reason).toBe('Unschedulable');
    expect(message).toMatch(/^0\/3 nodes are available: 1 gone, 1 too old\./);
    const before = extender.asked.length;
    await cluster.create(configmaps, { metadata: { name: 'unheard' }, data: {} });
    await cluster.pass(15_000);
    expect(extender.asked).toHaveLength(before);
    await cluster.patch(nodes, 'a', { metadata: { annotations: { 'x.io/free': '1' } } });
    await until(async () => extender.asked.length === before + 1);
    await cluster.pass(15_000);
    isOpen = true;
    await cluster.create(storageclasses, { metadata: { name: 's' }, provisioner: 'x.io/p' });
    expect(await placed('p')).toBeDefined();
  });

  test('an error breaks the attempt off, which is made again after a while', async () => {
    const broken: Answer[] = [() => 500, () => ({ Error: 'no idea' }), () => ({ NodeNames: ['x'] })];
    const texts = [
      `failed filter with extender at URL ${extender.url}/filter, code 500`,
      'no idea',
      `extender "${extender.url}" claims a filtered node "x" which is not found in the input node list`,
    ];
    await runScheduler([{ urlPrefix: extender.url, filterVerb: 'filter', nodeCacheCapable: true }]);
    await node('a');
    for (const [i, answer] of broken.entries()) {
      extender.answers = { filter: answer };
      await pod(`p${i}`);
      expect(await refusal(`p${i}`)).toMatchObject({ reason: 'SchedulerError', message: texts[i] });
    }
    extender.answers = { filter: (asked) => ({ NodeNames: namesOf(asked) }) };
    expect(await placed('p0', 2000)).toBe('a');
  });

  test('one that takes too long or is not there fails', async () => {
    await runScheduler([{ urlPrefix: extender.url, filterVerb: 'filter', httpTimeout: '50ms' }]);
    await node('a');
    await pod('p');
    const { reason, message } = await refusal('p');
    expect(reason).toBe('SchedulerError');
    expect(message).toMatch(/^Post "http:.*\/filter": context deadline exceeded \(Client\.Timeout exceeded/);
    extender.stop();
    await pod('q');
    expect((await refusal('q')).message).toMatch(/connection refused/);
  });

  test('what happens while they are asked waits for the decision, and then counts', async () => {
    let open: (answer: unknown) => void = () => {};
    extender.answers = { filter: () => new Promise((resolve) => (open = resolve)) };
    await runScheduler([{ urlPrefix: extender.url, filterVerb: 'filter', nodeCacheCapable: true }]);
    await node('a');
    await pod('p');
    await until(async () => extender.asked.length === 1);
    await node('b');
    await cluster.delete(nodes, 'a');
    await cluster.settle();
    extender.answers = { filter: (asked) => ({ NodeNames: namesOf(asked) }) };
    open({ NodeNames: [], FailedNodes: { a: 'no' } });
    expect(await placed('p', 1000)).toBe('b');
    expect(extender.asked.at(-1)?.body.NodeNames).toEqual(['b']);
  });

  test('a pod that is gone meanwhile is not bound', async () => {
    let open: (answer: unknown) => void = () => {};
    extender.answers = { filter: () => new Promise((resolve) => (open = resolve)) };
    await runScheduler([{ urlPrefix: extender.url, filterVerb: 'filter', nodeCacheCapable: true }]);
    await node('a');
    await pod('p');
    await until(async () => extender.asked.length === 1);
    await cluster.delete(pods, 'p', { gracePeriodSeconds: 0 });
    await cluster.settle();
    open({ NodeNames: ['a'] });
    extender.answers = { filter: (asked) => ({ NodeNames: namesOf(asked) }) };
    await pod('q');
    expect(await placed('q')).toBe('a');
    expect(await cluster.events('FailedScheduling')).toHaveLength(0);
  });
});

describe('scoring', () => {
  test('weighted scores are added to those of the plugins', async () => {
    const scores = (Host: string, Score: number) => [{ Host, Score }];
    extender.answers = {
      'one/prioritize': () => scores('a', 10),
      'two/prioritize': () => scores('c', 6),
      'three/prioritize': () => 500,
    };
    const verb = { prioritizeVerb: 'prioritize', nodeCacheCapable: true };
    await runScheduler([
      { ...verb, urlPrefix: `${extender.url}/one`, weight: 50 },
      { ...verb, urlPrefix: `${extender.url}/two`, weight: 100 },
      { ...verb, urlPrefix: `${extender.url}/three`, weight: 1 },
    ]);
    for (const name of ['a', 'b', 'c']) await node(name);
    await pod('p');
    expect(await placed('p')).toBe('c');
    expect(extender.pathsFor('p').toSorted()).toEqual([
      '/one/prioritize',
      '/three/prioritize',
      '/two/prioritize',
    ]);
  });
});

async function bindWith(asked: Asked): Promise<object> {
  const target = { apiVersion: 'v1', kind: 'Node', name: asked.Node };
  const metadata = { name: asked.PodName, namespace: asked.PodNamespace, uid: asked.PodUID };
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata, target } as const;
  await cluster.client.of(pods).postSubresource(metadata, 'binding', binding, { cause });
  return {};
}

describe('binding', () => {
  test('an extender binds instead of the plugins, and says where it could not', async () => {
    extender.answers = { bind: () => ({ Error: 'not today' }) };
    await runScheduler([{ urlPrefix: extender.url, bindVerb: 'bind' }]);
    await node('a');
    await pod('p');
    expect(await refusal('p')).toMatchObject({ reason: 'SchedulerError', message: 'not today' });
    expect(await placeOf('p')).toBeUndefined();
    extender.answers = { bind: bindWith };
    expect(await placed('p', 2000)).toBe('a');
    const { uid } = (await cluster.get(pods, 'p')).metadata;
    const last = { PodName: 'p', PodNamespace: 'default', PodUID: uid, Node: 'a' };
    expect(extender.asked.at(-1)).toEqual({ path: '/bind', body: last });
    expect(await cluster.events('Scheduled')).toHaveLength(1);
  });

  test('a pod that it has bound without saying so in time is not bound again', async () => {
    extender.answers = {
      bind: async (asked) => {
        await bindWith(asked);
        return undefined;
      },
    };
    await runScheduler([{ urlPrefix: extender.url, bindVerb: 'bind', httpTimeout: '1s' }]);
    await node('a');
    await pod('p');
    expect(await placed('p')).toBe('a');
    await until(async () => (await cluster.events('FailedScheduling')).length > 0);
    await cluster.pass(30_000);
    await pod('q', { nodeSelector: { 'kubernetes.io/hostname': 'none' } });
    await refusal('q');
    expect(extender.asked).toHaveLength(1);
  });

  test('where it can be done without, the plugins bind what it does not', async () => {
    extender.answers = { bind: () => 500 };
    await runScheduler([{ urlPrefix: extender.url, bindVerb: 'bind', ignorable: true }]);
    await node('a');
    await pod('p');
    expect(await placed('p')).toBe('a');
    expect(extender.asked).toHaveLength(1);
  });
});

describe('preemption', () => {
  const full = { resources: { cpu: '2' } };

  async function crowd(extenders: object[]): Promise<void> {
    await runScheduler(extenders);
    await cluster.create(priorityclasses, { metadata: { name: 'high' }, value: 1000 });
    for (const name of ['a', 'b']) {
      await node(name);
      await pod(`on-${name}`, { ...full, nodeName: name });
    }
    await cluster.settle();
  }

  const high = { ...full, priorityClassName: 'high' };
  const uidOn = (victims: Asked['NodeNameToMetaVictims'], name: string) => victims?.[name]?.Pods[0]?.UID;

  test('extenders choose among the nodes by the UIDs of victims', async () => {
    extender.answers = {
      preempt: ({ NodeNameToMetaVictims: all }) => ({
        nodeNameToMetaVictims: { b: { Pods: [{ UID: uidOn(all, 'b') }], NumPDBViolations: 0 } },
      }),
    };
    await crowd([{ urlPrefix: extender.url, preemptVerb: 'preempt', nodeCacheCapable: true }]);
    await pod('p', high);
    await until(async () => !(await cluster.find(pods, 'on-b')));
    expect(await placed('p', 1000)).toBe('b');
    expect(await cluster.find(pods, 'on-a')).toBeDefined();
    const [first] = extender.asked;
    expect(first?.body).toMatchObject({ NodeNameToVictims: null, Pod: { metadata: { name: 'p' } } });
    expect(Object.keys(first?.body.NodeNameToMetaVictims ?? {}).toSorted()).toEqual(['a', 'b']);
  });

  test('one that knows no pods is sent them whole', async () => {
    extender.answers = {
      preempt: ({ NodeNameToVictims: all }) => ({
        NodeNameToMetaVictims: { a: { Pods: [{ UID: all?.a?.Pods[0]?.metadata.uid }] } },
      }),
    };
    await crowd([{ urlPrefix: extender.url, preemptVerb: 'preempt' }]);
    await pod('p', high);
    expect(await placed('p', 1000)).toBe('a');
    expect(await cluster.find(pods, 'on-b')).toBeDefined();
    expect(extender.asked[0]?.body.NodeNameToVictims?.b?.Pods[0]?.metadata.name).toBe('on-b');
  });

  const noRoom = '0/2 nodes are available: 2 Insufficient cpu.';
  test.each([
    [{}, {}, `${noRoom} no new claims to deallocate, preemption: no candidate node for preemption`],
    [{ a: { Pods: [] } }, {}, `${noRoom} preemption: expected at least one victim pod on node "a"`],
    [
      { a: { Pods: [] } },
      { ignorable: true },
      `${noRoom} no new claims to deallocate, preemption: no candidate node for preemption`,
    ],
    [{ x: { Pods: [] } }, {}, `${noRoom} preemption: nodeinfo not found for node name "x"`],
    [
      { a: { Pods: [{ UID: 'u' }] } },
      {},
      /claims to preempt pod \(UID: &\{u\}\) on node: a, but the pod is not/,
    ],
  ])('nobody is evicted where it answers %j %j', async (NodeNameToMetaVictims, more, message) => {
    extender.answers = { preempt: () => ({ NodeNameToMetaVictims }) };
    await crowd([{ urlPrefix: extender.url, preemptVerb: 'preempt', nodeCacheCapable: true, ...more }]);
    await pod('p', high);
    const found = await refusal('p');
    expect(found.reason).toBe('Unschedulable');
    expect(found.message).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
    expect(await cluster.find(pods, 'on-a')).toBeDefined();
  });

  test('nobody is evicted where no pod stands in the way, but an extender', async () => {
    extender.answers = {
      filter: (asked) => ({
        NodeNames: [],
        FailedNodes: Object.fromEntries(namesOf(asked).map((name) => [name, 'no'])),
      }),
    };
    await crowd([{ urlPrefix: extender.url, filterVerb: 'filter', nodeCacheCapable: true }]);
    await pod('p', { priorityClassName: 'high' });
    const found = await refusal('p');
    expect(found.message).toMatch(
      /^0\/2 nodes are available: 2 no\. preemption: \[expected at least one victim pod on node "[ab]", expected /,
    );
    expect((await cluster.get(pods, 'p')).status?.nominatedNodeName).toBeUndefined();
    expect(await cluster.find(pods, 'on-a')).toBeDefined();
  });

  test('what happens while they are asked wakes the pod only where it can help', async () => {
    let open: (answer: unknown) => void = () => {};
    extender.answers = { preempt: () => new Promise((resolve) => (open = resolve)) };
    await crowd([{ urlPrefix: extender.url, preemptVerb: 'preempt', nodeCacheCapable: true }]);
    await pod('p', high);
    await until(async () => extender.asked.length === 1);
    await cluster.create(storageclasses, { metadata: { name: 's' }, provisioner: 'x.io/p' });
    await cluster.settle();
    open({});
    await refusal('p');
    await cluster.pass(20_000);
    expect(extender.asked).toHaveLength(1);
    await cluster.delete(pods, 'on-a', { gracePeriodSeconds: 0 });
    expect(await placed('p')).toBe('a');
  });

  test('one that has no word in it may refuse the kept node, about which it is asked alone first', async () => {
    let refused: string | undefined;
    extender.answers = {
      filter: (asked) => {
        const [name = ''] = namesOf(asked);
        refused ??= name;
        return {
          NodeNames: namesOf(asked).filter((other) => other !== refused),
          FailedNodes: { [name]: 'no' },
        };
      },
    };
    await crowd([{ urlPrefix: extender.url, filterVerb: 'filter', nodeCacheCapable: true }]);
    await pod('p', high);
    const place = await placed('p', 1000);
    expect(place).not.toBe(refused);
    expect(extender.asked.map(({ body }) => body.NodeNames)).toEqual([[refused], [refused], [place]]);
  });

  test('where it cannot say whether the kept node does, it is asked about all', async () => {
    extender.answers = {
      filter: (asked) => (extender.asked.length === 1 ? 500 : { NodeNames: namesOf(asked) }),
    };
    await crowd([{ urlPrefix: extender.url, filterVerb: 'filter', nodeCacheCapable: true }]);
    await pod('p', high);
    expect(await placed('p', 100)).toBeDefined();
    expect(extender.asked).toHaveLength(2);
    expect(await cluster.events('FailedScheduling')).toHaveLength(1);
  });
});

test('filters, scores and binders of several extenders go together', async () => {
  const fits = (...names: string[]): Answer => {
    return (asked) => {
      const left = namesOf(asked).filter((name) => names.includes(name ?? ''));
      return asked.Nodes ? leaving(asked, left as string[]) : { NodeNames: left };
    };
  };
  const best =
    (name: string, weight = 1): Answer =>
    (asked) =>
      namesOf(asked).map((Host) => ({ Host, Score: (Host === name ? 10 : 1) * weight }));
  extender.answers = {
    '1/filter': fits('m1', 'm2', 'm3'),
    '1/prioritize': best('m2'),
    '2/filter': fits('m2', 'm3', 'm5'),
    '2/prioritize': best('m3'),
    '2/bind': bindWith,
    '3/filter': fits('m1', 'm2', 'm3'),
    '3/prioritize': best('m2', 5),
  };
  const verbs = { filterVerb: 'filter', prioritizeVerb: 'prioritize' };
  const managedResources = [{ name: 'foo.com/bar', ignoredByScheduler: true }];
  await runScheduler([
    { ...verbs, urlPrefix: `${extender.url}/1`, weight: 3 },
    { ...verbs, urlPrefix: `${extender.url}/2`, weight: 4, bindVerb: 'bind', managedResources },
    { ...verbs, urlPrefix: `${extender.url}/3`, weight: 10, nodeCacheCapable: true },
  ]);
  for (const name of ['m1', 'm2', 'm3', 'm4', 'm5']) await node(name);
  await pod('p', { resources: { 'foo.com/bar': '1' } });
  expect(await placed('p')).toBe('m2');
  expect(extender.asked.at(-1)?.path).toBe('/2/bind');
});

describe('resources that extenders manage', () => {
  const managed = (ignoredByScheduler: boolean) => ({
    urlPrefix: extender.url,
    filterVerb: 'filter',
    managedResources: [{ name: 'x.io/a', ignoredByScheduler }],
    nodeCacheCapable: true,
  });

  test('pods that want none of them are not theirs', async () => {
    extender.answers = { filter: () => ({ NodeNames: ['b'] }) };
    await runScheduler([managed(false)]);
    await node('a', { 'x.io/a': '2' });
    await node('b', { 'x.io/a': '2' });
    await pod('plain', { nodeSelector: { 'kubernetes.io/hostname': 'a' } });
    expect(await placed('plain')).toBe('a');
    expect(extender.asked).toHaveLength(0);
    await pod('theirs', { resources: { 'x.io/a': '1' } });
    expect(await placed('theirs')).toBe('b');
    const wanting = { limits: { 'x.io/a': '1' }, requests: { 'x.io/a': '1' } };
    const initContainers = [{ name: 'i', image: 'i', resources: wanting }];
    await pod('init', { initContainers });
    expect(await placed('init')).toBe('b');
    expect(extender.asked).toHaveLength(2);
  });

  test('whether a node has one is theirs alone where it is said so', async () => {
    extender.answers = { filter: (asked) => ({ NodeNames: namesOf(asked) }) };
    await runScheduler([managed(true)]);
    await node('a');
    await pod('p', { resources: { 'x.io/a': '1' } });
    expect(await placed('p')).toBe('a');
  });
});

test('without a way to them a configuration cannot have extenders', async () => {
  const run = runScheduler([{ urlPrefix: 'http://x', filterVerb: 'filter' }], { extenders: undefined });
  await expect(run).rejects.toThrow('extenders: this scheduler has no way to reach them');
});
