import { dirname } from 'node:path';
import type { HostPathVolumeSource, Node, PersistentVolume, Pod, Volume } from '../../api/core/v1.ts';
import { csiVolumeOf, csiVolumeOfPod } from '../../machinery/csi-translation/translate.ts';
import { isLocalVolume } from '../../machinery/local-volumes.ts';
import { matchesSelector } from '../../machinery/node-selection.ts';
import { parseQuantity, quantityValue } from '../../machinery/quantity.ts';
import type { Sums } from '../../machinery/resource-sums.ts';
import { specSums } from '../../machinery/pod-sums.ts';
import { isDevice } from '../../machinery/volume-match.ts';
import type { NodeHost } from '../node/node-host.ts';
import type { CsiMounter } from '../csi/csi-mounter.ts';
import type { CsiPublished } from '../csi/csi-volumes.ts';
import type { NodeContext } from '../pods/context.ts';
import { allContainers } from '../pods/pod-kinds.ts';
import { writeAtomically } from './atomic-writer.ts';
import { boundVolume, claimOf } from './claims.ts';
import type { PodDirs } from './dirs.ts';
import { prepareHostPath } from './host-path.ts';
import { giveToGroup } from './ownership.ts';
import { type Payload, VolumeError } from './payload.ts';
import type { VolumeContent } from './content.ts';

/** A volume that is ready for containers. */
export interface MountedVolume {
  name: string;
  /** Where it stands on the node, or a link to the device that it is; empty for an image. */
  hostPath: string;
  /** A bare device, without a file system. */
  isDevice?: boolean;
  readOnly: boolean;
  /** The name of the claim that it was had by. */
  claim?: string;
  /** The name of the persistent volume that it is. */
  persistent?: string;
  /** A file system of the node that was set aside for it. */
  isLocal?: boolean;
  /** The id of the image whose files it shows. */
  image?: string;
  /** A group that its containers get, from the volume itself. */
  gid?: number;
}

export interface VolumeRequest {
  pod: Pod;
  volume: Volume;
  dirs: PodDirs;
  allocatable: Sums;
  content: VolumeContent;
  /** The node that this is. */
  node: Node | undefined;
  /** Whoever waits for the volume need not any longer. */
  signal?: AbortSignal | undefined;
}

/** Makes the volumes of pods ready, one at a time; doing so again brings them up to date. */
export class VolumeMounter {
  readonly #context: NodeContext;
  readonly #host: Pick<NodeHost, 'mounts' | 'openBeneath'>;
  readonly #csi: CsiMounter | undefined;
  /** Claims that have been given to their pod's group: once is enough, and trees may be large. */
  readonly #given = new Set<string>();
  #versions = 0;

  /** Without `csi` the node has no volumes of drivers. */
  constructor(context: NodeContext, host: Pick<NodeHost, 'mounts' | 'openBeneath'>, csi?: CsiMounter) {
    this.#context = context;
    this.#host = host;
    this.#csi = csi;
  }

