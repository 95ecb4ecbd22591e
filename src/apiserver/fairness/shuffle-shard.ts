import { createHash } from 'node:crypto';

/** The number behind a flow: which flow schema, and what tells its flows apart. */
export function hashFlow(schema: string, distinguisher: string): bigint {
  const digest = createHash('sha256').update(schema).update('\0').update(distinguisher).digest();
  return digest.readBigUInt64LE(0);
}

/**
 * Deals `handSize` of `deckSize` cards, no card twice, each hand as likely as the other: what a flow can use of the
 * queues. The same number gives the same hand.
 */
export function deal(hash: bigint, deckSize: number, handSize: number): number[] {
  let rest = hash;
  const hand: number[] = [];
  const remainders: number[] = [];
  for (let i = 0; i < handSize; i++) {
    const left = BigInt(deckSize - i);
    remainders.push(Number(rest % left));
    rest /= left;
  }
  for (let i = 0; i < handSize; i++) {
    let card = remainders[i] as number;
    // Cards dealt before are gone: what stands at or above them moves up by one.
    for (let j = i; j > 0; j--) if (card >= (remainders[j - 1] as number)) card++;
    hand.push(card);
  }
  return hand;
}
