import { beforeEach, expect, test } from 'vitest';
import type { Event } from '../api/events/v1.ts';
import { notFound, StatusError } from '../machinery/status-error.ts';
import { silentLog } from '../platform/log.ts';
import { seededRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { Client } from './client.ts';
import { EventSeriesRecorder } from './series-recorder.ts';
import { type ApiRequest, type Transport, UnreachableError } from './transport.ts';

/** Keeps events as a server does, and what it was asked for. */
class Server implements Transport {
  readonly events = new Map<string, Event>();
  readonly asked: string[] = [];
  failures: Error[] = [];

  async request({ method, path, body }: ApiRequest): Promise<unknown> {
    this.asked.push(`${method} ${path.split('/').slice(0, 7).join('/')}`);
    const failure = this.failures.shift();
    if (failure) throw failure;
    const name = method === 'POST' ? (body as Event).metadata.name : path.split('/').at(-1);
    const old = this.events.get(name as string);
    if (method !== 'POST' && !old) throw notFound({ group: 'events.k8s.io', resource: 'events', name });
    const event = { ...old, ...(body as Event) };
    this.events.set(name as string, event);
    return event;
  }

  watch(): never {
    throw new Error('nobody watches');
  }

  get seen(): string[] {
    return [...this.events.values()].map(({ note, series }) => `${note} ${series?.count ?? 'once'}`);
  }
}

let server: Server;
let clock: VirtualClock;
let recorder: EventSeriesRecorder;
const minute = 60_000;

beforeEach(() => {
  server = new Server();
  clock = new VirtualClock();
  const base = { client: new Client(server), clock, random: seededRandom(1), log: silentLog };
  recorder = new EventSeriesRecorder({ ...base, reporter: 'scheduler', host: 'h' });
});

const pod = (name: string, resourceVersion = '1') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', uid: name, resourceVersion },
});
const note = (message: string, more: object = {}) =>
  ({ type: 'Warning', reason: 'Failed', action: 'Trying', message, ...more }) as const;

const path = '/apis/events.k8s.io/v1/namespaces/n/events';

test('an event is written in the newer form', async () => {
  recorder.record(pod('p'), note('no', { related: pod('q') }));
  recorder.record(pod('x'.repeat(250)), note('long', { action: undefined, reporter: 'other' }));
  await clock.advance(0);
  expect(server.asked).toEqual([`POST ${path}`, `POST ${path}`]);
  const [event, long] = [...server.events.values()];
  expect(event).toMatchObject({
    eventTime: expect.stringMatching(/\.\d{6}Z$/),
    type: 'Warning',
    reason: 'Failed',
    action: 'Trying',
    note: 'no',
    regarding: { kind: 'Pod', namespace: 'n', name: 'p', uid: 'p', resourceVersion: '1' },
    related: { kind: 'Pod', name: 'q' },
    reportingController: 'scheduler',
    reportingInstance: 'scheduler-h',
  });
  expect(event?.metadata.name).toMatch(/^p\.[0-9a-f]+$/);
  expect(event).not.toHaveProperty('series');
  expect(long).toMatchObject({ action: 'Failed', reportingInstance: 'other-h' });
  expect(long?.metadata.name).toMatch(/^[0-9a-f-]{36}$/);
});

test('what is said again of the same version is a series, whatever its words; its end is written later', async () => {
  for (const message of ['one', 'two', 'three']) recorder.record(pod('p'), note(message));
  recorder.record(pod('p', '2'), note('changed'));
  recorder.record(pod('p'), note('else', { action: 'Other' }));
  await clock.advance(0);
  expect(server.seen.toSorted()).toEqual(['changed once', 'else once', 'one 2']);
  await clock.advance(12 * minute);
  expect(server.seen.toSorted()).toEqual(['changed once', 'else once', 'one 3']);
  recorder.record(pod('p'), note('anew'));
  await clock.advance(0);
  expect(server.seen).toContain('anew once');
});

