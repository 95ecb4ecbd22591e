import { assert, integer, nat, oneof, property, record, constantFrom, array } from 'fast-check';
import { expect, test } from 'vitest';
import { LargeMap } from './large-map.ts';
import { LargeSet } from './large-set.ts';

const steps = array(
  record({
    key: oneof(nat(40), nat(2000)).map(String),
    value: integer(),
    step: constantFrom('put', 'put', 'take'),
  }),
  { maxLength: 400 },
);

test('a large map holds what a map does, before and after its entries are spread', () => {
  assert(
    property(steps, (all) => {
      const [map, model] = [new LargeMap<number>(16), new Map<string, number>()];
      for (const { key, value, step } of all) {
        if (step === 'put') {
          map.set(key, value);
          model.set(key, value);
        } else expect(map.delete(key)).toBe(model.delete(key));
        expect(map.size).toBe(model.size);
        expect([map.has(key), map.get(key)]).toEqual([model.has(key), model.get(key)]);
      }
      expect(new Map(map)).toEqual(model);
      expect([...map.values()].sort()).toEqual([...model.values()].sort());
      map.clear();
      expect([map.size, [...map].length, map.get('1')]).toEqual([0, 0, undefined]);
    }),
  );
});

test('few entries come in the order in which they were put in, and what goes while they are looked through does not come', () => {
  const map = new LargeMap<number>(16);
  for (const key of ['b', 'c', 'a']) map.set(key, 1);
  map.set('b', 2);
  expect([...map]).toEqual([
    ['b', 2],
    ['c', 1],
    ['a', 1],
  ]);
  for (let i = 0; i < 100; i++) map.set(`${i}`, i);
  let met = 0;
  for (const [key] of map) {
    met++;
    map.delete(key);
  }
  expect([met, map.size]).toEqual([103, 0]);
});

test('names that count up are spread evenly', () => {
  const map = new LargeMap<number>(16);
  const names = [...Array(64_000).keys()].flatMap((i) => [
    `default/p-${i}`,
    `kube-system/web-7c9f-${i.toString(36)}`,
  ]);
  for (const name of names) map.set(name, 1);
  expect(map.size).toBe(128_000);
  const biggest = Math.max(...map.sizes());
  expect(biggest).toBeLessThan((2 * 128_000) / 64);
});

test('a large set holds what a set does, in its order, in not many more parts than it needs', () => {
  assert(
    property(steps, (all) => {
      const [set, model] = [new LargeSet(16), new Set<string>()];
      for (const { key, step } of all) {
        if (step === 'put' && !model.has(key)) {
          set.add(key);
          model.add(key);
        } else if (step === 'take') {
          set.delete(key);
          model.delete(key);
        }
        expect(set.size).toBe(model.size);
        expect(set.parts).toBeLessThanOrEqual(2 + (2 * set.size) / 4);
      }
      expect([...set]).toEqual([...model]);
    }),
  );
});
