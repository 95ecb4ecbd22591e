import { expect, test } from 'vitest';
import {
  configmaps,
  deviceclasses,
  pods,
  resourceclaims,
  resourcequotas,
} from '../../api/generated/resources.ts';
import { readSums, writeSums } from '../../machinery/resource-sums.ts';
import { TestCluster, TestNodes } from '../testing.ts';
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
