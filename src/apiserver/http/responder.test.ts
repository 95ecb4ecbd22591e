import { expect, test } from 'vitest';
import { type Deferred, deferred } from '../../platform/deferred.ts';
import { silentLog } from '../../platform/log.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import type { Exchange } from '../corridor/exchange.ts';
import { Responder } from './responder.ts';
import { standardCodecs } from './standard-codecs.ts';

const mebibyte = 2 ** 20;

/** An exchange whose connection takes what it is given when it is told to. */
function slowExchange() {
  const written: Uint8Array[] = [];
  let taking: Deferred<void> = deferred();
  let leave = () => {};
  const stream = {
    write: (bytes: Uint8Array) => void written.push(bytes),
    drained: () => taking.promise,
    end: () => void written.push(Buffer.from('the end')),
    abort() {},
  };
  const exchange = {
    reply: { started: false, open: () => stream },
    request: { method: 'GET', onGone: (gone: () => void) => void (leave = gone) },
    header: () => undefined,
    headers: (given: object) => given,
  };
  const take = async () => {
    const before = taking;
    taking = deferred();
    before.resolve();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  };
  return { exchange: exchange as unknown as Exchange, written, take, leave: () => leave() };
}

const responder = new Responder({
  platform: { clock: new VirtualClock(), log: silentLog },
  codecs: standardCodecs,
  tables: { table: () => undefined } as never,
  limits: { watchBufferBytes: 1, watches: 1, deadlineMs: 1000 },
});

test('a connection is given a large answer piece by piece, each when it has taken the one before', async () => {
  const { exchange, written, take } = slowExchange();
  const body = Array.from({ length: 5 }, (_, i) => Buffer.alloc(mebibyte / 2, i));
  const sent = responder.raw(exchange, { code: 200, headers: {}, body });
  for (let pieces = 1; pieces <= 3; pieces++) {
    expect(written).toHaveLength(pieces);
    await take();
  }
  await sent;
  expect(written.map(({ length }) => length)).toEqual([mebibyte, mebibyte, mebibyte / 2, 'the end'.length]);
  expect(Buffer.concat(written.slice(0, 3)).equals(Buffer.concat(body))).toBe(true);
});

test('who has gone is given nothing more', async () => {
  const { exchange, written, take, leave } = slowExchange();
  const sent = responder.raw(exchange, { code: 200, headers: {}, body: [Buffer.alloc(3 * mebibyte)] });
  leave();
  await take();
  await sent;
  expect(written).toHaveLength(1);
});
