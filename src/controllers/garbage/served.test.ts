import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configmaps, customresourcedefinitions, secrets } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import type { ApiRequest, Transport, WatchEvent } from '../../client/transport.ts';
import type { Discover, ServedResource } from '../discovery.ts';
import { expired } from '../../machinery/status-error.ts';
import { TestCluster } from '../testing.ts';
import { defineThings, things } from '../testing-kinds.ts';
import { createGarbageCollector } from './garbage.ts';

let cluster: TestCluster;
/** What users have added, as discovery says. */
let added: ServedResource[];
/** Whether their server does not say so now. */
let isSilent: boolean;
/** Whether the collector's informers cannot look at configmaps. */
let isBlind: boolean;
/** Ends the watch of configmaps, so that they have to be listed anew. */
let losesSight: () => void;
/** What the informers have asked. */
let asked: ApiRequest[];

beforeEach(async () => {
  cluster = await TestCluster.start();
  [added, isSilent, isBlind, asked] = [[], false, false, []];
});
afterEach(() => cluster.stop());

async function run(): Promise<void> {
  const see = (request: ApiRequest) => {
    asked.push(request);
    if (isBlind && request.path.endsWith('/configmaps')) throw new Error('not now');
  };
  const seeing = (transport: Transport): Transport => ({
    request: async (request) => {
      see(request);
      return transport.request(request);
    },
    watch: async (request, sink) => {
      see(request);
      if (!request.path.endsWith('/configmaps')) return transport.watch(request, sink);
      losesSight = () => {
        isBlind = true;
        sink.onEnd(expired('too old'));
      };
      const onEvent = (event: WatchEvent) => isBlind || sink.onEvent(event);
      return transport.watch(request, { onEvent, onEnd: (error) => sink.onEnd(error) });
    },
  });
  const discover: Discover = async (options) => {
    if (isSilent) options?.undiscovered?.('example.com/v1');
    return [...(await cluster.discover()), ...(isSilent ? [] : added)];
  };
  const context = cluster.seeingThrough('generic-garbage-collector', seeing);
  await cluster.run(createGarbageCollector(context, { discover }));
}

const thing = (resource: Resource, name = 'owner') => cluster.create(resource, { metadata: { name } });
const owned = (
  name: string,
  { apiVersion, kind, metadata: { name: owner, uid } }: Stored<KubernetesObject>,
) =>
  cluster.create(secrets, {
    metadata: { name, ownerReferences: [{ apiVersion, kind, name: owner, uid }] },
  });

/** Discovery tells of the kind as it is served now only after a while. */
async function staysAsLongAsItsOwner(): Promise<void> {
  await owned('child', await thing(things('v1')));
  await cluster.settle();
  expect(await cluster.names(secrets)).toEqual(['child']);
  added = [things('v1')];
  await cluster.pass(90_000);
  expect(await cluster.names(secrets)).toEqual(['child']);
  await cluster.delete(things('v1'), 'owner');
  expect(await cluster.names(secrets)).toEqual([]);
}

describe('what is owned by an object', () => {
  test('of a kind whose version is no longer served stays', async () => {
    await defineThings(cluster, { v1: true, v1beta1: true });
    added = [things('v1beta1')];
    await run();
    await defineThings(cluster, { v1: true, v1beta1: false });
    await staysAsLongAsItsOwner();
  });

  test('of a kind that was made anew in another scope stays', async () => {
    await defineThings(cluster, { v1: true }, 'Cluster');
    added = [things('v1', false)];
    await run();
    await cluster.delete(customresourcedefinitions, 'things.example.com');
    await cluster.settle();
    await defineThings(cluster, { v1: true });
    await staysAsLongAsItsOwner();
  });

  // upstream: TestCRDDeletionCascading
  test('goes with the kind, however often that is made anew; nobody asks for a kind that is gone', async () => {
    await defineThings(cluster, { v1: true });
    added = [things('v1')];
    await run();
    for (const name of ['one', 'two', 'three']) {
      await owned(name, await thing(things('v1'), name));
      await cluster.settle();
      expect(await cluster.names(secrets)).toEqual([name]);
      await cluster.delete(things('v1'), name);
      await cluster.delete(customresourcedefinitions, 'things.example.com');
      await cluster.settle();
      expect(await cluster.names(secrets)).toEqual([]);
      added = [];
      await cluster.pass(300_000);
      asked = [];
      await cluster.pass(300_000);
      expect(asked.filter(({ path }) => path.endsWith('/things'))).toEqual([]);
      await defineThings(cluster, { v1: true });
      added = [things('v1')];
      await cluster.pass(31_000);
    }
  });

  // upstream: kubernetes/kubernetes#56121
  test('that came and went unseen goes', async () => {
    await run();
    losesSight();
    await cluster.settle();
    const owner = await cluster.create(configmaps, { metadata: { name: 'owner' } });
    await owned('child', owner);
    await cluster.settle();
    await cluster.delete(configmaps, 'owner');
    isBlind = false;
    await cluster.pass(120_000);
    expect(await cluster.names(secrets)).toEqual([]);
  });

  // upstream: initialSyncTimeout
  test('goes also where others cannot be looked at from the start', async () => {
    isBlind = true;
    await run();
    const owner = await cluster.create(secrets, { metadata: { name: 'owner' } });
    await owned('child', owner);
    await cluster.delete(secrets, 'owner');
    await cluster.pass(31_000);
    expect(await cluster.names(secrets)).toEqual([]);
  });
});

// upstream: "In partial discovery cases, preserve existing synced informers for resources in the failed groups"
test('what is let go stays also where its server does not say for a while what it serves', async () => {
  await defineThings(cluster, { v1: true });
  added = [things('v1')];
  await run();
  const { metadata } = await cluster.create(configmaps, { metadata: { name: 'owner' } });
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid }];
  await cluster.create(things('v1'), { metadata: { name: 'child', ownerReferences } });
  isSilent = true;
  await cluster.pass(60_000);
  await cluster.delete(configmaps, 'owner', { propagationPolicy: 'Orphan' });
  expect(await cluster.names(configmaps)).not.toContain('owner');
  isSilent = false;
  await cluster.pass(60_000);
  expect((await cluster.get(things('v1'), 'child')).metadata.ownerReferences).toBeUndefined();
});
