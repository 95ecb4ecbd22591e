import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OwnerReference } from '../../api/meta/v1.ts';
import { clusterroles, configmaps, namespaces, secrets } from '../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { Client } from '../../client/client.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster } from '../testing.ts';
import { createGarbageCollector } from './garbage.ts';
import { judge, ownerCoordinates, released } from './plan.ts';

const reference = (uid: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: uid,
  uid,
  ...more,
});

describe('the verdict on an object', () => {
  const solid = { reference: reference('a'), state: 'solid' } as const;
  const absent = { reference: reference('b'), state: 'absent' } as const;
  const waiting = { reference: reference('c'), state: 'waiting' } as const;

  test('one standing owner keeps it; references to the others go', () => {
    expect(judge({}, [solid], [])).toEqual({ type: 'keep' });
    expect(judge({}, [solid, absent, waiting], [])).toEqual({
      type: 'forget',
      references: [absent.reference, waiting.reference],
    });
  });

  test('without one it goes, as its finalizers say', () => {
    expect(judge({}, [absent], [])).toMatchObject({ type: 'delete', propagation: 'Background' });
    expect(judge({ finalizers: ['orphan'] }, [absent], [])).toMatchObject({ propagation: 'Orphan' });
    expect(judge({}, [waiting], [])).toMatchObject({ propagation: 'Background' });
  });

  test('where its owner waits, it waits in turn; a circle is broken', () => {
    expect(judge({}, [waiting], [{}])).toEqual({ type: 'delete', propagation: 'Foreground', unblock: false });
    const deleting = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['foregroundDeletion'] };
    expect(judge({}, [waiting], [deleting])).toMatchObject({ unblock: true });
  });

  test('an owner is released by a reference that goes or no longer blocks', () => {
    const before = { ownerReferences: [reference('a', { blockOwnerDeletion: true }), reference('b')] };
    expect(released(before, { ownerReferences: [reference('a'), reference('b')] }).map((r) => r.uid)).toEqual(
      ['a'],
    );
    expect(released(before, {}).map((r) => r.uid)).toEqual(['a', 'b']);
    expect(released(before, before)).toEqual([]);
  });
});

// upstream: TestConflictingData, "bad child -> good parent"
test('that an owner is absent under a wrong name says nothing of it under its own', () => {
  const good = reference('x');
  const wrong = [{ kind: 'Secret' }, { apiVersion: 'example.com/v1' }, { name: 'other' }, { uid: 'y' }];
  for (const more of wrong)
    expect(ownerCoordinates({ ...good, ...more }, 'default')).not.toBe(ownerCoordinates(good, 'default'));
  expect(ownerCoordinates(good, 'far')).not.toBe(ownerCoordinates(good, 'default'));
  const blocking = { ...good, blockOwnerDeletion: true };
  expect(ownerCoordinates(blocking, 'default')).toBe(ownerCoordinates(good, 'default'));
});

