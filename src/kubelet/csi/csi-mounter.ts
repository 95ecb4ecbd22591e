import { createHash } from 'node:crypto';
import type {
  CSIPersistentVolumeSource,
  CSIVolumeSource,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from '../../api/core/v1.ts';
import { persistentvolumeclaims } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { causedBy } from '../../client/transport.ts';
import { compareQuantities, parseQuantity, quantityValue } from '../../machinery/quantity.ts';
import { isDevice } from '../../machinery/volume-match.ts';
import { type NodeContext, podEvent } from '../pods/context.ts';
import type { CsiPublished, CsiRequest, CsiVolumes } from './csi-volumes.ts';

/** A persistent volume that its driver knows, for a pod. */
export interface PersistentRequest {
  volume: PersistentVolume;
  /** Absent where the pod names the volume itself. */
  claim?: Stored<PersistentVolumeClaim>;
  readOnly?: boolean;
  /** Whoever waits for the volume need not any longer. */
  signal?: AbortSignal | undefined;
}

/** Has the volumes of pods published that are a driver's. */
export class CsiMounter {
  readonly #context: NodeContext;
  readonly #volumes: CsiVolumes;

  constructor(context: NodeContext, volumes: CsiVolumes) {
    this.#context = context;
    this.#volumes = volumes;
  }

  /** A volume that lives and dies with its pod. */
  ephemeral(pod: Pod, name: string, source: CSIVolumeSource): Promise<CsiPublished> {
    const { driver, fsType, readOnly = false, volumeAttributes, nodePublishSecretRef } = source;
    const { uid = '', namespace } = pod.metadata;
    const volumeHandle = `csi-${createHash('sha256').update(`${uid}${name}`).digest('hex')}`;
    const secret = nodePublishSecretRef && { nodePublishSecretRef: { ...nodePublishSecretRef, namespace } };
    return this.#volumes.publish({
      pod,
      name,
      source: { driver, volumeHandle, fsType, volumeAttributes, ...secret },
      lifecycle: 'Ephemeral',
      accessModes: ['ReadWriteOnce'],
      mountOptions: [],
      isDevice: false,
      readOnly,
    });
  }

  async persistent(
    pod: Pod,
    { volume, claim, readOnly = false, signal }: PersistentRequest,
  ): Promise<CsiPublished> {
    const { spec, metadata } = volume;
    const source = spec.csi as CSIPersistentVolumeSource;
    const request: CsiRequest = {
      pod,
      name: metadata.name ?? '',
      source,
      lifecycle: 'Persistent',
      accessModes: spec.accessModes ?? [],
      mountOptions: spec.mountOptions ?? [],
      isDevice: isDevice(volume),
      readOnly: readOnly || (source.readOnly ?? false),
      ...(signal && { signal }),
    };
    const published = await this.#volumes.publish(request);
    const bytes = claim && growthOf(volume, claim);
    if (claim && bytes !== undefined) await this.#grow(request, { volume, claim, bytes });
    return published;
  }

  /** The pod has the volume as it is, whatever comes of this; it is tried again. */
  async #grow(
    request: CsiRequest,
    {
      volume,
      claim,
      bytes,
    }: { volume: PersistentVolume; claim: Stored<PersistentVolumeClaim>; bytes: bigint },
  ): Promise<void> {
    const { pod, name } = request;
    try {
      if (await this.#volumes.grow(request, bytes)) await this.#noteGrowth(pod, volume, claim);
    } catch (error) {
      const why = (error as Error).message;
      const message = `MountVolume.NodeExpandVolume failed for volume ${JSON.stringify(name)} : ${why}`;
      podEvent(this.#context, pod, { type: 'Warning', reason: 'VolumeResizeFailed', message });
    }
  }

  /** Tells that the file system holds as much as the volume. */
  async #noteGrowth(pod: Pod, volume: PersistentVolume, claim: Stored<PersistentVolumeClaim>): Promise<void> {
    const { client, nodeName } = this.#context;
    const status = {
      capacity: { storage: volume.spec.capacity?.storage },
      conditions: resizing.map((type) => ({ type, $patch: 'delete' })),
      allocatedResourceStatuses: null,
    };
    const options = {
      type: 'application/strategic-merge-patch+json',
      subresource: 'status',
      cause: causedBy({ ...pod, apiVersion: 'v1', kind: 'Pod' }, 'the file system of its volume has grown'),
    } as const;
    const { namespace, name } = claim.metadata;
    await client.of(persistentvolumeclaims).patch({ namespace, name }, { status }, options);
    const what = JSON.stringify(volume.metadata.name);
    const message = `MountVolume.NodeExpandVolume succeeded for volume ${what} ${nodeName}`;
    podEvent(this.#context, pod, { reason: 'FileSystemResizeSuccessful', message });
  }
}

const resizing = ['FileSystemResizePending', 'Resizing'];

/** How much a volume's file system is to hold, in bytes, where its claim says that it holds less; undefined otherwise. */
function growthOf(volume: PersistentVolume, claim: PersistentVolumeClaim): bigint | undefined {
  const [whole, known] = [volume.spec.capacity?.storage, claim.status?.capacity?.storage];
  if (whole === undefined || known === undefined) return undefined;
  const [wanted, held] = [String(whole), String(known)];
  return compareQuantities(wanted, held) > 0 ? BigInt(quantityValue(parseQuantity(wanted))) : undefined;
}
