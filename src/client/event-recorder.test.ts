import { expect, test } from 'vitest';
import type { Event } from '../api/core/v1.ts';
import { silentLog } from '../platform/log.ts';
import { notFound, StatusError } from '../machinery/status-error.ts';
import { seededRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { Client } from './client.ts';
import { EventRecorder } from './event-recorder.ts';
import { type ApiRequest, type Transport, UnreachableError } from './transport.ts';

/** Takes events in after a second each, and says how many were under way at once. */
class SlowServer implements Transport {
  readonly clock = new VirtualClock();
  readonly events = new Map<string, Event>();
  readonly messages: string[] = [];
  most = 0;
  /** What requests end with, one after the other, before any succeeds. */
  failures: Error[] = [];
  asked = 0;
  #underWay = 0;

  async request({ method, path, body }: ApiRequest): Promise<unknown> {
    this.most = Math.max(this.most, ++this.#underWay);
    await this.clock.sleep(1000);
    this.#underWay--;
    this.asked++;
    const failure = this.failures.shift();
    if (failure) throw failure;
    const name = method === 'POST' ? (body as Event).metadata.name : path.split('/').at(-1);
    if (method === 'PATCH' && !this.events.has(name as string))
      throw notFound({ group: '', resource: 'events', name });
    const event = { ...this.events.get(name as string), ...(body as Event) };
    this.events.set(name as string, event);
    this.messages.push(event.message as string);
    return event;
  }

  watch(): never {
    throw new Error('nobody watches');
  }
}

const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', uid: name },
});

function recorderOn(server: SlowServer): EventRecorder {
  const { clock } = server;
  const source = { component: 'test' };
  return new EventRecorder({
    client: new Client(server),
    clock,
    random: seededRandom(1),
    log: silentLog,
    source,
  });
}

const note = (message: string) => ({ type: 'Normal', reason: 'Said', message }) as const;

test('notes about many objects are written at once, those about one object in their order', async () => {
  const server = new SlowServer();
  const recorder = recorderOn(server);
  for (const message of ['one', 'two', 'three']) recorder.record(pod('talkative'), note(message));
  for (let i = 0; i < 31; i++) recorder.record(pod(`p${i}`), note('hello'));
  await server.clock.advance(2000);
  expect(server.most).toBe(16);
  await server.clock.advance(2000);
  await recorder.flush();
  expect(server.events.size).toBe(34);
  expect(server.messages.filter((message) => message !== 'hello')).toEqual(['one', 'two', 'three']);
});

test('notes are lost where a thousand are not written yet, and taken again when they are', async () => {
  const server = new SlowServer();
  const recorder = recorderOn(server);
  for (let i = 0; i < 1100; i++) recorder.record(pod(`p${i}`), note('hello'));
  await server.clock.advance(70_000);
  expect(server.events.size).toBe(1000);
  recorder.record(pod('later'), note('hello'));
  await server.clock.advance(1000);
  await recorder.flush();
  expect(server.events.size).toBe(1001);
});

const lost = (times: number) => Array.from({ length: times }, () => new UnreachableError('nobody answers'));

test('what does not come to the server is tried again, and what is said of the object meanwhile comes after it', async () => {
  const server = new SlowServer();
  const recorder = recorderOn(server);
  server.failures = [...lost(1), new Error('broken off'), ...lost(1)];
  recorder.record(pod('p'), note('first'));
  recorder.record(pod('p'), note('second'));
  await server.clock.advance(1000);
  // Others are not held up by what waits.
  for (let i = 0; i < 16; i++) recorder.record(pod(`q${i}`), note('hello'));
  await server.clock.advance(60_000);
  expect(server.messages.filter((message) => message !== 'hello')).toEqual(['first', 'second']);
  expect(server.messages).toHaveLength(18);
});

test('twelve times, with ten seconds between, and then it is lost', async () => {
  const server = new SlowServer();
  const recorder = recorderOn(server);
  server.failures = lost(12);
  recorder.record(pod('p'), note('first'));
  await server.clock.advance(11 * 10_000 + 12_000);
  expect([server.asked, server.messages]).toEqual([12, []]);
  await server.clock.advance(60_000);
  expect(server.asked).toBe(12);
  recorder.record(pod('p'), note('second'));
  await server.clock.advance(2000);
  expect(server.messages).toEqual(['second']);
});

test('what the server refuses is not tried again', async () => {
  const server = new SlowServer();
  const recorder = recorderOn(server);
  server.failures = [new StatusError(503, 'ServiceUnavailable', 'the server is shutting down')];
  recorder.record(pod('p'), note('first'));
  await server.clock.advance(60_000);
  expect([server.asked, server.messages]).toEqual([1, []]);
});

test('at the end nobody waits for another try, and each that was held up is tried once', async () => {
  const server = new SlowServer();
  const recorder = recorderOn(server);
  server.failures = lost(3);
  recorder.record(pod('p'), note('first'));
  recorder.record(pod('p'), note('second'));
  recorder.record(pod('p'), note('third'));
  recorder.record(pod('p'), note('fourth'));
  await server.clock.advance(1000);
  const over = recorder.flush();
  await server.clock.advance(3000);
  await over;
  expect([server.asked, server.messages]).toEqual([4, ['fourth']]);
});

test('what is said again is counted, and what differs too often is combined', async () => {
  const server = new SlowServer();
  const recorder = recorderOn(server);
  for (let i = 0; i < 3; i++) recorder.record(pod('p'), note('same'));
  for (let i = 1; i < 12; i++) recorder.record(pod('p'), note(`other ${i}`));
  await server.clock.advance(20_000);
  await recorder.flush();
  const counts = [...server.events.values()].map(({ message, count }) => `${message} x${count}`);
  expect(counts).toHaveLength(10);
  expect(counts[0]).toBe('same x3');
  expect(counts.at(-1)).toBe('(combined from similar events): other 11 x3');
});

test('an event that has expired is written anew, with all that it has counted', async () => {
  const server = new SlowServer();
  const recorder = recorderOn(server);
  const say = async () => {
    recorder.record(pod('p'), note('same'));
    await server.clock.advance(2000);
    await recorder.flush();
  };
  await say();
  await say();
  const [first] = [...server.events.values()];
  server.events.clear();
  await server.clock.advance(3_600_000);
  await say();
  const [event, ...others] = [...server.events.values()];
  expect(others).toEqual([]);
  expect(event).toMatchObject({ count: 3, metadata: { name: first?.metadata.name } });
  expect(event?.firstTimestamp).toBe(first?.firstTimestamp);
  expect(event?.lastTimestamp).not.toBe(first?.lastTimestamp);
});
