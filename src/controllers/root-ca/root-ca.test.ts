import { afterEach, beforeEach, expect, test } from 'vitest';
import { configmaps, namespaces } from '../../api/generated/resources.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster } from '../testing.ts';
import { createRootCaPublisher } from './root-ca.ts';

const name = 'kube-root-ca.crt';
const descriptionKey = 'kubernetes.io/description';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start();
  const context = cluster.context('root-ca-cert-publisher');
  await cluster.run(createRootCaPublisher(context, { authority: 'PEM' }));
  await cluster.create(namespaces, { metadata: { name: 'team' } });
  await cluster.settle();
});
afterEach(() => cluster.stop());

const published = () => cluster.get(configmaps, name, 'team');
const change = (patch: object) => cluster.patch(configmaps, name, patch, { namespace: 'team' });

test('every namespace is told the authority', async () => {
  const { data, metadata } = await published();
  expect(data).toEqual({ 'ca.crt': 'PEM' });
  expect(metadata.annotations?.[descriptionKey]).toBeTruthy();
  const series = seriesOf(cluster.meter);
  expect(series['root_ca_cert_publisher_sync_total{code="200"}']).toBeGreaterThan(0);
  expect(series['root_ca_cert_publisher_sync_duration_seconds_count{code="200"}']).toBeGreaterThan(0);
});

test.each([
  ['another authority', { data: { 'ca.crt': 'other' } }],
  ['something beside it', { data: { more: 'x' } }],
  ['no description', { metadata: { annotations: { [descriptionKey]: null } } }],
])('%s is put right', async (_, patch) => {
  await change(patch);
  const { data, metadata } = await published();
  expect(data).toEqual({ 'ca.crt': 'PEM' });
  expect(metadata.annotations?.[descriptionKey]).toBeTruthy();
});

test('a description and labels of others stay', async () => {
  const mine = { labels: { mine: 'yes' }, annotations: { [descriptionKey]: 'ours' } };
  await change({ metadata: mine });
  await change({ data: { more: 'x' } });
  expect((await published()).metadata).toMatchObject({ labels: mine.labels });
});

test('what is deleted comes back, unless the namespace goes', async () => {
  await cluster.delete(configmaps, name, { namespace: 'team' });
  expect((await published()).data).toEqual({ 'ca.crt': 'PEM' });
  await cluster.delete(namespaces, 'team');
  await cluster.delete(configmaps, name, { namespace: 'team' });
  expect(await cluster.find(configmaps, name, 'team')).toBeUndefined();
});
