import type { Container, Pod, ResourceStatus } from '../../api/core/v1.ts';
import { resourceclaims } from '../../api/generated/resources.ts';
import type { ResourceClaim } from '../../api/resource/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Meter } from '../../platform/metrics/meter.ts';
import { Turns } from '../plugins/turns.ts';
import type { NodeContext } from '../pods/context.ts';
import { type ClaimState, claimKey, ClaimStates, devicesFor, type PreparedDevice } from './claim-state.ts';
import { DevicesHealth } from './device-health.ts';
import type { DraDriver, ToldClaim } from './dra-driver.ts';
import { DraDrivers } from './dra-drivers.ts';
import { claimsInUse, operationsDuration } from './metrics.ts';
import { claimsOf, driversFor, extendedRequestsOf, requestsOf, type UsedRequest } from './pod-claims.ts';
import { SliceWiper } from './slice-wiper.ts';

export interface DraManagerOptions {
  context: NodeContext;
  /** `/var/lib/kubelet` on a plain machine. */
  rootDir: string;
  meter: Meter;
  /** A pod's devices are in another state than before. */
  onHealth(podUid: string): void;
}

/** A claim that a pod uses, with who has to make it ready. */
interface Wanted {
  claim: Stored<ResourceClaim>;
  drivers: DraDriver[];
}

/** A device that a container has by a claim. */
export interface ClaimedDevice extends PreparedDevice {
  driver: string;
}

/**
 * The claims of this node's pods: has drivers make them ready before the first container of a pod starts, and take that back
 * once nothing runs of the last pod that uses them. Texts of errors are upstream's.
 */
export class DraManager {
  readonly drivers: DraDrivers;
  readonly #options: DraManagerOptions;
  readonly #wiper: SliceWiper;
  readonly #health: DevicesHealth;
  #claims = new ClaimStates();
  /** What concerns a claim happens one thing after the other. */
  readonly #turns = new Turns();
  #saving: Promise<void> = Promise.resolve();

  constructor(options: DraManagerOptions) {
    const { context, rootDir, meter, onHealth } = options;
    const { platform } = context;
    this.#options = options;
    this.#wiper = new SliceWiper(context);
    this.#health = new DevicesHealth({ path: `${rootDir}/dra_health_state`, platform });
    this.drivers = new DraDrivers({
      platform,
      meter,
      onReach: (driver, isReached) => (isReached ? this.#wiper.found(driver) : this.#wiper.lost(driver)),
      onHealth: (driver, devices) => {
        const changed = this.#health.tell(driver, devices);
        const users = new Set(changed.flatMap((device) => this.#claims.usersOf(driver, device)));
        for (const uid of users) onHealth(uid);
      },
      onSilence: (driver) => this.#health.forget(driver),
    });
    claimsInUse(meter, () => this.#claims.counts());
  }

  /** Finds what was made ready before. What drivers have said of the node's devices is taken back until they say it again. */
  async start(): Promise<void> {
    const { platform } = this.#options.context;
    await this.#load().catch((error: Error) =>
      platform.log.warn('what claims are ready is not known any more', { error: error.message }),
    );
    await this.#health.load().catch(() => {});
    void this.#wiper.wipeAll();
  }

  async stop(): Promise<void> {
    this.drivers.close();
    this.#wiper.stop();
    await this.#saving;
    await this.#health.settled();
  }

  /** Has all claims of a pod made ready. Rejects with why one of them is not. */
  async prepare(pod: Pod, signal?: AbortSignal): Promise<void> {
    await this.#measured('PrepareResources', async () => {
      const wanted = await this.#lookUp(pod);
      await this.#inTurns(
        wanted.map(({ claim: { metadata } }) => metadata),
        () => this.#prepare(pod.metadata.uid as string, wanted, signal),
      );
    }).catch((error: Error) => {
      throw new Error(`prepare dynamic resources: ${error.message}`, { cause: error });
    });
  }

