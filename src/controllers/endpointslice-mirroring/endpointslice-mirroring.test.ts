import { afterEach, beforeEach, expect, test } from 'vitest';
import { endpoints, endpointslices, services } from '../../api/generated/resources.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster } from '../testing.ts';
import { createEndpointSliceMirroringController } from './endpointslice-mirroring.ts';

let cluster: TestCluster;
/** Whether the controller's requests are refused. */
let refuses: boolean;

beforeEach(async () => {
  refuses = false;
  cluster = await TestCluster.start();
  await cluster.run(
    createEndpointSliceMirroringController(
      cluster.refusing('endpointslicemirroring-controller', () => refuses),
    ),
  );
  await cluster.create(services, { metadata: { name: 'db' }, spec: { ports: [{ port: 5432 }] } });
});
afterEach(() => cluster.stop());

const subsets = [
  { addresses: [{ ip: '192.0.2.1' }], notReadyAddresses: [{ ip: '192.0.2.2' }], ports: [{ port: 5432 }] },
];

test('endpoints written by hand show up as slices, change and go', async () => {
  await cluster.create(endpoints, { metadata: { name: 'db', annotations: { note: 'x' } }, subsets });
  await cluster.settle();
  const [slice, ...others] = await cluster.list(endpointslices);
  expect(others).toEqual([]);
  expect(slice).toMatchObject({
    addressType: 'IPv4',
    metadata: {
      labels: {
        'kubernetes.io/service-name': 'db',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      },
      annotations: { note: 'x' },
      ownerReferences: [{ kind: 'Endpoints', name: 'db' }],
    },
    ports: [{ port: 5432, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['192.0.2.1'], conditions: { ready: true } },
      { addresses: ['192.0.2.2'], conditions: { ready: false } },
    ],
  });
  const version = slice?.metadata.resourceVersion;
  await cluster.pass(600_000);
  expect((await cluster.list(endpointslices))[0]?.metadata.resourceVersion).toBe(version);
  await cluster.patch(endpoints, 'db', {
    subsets: [{ addresses: [{ ip: '192.0.2.9' }], ports: [{ port: 5432 }] }],
  });
  expect((await cluster.list(endpointslices)).map((s) => s.endpoints?.map((e) => e.addresses[0]))).toEqual([
    ['192.0.2.9'],
  ]);
  await cluster.delete(endpoints, 'db');
  expect(await cluster.list(endpointslices)).toEqual([]);
});

test('labels and annotations are mirrored as they change, but for when what is shown happened', async () => {
  await cluster.create(endpoints, { metadata: { name: 'db' }, subsets });
  await cluster.settle();
  const annotations = { note: 'x', 'endpoints.kubernetes.io/last-change-trigger-time': 'date' };
  await cluster.patch(endpoints, 'db', { metadata: { labels: { foo: 'bar' }, annotations } });
  await cluster.settle();
  const [slice] = await cluster.list(endpointslices);
  expect(slice?.metadata.labels).toMatchObject({ foo: 'bar' });
  expect(slice?.metadata.annotations).toEqual({ note: 'x' });
});

test.each([
  ['none', null],
  ['an empty one', { foo: null }],
])('endpoints are mirrored while their Service has no selector: %s', async (_, none) => {
  const selecting = (selector: object | null) => cluster.patch(services, 'db', { spec: { selector } });
  const mirrored = async () => {
    await cluster.settle();
    return (await cluster.list(endpointslices)).length;
  };
  await selecting(none);
  await cluster.create(endpoints, { metadata: { name: 'db' }, subsets });
  expect(await mirrored()).toBe(1);
  await selecting({ foo: 'bar' });
  expect(await mirrored()).toBe(0);
  await selecting(none);
  expect(await mirrored()).toBe(1);
});

test('endpoints without a Service are not mirrored, until there is one', async () => {
  await cluster.create(endpoints, { metadata: { name: 'later' }, subsets });
  await cluster.settle();
  expect(await cluster.list(endpointslices)).toEqual([]);
  await cluster.create(services, { metadata: { name: 'later' }, spec: { ports: [{ port: 80 }] } });
  await cluster.settle();
  expect(await cluster.list(endpointslices)).toHaveLength(1);
});

test('endpoints that ask not to be, or whose Service selects pods, are not mirrored', async () => {
  const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
  await cluster.create(endpoints, { metadata: { name: 'db', labels }, subsets });
  const spec = { selector: { app: 'web' }, ports: [{ port: 80 }] };
  await cluster.create(services, { metadata: { name: 'web' }, spec });
  await cluster.create(endpoints, { metadata: { name: 'web' }, subsets });
  await cluster.settle();
  expect(await cluster.list(endpointslices)).toEqual([]);
});

test('addresses that are too many are left out, and that is told', async () => {
  const addresses = Array.from({ length: 1003 }, (_, i) => ({ ip: `192.0.${2 + (i >> 8)}.${i & 255}` }));
  await cluster.create(endpoints, {
    metadata: { name: 'db' },
    subsets: [{ addresses, ports: [{ port: 1 }] }],
  });
  await cluster.settle();
  expect((await cluster.list(endpointslices)).flatMap((s) => s.endpoints ?? [])).toHaveLength(1000);
  expect(await cluster.events('TooManyAddressesToMirror')).toEqual([
    'TooManyAddressesToMirror A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 3 addresses were skipped',
  ]);
  const prefix = 'endpoint_slice_mirroring_controller';
  const series = seriesOf(cluster.meter);
  expect(series).toMatchObject({
    [`${prefix}_changes{operation="create"}`]: 1,
    [`${prefix}_num_endpoint_slices`]: 1,
    [`${prefix}_desired_endpoint_slices`]: 1,
    [`${prefix}_endpoints_desired`]: 1000,
    [`${prefix}_endpoints_added_per_sync_sum`]: 1000,
    [`${prefix}_endpoints_updated_per_sync_sum`]: 0,
  });
  expect(series[`${prefix}_addresses_skipped_per_sync_sum`]).toBeGreaterThan(0);
  expect(series[`${prefix}_endpoints_sync_duration_count`]).toBeGreaterThan(0);
});

test('slices that cannot be written are told of', async () => {
  refuses = true;
  await cluster.create(endpoints, { metadata: { name: 'db' }, subsets });
  await cluster.settle();
  expect(await cluster.events('FailedToUpdateEndpointSlices')).toEqual([
    'FailedToUpdateEndpointSlices Error updating Endpoint Slices for Endpoints default/db: no',
  ]);
});
