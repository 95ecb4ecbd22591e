interface Entry {
  delayMs: number;
  updatedMs: number;
}

/** What tells when something happened may be so much ahead of who asks, in milliseconds. */
const mostAheadMs = 1000;

/**
 * Growing delays by key, as client-go's flowcontrol.Backoff: the first failure costs the base delay, each further one
 * doubles it up to the most, and a key that was quiet for twice the most begins anew. All moments are of one clock.
 */
export class KeyedBackoff {
  readonly #options: { baseMs: number; maxMs: number };
  readonly #entries = new Map<string, Entry>();

  constructor(options: { baseMs: number; maxMs: number }) {
    this.#options = options;
  }

  /** Counts something that happened at `eventMs` against the key. */
  next(key: string, eventMs: number, nowMs: number): void {
    const { baseMs, maxMs } = this.#options;
    const entry = this.#entries.get(key);
    const delayMs = !entry || this.#isStale(entry, eventMs) ? baseMs : Math.min(maxMs, entry.delayMs * 2);
    this.#entries.set(key, { delayMs, updatedMs: nowMs });
  }

  /** How long the key still has to wait after what happened at `eventMs`; 0 where it need not. */
  waitMs(key: string, eventMs: number, nowMs: number): number {
    const entry = this.#entries.get(key);
    // Of what is still to come nobody knows how long ago it was: the clock has been set back.
    if (!entry || this.#isStale(entry, eventMs) || eventMs > nowMs + mostAheadMs) return 0;
    return Math.max(0, eventMs + entry.delayMs - nowMs);
  }

  /** How long the key still has to wait since it was last counted. */
  waitSinceUpdateMs(key: string, nowMs: number): number {
    return this.waitMs(key, this.#entries.get(key)?.updatedMs ?? nowMs, nowMs);
  }

  /** The delay in force. */
  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /** Forgets every key that begins so. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #isStale(entry: Entry, eventMs: number): boolean {
    return eventMs - entry.updatedMs > 2 * this.#options.maxMs;
  }
}

/** A span as Go prints it, such as `10s`, `1m20s`, `5m0s` or `1.5s`. */
export function formatSpan(spanMs: number): string {
  if (spanMs === 0) return '0s';
  if (spanMs < 1000) return `${trim(spanMs)}ms`;
  const totalSeconds = spanMs / 1000;
  const hours = Math.floor(totalSeconds / 3600);
  const minutes = Math.floor((totalSeconds % 3600) / 60);
  const seconds = trim((spanMs % 60_000) / 1000);
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

const trim = (n: number) => String(Number(n.toFixed(3)));
