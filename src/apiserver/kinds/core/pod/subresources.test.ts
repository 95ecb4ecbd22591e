import { beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../../../api/core/v1.ts';
import type { DeleteOptions } from '../../../../api/meta/v1.ts';
import { bindings, nodes, poddisruptionbudgets, pods } from '../../../../api/generated/resources.ts';
import type { PodDisruptionBudgetStatus } from '../../../../api/policy/v1.ts';
import { StatusError } from '../../../../machinery/status-error.ts';
import type { AdmissionAttributes } from '../../../admission/admission.ts';
import type { Kind } from '../../../registry/kind.ts';
import { createTestApi, createTestCluster, type TestApi } from '../../../registry/testing.ts';
import { withZeroes } from '../../shared/zero-values.ts';
import { podKind } from './pod.ts';

const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';

let api: TestApi;
const spec = { containers: [{ name: 'c', image: 'nginx' }] };
const target = (name: string) => ({ metadata: { name: 'p' }, target: { kind: 'Node', name } });

beforeEach(async () => {
  api = await createTestCluster();
  await api.send('create', pods, { body: { metadata: { name: 'p', labels: { app: 'a' } }, spec } });
});

const post = (subresource: string, body: unknown) =>
  api.send('create', pods, { name: 'p', subresource, body });
const get = () => api.object<Pod>('get', pods, { name: 'p' });
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it went through'),
    (error) => (error as StatusError).status,
  );

async function report(status: Pod['status']): Promise<void> {
  const pod = await get();
  const body = { ...pod, status: { ...pod.status, ...status } };
  await api.send('update', pods, { name: 'p', subresource: 'status', body });
}

test.each(['constructor', 'toString', '__proto__'])('%s is none', async (subresource) => {
  const body = await get();
  for (const verb of ['get', 'update', 'create'] as const)
    expect((await failure(api.send(verb, pods, { name: 'p', subresource, body }))).code).toBe(404);
});

test.each(['binding', 'eviction'])(
  '%s is refused where it says that it is of another namespace',
  async (what) => {
    const metadata = { name: 'p', namespace: 'other' };
    const refused = {
      code: 400,
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    };
    const sent = (name: string) =>
      failure(api.send('create', pods, { name, subresource: what, body: { ...target('n'), metadata } }));
    expect(await sent('p')).toMatchObject(refused);
    expect(await sent('none')).toMatchObject(refused);
    expect((await get()).spec.nodeName).toBeUndefined();
  },
);

describe('binding', () => {
  test('gives the pod to a node, with annotations, zone and condition', async () => {
    const labels = { 'topology.kubernetes.io/zone': 'z1', other: 'x' };
    await api.send('create', nodes, { body: { metadata: { name: 'n', labels } } });
    const body = { ...target('n'), metadata: { name: 'p', annotations: { why: 'score' } } };
    const answer = await post('binding', body);
    expect(answer).toMatchObject({ code: 201, object: { kind: 'Status', status: 'Success' } });
    const pod = await get();
    expect(pod.spec.nodeName).toBe('n');
    expect(pod.metadata.annotations).toEqual({ why: 'score' });
    expect(pod.metadata.labels).toEqual({ app: 'a', 'topology.kubernetes.io/zone': 'z1' });
    expect(pod.metadata.generation).toBe(1);
    expect(pod.status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
  });

  test('happens once', async () => {
    await post('binding', target('n'));
    const status = await failure(post('binding', target('m')));
    expect(status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"',
      details: { name: 'p', kind: 'pods/binding' },
    });
  });

  test('can be created by itself as well', async () => {
    await api.send('create', nodes, { body: { metadata: { name: 'n' } } });
    const answer = await api.send('create', bindings, { body: target('n') });
    expect(answer).toMatchObject({ code: 201, object: { kind: 'Status', status: 'Success' } });
    expect((await get()).spec.nodeName).toBe('n');
    const absent = api.send('create', bindings, { body: { ...target('n'), metadata: { name: 'q' } } });
    expect(await failure(absent)).toMatchObject({ code: 404, message: 'pods "q" not found' });
    expect((await failure(api.send('list', bindings))).code).toBe(405);
  });

  test('is asked about at admission as what it was sent to', async () => {
    const asked: string[] = [];
    const note = ({ resource, subresource, name, kind }: AdmissionAttributes) =>
      void asked.push(`${resource.plural}/${subresource} ${name} ${kind.resource.kind}`);
    const admission = [{ name: 'Noting', admit: note, validate: note }];
    api = await createTestCluster({ admission });
    await api.send('create', pods, { body: { metadata: { name: 'p' }, spec } });
    asked.length = 0;
    await api.send('create', bindings, { body: target('n') });
    expect(asked).toEqual(['bindings/ p Binding', 'bindings/ p Binding']);
    await api.send('create', pods, { body: { metadata: { name: 'q' }, spec } });
    asked.length = 0;
    const body = { ...target('n'), metadata: { name: 'q' } };
    await api.send('create', pods, { name: 'q', subresource: 'binding', body });
    expect(asked).toEqual(['pods/binding q Pod', 'pods/binding q Pod']);
  });

  test('needs a node', async () => {
    const status = await failure(post('binding', { metadata: { name: 'p' }, target: { kind: 'Pod' } }));
    expect(status.message).toBe(
      'Binding "p" is invalid: [target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", target.name: Required value]',
    );
  });

  test('is for this pod', async () => {
    const status = await failure(post('binding', { metadata: { name: 'q' }, target: { name: 'n' } }));
    expect(status).toMatchObject({ code: 400, message: 'name in URL does not match name in Binding object' });
  });
});

