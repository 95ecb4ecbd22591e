import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  configmaps,
  deviceclasses,
  persistentvolumeclaims,
  pods,
  resourceclaims,
  resourcequotas,
} from '../../api/generated/resources.ts';
import { readSums, writeSums } from '../../machinery/resource-sums.ts';
import type { ServedResource } from '../discovery.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { defineThings, things } from '../testing-kinds.ts';
import { count, createResourceQuotaController } from './resourcequota.ts';

test('an object costs as much as it takes, however many resources are counted', () => {
  const hard = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`count/r${i}`, '0']));
  const used = readSums({ ...hard, pods: '1' });
  let touched = 0;
  const told = new Proxy(used, {
    get(map, key) {
      touched++;
      const value: unknown = Reflect.get(map, key);
      return typeof value === 'function' ? value.bind(map) : value;
    },
  });
  count(told, readSums({ pods: '2', 'count/r7': '1', 'requests.cpu': '3' }));
  expect(touched).toBeLessThan(10);
  expect(writeSums(used)).toEqual({ ...hard, pods: '3', 'count/r7': '1' });
});

test('what is used follows what is there, and admission keeps to it', async () => {
  const cluster = await TestCluster.start();
  const nodes = new TestNodes(cluster);
  const context = cluster.context('resourcequota-controller');
  await cluster.run(createResourceQuotaController(context, { discover: cluster.discover }));
  const resources = { requests: { cpu: '500m' } };
  const spec = { containers: [{ name: 'c', image: 'web:1', resources }] };
  await cluster.create(pods, { metadata: { name: 'a' }, spec });
  const hard = { pods: '3', 'requests.cpu': '1', 'count/configmaps': '2' };
  await cluster.create(resourcequotas, { metadata: { name: 'q' }, spec: { hard } });
  await cluster.settle();
  const used = async () => (await cluster.get(resourcequotas, 'q')).status?.used;
  expect((await cluster.get(resourcequotas, 'q')).status?.hard).toEqual(hard);
  expect(await used()).toEqual({ pods: '1', 'requests.cpu': '500m', 'count/configmaps': '0' });
  await cluster.create(pods, { metadata: { name: 'b' }, spec });
  await cluster.settle();
  expect(await used()).toMatchObject({ pods: '2', 'requests.cpu': '1' });
  await expect(cluster.create(pods, { metadata: { name: 'c' }, spec })).rejects.toThrow('exceeded quota: q');
  await nodes.become(await cluster.get(pods, 'a'), 'Succeeded');
  await cluster.delete(pods, 'b');
  await cluster.create(configmaps, { metadata: { name: 'm' } });
  await cluster.settle();
  expect(await used()).toEqual({ pods: '0', 'requests.cpu': '0', 'count/configmaps': '1' });
  await cluster.stop();
});

test('claims are counted where their class of attributes has them counted, from when they get it', async () => {
  const cluster = await TestCluster.start();
  const context = cluster.context('resourcequota-controller');
  await cluster.run(createResourceQuotaController(context, { discover: cluster.discover }));
  const resources = { requests: { storage: '1.1Mi' } };
  const spec = { accessModes: ['ReadWriteOnce'], resources };
  await cluster.create(persistentvolumeclaims, { metadata: { name: 'c' }, spec });
  const gold = { scopeName: 'VolumeAttributesClass', operator: 'In', values: ['gold'] };
  const hard = { persistentvolumeclaims: '3', 'requests.storage': '1Gi' };
  const scopeSelector = { matchExpressions: [gold] };
  await cluster.create(resourcequotas, { metadata: { name: 'q' }, spec: { hard, scopeSelector } });
  await cluster.settle();
  const used = async () => (await cluster.get(resourcequotas, 'q')).status?.used;
  expect(await used()).toEqual({ persistentvolumeclaims: '0', 'requests.storage': '0' });
  const { status, ...claim } = await cluster.get(persistentvolumeclaims, 'c');
  await cluster.client
    .of(persistentvolumeclaims)
    .updateStatus(
      { ...claim, status: { ...status, currentVolumeAttributesClassName: 'gold' } },
      { cause: { reason: 'a test' } },
    );
  await cluster.settle();
  expect(await used()).toEqual({ persistentvolumeclaims: '1', 'requests.storage': '1153434' });
  await cluster.stop();
});

test('a name that nothing is counted under is left out of what is used, or stays as it is', async () => {
  const cluster = await TestCluster.start();
  const context = cluster.context('resourcequota-controller');
  await cluster.run(createResourceQuotaController(context, { discover: cluster.discover }));
  // Deployments are counted as count/deployments.apps.
  const hard = { 'count/deployments': '3', 'count/widgets.example.com': '2', 'count/configmaps': '2' };
  await cluster.create(resourcequotas, { metadata: { name: 'q' }, spec: { hard } });
  await cluster.settle();
  const { status, ...quota } = await cluster.get(resourcequotas, 'q');
  expect(status).toEqual({ hard, used: { 'count/configmaps': '0' } });
  const used = { 'count/widgets.example.com': '1', 'count/configmaps': '1', pods: '7' };
  await cluster.client
    .of(resourcequotas)
    .updateStatus({ ...quota, status: { used } }, { cause: { reason: 'a test' } });
  await cluster.settle();
  const told = (await cluster.get(resourcequotas, 'q')).status;
  expect(told).toEqual({ hard, used: { 'count/widgets.example.com': '1', 'count/configmaps': '0' } });
  await cluster.stop();
});

