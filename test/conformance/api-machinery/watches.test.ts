import { afterAll, beforeAll, expect } from 'vitest';
import { at } from '../support/api.ts';
import { type ConformanceCluster, startConformanceCluster } from '../support/cluster.ts';
import { testsOf } from '../support/lines.ts';
import { configMap } from '../support/objects.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];

beforeAll(async () => {
  cluster = await startConformanceCluster();
  ({ api } = cluster);
});
afterAll(() => cluster?.stop());

const maps = (ns: string, name?: string) => at('v1', 'configmaps', { ns, name });
const labelled = (name: string, label: string) => configMap(name, { labels: { watched: label } });
const selecting = (ns: string, selector: string) =>
  `${maps(ns)}?labelSelector=${encodeURIComponent(selector)}`;

line('watch-restart', async () => {
  const ns = await cluster.namespace();
  const path = selecting(ns, 'watched=restart');
  const first = await api.watch(path);
  await api.post(maps(ns), labelled('map', 'restart'));
  await api.patch(maps(ns, 'map'), { data: { mutation: '1' } });
  await first.next('ADDED');
  const { object } = await first.next('MODIFIED');
  first.close();
  await api.patch(maps(ns, 'map'), { data: { mutation: '2' } });
  await api.delete(maps(ns, 'map'));
  const second = await api.watch(`${path}&resourceVersion=${object.metadata.resourceVersion}`);
  expect((await second.next('MODIFIED')).object.data).toEqual({ mutation: '2' });
  await second.next('DELETED', 'map');
  expect(second.seen).toEqual(['MODIFIED map', 'DELETED map']);
  second.close();
});

line('watch-from', async () => {
  const ns = await cluster.namespace();
  await api.post(maps(ns), labelled('map', 'from'));
  const { metadata } = await api.patch(maps(ns, 'map'), { data: { mutation: '1' } });
  await api.patch(maps(ns, 'map'), { data: { mutation: '2' } });
  await api.delete(maps(ns, 'map'));
  const from = `&resourceVersion=${metadata.resourceVersion}`;
  const watch = await api.watch(selecting(ns, 'watched=from') + from);
  await watch.next('DELETED');
  expect(watch.seen).toEqual(['MODIFIED map', 'DELETED map']);
  expect(watch.events[0]?.object.data).toEqual({ mutation: '2' });
  watch.close();
});

line('watch-selectors', async () => {
  const ns = await cluster.namespace();
  const selectors = ['watched=a', 'watched=b', 'watched in (a, b)'];
  const watches = await Promise.all(selectors.map((selector) => api.watch(selecting(ns, selector))));
  for (const label of ['a', 'b']) {
    await api.post(maps(ns), labelled(label, label));
    await api.patch(maps(ns, label), { data: { mutation: '1' } });
    await api.patch(maps(ns, label), { data: { mutation: '2' } });
    await api.delete(maps(ns, label));
  }
  const [a, b, both] = watches;
  const all = (name: string) => [`ADDED ${name}`, `MODIFIED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`];
  await Promise.all([a?.next('DELETED', 'a'), b?.next('DELETED', 'b'), both?.next('DELETED', 'b')]);
  expect(watches.map(({ seen }) => seen)).toEqual([all('a'), all('b'), [...all('a'), ...all('b')]]);
  for (const watch of watches) watch.close();
});

line('watch-selector-change', async () => {
  const ns = await cluster.namespace();
  const watch = await api.watch(selecting(ns, 'watched=change'));
  const label = (watched: string) => api.patch(maps(ns, 'map'), { metadata: { labels: { watched } } });
  const mutate = (mutation: string) => api.patch(maps(ns, 'map'), { data: { mutation } });
  await api.post(maps(ns), labelled('map', 'change'));
  await mutate('1');
  await label('other');
  await mutate('2');
  await label('change');
  await mutate('3');
  await api.delete(maps(ns, 'map'));
  await watch.until(() => watch.seen.filter((event) => event === 'DELETED map').length === 2 || undefined);
  const types = watch.events.map(({ type, object }) => `${type} ${object.data?.mutation}`);
  expect(types).toEqual(['ADDED undefined', 'MODIFIED 1', 'DELETED 1', 'ADDED 2', 'MODIFIED 3', 'DELETED 3']);
  watch.close();
});

line('watch-order', async () => {
  const ns = await cluster.namespace();
  const total = 60;
  const write = async (writer: number) => {
    for (let i = 0; i < total / 3; i++) {
      const name = `map-${writer}-${i % 3}`;
      if (await api.has(maps(ns, name))) {
        if (i % 2) await api.delete(maps(ns, name));
        else await api.patch(maps(ns, name), { data: { i: String(i) } });
      } else await api.post(maps(ns), configMap(name));
    }
  };
  const { metadata } = await api.get(maps(ns));
  const first = await api.watch(`${maps(ns)}?resourceVersion=${metadata.resourceVersion}`);
  const writing = Promise.all([1, 2, 3].map(write));
  const later = [];
  for (let i = 0; i < 20; i++) {
    const event = await first.until(() => first.events[i]);
    const from = event.object.metadata.resourceVersion;
    later.push({ index: i, watch: await api.watch(`${maps(ns)}?resourceVersion=${from}`) });
  }
  await writing;
  await first.until(() => first.events.length >= total || undefined);
  const versions = (events: typeof first.events) =>
    events.map(({ object }) => object.metadata.resourceVersion);
  const order = versions(first.events);
  expect(order.map(Number)).toEqual(order.map(Number).sort((a, b) => a - b));
  for (const { index, watch } of later) {
    await watch.until(() => watch.events.length >= order.length - index - 1 || undefined);
    expect(versions(watch.events)).toEqual(order.slice(index + 1));
    watch.close();
  }
  first.close();
});
