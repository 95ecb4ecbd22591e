import type { Pod } from '../../api/core/v1.ts';
import { pods, resourceclaims, resourceslices } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { ResourceClaim, ResourceSlice } from '../../api/resource/v1.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { claimNameOf, isReservedFor } from '../../machinery/resource-claims.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import { noteDisruption } from '../shared/disruption.ts';
import { EvictionMetrics } from '../shared/eviction-metrics.ts';
import { isControlledBy } from '../shared/owners.ts';
import { drivesOut, evictionMs, poolOf, poolOfSlice } from './plan.ts';

const byPool = 'by pool of devices';
const reason = 'DeviceTaintManagerEviction';

/**
 * Sends pods away from devices whose NoExecute taints their claims do not tolerate, or no longer:
 * `pkg/controller/devicetainteviction`, for taints that drivers put on their devices.
 */
export function createDeviceTaintEvictionController(context: ControllerContext): Component {
  return createController({
    name: 'device-taint-eviction-controller',
    queueName: 'device-taint-eviction-controller',
    context,
    workers: 8,
    setup: ({ queue }) => {
      const evictor = new DeviceEvictor(context);
      evictor.subscribe(queue);
      return (key) => evictor.reconcile(key);
    },
  });
}

class DeviceEvictor {
  readonly #context: ControllerContext;
  readonly #metrics: EvictionMetrics;
  readonly #pods: Informer<Pod>;
  readonly #claims: Informer<ResourceClaim>;
  readonly #slices: Informer<ResourceSlice>;
  /** Pods whose time runs, by their key. */
  readonly #running = new Map<string, string>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#metrics = new EvictionMetrics(context.meter, 'device_taint_eviction_controller');
    this.#pods = context.informers.of(pods);
    this.#claims = context.informers.of(resourceclaims);
    this.#slices = context.informers.of(resourceslices);
    this.#slices.addIndex(byPool, (slice) => [poolOfSlice(slice)]);
    this.#claims.addIndex(byPool, ({ status }) => [
      ...new Set((status?.allocation?.devices?.results ?? []).map(poolOf)),
    ]);
  }

  subscribe(queue: WorkQueue): void {
    const addPod = (pod: Stored<Pod>) => {
      if (pod.spec.resourceClaims?.length) queue.add(keyOf(pod));
    };
    this.#pods.onChange({
      added: addPod,
      updated: (pod, old) => {
        const isSame =
          pod.spec.nodeName === old.spec.nodeName &&
          deepEqual(pod.status?.resourceClaimStatuses, old.status?.resourceClaimStatuses);
        if (!isSame) addPod(pod);
      },
      deleted: addPod,
    });
    const addUsers = ({ metadata, status }: Stored<ResourceClaim>) => {
      for (const user of status?.reservedFor ?? []) {
        if (!user.apiGroup && user.resource === 'pods') queue.add(`${metadata.namespace}/${user.name}`);
      }
    };
    this.#claims.onChange({
      added: addUsers,
      updated: (claim, old) => {
        addUsers(claim);
        addUsers(old);
      },
      deleted: addUsers,
    });
    // One slice may end what another of its pool says, by a newer generation.
    const addPool = (slice: Stored<ResourceSlice>, old = slice) => {
      const pool = poolOfSlice(slice);
      if (![old, slice, ...this.#slices.byIndex(byPool, pool)].some(drivesOut)) return;
      for (const claim of this.#claims.byIndex(byPool, pool)) addUsers(claim);
    };
    this.#slices.onChange({ added: (slice) => addPool(slice), updated: addPool, deleted: (s) => addPool(s) });
  }

  async reconcile(key: string): Promise<Outcome> {
    const pod = this.#pods.get(key);
    if (!pod || pod.metadata.deletionTimestamp) {
      this.#running.delete(key);
      return done;
    }
    const endMs = this.#endMs(pod);
    const wasRunning = this.#running.get(key) === pod.metadata.uid;
    if (endMs === undefined) {
      this.#running.delete(key);
      if (wasRunning) this.#tell(pod, 'Cancelling deletion');
      return done;
    }
    this.#running.set(key, pod.metadata.uid);
    const leftMs = endMs - this.#context.clock.now();
    if (leftMs > 0) return { type: 'again', afterMs: leftMs };
    await this.#evict(pod, endMs);
    this.#running.delete(key);
    return done;
  }

  /** When the first of the claims that the pod uses has to be given up. */
  #endMs(pod: Stored<Pod>): number | undefined {
    if (!pod.spec.nodeName) return undefined;
    const slicesOf = (pool: string) => this.#slices.byIndex(byPool, pool);
    const ends = this.#claimsOf(pod).flatMap((claim) => evictionMs(claim, slicesOf) ?? []);
    return ends.length > 0 ? Math.min(...ends) : undefined;
  }

  #claimsOf(pod: Stored<Pod>): Stored<ResourceClaim>[] {
    return (pod.spec.resourceClaims ?? []).flatMap((entry) => {
      const claim = this.#claims.get(`${pod.metadata.namespace}/${claimNameOf(pod, entry) ?? ''}`);
      const isIts = claim && (entry.resourceClaimName || isControlledBy(claim, pod));
      return isIts && isReservedFor(claim, pod) ? [claim] : [];
    });
  }

  /** `dueMs` is when its time was up. */
  async #evict(pod: Stored<Pod>, dueMs: number): Promise<void> {
    this.#tell(pod, 'Marking for deletion');
    const cause = causedBy(pod, 'its claims do not tolerate the taints of their devices');
    const message = 'Device Taint manager: deleting due to NoExecute taint';
    const condition = { reason: 'DeletionByDeviceTaintManager', message };
    try {
      await noteDisruption(this.#context, pod, { condition, cause });
      const preconditions = { uid: pod.metadata.uid };
      await this.#context.client.of(pods).delete(pod.metadata, { cause, preconditions });
      this.#metrics.sentAway(this.#context.clock.now() - dueMs);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  #tell(pod: Stored<Pod>, message: string): void {
    this.#context.events.record(pod, { type: 'Normal', reason, message });
  }
}
