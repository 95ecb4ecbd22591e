import { anyDriver } from './metrics.ts';

/** What a driver has made ready of a claim. */
export interface PreparedDevice {
  readonly pool: string;
  readonly device: string;
  /** Which share of the device, where several claims have one. */
  readonly shareId?: string | undefined;
  /** The requests of the claim that it is for; all where empty. */
  readonly requests: readonly string[];
  readonly cdiDevices: readonly string[];
}

/** What the node knows of a claim. */
export interface ClaimState {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** The pods of this node that use it, by their uids. */
  readonly pods: ReadonlySet<string>;
  /** By each driver that has devices allocated to it, also where it gives containers nothing. */
  readonly drivers: ReadonlyMap<string, readonly PreparedDevice[]>;
  /** All drivers have said since the start of the kubelet that it is ready. */
  readonly isPrepared: boolean;
}

export const claimKey = (claim: { namespace: string; name: string }): string =>
  `${claim.namespace}/${claim.name}`;

/** The claims that are ready on this node, or are being made ready or taken back. */
export class ClaimStates {
  readonly #claims: Map<string, ClaimState>;

  constructor(claims: Iterable<ClaimState> = []) {
    this.#claims = new Map([...claims].map((claim) => [claimKey(claim), claim]));
  }

  get(namespace: string, name: string): ClaimState | undefined {
    return this.#claims.get(claimKey({ namespace, name }));
  }

  all(): ClaimState[] {
    return [...this.#claims.values()];
  }

  set(claim: ClaimState): void {
    this.#claims.set(claimKey(claim), claim);
  }

  delete(claim: ClaimState): void {
    this.#claims.delete(claimKey(claim));
  }

  /** The claims that a pod uses. */
  of(podUid: string): ClaimState[] {
    return this.all().filter(({ pods }) => pods.has(podUid));
  }

  /** The pods that have a device of a driver. */
  usersOf(driver: string, { pool, device }: Pick<PreparedDevice, 'pool' | 'device'>): string[] {
    const has = ({ drivers }: ClaimState) =>
      drivers.get(driver)?.some((one) => one.pool === pool && one.device === device) === true;
    return this.all().flatMap((claim) => (has(claim) ? [...claim.pods] : []));
  }

  /** How many claims are ready, by driver. */
  counts(): Map<string, number> {
    const ready = this.all().filter(({ isPrepared }) => isPrepared);
    const counts = new Map([[anyDriver, ready.length]]);
    for (const { drivers } of ready)
      for (const driver of drivers.keys()) counts.set(driver, (counts.get(driver) ?? 0) + 1);
    return counts;
  }
}

/** The devices that serve a request of a claim, or all where none is named, with their drivers. */
export function devicesFor(
  { drivers }: ClaimState,
  request: string | undefined,
): { driver: string; device: PreparedDevice }[] {
  // Drivers know a request by its own name, whichever of its alternatives was taken.
  const asked = request?.split('/')[0];
  const serves = ({ requests }: PreparedDevice) =>
    !asked || requests.length === 0 || requests.includes(asked);
  return [...drivers].flatMap(([driver, devices]) =>
    devices.filter(serves).map((device) => ({ driver, device })),
  );
}
