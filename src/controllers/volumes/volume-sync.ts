import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import { persistentvolumeclaims, persistentvolumes } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { EventNote } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { type ControllerContext, done, type Outcome, type OwnWrites } from '../controller.ts';
import { notedVolume } from './driver-notes.ts';
import type { LocalVolumes } from './local.ts';
import { hasMode } from '../../machinery/volume-match.ts';
import { annotations, isBoundElsewhere, isMadeForClaim, phaseOf } from './match.ts';
import { inTreeFinalizer, planReclaim, provisionerFinalizer } from './reclaim.ts';
import { Recycler, resyncMs } from './recycler.ts';

type Claim = Stored<PersistentVolumeClaim>;
type Volume = Stored<PersistentVolume>;

const later: Outcome = { type: 'again', afterMs: resyncMs };

/** Says in which phase volumes are, and what becomes of them once their claims are gone. */
export class VolumeSync {
  readonly #context: ControllerContext;
  readonly #writes: OwnWrites;
  readonly #local: LocalVolumes | undefined;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #recycler: Recycler;

  constructor(context: ControllerContext, parts: { writes: OwnWrites; local?: LocalVolumes }) {
    this.#context = context;
    this.#writes = parts.writes;
    this.#local = parts.local;
    this.#claims = context.informers.of(persistentvolumeclaims);
    this.#volumes = context.informers.of(persistentvolumes);
    this.#recycler = new Recycler(context, parts.writes);
  }

  async sync(key: string, volume: Volume): Promise<Outcome> {
    const noted = notedVolume(volume);
    if (noted) {
      await this.#update(key, noted, 'who serves it has to be known, and whether it is to be done away with');
      return done;
    }
    const claim = await this.#claimOf(volume);
    const isElsewhere = isBoundElsewhere(volume, claim);
    if (isElsewhere && !isMadeForClaim(volume)) {
      await this.#unbind(key, volume, 'its claim has got another volume');
      return done;
    }
    const phase = isElsewhere ? 'Released' : phaseOf(volume, claim);
    if (phase === undefined) {
      if (claim && !hasMode(volume, claim)) this.#tellModes(volume, claim);
      return done;
    }
    // That it could not be reclaimed stays to be seen.
    const isSaid =
      volume.status?.phase === phase || (phase === 'Released' && volume.status?.phase === 'Failed');
    if (!isSaid) await this.#setPhase(key, volume, { phase });
    else if (phase === 'Released') return this.#reclaim(key, volume);
    return done;
  }

