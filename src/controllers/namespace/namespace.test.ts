import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configmaps, namespaces, pods, secrets, serviceaccounts } from '../../api/generated/resources.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { createNamespaceController } from './namespace.ts';
import { outlookFor, statusAfter, undiscoveredText } from './plan.ts';

test('of more finalizers than anybody would read the first are told by name, and how many others there are', () => {
  const resource = { plural: 'widgets', group: 'example.com', version: 'v1' };
  const items = Array.from({ length: 50 }, (_, i) => {
    return { metadata: { finalizers: Array.from({ length: 1000 }, (__, j) => `example.com/${i}-${j}`) } };
  });
  const { conditions = [] } = statusAfter(undefined, { errors: [], remains: [{ resource, items }] }, 0);
  const { message = '' } = conditions.find(({ type }) => type === 'NamespaceFinalizersRemaining') ?? {};
  expect(message).toContain('example.com/0-99 in 1 resource instances, and 49900 others');
  expect(message.length).toBeLessThan(10_000);
});

test('conditions say what is left and what holds it', () => {
  const item = { metadata: { finalizers: ['example.com/hold'] } };
  const resource = { plural: 'widgets', group: 'example.com', version: 'v1' };
  const status = statusAfter(undefined, { errors: ['no'], remains: [{ resource, items: [item, item] }] }, 0);
  const said = Object.fromEntries(
    (status.conditions ?? []).map((c) => [c.type, [c.status, c.reason, c.message]]),
  );
  expect(said).toEqual({
    NamespaceDeletionDiscoveryFailure: [
      'False',
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ],
    NamespaceDeletionGroupVersionParsingFailure: [
      'False',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ],
    NamespaceDeletionContentFailure: [
      'True',
      'ContentDeletionFailed',
      'Failed to delete all resource types, 1 remaining: no',
    ],
    NamespaceContentRemaining: [
      'True',
      'SomeResourcesRemain',
      'Some resources are remaining: widgets.example.com has 2 resource instances',
    ],
    NamespaceFinalizersRemaining: [
      'True',
      'SomeFinalizersRemain',
      'Some content in the namespace has finalizers remaining: example.com/hold in 2 resource instances',
    ],
  });
});

test('a server that does not tell what it serves is named', () => {
  const discoveryError = undiscoveredText(['b.test/v1', 'a.test/v1']);
  const { conditions = [] } = statusAfter(undefined, { discoveryError, errors: [], remains: [] }, 0);
  expect(conditions[0]).toMatchObject({
    type: 'NamespaceDeletionDiscoveryFailure',
    status: 'True',
    reason: 'DiscoveryFailed',
    message:
      'Discovery failed for some groups, 2 failing: unable to retrieve the complete list of server APIs: a.test/v1: stale GroupVersion discovery: a.test/v1, b.test/v1: stale GroupVersion discovery: b.test/v1',
  });
});

test('a condition keeps its time while its status stays', () => {
  const first = statusAfter(undefined, { errors: [], remains: [] }, 0);
  expect(statusAfter(first, { errors: [], remains: [] }, 60_000)).toEqual(first);
});

// upstream: estimateGracefulTermination, deleteAllContentForGroupVersionResource
describe('what is left', () => {
  const ofPods = { plural: 'pods', group: '', version: 'v1' };
  const widgets = { plural: 'widgets', group: 'example.com', version: 'v1' };
  const pod = (graceSeconds: number, phase = 'Running') =>
    ({ metadata: {}, spec: { terminationGracePeriodSeconds: graceSeconds }, status: { phase } }) as never;
  const held = { metadata: { finalizers: ['a'] } };
  const unexpected = (gvr: string) => `unexpected items still remain in namespace: team for gvr: ${gvr}`;

  test.each([
    ['nothing', [], 0, { seconds: 0, errors: [] }],
    [
      'pods in their time',
      [{ resource: ofPods, items: [pod(30), pod(60)] }],
      59,
      { seconds: 60, errors: [] },
    ],
    [
      'pods beyond their time',
      [{ resource: ofPods, items: [pod(30)] }],
      30,
      { seconds: 0, errors: [unexpected('/v1, Resource=pods')] },
    ],
    [
      'pods that have ended',
      [{ resource: ofPods, items: [pod(30, 'Failed')] }],
      0,
      { seconds: 0, errors: [unexpected('/v1, Resource=pods')] },
    ],
    [
      'what others hold',
      [{ resource: widgets, items: [{ metadata: {} }, held] }],
      99,
      { seconds: 15, errors: [] },
    ],
    [
      'what nobody holds',
      [{ resource: widgets, items: [{ metadata: {} }] }],
      0,
      { seconds: 0, errors: [unexpected('example.com/v1, Resource=widgets')] },
    ],
    [
      'the slowest of several',
      [
        { resource: ofPods, items: [pod(30)] },
        { resource: widgets, items: [held] },
      ],
      0,
      { seconds: 30, errors: [] },
    ],
  ])('%s', (_, remains, sinceSeconds, outlook) => {
    expect(outlookFor('team', remains, sinceSeconds)).toEqual(outlook);
  });
});

