/** Smaller pieces are as cheap from elsewhere. */
const leastBytes = 64 * 1024;
const stepBytes = 128 * 1024;
/** How much is kept for those who ask next: what some readers of pages need at once. */
const mostKeptBytes = 8 << 20;

/** Pieces that nobody has, the oldest first. */
const kept: Buffer[] = [];
let keptBytes = 0;
/** Pieces that somebody has, by what they are made of. */
const lent = new WeakMap<ArrayBufferLike, Buffer>();

/**
 * Memory for at least so many bytes, with anything in it. Large answers are written into what others have been sent from: memory
 * that is new to a process is made for it a page at a time, which takes longer than to fill it. It is the caller's for good, unless
 * given back.
 */
export function borrowMemory(bytes: number): Buffer {
  if (bytes < leastBytes || bytes > mostKeptBytes) return Buffer.allocUnsafe(bytes);
  const piece = takeKept(bytes) ?? Buffer.allocUnsafe(Math.ceil(bytes / stepBytes) * stepBytes);
  lent.set(piece.buffer, piece);
  return piece;
}

/** The smallest that is large enough. */
function takeKept(bytes: number): Buffer | undefined {
  let best = -1;
  for (const [i, { length }] of kept.entries()) {
    if (length >= bytes && (best < 0 || length < (kept[best] as Buffer).length)) best = i;
  }
  if (best < 0) return undefined;
  const [piece] = kept.splice(best, 1);
  keptBytes -= piece?.length ?? 0;
  return piece;
}

/** Gives back borrowed memory, by any part of it. Nobody may read or write it any more. Does nothing for other memory. */
export function giveBackMemory({ buffer }: Uint8Array): void {
  const piece = lent.get(buffer);
  if (!piece) return;
  lent.delete(buffer);
  kept.push(piece);
  for (keptBytes += piece.length; keptBytes > mostKeptBytes; ) keptBytes -= kept.shift()?.length ?? 0;
}
