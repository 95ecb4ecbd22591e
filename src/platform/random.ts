import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** The only source of chance. */
export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number;
  /** A whole number from 0 up to, not including, `bound`. */
  int(bound: number): number;
  /** A version 4 UUID. */
  uuid(): string;
  /** `length` characters of the alphabet upstream uses for generated names: no vowels, no look-alikes. */
  suffix(length: number): string;
  /** `length` bytes; unpredictable unless this source is seeded. */
  bytes(length: number): Uint8Array;
}

const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

function suffixFrom(int: (bound: number) => number, length: number): string {
  let out = '';
  for (let i = 0; i < length; i++) out += nameAlphabet[int(nameAlphabet.length)];
  return out;
}

/** Chance from the operating system. */
export const systemRandom: Random = {
  next: () => Math.random(),
  int: (bound) => randomInt(bound),
  uuid: () => randomUUID(),
  suffix: (length) => suffixFrom((bound) => randomInt(bound), length),
  bytes: (length) => randomBytes(length),
};

/** Chance that repeats itself: the same seed gives the same sequence (mulberry32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (bound: number) => Math.floor(next() * bound);
  const bytes = (length: number) => Uint8Array.from({ length }, () => int(256));
  return { next, int, bytes, suffix: (length) => suffixFrom(int, length), uuid: () => uuidFrom(bytes(16)) };
}

function uuidFrom(raw: Uint8Array): string {
  raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
  raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(raw).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