describe('eviction', () => {
  const eviction = { metadata: { name: 'p' } };
  const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

  async function budget(status: PodDisruptionBudgetStatus, more: object = {}): Promise<void> {
    const body = {
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } }, ...more },
    };
    const made = await api.object('create', poddisruptionbudgets, { body });
    const updated = { ...made, status: { observedGeneration: 1, ...status } };
    await api.send('update', poddisruptionbudgets, { name: 'b', subresource: 'status', body: updated });
  }

  const gone = async () => (await failure(get())).code === 404;

  test('of a pod without a budget deletes it', async () => {
    await report(ready);
    await post('eviction', eviction);
    expect(await gone()).toBe(true);
  });

  test('spends what the budget allows', async () => {
    await report(ready);
    await budget({ disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 });
    await post('eviction', eviction);
    expect(await gone()).toBe(true);
    const { status } = await api.object('get', poddisruptionbudgets, { name: 'b' });
    expect(status).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ type: 'DisruptionAllowed', status: 'False' }],
    });
    expect(Object.keys(status?.disruptedPods ?? {})).toEqual(['p']);
  });

  test('is refused where the budget is spent', async () => {
    await report(ready);
    await budget({ disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 });
    expect(await failure(post('eviction', eviction))).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: 'The disruption budget b needs 1 healthy pods and has 1 currently',
          },
        ],
      },
    });
    expect(await gone().catch(() => false)).toBe(false);
  });

  test('is put off while the budget is not counted', async () => {
    await report(ready);
    await budget({ observedGeneration: 0, disruptionsAllowed: 5 });
    const status = await failure(post('eviction', eviction));
    expect(status.details).toMatchObject({
      retryAfterSeconds: 10,
      causes: [{ message: 'The disruption budget b is still being processed by the server.' }],
    });
  });

  test('of a pod that is not ready does not count while enough others are', async () => {
    await report({ phase: 'Running' });
    await budget({ disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2 });
    await post('eviction', eviction);
    expect(await gone()).toBe(true);
  });

  test('as a dry run changes nothing', async () => {
    await report(ready);
    await budget({ disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 });
    await api.send('create', pods, {
      name: 'p',
      subresource: 'eviction',
      body: eviction,
      query: { dryRun: 'All' },
    });
    expect((await get()).metadata.deletionTimestamp).toBeUndefined();
    const { status } = await api.object('get', poddisruptionbudgets, { name: 'b' });
    expect(status?.disruptionsAllowed).toBe(1);
  });
});