  /** Nothing of a pod runs any more. Rejects where a claim could not be taken back; it is to be tried again then. */
  async unprepare(podUid: string, signal?: AbortSignal): Promise<void> {
    await this.#measured('UnprepareResources', () => this.#unprepareAll(podUid, signal)).catch(
      (error: Error) => {
        throw new Error(`unprepare dynamic resources: ${error.message}`, { cause: error });
      },
    );
  }

  /** Whether something may be ready for a pod. */
  holds(podUid: string): boolean {
    return this.#claims.of(podUid).length > 0;
  }

  /** Takes back what is ready for pods that are not among these, by their uids: they went while nobody looked. */
  async tidy(present: ReadonlySet<string>, signal?: AbortSignal): Promise<void> {
    const { log } = this.#options.context.platform;
    const users = new Set(this.#claims.all().flatMap(({ pods }) => [...pods]));
    for (const uid of users) {
      if (present.has(uid) || signal?.aborted) continue;
      await this.#unprepareAll(uid, signal).catch((error: Error) =>
        log.warn('claims of a pod that is gone are still ready', { uid, error: error.message }),
      );
    }
  }

  /** Names of the CDI devices that a container is to have. Throws where a claim of it is not ready. */
  cdiDevices(pod: Pod, container: Container): string[] {
    // None is missing.
    claimsOf(pod);
    const used = [...requestsOf(pod, container), ...extendedRequestsOf(pod, container)];
    const devices = used.flatMap((one) => devicesFor(this.#stateOf(pod, one), one.request));
    return [...new Set(devices.flatMap(({ device }) => device.cdiDevices))];
  }

  /** The devices that a container has by its claims, by claim. */
  claimed(pod: Pod, container: Container): [claim: string, devices: ClaimedDevice[]][] {
    const used = [...requestsOf(pod, container), ...extendedRequestsOf(pod, container)];
    return [...new Set(used.map(({ claim }) => claim))].flatMap((name) => {
      const state = this.#claims.get(pod.metadata.namespace as string, name);
      if (!state) return [];
      const devices = devicesFor(state, undefined).map(({ driver, device }) => ({ ...device, driver }));
      return [[name, devices]];
    });
  }

  /** How the devices are that a container has by the claims that it names. */
  health(pod: Pod, name: string): ResourceStatus[] {
    const container = pod.spec.containers.find((one) => one.name === name);
    if (!container?.resources?.claims?.length) return [];
    return requestsOf(pod, container).flatMap(({ claim, request, entry }) => {
      const state = this.#claims.get(pod.metadata.namespace as string, claim);
      const resources = new Map<string, NonNullable<ResourceStatus['resources']>[number]>();
      for (const { driver, device } of state ? devicesFor(state, request) : []) {
        const resourceID = device.cdiDevices[0] ?? `${driver}/${device.pool}/${device.device}`;
        if (!resources.has(resourceID))
          resources.set(resourceID, { resourceID, ...this.#health.of(driver, device) });
      }
      if (resources.size === 0) return [];
      return [{ name: `claim:${entry}${request ? `/${request}` : ''}`, resources: [...resources.values()] }];
    });
  }

  #stateOf(pod: Pod, { claim }: UsedRequest): ClaimState {
    const { namespace = '' } = pod.metadata;
    const state = this.#claims.get(namespace, claim);
    if (state) return state;
    throw new Error(
      `internal error: unable to get claim info for ResourceClaim ${claim} in namespace ${namespace}`,
    );
  }

  /** Before anything is noted of a pod all has to be as it should: what cannot be used at all need not be taken back. */
  async #lookUp(pod: Pod): Promise<Wanted[]> {
    const { client } = this.#options.context;
    const { namespace } = pod.metadata;
    const wanted: Wanted[] = [];
    for (const used of claimsOf(pod)) {
      const { name } = used;
      const claim = await client
        .of(resourceclaims)
        .get({ namespace, name })
        .catch((error: Error) => {
          throw new Error(`fetch ResourceClaim ${name}: ${error.message}`, { cause: error });
        });
      const drivers = driversFor(pod, used, claim).map((driver) => this.drivers.get(driver));
      wanted.push({ claim, drivers });
    }
    return wanted;
  }

  async #prepare(podUid: string, wanted: readonly Wanted[], signal: AbortSignal | undefined): Promise<void> {
    const batches = new Map<DraDriver, ToldClaim[]>();
    const told: ToldClaim[] = [];
    for (const { claim, drivers } of wanted) {
      const state = this.#noteUser(podUid, claim, drivers);
      if (state.isPrepared || told.some(({ uid }) => uid === state.uid)) continue;
      const { uid, namespace, name } = state;
      told.push({ uid, namespace, name });
      for (const driver of drivers)
        batches.set(driver, [...(batches.get(driver) ?? []), { uid, namespace, name }]);
    }
    if (wanted.length === 0) return;
    // Whatever happens from here on is found by the next kubelet.
    await this.#save('cache');
    for (const [driver, claims] of batches) {
      const ready = await driver.prepare(claims, signal);
      for (const claim of claims)
        this.#change(claim, ({ drivers }) => ({
          drivers: new Map(drivers).set(driver.name, ready.get(claim.uid) ?? []),
        }));
    }
    for (const claim of told) this.#change(claim, () => ({ isPrepared: true }));
    await this.#save('state');
  }

  #noteUser(podUid: string, { metadata }: Stored<ResourceClaim>, drivers: DraDriver[]): ClaimState {
    const { namespace = '', name, uid } = metadata;
    const before = this.#claims.get(namespace, name);
    if (before && before.uid !== uid)
      throw new Error(
        `old ResourceClaim with same name ${name} and different UID ${before.uid} still exists (previous pod force-deleted?!)`,
      );
    const nothing = new Map(drivers.map((driver) => [driver.name, []]));
    const pods = new Set(before?.pods).add(podUid);
    const state = before
      ? { ...before, pods }
      : { uid, namespace, name, pods, drivers: nothing, isPrepared: false };
    this.#claims.set(state);
    return state;
  }

  #change({ namespace, name }: ToldClaim, change: (state: ClaimState) => Partial<ClaimState>): void {
    const state = this.#claims.get(namespace, name);
    if (state) this.#claims.set({ ...state, ...change(state) });
  }

  async #unprepareAll(podUid: string, signal?: AbortSignal): Promise<void> {
    await this.#inTurns(this.#claims.of(podUid), () => this.#unprepare(podUid, signal));
  }

  async #unprepare(podUid: string, signal: AbortSignal | undefined): Promise<void> {
    const used = this.#claims.of(podUid);
    if (used.length === 0) return;
    const batches = new Map<string, ClaimState[]>();
    const last: ClaimState[] = [];
    for (const state of used) {
      if (state.pods.size > 1) {
        const pods = new Set(state.pods);
        pods.delete(podUid);
        this.#claims.set({ ...state, pods });
        continue;
      }
      last.push(state);
      for (const driver of state.drivers.keys()) batches.set(driver, [...(batches.get(driver) ?? []), state]);
    }
    for (const [driver, claims] of batches) {
      const told = claims.map(({ uid, namespace, name }) => ({ uid, namespace, name }));
      await this.drivers.get(driver).unprepare(told, signal);
    }
    for (const state of last) this.#claims.delete(state);
    await this.#save('state');
  }

  #inTurns(
    claims: readonly { namespace?: string; name?: string }[],
    work: () => Promise<void>,
  ): Promise<void> {
    const keys = claims.map(({ namespace = '', name = '' }) => claimKey({ namespace, name }));
    return this.#turns.inTurns(keys, work);
  }

  async #measured(operation: string, work: () => Promise<void>): Promise<void> {
    const { context, meter } = this.#options;
    const { clock } = context.platform;
    const startMs = clock.monotonic();
    const note = (isError: boolean) =>
      operationsDuration(meter)
        .with(operation, String(isError))
        .observe((clock.monotonic() - startMs) / 1000);
    await work().catch((error: Error) => {
      note(true);
      throw error;
    });
    note(false);
  }

  get #path(): string {
    return `${this.#options.rootDir}/dra_manager_state`;
  }

  async #load(): Promise<void> {
    const { readClaims } = await import('./checkpoint.ts');
    this.#claims = new ClaimStates(await readClaims(this.#options.context.platform.files, this.#path));
  }

  /** One write after the other, each of what is so when its turn comes. */
  async #save(what: 'cache' | 'state'): Promise<void> {
    const { files } = this.#options.context.platform;
    const saved = this.#saving.then(async () => {
      const { writeClaims } = await import('./checkpoint.ts');
      await writeClaims(files, this.#path, this.#claims.all());
    });
    this.#saving = saved.catch(() => {});
    await saved.catch((error: Error) => {
      throw new Error(`checkpoint ResourceClaim ${what}: ${error.message}`, { cause: error });
    });
  }
}
