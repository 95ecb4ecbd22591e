import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import type { StorageClass } from '../../api/storage/v1.ts';
import {
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  storageclasses,
} from '../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { defaultStorageClassOf } from '../../machinery/default-class.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { localProvisioner } from '../../machinery/local-volumes.ts';
import { driverBehind } from '../../machinery/migrated-drivers.ts';
import { hasReason, ignoring } from '../../machinery/status-error.ts';
import {
  type ControllerContext,
  createController,
  done,
  type Outcome,
  type OwnWrites,
} from '../controller.ts';
import { byClaim, indexByClaim, isFinished } from '../shared/pods.ts';
import { saysSame } from '../shared/status.ts';
import { isKeptFor, namesClass, storageClassOf } from '../../machinery/volume-match.ts';
import { annotations, findVolume, mismatchOf } from './match.ts';
import { notedClaim } from './driver-notes.ts';
import { type LocalVolumes, localVolume, standardClass } from './local.ts';
import { isExternal } from './reclaim.ts';
import { recycledBy, resyncMs } from './recycler.ts';
import { VolumeMetrics } from './volume-metrics.ts';
import { VolumeSync } from './volume-sync.ts';

type Claim = Stored<PersistentVolumeClaim>;
type Volume = Stored<PersistentVolume>;

const byClaimRef = 'claim';

const lostReference = {
  reason: 'ClaimLost',
  message: 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
};
const lostVolume = {
  reason: 'ClaimLost',
  message: 'Bound claim has lost its PersistentVolume. Data on the volume is lost!',
};
const misbound = {
  reason: 'ClaimMisbound',
  message: 'Two claims are bound to the same volume, this one is bound incorrectly',
};

const wasBound = ({ metadata }: Claim) => metadata.annotations?.[annotations.bindCompleted] !== undefined;

/** Binds claims to volumes, and says what becomes of volumes whose claim is gone. */
export function createPersistentVolumeBinder(
  context: ControllerContext,
  options: { local?: LocalVolumes },
): Component {
  return createController({
    name: 'persistent-volume-binder',
    queueName: 'claims',
    context,
    setup: ({ queue, writes }) => {
      const binder = new Binder(context, { queue, writes, local: options.local });
      binder.subscribe();
      return (key) => binder.reconcile(key);
    },
  });
}

class Binder {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #writes: OwnWrites;
  readonly #local: LocalVolumes | undefined;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;
  readonly #pods: Informer<Pod>;
  readonly #metrics: VolumeMetrics;
  readonly #volumeSync: VolumeSync;

