import { expect } from 'vitest';
import { type Any, at, refusal } from '../support/api.ts';
import { startFileWorld } from '../support/file-world.ts';
import { testsOf } from '../support/lines.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
const world = await startFileWorld({ nodes: 1 });
const { api } = world;

const ranges = (ns: string, name?: string) => at('v1', 'limitranges', { ns, name });
const pods = (ns: string, name?: string) => at('v1', 'pods', { ns, name });
const amounts = (cpu: string, memory: string, storage: string) => ({
  cpu,
  memory,
  'ephemeral-storage': storage,
});

const limitRange = (name: string, labels: object = {}): Any => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name, labels },
  spec: {
    limits: [
      {
        type: 'Container',
        min: amounts('50m', '100Mi', '100Gi'),
        max: amounts('500m', '500Mi', '500Gi'),
        defaultRequest: amounts('100m', '200Mi', '200Gi'),
        default: amounts('500m', '500Mi', '500Gi'),
      },
    ],
  },
});

const pod = (name: string, resources: object): Any => ({
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'app:1', resources }] },
});

line('limits-defaults', async () => {
  const ns = await world.namespace();
  const events = await world.watch(ranges(ns));
  await api.post(ranges(ns), limitRange('limits'));
  await world.cluster.settle();
  expect(events.map(({ type }) => type)).toEqual(['ADDED']);
  expect((await api.get(ranges(ns, 'limits'))).spec).toEqual(limitRange('limits').spec);
  const resourcesOf = async (name: string, resources: object) =>
    (await api.post(pods(ns), pod(name, resources))).spec.containers[0].resources;
  expect(await resourcesOf('nothing', {})).toEqual({
    requests: amounts('100m', '200Mi', '200Gi'),
    limits: amounts('500m', '500Mi', '500Gi'),
  });
  const partly = {
    requests: { cpu: '300m', memory: '150Mi' },
    limits: { cpu: '300m', 'ephemeral-storage': '150Gi' },
  };
  expect(await resourcesOf('partly', partly)).toEqual({
    requests: amounts('300m', '150Mi', '150Gi'),
    limits: amounts('300m', '500Mi', '150Gi'),
  });
  const little = { requests: amounts('10m', '50Mi', '50Gi') };
  const much = { requests: amounts('600m', '600Mi', '600Gi'), limits: amounts('600m', '600Mi', '600Gi') };
  expect((await refusal(api.post(pods(ns), pod('little', little)))).message).toContain(
    'minimum cpu usage per Container is 50m, but request is 10m',
  );
  expect((await refusal(api.post(pods(ns), pod('much', much)))).message).toContain(
    'maximum cpu usage per Container is 500m, but limit is 600m',
  );
  const lower = amounts('9m', '49Mi', '49Gi');
  await api.update(ranges(ns, 'limits'), ({ spec }) => {
    spec.limits[0].min = lower;
  });
  expect((await api.get(ranges(ns, 'limits'))).spec.limits[0].min).toEqual(lower);
  await api.post(pods(ns), pod('little', little));
  expect(await refusal(api.post(pods(ns), pod('much', much)))).toMatchObject({
    code: 403,
    reason: 'Forbidden',
  });
  await api.delete(ranges(ns, 'limits'));
  await world.until(async () => (await api.names(ranges(ns))).length === 0);
  await api.post(pods(ns), pod('much', much));
});

line('limits-collection', async () => {
  const [ns, other] = [await world.namespace(), await world.namespace()];
  const labels = { e2e: 'limits' };
  await api.post(ranges(ns), limitRange('limits', labels));
  await api.post(ranges(other), limitRange('limits', labels));
  const everywhere = `${at('v1', 'limitranges')}?labelSelector=e2e%3Dlimits`;
  const spaces = async () => (await api.get(everywhere)).items.map(({ metadata }: Any) => metadata.namespace);
  expect((await spaces()).sort()).toEqual([ns, other].sort());
  const min = { cpu: '40m' };
  const limits = [{ ...limitRange('limits').spec.limits[0], min }];
  await api.patch(ranges(ns, 'limits'), { metadata: { labels: { patched: 'yes' } }, spec: { limits } });
  const patched = await api.get(ranges(ns, 'limits'));
  expect(patched.metadata.labels).toEqual({ e2e: 'limits', patched: 'yes' });
  expect(patched.spec.limits[0].min).toEqual(min);
  await api.delete(`${ranges(ns)}?labelSelector=patched%3Dyes`);
  await world.until(async () => (await api.names(ranges(ns))).length === 0);
  expect(await spaces()).toEqual([other]);
});
