import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SortedItems } from './sorted-items.ts';

const keysOf = (items: Iterable<{ key: string }>) => [...items].map((item) => item.key);

describe('sorted items', () => {
  test('keep the order of their keys whatever happens', () => {
    const key = fc.integer({ min: 0, max: 2000 }).map((n) => `/a/${n}`);
    const steps = fc.array(fc.record({ key, remove: fc.boolean() }), { maxLength: 1500 });
    fc.assert(
      fc.property(steps, (list) => {
        const items = new SortedItems<{ key: string }>();
        const model = new Set<string>();
        for (const step of list) {
          if (step.remove) items.delete(step.key);
          else items.set({ key: step.key });
          if (step.remove) model.delete(step.key);
          else model.add(step.key);
        }
        expect(items.size).toBe(model.size);
        expect(keysOf(items.range('/a/'))).toEqual([...model].sort());
        for (const [prefix, from] of [
          ['/a/'],
          ['/a/1'],
          ['/a/', '/a/15'],
          ['/', '/a/99\0'],
          ['/b/'],
        ] as const)
          expect(items.count(prefix, from)).toBe(keysOf(items.range(prefix, from)).length);
      }),
      { numRuns: 30 },
    );
  });

  test('give ranges below a prefix and from a key on', () => {
    const items = new SortedItems<{ key: string }>();
    for (const key of ['/p/a/1', '/p/a/2', '/p/b/1', '/q/1']) items.set({ key });
    expect(keysOf(items.range('/p/'))).toEqual(['/p/a/1', '/p/a/2', '/p/b/1']);
    expect(keysOf(items.range('/p/a/'))).toEqual(['/p/a/1', '/p/a/2']);
    expect(keysOf(items.range('/p/', '/p/a/1\0'))).toEqual(['/p/a/2', '/p/b/1']);
    expect(keysOf(items.range('/r/'))).toEqual([]);
  });

  test('replace what stands under a key', () => {
    const items = new SortedItems<{ key: string; n: number }>();
    items.set({ key: 'a', n: 1 });
    items.set({ key: 'a', n: 2 });
    expect([...items.range('')]).toEqual([{ key: 'a', n: 2 }]);
  });
});
