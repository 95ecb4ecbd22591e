import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { borrowMemory, giveBackMemory } from './lent-memory.ts';

const kib = 1024;

test('what is given back, by any part of it, is lent again to who has room in it', () => {
  // Nothing else that large is kept, whatever ran before in this process.
  const bytes = 7900 * kib;
  const piece = borrowMemory(bytes);
  expect(piece.length).toBeGreaterThanOrEqual(bytes);
  giveBackMemory(piece.subarray(5, 10));
  expect(borrowMemory(bytes).buffer === piece.buffer).toBe(true);
  expect(borrowMemory(bytes).buffer === piece.buffer).toBe(false);
});

test('nothing is lent to two at once, whoever gives back what and how often', () => {
  const bytes = fc.constantFrom(1, 63, 64, 100, 128, 300, 1000, 3000, 8192, 9000).map((n) => n * kib);
  const step = fc.record({ isBorrowing: fc.boolean(), bytes, which: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
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
    { numRuns: 30 },
  );
});
