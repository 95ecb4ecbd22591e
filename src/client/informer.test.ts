import { expect, test } from 'vitest';
import { configmaps, pods } from '../api/generated/resources.ts';
import type { KubernetesObject } from '../api/resource.ts';
import { expired } from '../machinery/status-error.ts';
import { silentLog } from '../platform/log.ts';
import { seededRandom } from '../platform/random.ts';
import { turnsOver } from '../platform/turn.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { Client } from './client.ts';
import { Informers } from './informers.ts';
import type { ApiRequest, Transport, WatchEvent, WatchSink } from './transport.ts';

const mapNamed = (name: string): KubernetesObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name, namespace: 'default', resourceVersion: '7' },
});

/** A server of names, in pages, whose watches say nothing and can be ended. */
class Server implements Transport {
  names: string[] = [];
  readonly requests: ApiRequest[] = [];
  readonly watches: WatchSink[] = [];
  stopped = 0;

  async request(request: ApiRequest): Promise<unknown> {
    this.requests.push(request);
    const from = Number(request.query?.continue ?? 0);
    const end = from + Number(request.query?.limit);
    const items = this.names.slice(from, end).map(mapNamed);
    const metadata = { resourceVersion: '7', ...(end < this.names.length && { continue: String(end) }) };
    return { kind: 'ConfigMapList', apiVersion: 'v1', metadata, items };
  }

  async watch(request: ApiRequest, sink: WatchSink): Promise<{ stop(): void }> {
    this.requests.push(request);
    this.watches.push(sink);
    return { stop: () => void this.stopped++ };
  }
}

function setup() {
  const server = new Server();
  const clock = new VirtualClock();
  const informers = new Informers({
    client: new Client(server),
    clock,
    random: seededRandom(1),
    log: silentLog,
  });
  const abort = new AbortController();
  return { server, clock, informers, abort };
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `m${1000 + i}`);

test('a long list comes in pages, and others run between them', async () => {
  const { server, informers, abort } = setup();
  server.names = names(550);
  const informer = informers.of(configmaps);
  const seenByTurn: number[] = [];
  const watching = setInterval(() => {}, 1000);
  const look = () => {
    seenByTurn.push(informer.size);
    if (!informer.hasSynced) setImmediate(look);
  };
  setImmediate(look);
  informers.start(abort.signal);
  await informers.synced();
  clearInterval(watching);
  expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(server.names);
  expect(new Set(seenByTurn).size).toBeGreaterThanOrEqual(5);
  abort.abort();
});

test('a list that is made anew takes away what is gone', async () => {
  const { server, clock, informers, abort } = setup();
  server.names = names(250);
  const informer = informers.of(configmaps);
  const deleted: (string | undefined)[] = [];
  informer.onChange({ deleted: ({ metadata }) => deleted.push(metadata.name) });
  informers.start(abort.signal);
  await informers.synced();
  server.names = server.names.filter((name) => name !== 'm1003').concat('m2000');
  while (server.watches.length < 1) await new Promise(setImmediate);
  server.watches[0]?.onEnd(expired('too old'));
  while (server.watches.length < 2) {
    await clock.advance(1000);
    await new Promise(setImmediate);
  }
  expect(deleted).toEqual(['m1003']);
  expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(server.names);
  abort.abort();
});

/** Tells the first watch of a ConfigMap. */
const teller =
  ({ watches }: Server) =>
  (type: 'MODIFIED' | 'DELETED', name: string, revision: number, labels = {}) => {
    const object = mapNamed(name);
    const metadata = { ...object.metadata, resourceVersion: String(revision), labels };
    watches[0]?.onEvent({ type, object: { ...object, metadata } } as WatchEvent);
  };

/** An informer of ConfigMaps with what its server has to tell. */
async function following() {
  const { server, informers, abort } = setup();
  server.names = names(3);
  const informer = informers.of(configmaps);
  informers.start(abort.signal);
  await informers.synced();
  while (server.watches.length < 1) await new Promise(setImmediate);
  return { informer, tell: teller(server), abort };
}

test('who looks at little keeps little of what it is shown, and nothing of what it never looks at', async () => {
  const server = new Server();
  const keep = (object: KubernetesObject) => {
    const { labels, ...metadata } = object.metadata;
    return labels?.dull ? undefined : { metadata };
  };
  const means = {
    client: new Client(server),
    clock: new VirtualClock(),
    random: seededRandom(1),
    log: silentLog,
  };
  const informers = new Informers({ ...means, keep: new Map([[configmaps, keep]]) });
  const informer = informers.of(configmaps);
  const told: string[] = [];
  informer.onChange({
    added: ({ metadata }) => told.push(`added ${metadata.name}`),
    updated: ({ metadata }) => told.push(`updated ${metadata.name}`),
    deleted: ({ metadata }) => told.push(`deleted ${metadata.name}`),
  });
  server.names = names(1);
  const abort = new AbortController();
  informers.start(abort.signal);
  await informers.synced();
  while (server.watches.length < 1) await new Promise(setImmediate);
  const tell = teller(server);
  tell('MODIFIED', 'm1', 8, { dull: 'yes' });
  tell('MODIFIED', 'm1000', 9, { app: 'web' });
  expect(informer.list()).toEqual([{ metadata: { ...mapNamed('m1000').metadata, resourceVersion: '9' } }]);
  tell('MODIFIED', 'm1000', 10, { dull: 'yes' });
  tell('MODIFIED', 'm1000', 11);
  expect(told).toEqual(['added m1000', 'updated m1000', 'deleted m1000', 'added m1000']);
  expect(informer.resourceVersion).toBe('11');
  abort.abort();
});

