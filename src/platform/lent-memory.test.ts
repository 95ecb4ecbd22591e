import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { borrowMemory, giveBackMemory } from './lent-memory.ts';

const kib = 1024;

test('what is given back, by any part of it, is lent again to who has room in it', () => {
  const piece = borrowMemory(300 * kib);
  expect(piece.length).toBeGreaterThanOrEqual(300 * kib);
  giveBackMemory(piece.subarray(5, 10));
  expect(borrowMemory(200 * kib).buffer).toBe(piece.buffer);
  expect(borrowMemory(200 * kib).buffer).not.toBe(piece.buffer);
});

test('nothing is lent to two at once, whoever gives back what and how often', () => {
  const step = fc.record({ isBorrowing: fc.boolean(), bytes: fc.nat(12 << 20), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const held = new Set<ArrayBufferLike>();
      const returned: Buffer[] = [];
      const borrowed: Buffer[] = [];
      for (const { isBorrowing, bytes, which } of steps) {
        if (isBorrowing) {
          const piece = borrowMemory(bytes);
          expect(piece.length).toBeGreaterThanOrEqual(bytes);
          if (bytes < 64 * kib) continue;
          expect(held.has(piece.buffer)).toBe(false);
          held.add(piece.buffer);
          borrowed.push(piece);
        } else if (borrowed.length > 0) {
          const [piece] = borrowed.splice(which % borrowed.length, 1) as [Buffer];
          held.delete(piece.buffer);
          giveBackMemory(piece);
          returned.push(piece);
          const again = returned[which % returned.length] as Buffer;
          if (!held.has(again.buffer)) giveBackMemory(again);
        }
      }
    }),
    { numRuns: 200 },
  );
});