describe('collecting', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
    const context = cluster.context('generic-garbage-collector');
    await cluster.run(createGarbageCollector(context, { discover: cluster.discover }));
  });
  afterEach(() => cluster.stop());

  const owned = (name: string, owners: Stored<KubernetesObject>[], block = false, more: object = {}) =>
    cluster.create(secrets, {
      metadata: {
        name,
        ...more,
        ownerReferences: owners.map((owner) => ({
          apiVersion: owner.apiVersion,
          kind: owner.kind,
          name: owner.metadata.name,
          uid: owner.metadata.uid,
          blockOwnerDeletion: block,
        })),
      },
    });
  const map = (name: string, more: object = {}) =>
    cluster.create(configmaps, { metadata: { name, ...more } });

  test('in the background: dependents and theirs go after the owner', async () => {
    const child = await owned('child', [await map('owner')]);
    await owned('grandchild', [child]);
    await cluster.settle();
    expect(await cluster.names(secrets)).toEqual(['child', 'grandchild']);
    await cluster.delete(configmaps, 'owner');
    expect(await cluster.names(secrets)).toEqual([]);
  });

  test('one of two owners gone: the object stays with the other', async () => {
    const [a, b] = [await map('a'), await map('b')];
    await owned('child', [a, b]);
    await cluster.delete(configmaps, 'a');
    expect((await cluster.get(secrets, 'child')).metadata.ownerReferences).toMatchObject([{ name: 'b' }]);
    await cluster.delete(configmaps, 'b');
    expect(await cluster.names(secrets)).toEqual([]);
  });

  test('orphaned dependents stay and forget their owner', async () => {
    await owned('child', [await map('owner')]);
    await cluster.delete(configmaps, 'owner', { propagationPolicy: 'Orphan' });
    expect(await cluster.find(configmaps, 'owner')).toBeUndefined();
    expect((await cluster.get(secrets, 'child')).metadata.ownerReferences).toBeUndefined();
  });

  test('in the foreground: the owner goes last, and waits for what blocks it', async () => {
    const owner = await map('owner');
    await owned('blocking', [owner], true, { finalizers: ['example.com/hold'] });
    await owned('other', [owner]);
    await cluster.delete(configmaps, 'owner', { propagationPolicy: 'Foreground' });
    expect((await cluster.get(configmaps, 'owner')).metadata.finalizers).toEqual(['foregroundDeletion']);
    expect((await cluster.get(secrets, 'blocking')).metadata.deletionTimestamp).toBeDefined();
    await cluster.patch(secrets, 'blocking', { metadata: { finalizers: null } });
    expect(await cluster.find(configmaps, 'owner')).toBeUndefined();
    expect(await cluster.names(secrets)).toEqual([]);
  });

  // upstream: TestNonBlockingOwnerRefDoesNotBlock, processTransitions
  test('in the foreground: what blocks nothing goes without waiting for what does', async () => {
    const owner = await map('owner');
    await owned('blocking', [owner], true, { finalizers: ['example.com/hold'] });
    await owned('other', [owner]);
    await cluster.delete(configmaps, 'owner', { propagationPolicy: 'Foreground' });
    expect(await cluster.names(secrets)).toEqual(['blocking']);
  });

  test('a circle of owners goes in the foreground too', async () => {
    const a = await map('a');
    const b = await owned('b', [a], true);
    const back = {
      apiVersion: 'v1',
      kind: 'Secret',
      name: 'b',
      uid: b.metadata.uid,
      blockOwnerDeletion: true,
    };
    await cluster.patch(configmaps, 'a', { metadata: { ownerReferences: [back] } });
    await cluster.delete(configmaps, 'a', { propagationPolicy: 'Foreground' });
    await cluster.pass(1_000);
    expect(await cluster.find(configmaps, 'a')).toBeUndefined();
    expect(await cluster.find(secrets, 'b')).toBeUndefined();
  });

  test('an owner that never was, or has another uid, does not keep anything', async () => {
    const owner = await map('owner');
    await owned('child', [{ ...owner, metadata: { ...owner.metadata, uid: 'another' } }]);
    await cluster.settle();
    expect(await cluster.names(secrets)).toEqual([]);
  });

  test('an owner in another namespace does not count, and an event says so', async () => {
    await cluster.create(namespaces, { metadata: { name: 'far' } });
    const owner = await map('owner', { namespace: 'far' });
    await cluster.settle();
    await owned('child', [owner]);
    await cluster.settle();
    expect(await cluster.names(secrets)).toEqual([]);
    const uid = owner.metadata.uid;
    expect(await cluster.events('OwnerRefInvalidNamespace')).toEqual([
      `OwnerRefInvalidNamespace ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: ${uid}] does not exist in namespace "default"`,
    ]);
  });

  test('a cluster-wide object owned by one in a namespace stays', async () => {
    const owner = await map('owner');
    const { uid } = owner.metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
    await cluster.create(clusterroles, { metadata: { name: 'odd', ownerReferences }, rules: [] });
    await cluster.delete(configmaps, 'owner');
    expect((await cluster.get(clusterroles, 'odd')).metadata.deletionTimestamp).toBeUndefined();
  });

  test('an owner of a kind that is not served is not taken for gone', async () => {
    const owner = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w', uid: 'w' } };
    await owned('child', [owner as unknown as Stored<KubernetesObject>]);
    await cluster.pass(120_000);
    expect(await cluster.names(secrets)).toEqual(['child']);
  });
});

test('that it cannot be told what is served is counted', async () => {
  const cluster = await TestCluster.start();
  const context = cluster.context('generic-garbage-collector');
  const discover = () => Promise.reject(new Error('no'));
  await cluster.run(createGarbageCollector(context, { discover }));
  await cluster.pass(30_000);
  expect(seriesOf(cluster.meter)).toMatchObject({
    garbagecollector_controller_resources_sync_error_total: 2,
  });
  await cluster.stop();
});