  constructor(
    context: ControllerContext,
    parts: { queue: WorkQueue; writes: OwnWrites; local?: LocalVolumes },
  ) {
    this.#context = context;
    this.#queue = parts.queue;
    this.#writes = parts.writes;
    this.#local = parts.local;
    this.#claims = context.informers.of(persistentvolumeclaims);
    this.#volumes = context.informers.of(persistentvolumes);
    this.#classes = context.informers.of(storageclasses);
    this.#metrics = new VolumeMetrics(context.meter, {
      volumes: () => this.#volumes.list(),
      claims: () => this.#claims.list(),
    });
    this.#pods = context.informers.of(pods);
    indexByClaim(this.#pods);
    this.#volumeSync = new VolumeSync(context, parts);
    this.#volumes.addIndex(byClaimRef, ({ spec: { claimRef } }) =>
      claimRef ? [`${claimRef.namespace}/${claimRef.name}`] : [],
    );
  }

  subscribe(): void {
    const addClaim = (claim: Claim) => this.#queue.add(`claim|${keyOf(claim)}`);
    const addVolume = (volume: Volume) => this.#queue.add(`volume|${keyOf(volume)}`);
    const addPending = () => {
      for (const claim of this.#claims.list()) if (claim.status?.phase !== 'Bound') addClaim(claim);
    };
    const addVolumeOf = (claim: Claim) => {
      const volume = this.#volumes.get(claim.spec.volumeName ?? '');
      if (volume) addVolume(volume);
      for (const kept of this.#volumes.byIndex(byClaimRef, keyOf(claim))) addVolume(kept);
    };
    const onClaim = (claim: Claim) => {
      addClaim(claim);
      addVolumeOf(claim);
    };
    this.#claims.onChange({ added: onClaim, updated: onClaim, deleted: addVolumeOf });
    const onVolume = (volume: Volume) => {
      addVolume(volume);
      addPending();
    };
    const onGone = ({ spec: { claimRef } }: Volume) => {
      if (claimRef) this.#queue.add(`claim|${claimRef.namespace}/${claimRef.name}`);
    };
    this.#volumes.onChange({ added: onVolume, updated: onVolume, deleted: onGone });
    this.#classes.onChange({ added: addPending, updated: addPending });
    const onPod = (pod: Pod) => {
      const name = recycledBy(pod);
      if (name) this.#queue.add(`volume|${name}`);
    };
    this.#pods.onChange({ updated: onPod, deleted: onPod });
    if (this.#local) this.#queue.add('class|');
  }

  async reconcile(key: string): Promise<Outcome> {
    const [kind, name = ''] = key.split('|');
    if (kind === 'class') return this.#ensureClass();
    if (kind === 'volume') {
      const volume = this.#volumes.get(name);
      return volume ? this.#volumeSync.sync(key, volume) : done;
    }
    const claim = this.#claims.get(name);
    if (!claim || claim.metadata.deletionTimestamp) return done;
    const told = notedClaim(claim);
    if (told) {
      await this.#updateClaim(key, told, causedBy(claim, 'another driver serves it now'));
      return done;
    }
    if (claim.spec.volumeName) return this.#syncNamed(key, claim);
    return wasBound(claim) ? this.#lose(key, claim, lostReference) : this.#syncPending(key, claim);
  }

  async #ensureClass(): Promise<Outcome> {
    if (this.#classes.list().length > 0) return done;
    const cause = { reason: 'claims that name no class shall get a volume' };
    const create = this.#context.client.of(storageclasses).create(standardClass, { cause });
    await create.catch(ignoring('AlreadyExists'));
    return done;
  }

  /** A claim that names its volume: by the user's hand, or because the binding has begun. */
  async #syncNamed(key: string, claim: Claim): Promise<Outcome> {
    const volume = this.#volumes.get(claim.spec.volumeName ?? '');
    if (!volume) {
      if (wasBound(claim)) return this.#lose(key, claim, lostVolume);
      await this.#setPhase(key, claim, { phase: 'Pending' });
      return { type: 'again', afterMs: resyncMs };
    }
    const { claimRef } = volume.spec;
    if (claimRef && wasBound(claim) && claimRef.uid !== claim.metadata.uid)
      return this.#lose(key, claim, misbound);
    if (claimRef && !isKeptFor(volume, claim)) return this.#refuseTaken(key, claim, volume);
    const mismatch = wasBound(claim) || volume.spec.claimRef ? undefined : mismatchOf(volume, claim);
    if (mismatch === undefined) return this.#bind(key, claim, volume);
    const message = `Cannot bind to requested volume ${JSON.stringify(volume.metadata.name)}: ${mismatch}`;
    this.#tell(claim, 'VolumeMismatch', message, 'Warning');
    await this.#setPhase(key, claim, { phase: 'Pending' });
    return { type: 'again', afterMs: resyncMs };
  }

  /** A claim that names a volume of another. */
  async #refuseTaken(key: string, claim: Claim, { metadata, spec: { claimRef } }: Volume): Promise<Outcome> {
    const taken = `volume ${goQuote(metadata.name)} already bound to a different claim`;
    const owner = goQuote(`${claimRef?.namespace}/${claimRef?.name}`);
    const byController = claim.metadata.annotations?.[annotations.boundByController] !== undefined;
    this.#tell(
      claim,
      'FailedBinding',
      byController ? `${taken} ${owner} by controller` : `${taken}.`,
      'Warning',
    );
    if (!byController) await this.#setPhase(key, claim, { phase: 'Pending' });
    return { type: 'again', afterMs: resyncMs };
  }

  async #lose(key: string, claim: Claim, why: { reason: string; message: string }): Promise<Outcome> {
    if (claim.status?.phase === 'Lost') return done;
    this.#tell(claim, why.reason, why.message, 'Warning');
    await this.#setPhase(key, claim, { phase: 'Lost' });
    return done;
  }

  async #syncPending(key: string, claim: Claim): Promise<Outcome> {
    const storageClass = this.#classes.get(storageClassOf(claim));
    const isChosen = claim.metadata.annotations?.[annotations.selectedNode] !== undefined;
    const waits = storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && !isChosen;
    const volume = findVolume(claim, this.#volumes.list(), { onlyKept: waits || isChosen });
    if (volume) return this.#bind(key, claim, volume);
    // A default class that came after the claim is for it too.
    const byDefault = namesClass(claim) ? undefined : defaultStorageClassOf(this.#classes.list());
    if (byDefault) {
      const spec = { ...claim.spec, storageClassName: byDefault.metadata.name };
      const cause = causedBy(claim, 'it names no class, and there is a default one');
      try {
        await this.#updateClaim(key, { ...claim, spec }, cause);
        this.#metrics.classesGiven.add();
      } catch (error) {
        this.#metrics.classesFailed.add();
        throw error;
      }
      return done;
    }
    await this.#setPhase(key, claim, { phase: 'Pending' });
    if (waits) this.#tellWaiting(claim);
    else if (storageClass && isExternal(storageClass.provisioner))
      return this.#provision(key, claim, storageClass);
    else if (storageClass) {
      const message = `no volume plugin matched name: ${storageClass.provisioner}`;
      this.#tell(claim, 'ProvisioningFailed', message, 'Warning');
    } else if (storageClassOf(claim)) {
      const message = `storageclass.storage.k8s.io ${JSON.stringify(storageClassOf(claim))} not found`;
      this.#tell(claim, 'ProvisioningFailed', message, 'Warning');
    } else {
      const message = 'no persistent volumes available for this claim and no storage class is set';
      this.#tell(claim, 'FailedBinding', message);
    }
    return { type: 'again', afterMs: resyncMs };
  }

  /** What a claim waits for that gets its volume where its pod goes. */
  #tellWaiting(claim: Claim): void {
    const users = this.#pods.byIndex(byClaim, keyOf(claim));
    const names = users.filter((pod) => !pod.spec.nodeName && !isFinished(pod)).map((p) => p.metadata.name);
    if (names.length === 0) {
      this.#tell(claim, 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
      return;
    }
    const what = names.length > 1 ? `pods ${names.join(',')}` : `pod ${names[0]}`;
    this.#tell(claim, 'WaitForPodScheduled', `waiting for ${what} to be scheduled`);
  }

  async #provision(key: string, claim: Claim, storageClass: Stored<StorageClass>): Promise<Outcome> {
    const provisioner = driverBehind(storageClass.provisioner);
    if (provisioner === localProvisioner && this.#local) {
      const wanted = localVolume(claim, storageClass, this.#local);
      const cause = causedBy(claim, 'no volume is there for it');
      const create = this.#context.client.of(persistentvolumes).create(wanted, { cause });
      const volume = await create.catch((error) => {
        if (!hasReason(error, 'AlreadyExists')) throw error;
        return this.#context.client.of(persistentvolumes).get(wanted.metadata);
      });
      const message = `Successfully provisioned volume ${volume.metadata.name}`;
      this.#tell(claim, 'ProvisioningSucceeded', message);
      return this.#bind(key, claim, volume);
    }
    const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    this.#tell(claim, 'ExternalProvisioning', message);
    const { metadata } = claim;
    const wanted = {
      ...metadata.annotations,
      [annotations.provisioner]: provisioner,
      [annotations.betaProvisioner]: provisioner,
    };
    if (deepEqual(wanted, metadata.annotations)) return done;
    const cause = causedBy(claim, `${provisioner} shall make a volume for it`);
    await this.#updateClaim(key, { ...claim, metadata: { ...metadata, annotations: wanted } }, cause);
    return done;
  }

  /** Volume first, then the claim: whoever looks in between sees a volume that is spoken for. */
  async #bind(key: string, claim: Claim, volume: Volume): Promise<Outcome> {
    await this.#bindVolume(key, claim, volume);
    const { metadata, spec } = claim;
    const cause = causedBy(claim, `${volume.metadata.name} is what it asks for`);
    const byController: Record<string, string> = spec.volumeName
      ? {}
      : { [annotations.boundByController]: 'yes' };
    const wanted: Record<string, string> = {
      ...metadata.annotations,
      ...byController,
      [annotations.bindCompleted]: 'yes',
    };
    let current = claim;
    if (spec.volumeName !== volume.metadata.name || !deepEqual(wanted, metadata.annotations)) {
      const next = {
        ...claim,
        metadata: { ...metadata, annotations: wanted },
        spec: { ...spec, volumeName: volume.metadata.name },
      };
      current = await this.#updateClaim(key, next, cause);
    }
    const { accessModes, capacity, volumeAttributesClassName } = volume.spec;
    // How large and of which attributes a bound claim is, others may say differently for a while.
    const byVolume = claim.status?.phase !== 'Bound' && {
      capacity,
      ...(volumeAttributesClassName && { currentVolumeAttributesClassName: volumeAttributesClassName }),
    };
    await this.#setPhase(key, current, { ...current.status, phase: 'Bound', accessModes, ...byVolume });
    return done;
  }

  async #bindVolume(key: string, claim: Claim, volume: Volume): Promise<void> {
    if (volume.spec.claimRef?.uid === claim.metadata.uid) return;
    const { name, namespace, uid, resourceVersion } = claim.metadata;
    const byController: Record<string, string> = volume.spec.claimRef
      ? {}
      : { [annotations.boundByController]: 'yes' };
    const next = {
      ...volume,
      metadata: { ...volume.metadata, annotations: { ...volume.metadata.annotations, ...byController } },
      spec: {
        ...volume.spec,
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion },
      },
    };
    const cause = causedBy(claim, 'it is what this claim asks for');
    const written = await this.#context.client.of(persistentvolumes).update(next, { cause });
    this.#writes.wrote(key, this.#volumes, written);
  }

  async #updateClaim(
    key: string,
    next: PersistentVolumeClaim,
    cause: ReturnType<typeof causedBy>,
  ): Promise<Claim> {
    const written = await this.#context.client.of(persistentvolumeclaims).update(next, { cause });
    this.#writes.wrote(key, this.#claims, written);
    return written;
  }

  /** Gives a claim a status; it keeps what it had of its volume only where that is said. */
  async #setPhase(
    key: string,
    claim: Claim,
    status: NonNullable<PersistentVolumeClaim['status']>,
  ): Promise<void> {
    const { accessModes: _, capacity: __, ...before } = claim.status ?? {};
    const next = { ...before, ...status };
    if (saysSame(persistentvolumeclaims, claim.status, next)) return;
    const cause = causedBy(claim, `it is ${next.phase}`);
    const api = this.#context.client.of(persistentvolumeclaims);
    const written = await api.updateStatus({ ...claim, status: next }, { cause });
    this.#writes.wrote(key, this.#claims, written);
  }

  #tell(
    object: Stored<KubernetesObject>,
    reason: string,
    message: string,
    type: 'Normal' | 'Warning' = 'Normal',
  ) {
    this.#context.events.record(object, { type, reason, message });
  }
}
