import { createHash } from 'node:crypto';

/** Six hexadecimal digits that are the same for every start with a data directory, and differ between directories. */
export function clusterId(dataDir: string): string {
  return createHash('sha256').update(dataDir).digest('hex').slice(0, 6);
}
