import { expect, test } from 'vitest';
import { cachedObject } from '../corridor/testing-dispatcher.ts';
import type { Codecs } from './encode.ts';
import { FrameMemo, watchEncoder } from './watch-encoder.ts';

const object = (name: string) => cachedObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

test('an event is made once for each way of watching', () => {
  const memo = new FrameMemo();
  const cached = object('a');
  const made: string[] = [];
  const ask = (key: string) => memo.remember(cached, key, () => (made.push(key), Buffer.from(key)));
  expect([ask('x'), ask('y'), ask('x'), ask('x')].map(String)).toEqual(['x', 'y', 'x', 'x']);
  expect(made).toEqual(['x', 'y']);
});

test('what is kept is bounded, and the oldest goes first', () => {
  const memo = new FrameMemo(1000);
  const all = Array.from({ length: 50 }, (_, i) => object(`o${i}`));
  let made = 0;
  const ask = (i: number) => memo.remember(all[i] as never, 'k', () => (made++, Buffer.alloc(100)));
  for (let i = 0; i < all.length; i++) ask(i);
  expect(memo.bytes).toBe(1000);
  ask(49);
  ask(40);
  expect(made).toBe(50);
  ask(0);
  expect([made, memo.bytes]).toEqual([51, 1000]);
});

test('an event that is larger than all that may be kept is shared by those who watch at once', () => {
  const memo = new FrameMemo(10);
  const cached = object('a');
  const first = memo.remember(cached, 'k', () => Buffer.alloc(100));
  expect(memo.remember(cached, 'k', () => Buffer.alloc(1))).toBe(first);
});

test('an event in JSON is made of the JSON that is kept: nothing is decoded', () => {
  const cached = object('grün');
  const undecoded = {
    ...{ jsonBytes: cached.jsonBytes, writeJson: cached.writeJson.bind(cached) },
    get object(): never {
      throw new Error('decoded');
    },
  };
  const encoder = watchEncoder({ encoding: 'json', pretty: false }, {} as Codecs);
  const frame = Buffer.from(encoder.frame({ type: 'ADDED', cached: undecoded as never })).toString();
  expect(frame).toBe(`{"type":"ADDED","object":${Buffer.from(cached.json())}}\n`);
});