describe('collecting where others get in between', () => {
  let cluster: TestCluster;
  /** What becomes of a request of the collector. */
  let meanwhile: (request: ApiRequest) => Promise<void>;
  beforeEach(async () => {
    meanwhile = async () => {};
    cluster = await TestCluster.start();
    const context = cluster.context('generic-garbage-collector');
    const { transport } = context.client;
    const request = async (r: ApiRequest) => {
      await meanwhile(r);
      return transport.request(r);
    };
    const client = new Client({ request, watch: transport.watch.bind(transport) });
    await cluster.run(createGarbageCollector({ ...context, client }, { discover: cluster.discover }));
  });
  afterEach(() => cluster.stop());

  /** What somebody else writes; nothing else happens meanwhile. */
  const write = (name: string, patch: object) => {
    const options = { type: 'application/merge-patch+json', cause: { reason: 'a test says so' } } as const;
    return cluster.client.of(secrets).patch({ name, namespace: 'default' }, patch, options);
  };
  const gone = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone' };

  // upstream: deleteObject
  test('what is written again and again goes all the same, as long as its owners stay the same', async () => {
    let count = 0;
    meanwhile = async ({ method }) => {
      if (method === 'DELETE') await write('busy', { data: { count: btoa(`${++count}`) } });
    };
    await cluster.create(secrets, { metadata: { name: 'busy', ownerReferences: [gone] } });
    await cluster.settle();
    expect(await cluster.names(secrets)).toEqual([]);
    expect(count).toBe(2);
  });

  test('of thousands of owners some are asked for at a time, and others run in between', async () => {
    let [asked, most] = [0, 0];
    meanwhile = async ({ method }) => {
      if (method !== 'GET') return;
      if (asked === 0) setImmediate(() => (asked = 0));
      most = Math.max(most, ++asked);
    };
    const { uid } = (await cluster.create(configmaps, { metadata: { name: 'owner' } })).metadata;
    await cluster.settle();
    const there = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid };
    const absent = Array.from({ length: 1000 }, (_, i) => ({ ...gone, name: `n${i}`, uid: `n${i}` }));
    const ownerReferences = [...absent, there];
    await cluster.create(secrets, { metadata: { name: 'owned', ownerReferences } });
    await cluster.settle();
    expect((await cluster.get(secrets, 'owned')).metadata.ownerReferences).toEqual([there]);
    expect(most).toBeLessThanOrEqual(60);
  });

  test('of thousands of dependents that are let go some are at a time, and others run in between', async () => {
    const { uid } = (await cluster.create(configmaps, { metadata: { name: 'owner' } })).metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
    for (let i = 0; i < 200; i++)
      await cluster.create(secrets, { metadata: { name: `s${i}`, ownerReferences } });
    await cluster.settle();
    let [asked, most] = [0, 0];
    meanwhile = async ({ method }) => {
      if (method !== 'PATCH') return;
      if (asked === 0) setImmediate(() => (asked = 0));
      most = Math.max(most, ++asked);
    };
    await cluster.delete(configmaps, 'owner', { propagationPolicy: 'Orphan' });
    await cluster.settle();
    const all = await cluster.list(secrets);
    expect(all).toHaveLength(200);
    expect(all.filter(({ metadata }) => metadata.ownerReferences?.length)).toEqual([]);
    expect(most).toBeLessThanOrEqual(60);
  });

  test('of thousands of owners that are gone some are told as the cause', async () => {
    let reason = '';
    meanwhile = async ({ method, cause }) => {
      if (method === 'DELETE') reason = cause?.reason ?? '';
    };
    const ownerReferences = Array.from({ length: 1000 }, (_, i) => ({
      ...gone,
      name: `n${i}`,
      uid: `n${i}`,
    }));
    await cluster.create(secrets, { metadata: { name: 'owned', ownerReferences } });
    await cluster.settle();
    expect(reason).toMatch(/^its owner is gone: ConfigMap n0, ConfigMap n1, .*, and 990 others$/);
  });

  test('what gets another owner stays', async () => {
    const owner = await cluster.create(configmaps, { metadata: { name: 'owner' } });
    const { uid } = owner.metadata;
    meanwhile = async ({ method }) => {
      if (method !== 'DELETE') return;
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
      await write('saved', { metadata: { ownerReferences } });
    };
    await cluster.create(secrets, { metadata: { name: 'saved', ownerReferences: [gone] } });
    await cluster.pass(60_000);
    expect(await cluster.names(secrets)).toEqual(['saved']);
  });
});