  /** Rejects, with the message for the event, where the volume cannot be had now. */
  async mount(request: VolumeRequest): Promise<MountedVolume> {
    const { volume, pod, dirs } = request;
    if (volume.emptyDir) return this.#emptyDir(request);
    if (volume.hostPath) return this.#hostPath(volume.name, volume.hostPath);
    if (volume.csi)
      return this.#ofDriver(pod, volume.name, this.#csi?.ephemeral(pod, volume.name, volume.csi));
    if (claimOf(pod, volume)) return this.#claim(request);
    const migrated = csiVolumeOfPod(volume, pod.metadata.namespace ?? '');
    if (migrated)
      return this.#ofDriver(
        pod,
        volume.name,
        this.#csi?.persistent(pod, { volume: migrated, signal: request.signal }),
      );
    const plugin = contentPlugin(volume);
    if (!plugin) throw noPlugin(volume.name);
    const payload = await request.content.payload(pod, volume);
    const dir = dirs.volume(plugin.name, volume.name);
    await this.#prepare(dir, plugin.inMemory ? {} : undefined);
    await this.#write(dir, payload, pod.spec.securityContext?.fsGroup);
    // Whoever could write here would lay links that the next version is written through, anywhere on the node.
    return { name: volume.name, hostPath: dir, readOnly: true };
  }

  /** The pod's volumes are gone. */
  forget(podUid: string): void {
    for (const key of this.#given) if (key.startsWith(`${podUid}/`)) this.#given.delete(key);
  }

  async #write(dir: string, payload: Payload, gid: number | undefined): Promise<void> {
    const { files, clock } = this.#context.platform;
    const stamp = new Date(clock.now()).toISOString().slice(0, 19).replaceAll('-', '_').replace('T', '_');
    const version = `${stamp.replaceAll(':', '_')}.${this.#versions++}`;
    await writeAtomically({ files, dir, payload, version, gid });
  }

  /** Makes the folder, in memory where asked for. */
  async #prepare(dir: string, memory?: { sizeBytes?: number }): Promise<void> {
    await this.#context.platform.files.makeDir(dir, { mode: 0o755 });
    if (memory && !(await this.#isMounted(dir))) await this.#host.mounts.tmpfs(dir, memory);
  }

  async #isMounted(dir: string): Promise<boolean> {
    return (await this.#host.mounts.below(dir)).includes(dir);
  }

  async #emptyDir({ pod, volume, dirs, allocatable }: VolumeRequest): Promise<MountedVolume> {
    const { files } = this.#context.platform;
    const { medium = '', sizeLimit } = volume.emptyDir ?? {};
    if (medium !== '' && medium !== 'Memory')
      throw new VolumeError(`unknown storage medium ${JSON.stringify(medium)}`);
    const dir = dirs.volume('empty-dir', volume.name);
    // No volume's name has a dot. Whoever is killed between two steps leaves the mark, and the next begins anew.
    const mark = `${dir}.unfinished`;
    // What was in memory does not outlive the machine's start.
    if (!(await files.exists(dir)) || (medium === 'Memory' && !(await this.#isMounted(dir)))) {
      await files.makeDir(dirname(dir), { mode: 0o755 });
      await files.write(mark, '');
    }
    await this.#prepare(
      dir,
      medium === 'Memory' ? { sizeBytes: tmpfsSize(pod, sizeLimit, allocatable) } : undefined,
    );
    if (await files.exists(mark)) {
      await files.chmod(dir, 0o777);
      await this.#giveToPod(pod, dir);
      await files.remove(mark);
    }
    return { name: volume.name, hostPath: dir, readOnly: false };
  }

  async #giveToPod(pod: Pod, path: string): Promise<void> {
    const { fsGroup: gid, fsGroupChangePolicy: policy } = pod.spec.securityContext ?? {};
    if (gid === undefined) return;
    const { files } = this.#context.platform;
    await giveToGroup({ files, openBeneath: this.#host.openBeneath, path, gid, policy });
  }

  async #hostPath(name: string, source: HostPathVolumeSource, mode?: number): Promise<MountedVolume> {
    await prepareHostPath(this.#context.platform.files, source, mode);
    return { name, hostPath: source.path, readOnly: false };
  }

  async #claim({ pod, volume, node, signal }: VolumeRequest): Promise<MountedVolume> {
    const claim = claimOf(pod, volume) as NonNullable<ReturnType<typeof claimOf>>;
    const { claim: held, volume: bound } = await boundVolume(this.#context, pod, claim);
    const { spec, metadata } = bound;
    const where = spec.nodeAffinity?.required;
    // Who names a node for a pod goes past the scheduler, and what stands at the same path here is somebody else's.
    if (where && !(node && matchesSelector(node, where)))
      throw new VolumeError(
        `NodeAffinity check failed for PV ${JSON.stringify(metadata.name)}: no matching NodeSelectorTerms`,
      );
    checkMode(pod, volume.name, bound);
    const readOnly = claim.readOnly;
    const gid = Number(metadata.annotations?.['pv.beta.kubernetes.io/gid'] ?? Number.NaN);
    const more = {
      readOnly,
      claim: claim.name,
      persistent: metadata.name ?? '',
      ...(Number.isInteger(gid) && { gid }),
    };
    // What was made for a claim is for whoever the pod runs as, as the provisioners of such folders have it.
    const mode = isLocalVolume(bound) ? 0o777 : undefined;
    const csi = csiVolumeOf(bound);
    if (csi) {
      const published = this.#csi?.persistent(pod, { volume: csi, claim: held, readOnly, signal });
      const device = isDevice(bound) && { isDevice: true };
      return { ...more, ...(await this.#ofDriver(pod, volume.name, published)), ...device };
    }
    if (isDevice(bound)) return { ...(await this.#localDevice(volume.name, bound)), ...more };
    if (spec.hostPath) return { ...(await this.#hostPath(volume.name, spec.hostPath, mode)), ...more };
    if (!spec.local)
      throw new VolumeError(`no volume plugin matched for PV ${JSON.stringify(metadata.name)}`);
    if (!(await this.#context.platform.files.exists(spec.local.path)))
      throw new VolumeError(`path ${JSON.stringify(spec.local.path)} does not exist`);
    const key = `${pod.metadata.uid}/${volume.name}`;
    if (!readOnly && !this.#given.has(key)) await this.#giveToPod(pod, spec.local.path);
    this.#given.add(key);
    return { name: volume.name, hostPath: spec.local.path, isLocal: true, ...more };
  }

  async #localDevice(name: string, { spec, metadata }: PersistentVolume): Promise<MountedVolume> {
    if (!spec.local)
      throw new VolumeError(`no volume plugin matched for PV ${JSON.stringify(metadata.name)}`);
    const { path } = spec.local;
    await prepareHostPath(this.#context.platform.files, { path, type: 'BlockDevice' });
    return { name, hostPath: path, readOnly: false, isDevice: true };
  }

  /** The volume of a driver, given to the pod's group where that is the node's to do. */
  async #ofDriver(
    pod: Pod,
    name: string,
    published: Promise<CsiPublished> | undefined,
  ): Promise<MountedVolume> {
    if (!published) throw noPlugin(name);
    const { path, readOnly, givesToGroup } = await published;
    const key = `${pod.metadata.uid}/${name}`;
    if (givesToGroup && !this.#given.has(key)) await this.#giveToPod(pod, path);
    this.#given.add(key);
    return { name, hostPath: path, readOnly };
  }
}

/** What a volume is must be what containers take it for. */
function checkMode(pod: Pod, name: string, bound: PersistentVolume): void {
  const isUsed = (as: 'volumeMounts' | 'volumeDevices') =>
    allContainers(pod).some((container) => container[as]?.some((use) => use.name === name));
  const wrong = isDevice(bound) ? 'volumeMounts' : 'volumeDevices';
  if (!isUsed(wrong)) return;
  const mode = bound.spec.volumeMode ?? 'Filesystem';
  throw new VolumeError(`volume ${name} has volumeMode ${mode}, but is specified in ${wrong}`);
}

const noPlugin = (volume: string) =>
  new VolumeError(`no volume plugin matched for volume ${JSON.stringify(volume)}`);

/** Secrets and tokens never touch a disk. */
function contentPlugin(volume: Volume): { name: string; inMemory: boolean } | undefined {
  if (volume.configMap) return { name: 'configmap', inMemory: false };
  if (volume.downwardAPI) return { name: 'downward-api', inMemory: false };
  if (volume.secret) return { name: 'secret', inMemory: true };
  return volume.projected ? { name: 'projected', inMemory: true } : undefined;
}

/** The least of what the volume, the pod and the node allow. */
export function tmpfsSize(pod: Pod, sizeLimit: string | undefined, allocatable: Sums): number | undefined {
  const limits = [
    sizeLimit === undefined ? undefined : parseQuantity(sizeLimit),
    specSums(pod.spec, 'limits').get('memory'),
    allocatable.get('memory'),
  ];
  const sizes = limits.flatMap((q) => (q ? [quantityValue(q)] : [])).filter((n) => n > 0);
  return sizes.length > 0 ? Math.min(...sizes) : undefined;
}
