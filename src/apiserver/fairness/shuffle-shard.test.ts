import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deal, hashFlow } from './shuffle-shard.ts';

test('a hand has as many cards as asked for, each of the deck and no two alike', () => {
  const game = fc
    .record({ hash: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), deck: fc.integer({ min: 1, max: 128 }) })
    .chain(({ hash, deck }) =>
      fc.record({
        hash: fc.constant(hash),
        deck: fc.constant(deck),
        size: fc.integer({ min: 1, max: Math.min(deck, 8) }),
      }),
    );
  fc.assert(
    fc.property(game, ({ hash, deck, size }) => {
      const hand = deal(hash, deck, size);
      expect(new Set(hand).size).toBe(size);
      for (const card of hand) expect(card >= 0 && card < deck).toBe(true);
      expect(deal(hash, deck, size)).toEqual(hand);
    }),
  );
});

test('cards that are dealt are taken out of the deck', () => {
  // 5 = 1 + 1 * 4 + ...: the second card numbered 1 of what is left is the one above the first.
  expect(deal(5n, 4, 2)).toEqual([1, 2]);
  expect(deal(0n, 4, 4)).toEqual([0, 1, 2, 3]);
});

test('flows are told apart by schema and distinguisher', () => {
  const hashes = [hashFlow('a', 'b'), hashFlow('a', 'c'), hashFlow('ab', ''), hashFlow('', 'ab')];
  expect(new Set(hashes).size).toBe(4);
});

test('all cards are dealt about as often', () => {
  const dealt = Array.from({ length: 16 }, () => 0);
  for (let i = 0; i < 4000; i++) {
    for (const card of deal(hashFlow('schema', `user-${i}`), 16, 4))
      dealt[card] = (dealt[card] as number) + 1;
  }
  for (const count of dealt) expect(Math.abs(count - 1000)).toBeLessThan(150);
});
