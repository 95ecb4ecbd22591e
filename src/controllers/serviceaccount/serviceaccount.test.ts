import { afterEach, beforeEach, expect, test } from 'vitest';
import { namespaces, serviceaccounts } from '../../api/generated/resources.ts';
import { TestCluster } from '../testing.ts';
import { createServiceAccountController } from './serviceaccount.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start();
  await cluster.run(createServiceAccountController(cluster.context('service-account-controller')));
  await cluster.create(namespaces, { metadata: { name: 'team' } });
  await cluster.settle();
});
afterEach(() => cluster.stop());

const account = (name = 'default') => cluster.find(serviceaccounts, name, 'team');

test('a namespace has its default service account, also after somebody has deleted it', async () => {
  const first = await account();
  expect(first).toBeDefined();
  await cluster.delete(serviceaccounts, 'default', { namespace: 'team' });
  const again = await account();
  expect(again?.metadata.uid).toBeDefined();
  expect(again?.metadata.uid).not.toBe(first?.metadata.uid);
});

test('others are nobody’s business, and one that goes has none any more', async () => {
  await cluster.create(serviceaccounts, { metadata: { name: 'robot', namespace: 'team' } });
  await cluster.delete(serviceaccounts, 'robot', { namespace: 'team' });
  expect(await account('robot')).toBeUndefined();
  await cluster.delete(namespaces, 'team');
  await cluster.delete(serviceaccounts, 'default', { namespace: 'team' });
  expect(await account()).toBeUndefined();
});
