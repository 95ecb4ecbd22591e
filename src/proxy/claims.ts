import type { ObjectMeta } from '../api/meta/v1.ts';
import { type Front, frontKey } from './fronts.ts';

/** A Service that wants a front, by the order in which such Services go. */
interface Claim {
  service: string;
  rank: string;
}

/**
 * Which Service has a front that several want: the one whose cluster address or node port it is, else the oldest.
 * Otherwise whoever writes another's address into `externalIPs` would get its packets, or hold its rules as they are.
 */
export class Claims {
  /** All that want a front, the one that has it first. */
  readonly #claims = new Map<string, readonly Claim[]>();
  readonly #wanted = new Map<string, ReadonlySet<string>>();

  /** Notes all that a Service wants from now on; gives the other Services that got or lost a front by it. */
  set(service: string, metadata: ObjectMeta, fronts: readonly Front[]): Set<string> {
    const wanted = new Map<string, string>();
    const age = `${metadata.creationTimestamp ?? ''} ${service}`;
    for (const front of fronts) {
      const rank = `${front.allotted ? 0 : 1} ${age}`;
      const key = frontKey(front);
      if (rank < (wanted.get(key) ?? '~')) wanted.set(key, rank);
    }
    const moved = new Set<string>();
    for (const key of new Set([...(this.#wanted.get(service) ?? []), ...wanted.keys()])) {
      const before = this.holder(key);
      this.#change(key, service, wanted.get(key));
      const after = this.holder(key);
      if (before !== after) for (const one of [before, after]) if (one !== undefined) moved.add(one);
    }
    if (wanted.size > 0) this.#wanted.set(service, new Set(wanted.keys()));
    else this.#wanted.delete(service);
    moved.delete(service);
    return moved;
  }

  /** The Service that has a front. */
  holder(key: string): string | undefined {
    return this.#claims.get(key)?.[0]?.service;
  }

  #change(key: string, service: string, rank: string | undefined): void {
    const others = (this.#claims.get(key) ?? []).filter((claim) => claim.service !== service);
    const all = rank === undefined ? others : [...others, { service, rank }];
    if (all.length === 0) this.#claims.delete(key);
    else
      this.#claims.set(
        key,
        all.sort((a, b) => (a.rank < b.rank ? -1 : 1)),
      );
  }
}
