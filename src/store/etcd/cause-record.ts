import type { Cause } from '../store.ts';

/** What stands under the cause key at a revision: when the commit was made, by which client, and why. */
export interface CauseRecord {
  /** Wall time of the commit, milliseconds since the epoch. */
  timeMs: number;
  /** Unique to the commit, so that its client knows it again. */
  id: string;
  cause?: Cause;
}

export function encodeCause(record: CauseRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}

/** Undefined for what no client of this kind has written. */
export function decodeCause(value: Uint8Array): CauseRecord | undefined {
  try {
    const record = JSON.parse(Buffer.from(value).toString()) as CauseRecord;
    return typeof record?.timeMs === 'number' ? record : undefined;
  } catch {
    return undefined;
  }
}