describe('an eviction', () => {
  const eviction = (deleteOptions?: DeleteOptions) => ({
    metadata: { name: 'p' },
    ...(deleteOptions && { deleteOptions }),
  });
  test('may be sent as policy/v1beta1, but as no other version', async () => {
    const sent = (apiVersion: string) => ({ apiVersion, kind: 'Eviction', ...eviction() });
    expect(await failure(post('eviction', sent('policy/v1alpha1')))).toMatchObject({
      code: 400,
      message: expect.stringContaining('no kind "Eviction" is registered for version "policy/v1alpha1"'),
    });
    await post('eviction', sent('policy/v1beta1'));
    expect((await failure(get())).code).toBe(404);
  });

  const bound = async (conditions: NonNullable<Pod['status']>['conditions']) => {
    await api.send('create', nodes, { body: { metadata: { name: 'n' } } });
    await post('binding', target('n'));
    await report({ phase: 'Running', conditions });
  };
  const isReady = [{ type: 'Ready', status: 'True' }];

  test('tells on the pod why it goes', async () => {
    await bound(isReady);
    await post('eviction', eviction());
    const { metadata, status } = await get();
    expect(metadata.deletionTimestamp).toBeDefined();
    expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      observedGeneration: 1,
    });
    expect(metadata.managedFields?.map(({ subresource }) => subresource)).not.toContain('eviction');
  });

  test('keeps to its preconditions', async () => {
    await bound(isReady);
    const { metadata } = await get();
    const { message } = await failure(post('eviction', eviction({ preconditions: { uid: 'other' } })));
    expect(message).toBe(
      `Operation cannot be fulfilled on Pod "p": the UID in the precondition (other) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
    expect((await get()).status?.conditions).not.toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget' }),
    );
    const { resourceVersion } = metadata;
    await post('eviction', eviction({ preconditions: { resourceVersion }, gracePeriodSeconds: 7 }));
    expect((await get()).metadata.deletionGracePeriodSeconds).toBe(7);
  });

  test('is a dry run where its own options say so', async () => {
    await bound(isReady);
    const budgetSpec = { minAvailable: 1, selector: { matchLabels: { app: 'a' } } };
    const made = await api.object('create', poddisruptionbudgets, {
      body: { metadata: { name: 'b' }, spec: budgetSpec },
    });
    const status = { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 };
    await api.send('update', poddisruptionbudgets, {
      name: 'b',
      subresource: 'status',
      body: { ...made, status },
    });
    await post('eviction', eviction({ dryRun: ['All'] }));
    expect((await get()).metadata.deletionTimestamp).toBeUndefined();
    const after = await api.object('get', poddisruptionbudgets, { name: 'b' });
    expect(after.status?.disruptionsAllowed).toBe(1);
    const query = { dryRun: 'All' };
    const clash = api.send('create', pods, {
      name: 'p',
      subresource: 'eviction',
      body: eviction({ dryRun: ['None'] }),
      query,
    });
    expect((await failure(clash)).message).toBe(
      'Non-matching dry-run options in request and content: [All] and [None]',
    );
  });

  test('of a pod under two budgets is refused', async () => {
    await bound(isReady);
    for (const name of ['b', 'c']) {
      const body = { metadata: { name }, spec: { minAvailable: 1, selector: {} } };
      await api.send('create', poddisruptionbudgets, { body });
    }
    expect(await failure(post('eviction', eviction()))).toMatchObject({
      code: 500,
      message:
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    });
  });

  test('minds no budget that selects nothing', async () => {
    await bound(isReady);
    const body = { metadata: { name: 'b' }, spec: { minAvailable: 1 } };
    await api.send('create', poddisruptionbudgets, { body });
    await post('eviction', eviction());
    expect((await get()).metadata.deletionTimestamp).toBeDefined();
  });

  test.each([
    ['Pending', 'Pending'],
    ['Succeeded', 'Succeeded'],
    ['Failed', 'Failed'],
  ])('of a pod that is %s asks no budget', async (_name, phase) => {
    await report({ phase });
    const body = { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: {} } };
    await api.send('create', poddisruptionbudgets, { body });
    await post('eviction', eviction());
    expect((await failure(get())).code).toBe(404);
  });

  // upstream: TestEvictionWithFinalizers
  test.each(['Pending', 'Succeeded', 'Failed'])(
    'of a pod that is %s tells on it why it goes as well',
    async (phase) => {
      await report({ phase });
      const body = { metadata: { finalizers: ['example.com/hold'] } };
      await api.send('patch', pods, { name: 'p', body, mediaType: 'application/merge-patch+json' });
      await post('eviction', eviction());
      const { metadata, status } = await get();
      expect(metadata.deletionTimestamp).toBeDefined();
      expect(status?.conditions?.map(({ type, reason }) => [type, reason])).toContainEqual([
        'DisruptionTarget',
        'EvictionByEvictionAPI',
      ]);
    },
  );

  test('of a pod that is not ready goes by the policy of its budget', async () => {
    await bound([]);
    const selector = { matchLabels: { app: 'a' } };
    const spec = { minAvailable: 1, selector, unhealthyPodEvictionPolicy: 'IfHealthyBudget' };
    const made = await api.object('create', poddisruptionbudgets, {
      body: { metadata: { name: 'b' }, spec },
    });
    const status = { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1 };
    await api.send('update', poddisruptionbudgets, {
      name: 'b',
      subresource: 'status',
      body: { ...made, status },
    });
    expect((await failure(post('eviction', eviction()))).code).toBe(429);
    await api.send('patch', poddisruptionbudgets, {
      name: 'b',
      body: { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } },
      mediaType: 'application/merge-patch+json',
    });
    await post('eviction', eviction());
    expect((await get()).metadata.deletionTimestamp).toBeDefined();
  });
});

describe('parts', () => {
  test('ephemeral containers can be added and not changed', async () => {
    const pod = await get();
    const debug = { name: 'debug', image: 'busybox' };
    const add = { ...pod, spec: { ...pod.spec, ephemeralContainers: [debug] } };
    const updated = await api.object<Pod>('update', pods, {
      name: 'p',
      subresource: 'ephemeralcontainers',
      body: add,
    });
    expect(updated.spec.ephemeralContainers).toMatchObject([debug]);
    expect(updated.metadata.generation).toBe(2);
    const change = {
      ...updated,
      spec: { ...updated.spec, ephemeralContainers: [{ ...debug, image: 'other' }] },
    };
    const status = await failure(
      api.send('update', pods, { name: 'p', subresource: 'ephemeralcontainers', body: change }),
    );
    expect(status.message).toContain('existing ephemeral containers "debug" may not be changed\n');
  });

  test('a resize changes cpu and memory alone, and not the class', async () => {
    const resources = { requests: { cpu: '1' } };
    await api.send('create', pods, {
      body: { metadata: { name: 'r' }, spec: { containers: [{ ...spec.containers[0], resources }] } },
    });
    const resize = async (to: object) => {
      const pod = await api.object<Pod>('get', pods, { name: 'r' });
      const containers = [{ ...pod.spec.containers[0], resources: to, image: 'ignored' }];
      return api.object<Pod>('update', pods, {
        name: 'r',
        subresource: 'resize',
        body: { ...pod, spec: { ...pod.spec, containers } },
      });
    };
    const resized = await resize({ requests: { cpu: '2' } });
    expect(resized.spec.containers[0]).toMatchObject({
      image: 'nginx',
      resources: { requests: { cpu: '2' } },
    });
    expect((await failure(resize({}))).message).toContain('resource requests cannot be removed');
    expect((await failure(resize({ requests: { cpu: '1', 'ephemeral-storage': '1Gi' } }))).message).toContain(
      'only cpu and memory resources are mutable',
    );
  });
});

/** Patches of a status that say something of every part, in ways that are right, wrong and odd. */
const statusPatches: [type: string, body: unknown][] = [
  [strategic, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }],
  [strategic, { metadata: { labels: { b: 'c' } }, status: { podIPs: [{ ip: '10.0.0.1' }] } }],
  [strategic, { status: { containerStatuses: [{ name: 'c', state: { running: {} } }] } }],
  [strategic, { metadata: { uid: 'other' }, status: {} }],
  [strategic, { status: { $patch: 'delete' } }],
  [strategic, { status: { phase: 'Running', odd: 1 } }],
  [strategic, { status: { phase: 1 } }],
  [strategic, { status: { conditions: [{ type: 'Ready', $patch: 'delete' }] }, spec: { nodeName: 'n' } }],
  [merge, { status: { nominatedNodeName: 'n', podIP: '10.0.0.2' } }],
  [merge, { status: { phase: [] } }],
  [merge, { status: null }],
  [merge, { status: { phase: 'Pending' } }],
  [merge, { kind: 'Node', status: {} }],
  [merge, { metadata: null, status: {} }],
  [merge, { spec: { odd: true }, status: { message: 'm' } }],
  [merge, { spec: { nodeName: null }, status: { reason: 'r' } }],
];

test('a patch of the status alone comes to what it comes to where all of the pod is read', async () => {
  const { defaults: _, ...wide } = podKind.status as NonNullable<typeof podKind.status>;
  const kinds = [{ ...podKind, status: wide }, podKind] as unknown as Kind[];
  const said = await Promise.all(
    kinds.map(async (kind) => {
      const one = await createTestApi([withZeroes(kind)]);
      const answers: unknown[] = [];
      await one.send('create', pods, { body: { metadata: { name: 'p', labels: { app: 'a' } }, spec } });
      for (const fieldValidation of ['Warn', 'Strict']) {
        for (const [mediaType, body] of statusPatches) {
          await one.clock.advance(1000);
          const request = { name: 'p', subresource: 'status', mediaType, body, query: { fieldValidation } };
          const answer = one.object('patch', pods, request);
          answers.push(await answer.catch((error) => (error as StatusError).status));
        }
      }
      return { answers, warnings: one.warnings };
    }),
  );
  expect(said[1]).toEqual(said[0]);
  expect(JSON.stringify(said[1])).toBe(JSON.stringify(said[0]));
});

test('a report of the state says nothing of when the pod goes or whose it is', async () => {
  const { metadata } = await get();
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' };
  const meant = { ...metadata, deletionTimestamp: '2020-01-01T00:00:00Z', ownerReferences: [owner] };
  const body = { metadata: meant, spec, status: { phase: 'Running' } };
  const written = await api.object<Pod>('update', pods, { name: 'p', subresource: 'status', body });
  expect(written.status?.phase).toBe('Running');
  expect(written.metadata).not.toHaveProperty('deletionTimestamp');
  expect(written.metadata).not.toHaveProperty('ownerReferences');
});
