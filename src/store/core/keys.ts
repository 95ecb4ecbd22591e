/** The longest key in UTF-8 bytes: within what every backend can hold. */
const longestKeyBytes = 1024;

/** What UTF-8 cannot say, and what ends a string elsewhere. */
const unfit = /[\0\p{Surrogate}]/u;

/** Code units in the order of their code points: surrogates stand for what comes after U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** Orders keys by their UTF-8 bytes, so that every backend lists alike. */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Refuses keys that not every backend could hold. A caller that gives one has a bug. */
export function checkKey(key: string): void {
  if (key === '' || unfit.test(key)) throw new RangeError('Not a store key');
  const bytes = key.length * 3 <= longestKeyBytes ? 0 : Buffer.byteLength(key);
  if (bytes > longestKeyBytes)
    throw new RangeError(`A store key has at most ${longestKeyBytes} bytes, not ${bytes}`);
}
