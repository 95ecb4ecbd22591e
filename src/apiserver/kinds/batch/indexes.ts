import { goQuote } from '../../../machinery/go-text.ts';

/** First and last of a run of indexes. */
export type IndexInterval = readonly [first: number, last: number];

const maxInt = 2 ** 53;

function whole(text: string): number | undefined {
  const value = /^[-+]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return Math.abs(value) < maxInt ? value : undefined;
}

/** One index, or the first and the last of several, of a job of so many; a text for what is wrong with it. */
export function indexInterval(text: string, completions: number): IndexInterval | string {
  const limits = text.split('-');
  if (limits.length > 2) {
    return `the fragment ${goQuote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  }
  const numbers: number[] = [];
  for (const limit of limits) {
    const value = whole(limit);
    if (value === undefined) return `cannot convert string to integer for index: ${goQuote(limit)}`;
    if (value >= completions) return `too large index: ${goQuote(limit)}`;
    numbers.push(value);
  }
  const [first, last = first] = numbers as [number, number?];
  if (limits.length === 2 && first >= last) return outOfOrder(first, last);
  return [first, last];
}

const outOfOrder = (previous: number, current: number) =>
  `non-increasing order, previous: ${previous}, current: ${current}`;

/** How many indexes `1,3-5` names; a text for what is wrong with it. */
export function countIndexes(text: string, completions: number): number | string {
  let count = 0;
  let previous: number | undefined;
  for (const part of text ? text.split(',') : []) {
    const interval = indexInterval(part, completions);
    if (typeof interval === 'string') return interval;
    const [first, last] = interval;
    if (previous !== undefined && previous >= first) return outOfOrder(previous, first);
    count += last - first + 1;
    previous = last;
  }
  return count;
}

/** The first index that both texts name, of what can be read of them. */
export function sharedIndex(a: string, b: string, completions: number): number | undefined {
  const read = (text: string) =>
    (text ? text.split(',') : [])
      .map((part) => indexInterval(part, completions))
      .filter((interval): interval is IndexInterval => typeof interval !== 'string');
  const [left, right] = [read(a), read(b)];
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const [[firstA, lastA], [firstB, lastB]] = [left[i] as IndexInterval, right[j] as IndexInterval];
    if (firstA <= lastB && firstB <= lastA) return Math.max(firstA, firstB);
    if (firstA <= firstB) i++;
    else j++;
  }
  return undefined;
}
