import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { cachedObject } from '../corridor/testing-dispatcher.ts';
import { type Deferred, deferred } from '../../platform/deferred.ts';
import { silentLog } from '../../platform/log.ts';
import { turnsOver } from '../../platform/turn.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import type { Exchange } from '../corridor/exchange.ts';
import type { CachedObject, ListAnswer } from '../request.ts';
import { Responder } from './responder.ts';
import { standardCodecs } from './standard-codecs.ts';

const mebibyte = 2 ** 20;

/** An exchange whose connection takes what it is given when it is told to. */
function slowExchange(headers: Record<string, string> = {}) {
  const written: Uint8Array[] = [];
  let taking: Deferred<void> = deferred();
  let leave = () => {};
  const stream = {
    write: (bytes: Uint8Array) => void written.push(Buffer.from(bytes)),
    drained: () => taking.promise,
    end: () => void written.push(Buffer.from('the end')),
    abort: () => void written.push(Buffer.from('broken off')),
  };
  const exchange = {
    reply: { started: false, open: () => stream },
    request: { method: 'GET', onGone: (gone: () => void) => void (leave = gone) },
    header: (name: string) => headers[name],
    headers: (given: object) => given,
    info: { group: '', version: 'v1', resource: 'configmaps', verb: 'list' },
  };
  const take = async () => {
    await turnsOver();
    const before = taking;
    taking = deferred();
    before.resolve();
    await turnsOver();
  };
  return { exchange: exchange as unknown as Exchange, written, take, leave: () => leave() };
}

const responder = new Responder({
  platform: { clock: new VirtualClock(), log: silentLog },
  codecs: standardCodecs,
  tables: { table: () => undefined } as never,
  limits: { watchBufferBytes: 1, watches: 1, deadlineMs: 1000 },
});

/** Has a connection take what it is given until all is sent. */
async function untilOver(sent: Promise<void>, take: () => Promise<void>): Promise<void> {
  const state = { isOver: false };
  void sent.then(() => (state.isOver = true));
  while (!state.isOver) await take();
}

const json = { encoding: 'json', pretty: false } as const;

/** A list of objects of 400 kB, which say when they are written; the last can refuse to be. */
function largeList(count: number, { isBroken = false } = {}) {
  const written: number[] = [];
  const items = Array.from({ length: count }, (_, i): CachedObject => {
    const metadata = { name: `m${i}`, resourceVersion: '1' };
    const cached = cachedObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { text: 'x'.repeat(400_000) },
    } as never);
    const writeJson: CachedObject['writeJson'] = (...where) => {
      if (isBroken && i === count - 1) throw new Error('the store is closed');
      written.push(i);
      return cached.writeJson(...where);
    };
    return { ...cached, writeJson };
  });
  const answer: ListAnswer = {
    type: 'list',
    apiVersion: 'v1',
    kind: 'ConfigMapList',
    metadata: { resourceVersion: '1' },
    items,
  };
  return { answer, written };
}

const namesIn = (bytes: Uint8Array) =>
  JSON.parse(Buffer.from(bytes).toString()).items.map(
    (item: { metadata: { name: string } }) => item.metadata.name,
  );

test('a connection is given a large answer piece by piece, each when it has taken the one before', async () => {
  const { exchange, written, take } = slowExchange();
  const body = [Buffer.alloc(2.5 * mebibyte, 7)];
  const sent = responder.raw(exchange, { code: 200, headers: {}, body });
  for (let pieces = 1; pieces <= 3; pieces++) {
    await turnsOver();
    expect(written).toHaveLength(pieces);
    await take();
  }
  await sent;
  expect(written.map(({ length }) => length)).toEqual([mebibyte, mebibyte, mebibyte / 2, 'the end'.length]);
  expect(Buffer.concat(written.slice(0, 3)).equals(body[0] as Buffer)).toBe(true);
});

test('of a large list no more is made than the connection takes', async () => {
  const { exchange, written, take } = slowExchange();
  const list = largeList(7);
  const sent = responder.answer(exchange, list.answer, json);
  const made: number[] = [];
  for (let pieces = 1; pieces <= 4; pieces++) {
    await turnsOver();
    made.push(list.written.length);
    await take();
  }
  await sent;
  expect(made).toEqual([2, 4, 6, 7]);
  expect(namesIn(Buffer.concat(written.slice(0, -1)))).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6']);
});

test('a large list is packed as it is made', async () => {
  const { exchange, written, take } = slowExchange({ 'accept-encoding': 'gzip' });
  const sent = responder.answer(exchange, largeList(7).answer, json);
  await untilOver(sent, take);
  expect(namesIn(gunzipSync(Buffer.concat(written.slice(0, -1))))).toHaveLength(7);
});

test('a list of which something cannot be made any more is broken off', async () => {
  for (const coding of ['identity', 'gzip']) {
    const { exchange, written, take } = slowExchange({ 'accept-encoding': coding });
    const sent = responder.answer(exchange, largeList(3, { isBroken: true }).answer, json);
    const failure = expect(sent).rejects.toThrow('the store is closed');
    for (let i = 0; i < 5; i++) await take();
    await failure;
    expect(String(written.at(-1))).toBe('broken off');
  }
});

test('objects that are not there as protobuf are made so in turns', async () => {
  const { exchange, take } = slowExchange();
  let turns = 0;
  let isCounting = true;
  const count = () => void setImmediate(() => (turns++, isCounting && count()));
  const { answer } = largeList(6);
  const atTurn: number[] = [];
  const items = answer.items.map((item) => ({
    ...item,
    protobuf: () => (atTurn.push(turns), item.protobuf()),
  }));
  const sent = responder.answer(exchange, { ...answer, items }, { encoding: 'protobuf', pretty: false });
  count();
  await untilOver(sent, take);
  isCounting = false;
  expect(new Set(atTurn.slice(0, 6)).size).toBeGreaterThanOrEqual(5);
});

test('who has gone is given nothing more', async () => {
  const { exchange, written, take, leave } = slowExchange();
  const sent = responder.raw(exchange, { code: 200, headers: {}, body: [Buffer.alloc(3 * mebibyte)] });
  await turnsOver();
  leave();
  await take();
  await sent;
  expect(written).toHaveLength(1);
});