test('who waits for an object is called once, when that object has changed or gone', async () => {
  const { informer, tell, abort } = await following();
  const called: string[] = [];
  informer.whenChanged('default/m1000', () => called.push('m1000'));
  informer.whenChanged('default/m1001', () => called.push('m1001'));
  tell('MODIFIED', 'm1002', 8);
  expect(called).toEqual([]);
  tell('MODIFIED', 'm1000', 9);
  tell('DELETED', 'm1001', 10);
  tell('MODIFIED', 'm1000', 11);
  expect(called).toEqual(['m1000', 'm1001']);
  abort.abort();
});

test('who waits for revisions is called in their order, however they asked', async () => {
  const { informer, tell, abort } = await following();
  const called: number[] = [];
  for (const revision of [9, 11, 8, 10]) informer.whenReached(String(revision), () => called.push(revision));
  tell('MODIFIED', 'm1000', 10);
  expect(called).toEqual([8, 9, 10]);
  tell('MODIFIED', 'm1000', 11);
  expect(called).toEqual([8, 9, 10, 11]);
  abort.abort();
});

test('an object keeps its place in an index for as long as it belongs there', async () => {
  const { informer, tell, abort } = await following();
  informer.addIndex('colour', ({ metadata }) => [metadata.labels?.colour ?? 'none']);
  const found = (colour: string) => informer.byIndex('colour', colour).map(({ metadata }) => metadata.name);
  tell('MODIFIED', 'm1000', 8);
  expect(found('none')).toEqual(['m1000', 'm1001', 'm1002']);
  tell('MODIFIED', 'm1000', 9, { colour: 'blue' });
  expect([found('none'), found('blue')]).toEqual([['m1001', 'm1002'], ['m1000']]);
  tell('DELETED', 'm1000', 10);
  expect(found('blue')).toEqual([]);
  abort.abort();
});

test('the work for an object in an index grows with its values, not with their square', async () => {
  const { informer, tell, abort } = await following();
  let read = 0;
  const counted = (values: string[]) =>
    new Proxy(values, {
      get(target, key, receiver) {
        read++;
        return Reflect.get(target, key, receiver);
      },
    });
  const owners = Array.from({ length: 2000 }, (_, i) => `owner-${i}`);
  informer.addIndex('owner', ({ metadata }) => counted(owners.map((name) => name + metadata.labels?.of)));
  for (const [i, of] of ['a', 'b', 'b'].entries()) tell('MODIFIED', 'm1000', 8 + i, { of });
  expect(informer.byIndex('owner', 'owner-7a')).toEqual([]);
  expect(informer.byIndex('owner', 'owner-7b')).toHaveLength(1);
  expect(read).toBeLessThan(100_000);
  abort.abort();
});

test('who looks at metadata alone asks for no more, and shares with those who do', () => {
  const { server, informers, abort } = setup();
  const whole = informers.of(pods);
  expect(informers.metadataOf(pods)).toBe(whole);
  const lean = informers.metadataOf(configmaps);
  expect(informers.metadataOf(configmaps)).toBe(lean);
  expect(informers.of(configmaps)).not.toBe(lean);
  informers.start(abort.signal);
  const asked = server.requests.map(({ path, metadataOnly }) => [path, metadataOnly]);
  expect(asked).toEqual([
    ['/api/v1/pods', undefined],
    ['/api/v1/configmaps', true],
    ['/api/v1/configmaps', undefined],
  ]);
  abort.abort();
});

test('a watch ends when the last who asked for it needs it no longer; who comes later has another', async () => {
  const { server, informers, abort } = setup();
  server.names = names(1);
  informers.start(abort.signal);
  const [one, same] = [informers.of(configmaps), informers.of(configmaps)];
  expect(same).toBe(one);
  await turnsOver();
  const [told, other]: [string[], string[]] = [[], []];
  const leave = one.onChange({ added: ({ metadata }) => told.push(metadata.name) });
  one.onChange({ added: ({ metadata }) => other.push(metadata.name) });
  const add = (name: string) =>
    server.watches.at(-1)?.onEvent({ type: 'ADDED', object: mapNamed(name) } as WatchEvent);
  informers.release(one);
  leave();
  add('new');
  expect([told, other]).toEqual([['m1000'], ['m1000', 'new']]);
  informers.release(one);
  await turnsOver();
  expect(server.stopped).toBe(1);
  const later = informers.of(configmaps);
  expect(later).not.toBe(one);
  await later.synced;
  expect(informers.of({ ...configmaps, namespaced: false })).not.toBe(later);
  abort.abort();
  await informers.stopped();
});