describe('a namespace that is deleted', () => {
  let cluster: TestCluster;
  let nodes: TestNodes;
  /** How often the controller has looked for pods. */
  let looks = 0;
  /** Told of what it asks. */
  let watchRequests: (request: ApiRequest) => void;
  beforeEach(async () => {
    cluster = await TestCluster.start();
    nodes = new TestNodes(cluster);
    watchRequests = () => {};
    const context = cluster.refusing('namespace-controller', (request) => {
      const { method, path } = request;
      if (method === 'GET' && path.startsWith('/api/v1/namespaces/team/pods')) looks++;
      watchRequests(request);
      return false;
    });
    await cluster.run(createNamespaceController(context, { discover: cluster.discover }));
    await cluster.create(namespaces, { metadata: { name: 'team' } });
    await cluster.create(serviceaccounts, { metadata: { name: 'default', namespace: 'team' } });
    const spec = { containers: [{ name: 'c', image: 'web:1' }] };
    await cluster.create(pods, { metadata: { name: 'web', namespace: 'team' }, spec });
    await cluster.create(secrets, { metadata: { name: 's', namespace: 'team' } });
    await cluster.create(configmaps, { metadata: { name: 'other' } });
    await cluster.settle();
  });
  afterEach(() => cluster.stop());

  test('goes with all it holds, and nothing else goes', async () => {
    await cluster.delete(namespaces, 'team');
    await cluster.pass(1_000);
    expect(await cluster.find(namespaces, 'team')).toBeUndefined();
    expect(await cluster.find(secrets, 's', 'team')).toBeUndefined();
    expect(await cluster.find(configmaps, 'other')).toBeDefined();
  });

  test('of thousands of objects is emptied without holding anybody up', async () => {
    const pages: string[] = [];
    watchRequests = ({ method, path, query }) => {
      if (method === 'GET' && path.endsWith('/team/configmaps')) pages.push(String(query?.limit));
    };
    for (let i = 0; i < 320; i++) {
      const finalizers = i < 250 ? ['example.com/hold'] : [];
      await cluster.create(configmaps, { metadata: { name: `m${i}`, namespace: 'team', finalizers } });
    }
    await cluster.settle();
    let turns = 0;
    let isCounting = true;
    const count = () => void setImmediate(() => (turns++, isCounting && count()));
    count();
    await cluster.delete(namespaces, 'team');
    await cluster.pass(1_000);
    isCounting = false;
    expect(pages.slice(0, 4)).toEqual(['1', '100', '100', '100']);
    expect(turns).toBeGreaterThan(320 / 16);
    const { status } = await cluster.get(namespaces, 'team');
    expect(status?.conditions?.find((c) => c.type === 'NamespaceFinalizersRemaining')?.message).toContain(
      'example.com/hold in 250 resource instances',
    );
  });

  test('waits for its pods before anything else goes', async () => {
    nodes.lets = false;
    await cluster.delete(namespaces, 'team');
    const namespace = await cluster.get(namespaces, 'team');
    expect(namespace.status?.phase).toBe('Terminating');
    const remaining = namespace.status?.conditions?.find((c) => c.type === 'NamespaceContentRemaining');
    expect(remaining?.message).toBe('Some resources are remaining: pods. has 1 resource instances');
    expect(await cluster.find(secrets, 's', 'team')).toBeDefined();
    await nodes.finish(await cluster.get(pods, 'web', 'team'));
    await cluster.settle();
    expect(await cluster.find(namespaces, 'team')).toBeUndefined();
  });

  test('is looked at when the last of its pods has gone, not for each', async () => {
    const spec = { containers: [{ name: 'c', image: 'web:1' }] };
    await cluster.create(pods, { metadata: { name: 'other', namespace: 'team' }, spec });
    nodes.lets = false;
    await cluster.delete(namespaces, 'team');
    const before = await cluster.get(namespaces, 'team');
    await nodes.finish(await cluster.get(pods, 'web', 'team'));
    await cluster.settle();
    expect((await cluster.get(namespaces, 'team')).metadata).toEqual(before.metadata);
    await nodes.finish(await cluster.get(pods, 'other', 'team'));
    await cluster.settle();
    expect(await cluster.find(namespaces, 'team')).toBeUndefined();
  });

  test('says that pods should have gone, and looks again each minute at least', async () => {
    nodes.lets = false;
    await cluster.delete(namespaces, 'team');
    await cluster.pass(3_600_000);
    const { status } = await cluster.get(namespaces, 'team');
    const failure = status?.conditions?.find((c) => c.type === 'NamespaceDeletionContentFailure');
    expect(failure).toMatchObject({
      status: 'True',
      reason: 'ContentDeletionFailed',
      message:
        'Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: team for gvr: /v1, Resource=pods',
    });
    const before = looks;
    await cluster.pass(61_000);
    expect(looks).toBeGreaterThan(before);
  });

  test('waits for finalizers of others, and says so', async () => {
    const options = { namespace: 'team' };
    await cluster.patch(secrets, 's', { metadata: { finalizers: ['example.com/hold'] } }, options);
    await cluster.delete(namespaces, 'team');
    await cluster.pass(20_000);
    const { status } = await cluster.get(namespaces, 'team');
    const held = status?.conditions?.find((c) => c.type === 'NamespaceFinalizersRemaining');
    expect(held).toMatchObject({ status: 'True', reason: 'SomeFinalizersRemain' });
    await cluster.patch(secrets, 's', { metadata: { finalizers: null } }, options);
    await cluster.pass(10_000);
    expect(await cluster.find(namespaces, 'team')).toBeUndefined();
  });
});
