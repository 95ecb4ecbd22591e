import type { Stored } from '../../../api/resource.ts';
import type { AllocationResult, ResourceClaim } from '../../../api/resource/v1.ts';
import type { Lister } from '../../framework/handle.ts';
import { type Amounts, addAmounts, readAmounts } from './capacity.ts';
import { deviceId } from './pools.ts';

interface Entry {
  allocation: AllocationResult;
  /** The revision of the claim that shows it, once it is written. */
  writtenAt?: string;
}

/** What was given to claims and the API does not show yet; by the claim's uid. */
export class GivenDevices {
  readonly #claims: Lister<ResourceClaim>;
  readonly #entries = new Map<string, Entry>();

  constructor(claims: Lister<ResourceClaim>) {
    this.#claims = claims;
  }

  has(uid: string): boolean {
    const entry = this.#entries.get(uid);
    return entry !== undefined && !this.#isShown(entry);
  }

  give(uid: string, allocation: AllocationResult): void {
    this.#entries.set(uid, { allocation });
  }

  takeBack(uid: string): void {
    this.#entries.delete(uid);
  }

  /** The claim has been made, and has a uid of its own. */
  rename(uid: string, to: string): void {
    const entry = this.#entries.get(uid);
    if (!entry) return;
    this.#entries.delete(uid);
    this.#entries.set(to, entry);
  }

  /** The claim shows it from this revision on. */
  written(uid: string, { metadata }: Stored<ResourceClaim>): void {
    const entry = this.#entries.get(uid);
    if (entry) entry.writtenAt = metadata.resourceVersion;
  }

  /** What nobody else can have now: devices as a whole, and of those that are shared how much. */
  inUse(): { taken: Set<string>; shared: Map<string, Amounts> } {
    const taken = new Set<string>();
    const shared = new Map<string, Amounts>();
    const seen = new Set<string>();
    const note = (uid: string, allocation: AllocationResult | undefined) => {
      if (!allocation || seen.has(uid)) return;
      seen.add(uid);
      for (const result of allocation.devices?.results ?? []) {
        // Administrators take nothing away.
        if (result.adminAccess) continue;
        const id = deviceId(result.driver, result.pool, result.device);
        if (!result.shareID) taken.add(id);
        else shared.set(id, addAmounts(shared.get(id), readAmounts(result.consumedCapacity)));
      }
    };
    for (const { metadata, status } of this.#claims.list()) note(metadata.uid, status?.allocation);
    for (const [uid, entry] of this.#entries) {
      if (this.#isShown(entry)) this.#entries.delete(uid);
      else note(uid, entry.allocation);
    }
    return { taken, shared };
  }

  #isShown({ writtenAt }: Entry): boolean {
    return writtenAt !== undefined && this.#claims.hasReached(writtenAt);
  }
}