test.each([-300, 300])('a series ends as late although the clock is set by %s minutes', async (minutes) => {
  await clock.advance(5 * minute);
  for (const message of ['one', 'two', 'three']) recorder.record(pod('p'), note(message));
  clock.shiftWall(minutes * minute);
  await clock.advance(5 * minute);
  expect(server.seen).toEqual(['one 2']);
  await clock.advance(7 * minute);
  expect(server.seen).toEqual(['one 3']);
});

test('a series that goes on is written now and then', async () => {
  for (let i = 0; i < 16; i++) {
    recorder.record(pod('p'), note('again'));
    await clock.advance(2 * minute);
  }
  expect(server.asked).toHaveLength(3);
  expect(server.seen).toEqual(['again 15']);
});

test('a series whose event is gone is made anew', async () => {
  recorder.record(pod('p'), note('again'));
  await clock.advance(0);
  server.events.clear();
  recorder.record(pod('p'), note('again'));
  await clock.advance(0);
  expect(server.seen).toEqual(['again 2']);
});

test('what does not come to the server is tried again, what it refuses is not', async () => {
  server.failures = [new Error('lost'), new UnreachableError('nobody answers')];
  recorder.record(pod('p'), note('late'));
  await clock.advance(30_000);
  expect(server.seen).toEqual(['late once']);
  server.failures = [new StatusError(403, 'Forbidden', 'no')];
  recorder.record(pod('q'), note('refused'));
  await clock.advance(30_000);
  expect(server.seen).toEqual(['late once']);
  server.failures = Array.from({ length: 12 }, () => new Error('lost'));
  recorder.record(pod('r'), note('lost'));
  await clock.advance(5 * minute);
  expect(server.seen).toEqual(['late once']);
});

test('nothing is tried again after the end', async () => {
  server.failures = [new Error('lost')];
  recorder.record(pod('p'), note('late'));
  for (let i = 0; i < 3; i++) recorder.record(pod('q'), note('again'));
  await clock.advance(0);
  recorder.close();
  await clock.advance(60 * minute);
  expect(server.seen).toEqual(['again 2']);
});

test('after a burst fifty a second are written, and those that are tried again hold back no other', async () => {
  server.failures = Array.from({ length: 16 }, () => new Error('lost'));
  for (let i = 0; i < 300; i++) recorder.record(pod(`p${i}`), note('hello'));
  await clock.advance(0);
  expect(server.events.size).toBe(84);
  await clock.advance(2000);
  expect(server.events.size).toBe(184);
  await clock.advance(30_000);
  expect(server.events.size).toBe(300);
});

test('a clock that is put back holds no event up', async () => {
  for (let i = 0; i < 200; i++) recorder.record(pod(`p${i}`), note('hello'));
  await clock.advance(1000);
  clock.shiftWall(-60 * minute);
  await clock.advance(1000);
  expect(server.events.size).toBe(200);
  for (let i = 0; i < 50; i++) recorder.record(pod(`q${i}`), note('hello'));
  await clock.advance(1000);
  expect(server.events.size).toBe(250);
});

test('no more than ten thousand wait to be written', async () => {
  for (let i = 0; i < 10_100; i++) recorder.record(pod(`p${i}`), note('hello'));
  await clock.advance(10 * minute);
  expect(server.events.size).toBe(10_000);
});

test('those said once are not remembered for ever', async () => {
  for (let i = 0; i < 100; i++) recorder.record(pod(`p${i}`), note('hello'));
  await clock.advance(0);
  recorder.record(pod('p0'), note('hello'));
  for (let i = 0; i < 5000; i++) recorder.record(pod(`q${i}`), note('hello'));
  await clock.advance(2 * minute);
  for (const name of ['p0', 'p1']) recorder.record(pod(name), note('again'));
  await clock.advance(0);
  expect(server.asked.at(-1)).toMatch(/^POST/);
  expect(server.seen).not.toContain('hello 3');
  await clock.advance(12 * minute);
  expect(server.seen.filter((text) => text !== 'hello once')).toEqual(['hello 3', 'again once']);
});
