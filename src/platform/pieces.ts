import { giveBackMemory } from './lent-memory.ts';

/** What a connection is given of a large answer at a time: it encrypts all that it gets in one go, and keeps it until it is sent. */
export const pieceBytes = 1 << 20;

/**
 * Bytes that are made as they are wanted, so that others have their turn between two pieces and a large answer is nowhere as a whole. A
 * piece may be in borrowed memory: whoever has it gives it back.
 */
export interface Pieces {
  /** Of all together. */
  readonly length: number;
  /** Makes them, once. None is much larger than a mebibyte. */
  make(): Iterable<Uint8Array>;
}

/** Bytes that are there, as pieces. */
export function piecesOf(parts: readonly Uint8Array[]): Pieces {
  let length = 0;
  for (const part of parts) length += part.length;
  return { length, make: () => cut(parts) };
}

function* cut(parts: readonly Uint8Array[]): Iterable<Uint8Array> {
  for (const part of parts)
    for (let at = 0; at < part.length; at += pieceBytes) yield part.subarray(at, at + pieceBytes);
}

/** All of them in one. */
export function joined({ length, make }: Pieces): Uint8Array {
  const all = [...make()];
  if (all.length === 1) return all[0] as Uint8Array;
  const whole = Buffer.concat(all, length);
  all.forEach(giveBackMemory);
  return whole;
}

/** Items that follow each other, as many as go into one piece, with their bytes. */
export function* groupsOf<T>(
  items: readonly T[],
  sizeOf: (item: T) => number,
): Iterable<{ group: readonly T[]; bytes: number }> {
  for (let from = 0; from < items.length; ) {
    let to = from;
    let bytes = 0;
    do bytes += sizeOf(items[to++] as T);
    while (to < items.length && bytes + sizeOf(items[to] as T) <= pieceBytes);
    yield { group: items.slice(from, to), bytes };
    from = to;
  }
}
