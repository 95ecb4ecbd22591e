import type { Event, PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import { events, persistentvolumeclaims, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import { causedBy, type WatchEvent, type WatchStream } from '../../client/transport.ts';
import { quantityValue } from '../../machinery/quantity.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { type ControllerContext, done, type Outcome, type OwnWrites } from '../controller.ts';
import { byClaim, isFinished } from '../shared/pods.ts';

type Volume = Stored<PersistentVolume>;

/** What could not be done for a claim or a volume is tried again after this time, as upstream does. */
export const resyncMs = 15_000;

const namespace = 'default';
const prefix = 'recycler-for-';
const image = 'registry.k8s.io/build-image/debian-base:bookworm-v1.0.6';
const bytesPerGi = 2 ** 30;
/** A pod has this long for each gibibyte of its volume. */
const secondsPerGi = 30;
/** However small the volume is; what is reached over a network takes longer. */
const leastSeconds = { hostPath: 60, nfs: 300 };

/** The volume that a pod is there to empty. */
export const recycledBy = ({ metadata }: Pod): string | undefined =>
  metadata.namespace === namespace && metadata.name?.startsWith(prefix)
    ? metadata.name.slice(prefix.length)
    : undefined;

/** The pod that empties a volume and leaves its directory. */
export function recyclerPod({ metadata, spec }: PersistentVolume): Pod {
  const gibibytes = Math.floor(quantityValue(spec.capacity?.storage ?? '0') / bytesPerGi);
  const least = spec.nfs ? leastSeconds.nfs : leastSeconds.hostPath;
  const source = spec.nfs
    ? { nfs: { server: spec.nfs.server, path: spec.nfs.path } }
    : { hostPath: { path: spec.hostPath?.path ?? '' } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${prefix}${metadata.name}`, namespace },
    spec: {
      activeDeadlineSeconds: Math.max(least, gibibytes * secondsPerGi),
      restartPolicy: 'Never',
      volumes: [{ name: 'vol', ...source }],
      containers: [
        {
          name: 'pv-recycler',
          image,
          command: ['find', '/scrub', '-mindepth', '1', '-delete'],
          volumeMounts: [{ name: 'vol', mountPath: '/scrub' }],
        },
      ],
    },
  };
}

interface Started {
  pod: Stored<Pod>;
  /** What is said of the pod; undefined where it cannot be heard. */
  news: WatchStream | undefined;
}

/** How far a volume has come. */
export type Recycling =
  /** A pod is at it, or will be. */
  | { type: 'busy'; outcome: Outcome }
  /** Pods have the volume still, and their claim is gone. */
  | { type: 'used'; message: string }
  | { type: 'failed'; message: string }
  | { type: 'done' };

const busy: Recycling = { type: 'busy', outcome: done };
const failed = (message: string): Recycling => ({ type: 'failed', message });

/** Empties volumes by pods, one for each: `pkg/volume/util/recyclerclient`. */
export class Recycler {
  readonly #context: ControllerContext;
  readonly #writes: OwnWrites;
  readonly #pods: Informer<Pod>;
  readonly #claims: Informer<PersistentVolumeClaim>;
  /** The pods at work, and what is heard of them, by their volumes' uids. */
  readonly #started = new Map<string, Started>();
  /** When those that could not be emptied are tried again, on the monotonic clock. */
  readonly #retries = new Map<string, number>();

  constructor(context: ControllerContext, writes: OwnWrites) {
    this.#context = context;
    this.#writes = writes;
    this.#pods = context.informers.of(pods);
    this.#claims = context.informers.of(persistentvolumeclaims);
  }

  /** Goes on with a volume, or begins: it is to be called again whenever its pod has changed. */
  async recycle(key: string, volume: Volume): Promise<Recycling> {
    const { uid } = volume.metadata;
    const started = this.#started.get(uid);
    const recycling = started ? await this.#look(volume, started) : await this.#startInTime(key, volume);
    if (recycling.type === 'failed') this.#retries.set(uid, this.#context.clock.monotonic() + resyncMs);
    if (recycling.type === 'done') this.#retries.delete(uid);
    return recycling;
  }

  async #startInTime(key: string, volume: Volume): Promise<Recycling> {
    const afterMs = (this.#retries.get(volume.metadata.uid) ?? 0) - this.#context.clock.monotonic();
    return afterMs > 0 ? { type: 'busy', outcome: { type: 'again', afterMs } } : this.#start(key, volume);
  }

  async #look(volume: Volume, { pod: started, news }: Started): Promise<Recycling> {
    const pod = this.#pods.get(`${namespace}/${started.metadata.name}`);
    const isThere = pod?.metadata.uid === started.metadata.uid;
    if (pod && isThere && !isFinished(pod)) return busy;
    this.#started.delete(volume.metadata.uid);
    news?.stop();
    if (!pod || !isThere) return failed('failed to recycle volume: recycler pod was deleted');
    await this.#remove(pod, volume);
    if (pod.status?.phase === 'Succeeded') return { type: 'done' };
    const why = pod.status?.message || 'pod failed, pod.Status.Message unknown';
    return failed(`failed to recycle volume: ${why}`);
  }

  async #start(key: string, volume: Volume): Promise<Recycling> {
    const users = this.#usersOf(volume);
    if (users.length > 0) return { type: 'used', message: `Volume is used by pods: ${users.join(',')}` };
    const cause = causedBy(volume, 'its claim is gone, and it is to be used again');
    const api = this.#context.client.of(pods);
    const wanted = recyclerPod(volume);
    try {
      const pod = await api.create(wanted, { cause });
      this.#writes.wrote(key, this.#pods, pod);
      this.#started.set(volume.metadata.uid, { pod, news: await this.#tellNews(pod, volume) });
      return busy;
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists'))
        return failed(`unexpected error creating recycler pod:  ${String(error)}`);
    }
    // It may be of an earlier run, or somebody's who would keep the volume from being emptied.
    const old = this.#pods.get(`${namespace}/${wanted.metadata.name}`);
    if (old) await this.#remove(old, volume);
    return failed('old recycler pod found, will retry later');
  }

  /** Has the volume told what its pod is told; nobody looks at the pod, which is soon gone. */
  #tellNews({ metadata }: Stored<Pod>, volume: Volume): Promise<WatchStream | undefined> {
    const fieldSelector = `involvedObject.name=${metadata.name},involvedObject.uid=${metadata.uid}`;
    const onEvent = ({ type: what, object }: WatchEvent<Stored<Event>>) => {
      if (what !== 'ADDED') return;
      const type = object.type === 'Warning' ? 'Warning' : 'Normal';
      const message = `Recycler pod: ${object.message ?? ''}`;
      this.#context.events.record(volume, { type, reason: 'RecyclerPod', message });
    };
    const watched = this.#context.client
      .of(events)
      .watch({ namespace, fieldSelector }, { onEvent, onEnd() {} });
    return watched.catch(() => undefined);
  }

  /** The pods that have a volume whose claim is gone; a new claim of its name has another volume. */
  #usersOf({ spec: { claimRef } }: Volume): string[] {
    const claim = `${claimRef?.namespace}/${claimRef?.name}`;
    if (this.#claims.get(claim)) return [];
    const users = this.#pods.byIndex(byClaim, claim).filter((pod) => !isFinished(pod));
    return users.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();
  }

  async #remove({ metadata }: Stored<Pod>, volume: Volume): Promise<void> {
    const cause = causedBy(volume, 'its recycler is not needed any more');
    try {
      await this.#context.client.of(pods).delete(metadata, { cause, preconditions: { uid: metadata.uid } });
    } catch (error) {
      // Another has its name by now: it is gone just as well.
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }
}
