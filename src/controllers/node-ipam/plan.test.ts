import { describe, expect, test } from 'vitest';
import { Blocks, blockOf } from './plan.ts';

test('blocks follow each other up to the end of the range', () => {
  expect(blockOf('10.244.0.0/16', 24, 0)).toBe('10.244.0.0/24');
  expect(blockOf('10.244.0.0/16', 24, 255)).toBe('10.244.255.0/24');
  expect(blockOf('10.244.0.0/16', 24, 256)).toBeUndefined();
  expect(blockOf('10.0.0.0/8', 20, 17)).toBe('10.1.16.0/20');
});

// upstream: TestIndexToCIDRBlock
test.each([
  ['2001:db8:1234::/48', 64, 0, '2001:db8:1234::/64'],
  ['2001:db8:1234::/48', 64, 23, '2001:db8:1234:17::/64'],
  ['2001:db8:1234::/48', 64, 65_535, '2001:db8:1234:ffff::/64'],
  ['2001:db8:1234::/48', 64, 65_536, undefined],
  ['2001:db8::/32', 47, 0x4321, '2001:db8:8642::/47'],
  ['2001:db8:1234::/60', 68, 17, '2001:db8:1234:1:1000::/68'],
  ['fd00:10:244::/112', 120, 255, 'fd00:10:244::ff00/120'],
])('blocks of %s with %d bits: the one at %d', (range, bits, index, block) => {
  expect(blockOf(range, bits, index)).toBe(block);
});

/** The next so many blocks. */
const next = (blocks: Blocks, count: number) => Array.from({ length: count }, () => blocks.takeNext());

test('the next free block is given, and one that comes back only when the others have had their turn', () => {
  const blocks = new Blocks('10.244.0.0/21', 24);
  blocks.take('10.244.0.0/24');
  blocks.take('10.244.2.0/24');
  expect(next(blocks, 2)).toEqual(['10.244.1.0/24', '10.244.3.0/24']);
  blocks.giveBack('10.244.2.0/24');
  expect(next(blocks, 2)).toEqual(['10.244.4.0/24', '10.244.5.0/24']);
  expect(next(blocks, 4)).toEqual(['10.244.6.0/24', '10.244.7.0/24', '10.244.2.0/24', undefined]);
});

test('a range is used up, and no more of it is given until some comes back', () => {
  const blocks = new Blocks('10.0.0.0/24', 25);
  expect(next(blocks, 3)).toEqual(['10.0.0.0/25', '10.0.0.128/25', undefined]);
  blocks.giveBack('10.0.0.128/25');
  expect(blocks.takeNext()).toBe('10.0.0.128/25');
});

// upstream: TestOccupy, TestDoubleOccupyRelease, TestCIDRSetAllocationOccupied
describe('ranges of nodes that are no blocks', () => {
  test.each([
    ['10.244.1.128/25', ['10.244.0.0/24', '10.244.2.0/24', '10.244.3.0/24', undefined]],
    ['10.244.1.0/26', ['10.244.0.0/24', '10.244.2.0/24', '10.244.3.0/24', undefined]],
    ['10.244.2.0/23', ['10.244.0.0/24', '10.244.1.0/24', undefined, undefined]],
    ['10.244.0.0/16', [undefined, undefined, undefined, undefined]],
    ['10.0.0.0/8', [undefined, undefined, undefined, undefined]],
    ['10.244.4.0/24', ['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24']],
    ['fd00::/64', ['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24']],
  ])('%s takes all blocks that it shares addresses with', (range, left) => {
    const blocks = new Blocks('10.244.0.0/22', 24);
    blocks.take(range);
    blocks.take(range);
    expect(next(blocks, 4)).toEqual(left);
  });

  test.each([
    ['fd00:10:244:1::/65', ['fd00:10:244::/64', 'fd00:10:244:2::/64', 'fd00:10:244:3::/64', undefined]],
    ['fd00:10:244:2::/63', ['fd00:10:244::/64', 'fd00:10:244:1::/64', undefined, undefined]],
    ['fd00::/16', [undefined, undefined, undefined, undefined]],
    [
      'fd00:10:244:4::/64',
      ['fd00:10:244::/64', 'fd00:10:244:1::/64', 'fd00:10:244:2::/64', 'fd00:10:244:3::/64'],
    ],
    [
      'fd00:10:243::/64',
      ['fd00:10:244::/64', 'fd00:10:244:1::/64', 'fd00:10:244:2::/64', 'fd00:10:244:3::/64'],
    ],
    ['10.0.0.0/8', ['fd00:10:244::/64', 'fd00:10:244:1::/64', 'fd00:10:244:2::/64', 'fd00:10:244:3::/64']],
  ])('%s does the same in IPv6', (range, left) => {
    const blocks = new Blocks('fd00:10:244::/62', 64);
    blocks.take(range);
    expect(next(blocks, 4)).toEqual(left);
  });

  test('they come back as they were taken', () => {
    const blocks = new Blocks('10.244.0.0/22', 24);
    blocks.take('10.244.0.0/16');
    blocks.giveBack('10.244.2.0/23');
    expect(next(blocks, 3)).toEqual(['10.244.2.0/24', '10.244.3.0/24', undefined]);
    blocks.giveBack('10.9.0.0/24');
    expect(blocks.takeNext()).toBeUndefined();
  });
});
