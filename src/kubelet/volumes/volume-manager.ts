import type { Container, Node, Pod, Volume } from '../../api/core/v1.ts';
import type { Sums } from '../../machinery/resource-sums.ts';
import type { NodeHost } from '../node/node-host.ts';
import { CsiMounter } from '../csi/csi-mounter.ts';
import type { CsiVolumes } from '../csi/csi-volumes.ts';
import type { NodeContext } from '../pods/context.ts';
import { allContainers } from '../pods/pod-kinds.ts';
import type { VolumeContent } from './content.ts';
import { podDirs } from './dirs.ts';
import { tellMountFailure } from './mount-failure.ts';
import { type MountedVolume, VolumeMounter } from './mounter.ts';

export interface VolumeManagerOptions {
  context: NodeContext;
  host: Pick<NodeHost, 'mounts' | 'openBeneath'>;
  rootDir: string;
  content: VolumeContent;
  /** Volumes of drivers; none where absent. */
  csi?: CsiVolumes;
  allocatable(): Sums;
  /** The node that this is. */
  node(): Node | undefined;
}

/** Volumes by their name in the pod. */
export type MountedVolumes = ReadonlyMap<string, MountedVolume>;

/** The volumes of the pod that some container mounts, or has as a device; the others are not made. */
export function usedVolumes(pod: Pod): Volume[] {
  const namesOf = ({ volumeMounts = [], volumeDevices = [] }: Container) =>
    [...volumeMounts, ...volumeDevices].map(({ name }) => name);
  const used = new Set(allContainers(pod).flatMap(namesOf));
  return (pod.spec.volumes ?? []).filter((v) => used.has(v.name));
}

/** The volumes of this node's pods, from their first need to the last trace of them. */
export class VolumeManager {
  readonly #options: VolumeManagerOptions;
  readonly #mounter: VolumeMounter;
  readonly #mounted = new Map<string, MountedVolumes>();

  constructor(options: VolumeManagerOptions) {
    this.#options = options;
    const { context, host, csi } = options;
    this.#mounter = new VolumeMounter(context, host, csi && new CsiMounter(context, csi));
  }

  /** Makes all volumes of the pod ready and brings them up to date. Rejects, and tells why, while one is not. */
  async ensure(pod: Pod, signal?: AbortSignal): Promise<MountedVolumes> {
    const volumes = usedVolumes(pod).filter((v) => !v.image);
    const outcomes = await Promise.allSettled(volumes.map((volume) => this.#mount(pod, volume, signal)));
    const failures = outcomes.flatMap((outcome, i) =>
      outcome.status === 'rejected' ? [{ name: volumes[i]?.name ?? '', error: outcome.reason as Error }] : [],
    );
    signal?.throwIfAborted();
    for (const { name, error } of failures) {
      tellMountFailure(this.#options.context, pod, name, error);
    }
    const first = failures[0];
    if (first)
      throw new Error(`volume ${first.name} is not ready: ${first.error.message}`, { cause: first.error });
    const mounted = new Map(
      outcomes.flatMap((o) => (o.status === 'fulfilled' ? [[o.value.name, o.value] as const] : [])),
    );
    this.#mounted.set(pod.metadata.uid as string, mounted);
    return mounted;
  }

  /** The volumes that were made ready for a pod, but for images. */
  mounted(podUid: string): MountedVolumes {
    return this.#mounted.get(podUid) ?? new Map();
  }

  /** Takes a pod's volumes away. */
  async unmount(podUid: string): Promise<void> {
    const { volumes, volumeDevices, subPaths } = podDirs(this.#options.rootDir, podUid);
    this.#mounter.forget(podUid);
    this.#mounted.delete(podUid);
    await this.#removeTrees(subPaths);
    await this.#options.csi?.unpublishAll(podUid);
    await this.#removeTrees(volumes, volumeDevices);
  }

  /** Takes away everything that stands on the node for a pod. */
  async remove(podUid: string): Promise<void> {
    await this.unmount(podUid);
    await this.#removeTrees(podDirs(this.#options.rootDir, podUid).pod);
  }

  /** Never reaches through a mount: what is behind one is somebody else's. */
  async #removeTrees(...trees: string[]): Promise<void> {
    const { host, context } = this.#options;
    const { mounts } = host;
    for (const tree of trees) {
      for (const point of await mounts.below(tree)) await mounts.unmount(point);
      const left = await mounts.below(tree);
      if (left.length > 0) throw new Error(`still mounted: ${left.join(', ')}`);
      await context.platform.files.remove(tree);
    }
  }

  /** Uids of pods that something stands on the node for. */
  present(): Promise<string[]> {
    return this.#options.context.platform.files.list(`${this.#options.rootDir}/pods`);
  }

  #mount(pod: Pod, volume: Volume, signal: AbortSignal | undefined): Promise<MountedVolume> {
    const { rootDir, content, allocatable, node } = this.#options;
    const dirs = podDirs(rootDir, pod.metadata.uid as string);
    return this.#mounter.mount({
      pod,
      volume,
      dirs,
      content,
      allocatable: allocatable(),
      node: node(),
      signal,
    });
  }
}