  /**
   * The claim of the name that a volume has; the server is asked before a volume is taken for released, since whoever made the volume
   * may have heard of its claim earlier.
   */
  async #claimOf({ spec: { claimRef }, status }: Volume): Promise<Claim | undefined> {
    if (!claimRef) return undefined;
    const { namespace = '', name = '', uid } = claimRef;
    const known = this.#claims.get(`${namespace}/${name}`);
    const isGivenUp = status?.phase === 'Released' || status?.phase === 'Failed';
    if (!uid || known?.metadata.uid === uid || isGivenUp) return known;
    const api = this.#context.client.of(persistentvolumeclaims);
    return api.get({ namespace, name }).catch(ignoring('NotFound'));
  }

  /** A volume that is kept for a claim which does not take it. */
  #tellModes(volume: Volume, claim: Claim): void {
    const [why, type, reason] = ['due to incompatible volumeMode.', 'Warning', 'VolumeMismatch'] as const;
    const ofVolume = `Cannot bind PersistentVolume to requested PersistentVolumeClaim ${goQuote(claim.metadata.name)} ${why}`;
    const ofClaim = `Cannot bind PersistentVolume ${goQuote(volume.metadata.name)} to requested PersistentVolumeClaim ${why}`;
    this.#tell(volume, { type, reason, message: ofVolume });
    this.#tell(claim, { type, reason, message: ofClaim });
  }

  async #setPhase(key: string, volume: Volume, said: { phase: string; message?: string }): Promise<void> {
    const cause = causedBy(volume, `it is ${said.phase}`);
    const { message: _, ...before } = volume.status ?? {};
    const api = this.#context.client.of(persistentvolumes);
    const written = await api.updateStatus({ ...volume, status: { ...before, ...said } }, { cause });
    this.#writes.wrote(key, this.#volumes, written);
  }

  async #update(key: string, next: Volume, reason: string): Promise<void> {
    const api = this.#context.client.of(persistentvolumes);
    const written = await api.update(next, { cause: causedBy(next, reason) });
    this.#writes.wrote(key, this.#volumes, written);
  }

  /** Takes back a binding to a claim; where a person has made it, the claim may still have it later. */
  async #unbind(key: string, volume: Volume, reason: string): Promise<void> {
    const { [annotations.boundByController]: byUs, ...others } = volume.metadata.annotations ?? {};
    const { uid: _, resourceVersion: __, ...kept } = volume.spec.claimRef ?? {};
    const metadata = { ...volume.metadata, annotations: others };
    const spec = { ...volume.spec, claimRef: byUs === undefined ? kept : undefined };
    await this.#update(key, { ...volume, metadata, spec }, reason);
  }

  /** Does with a volume what its policy says, or tells why that cannot be done. */
  async #reclaim(key: string, volume: Volume): Promise<Outcome> {
    const plan = planReclaim(volume);
    switch (plan.type) {
      case 'leave':
        return done;
      case 'fail':
        await this.#fail(key, volume, plan);
        return done;
      case 'delete':
        if (this.#local) await this.#discard(key, volume, this.#local, plan.path);
        return done;
      case 'recycle':
        return volume.metadata.deletionTimestamp ? done : this.#recycle(key, volume);
    }
  }

  async #fail(
    key: string,
    volume: Volume,
    { reason, message }: { reason: string; message: string },
  ): Promise<void> {
    if (volume.status?.phase === 'Failed') return;
    await this.#setPhase(key, volume, { phase: 'Failed', message });
    this.#tell(volume, { type: 'Warning', reason, message });
  }

  async #discard(
    key: string,
    volume: Volume,
    local: LocalVolumes,
    path = local.pathOf(volume.metadata.name),
  ): Promise<void> {
    const { metadata } = volume;
    const { finalizers = [], deletionTimestamp } = metadata;
    const kept = finalizers.filter((one) => one !== provisionerFinalizer && one !== inTreeFinalizer);
    const isKept = kept.length < finalizers.length;
    if (deletionTimestamp && !isKept) return;
    const cause = causedBy(volume, 'its claim is gone and nobody wants it kept');
    const api = this.#context.client.of(persistentvolumes);
    // Data does not come back: somebody may just have asked for it to be kept.
    const newest = await api.get(metadata).catch(ignoring('NotFound'));
    if (newest?.metadata.resourceVersion !== metadata.resourceVersion) return;
    try {
      await local.remove(path);
    } catch (error) {
      await this.#fail(key, volume, { reason: 'VolumeFailedDelete', message: textOf(error) });
      throw error;
    }
    if (isKept) await api.update({ ...volume, metadata: { ...metadata, finalizers: kept } }, { cause });
    if (deletionTimestamp) return;
    await api.delete(metadata, { cause, preconditions: { uid: metadata.uid } });
  }

  async #recycle(key: string, volume: Volume): Promise<Outcome> {
    const recycling = await this.#recycler.recycle(key, volume);
    const reason = 'VolumeFailedRecycle';
    switch (recycling.type) {
      case 'busy':
        return recycling.outcome;
      case 'used':
        this.#tell(volume, { type: 'Normal', reason, message: recycling.message });
        return later;
      case 'failed':
        await this.#fail(key, volume, { reason, message: `Recycle failed: ${recycling.message}` });
        return later;
      case 'done':
        this.#tell(volume, { type: 'Normal', reason: 'VolumeRecycled', message: 'Volume recycled' });
        await this.#unbind(key, volume, 'it is empty again');
        return done;
    }
  }

  #tell(object: Claim | Volume, note: EventNote): void {
    this.#context.events.record(object, note);
  }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
