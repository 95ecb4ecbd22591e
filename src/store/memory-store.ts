import type { Clock } from '../platform/clock.ts';
import { LogStore } from './core/log-store.ts';
import { MemoryEngine } from './memory-engine.ts';
import type { CopyableStore } from './core/copying.ts';

export interface MemoryStoreOptions {
  clock: Clock;
  /** How long the past is kept; 24 hours unless given. */
  historyMs?: number;
  /** How much of the past is kept; 64 MiB unless given. */
  historyBytes?: number;
  /** What the store holds, where others are to begin from the same; its own unless given. */
  engine?: MemoryEngine;
}

/** A store in memory: for tests, and for clusters that need not outlive their process. */
export function createMemoryStore(options: MemoryStoreOptions): CopyableStore {
  const history = { ageMs: options.historyMs ?? 24 * 3_600_000, bytes: options.historyBytes ?? 64 << 20 };
  return new LogStore({ engine: options.engine ?? new MemoryEngine(), clock: options.clock, history });
}