test('devices are counted by class, in claims as for pods', async () => {
  const cluster = await TestCluster.start();
  const context = cluster.context('resourcequota-controller');
  await cluster.run(createResourceQuotaController(context, { discover: cluster.discover }));
  await cluster.create(deviceclasses, {
    metadata: { name: 'gpu' },
    spec: { extendedResourceName: 'example.com/gpu' },
  });
  const hard = { 'gpu.deviceclass.resource.k8s.io/devices': '2', 'requests.example.com/gpu': '3' };
  await cluster.create(resourcequotas, { metadata: { name: 'q' }, spec: { hard } });
  await cluster.settle();
  const used = async () => (await cluster.get(resourcequotas, 'q')).status?.used;
  const claim = (name: string, count: number) =>
    cluster.create(resourceclaims, {
      metadata: { name },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', count } }] } },
    });
  await claim('one', 1);
  await expect(claim('two', 2)).rejects.toThrow(
    'exceeded quota: q, requested: gpu.deviceclass.resource.k8s.io/devices=2, used: gpu.deviceclass.resource.k8s.io/devices=1, limited: gpu.deviceclass.resource.k8s.io/devices=2',
  );
  const limits = { 'example.com/gpu': '2' };
  await cluster.create(pods, {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { limits } }] },
  });
  await cluster.settle();
  expect(await used()).toEqual({
    'gpu.deviceclass.resource.k8s.io/devices': '1',
    'requests.example.com/gpu': '3',
  });
  await cluster.delete(resourceclaims, 'one');
  await cluster.settle();
  expect(await used()).toEqual({
    'gpu.deviceclass.resource.k8s.io/devices': '0',
    'requests.example.com/gpu': '2',
  });
  await cluster.stop();
});

test('what admission has booked for an object that is not there yet stays booked, until something changes', async () => {
  const cluster = await TestCluster.start();
  const context = cluster.context('resourcequota-controller');
  await cluster.run(createResourceQuotaController(context, { discover: cluster.discover }));
  await cluster.create(resourcequotas, { metadata: { name: 'q' }, spec: { hard: { configmaps: '3' } } });
  await cluster.settle();
  const counted = await cluster.get(resourcequotas, 'q');
  const status = { ...counted.status, used: { configmaps: '2' } };
  await cluster.client
    .of(resourcequotas)
    .updateStatus({ ...counted, status }, { cause: { reason: 'a test' } });
  await cluster.create(configmaps, { metadata: { name: 'm' } });
  await cluster.settle();
  const used = async () => (await cluster.get(resourcequotas, 'q')).status?.used;
  expect(await used()).toEqual({ configmaps: '3' });
  await cluster.delete(configmaps, 'm');
  await cluster.settle();
  expect(await used()).toEqual({ configmaps: '0' });
  await cluster.stop();
});

describe('of kinds that users add', () => {
  let cluster: TestCluster;
  let added: ServedResource[];
  beforeEach(async () => {
    cluster = await TestCluster.start();
    added = [things('v1beta1')];
  });
  afterEach(() => cluster.stop());

  const discover = async () => [...(await cluster.discover()), ...added];
  const used = async (name = 'q') => (await cluster.get(resourcequotas, name)).status?.used;
  const quota = (name: string, hard: Record<string, string>) =>
    cluster.create(resourcequotas, { metadata: { name }, spec: { hard } });
  const thing = (name: string) => cluster.create(things('v1'), { metadata: { name } });

  test('objects are counted also where the kind is served in another version by now', async () => {
    await defineThings(cluster, { v1: true, v1beta1: true });
    const context = cluster.context('resourcequota-controller');
    await cluster.run(createResourceQuotaController(context, { discover }));
    await quota('q', { 'count/things.example.com': '5' });
    await cluster.settle();
    await thing('one');
    expect(await used()).toEqual({ 'count/things.example.com': '1' });
    await defineThings(cluster, { v1: true, v1beta1: false });
    added = [things('v1')];
    await cluster.pass(301_000);
    await thing('two');
    await cluster.delete(things('v1'), 'one');
    await cluster.pass(30_000);
    expect(await used()).toEqual({ 'count/things.example.com': '1' });
    // Of what is served no longer nothing new is known.
    added = [];
    await cluster.pass(301_000);
    expect(await used()).toEqual({ 'count/things.example.com': '1' });
  });

  test('one that cannot be listed holds up nobody, and what is known of it stays', async () => {
    await defineThings(cluster, { v1: true, v1beta1: true });
    let isBlind = true;
    const context = cluster.seeingThrough('resourcequota-controller', (transport) => ({
      request: async (request) => {
        if (isBlind && request.path.endsWith('/things')) throw new Error('not now');
        return transport.request(request);
      },
      watch: (request, sink) => transport.watch(request, sink),
    }));
    await cluster.run(createResourceQuotaController(context, { discover }));
    await thing('one');
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
      await quota(name, { configmaps: '5', 'count/things.example.com': '5' });
    await quota('last', { configmaps: '5' });
    await cluster.pass(30_000);
    expect(await used('last')).toEqual({ configmaps: '0' });
    expect(await used('a')).toEqual({ configmaps: '0' });
    isBlind = false;
    await cluster.pass(60_000);
    expect(await used('a')).toEqual({ configmaps: '0', 'count/things.example.com': '1' });
    expect(await used('f')).toEqual({ configmaps: '0', 'count/things.example.com': '1' });
  });
});
