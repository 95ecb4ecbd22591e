import type { Pod } from '../../api/core/v1.ts';
import type { CsiVolumes } from '../csi/csi-volumes.ts';
import type { NodeHost } from '../node/node-host.ts';
import type { NodeContext } from '../pods/context.ts';
import type { MountedVolume } from './mounter.ts';
import type { MountedVolumes } from './volume-manager.ts';

/** How full a volume is; 0 where that is not told, as of a device, which has no files. */
export interface VolumeUsage {
  availableBytes: number;
  capacityBytes: number;
  usedBytes: number;
  inodes: number;
  inodesFree: number;
  inodesUsed: number;
}

/** A volume of a pod as it was measured. */
export interface VolumeStats extends VolumeUsage {
  /** In its pod. */
  name: string;
  /** The name of the claim that it was had by. */
  claim?: string;
  timeMs: number;
}

export interface VolumeMeterOptions {
  context: NodeContext;
  host: Pick<NodeHost, 'disk'>;
  csi: CsiVolumes;
  /** The pods whose volumes are measured. */
  pods(): Pod[];
  /** What a pod has. */
  mounted(podUid: string): MountedVolumes;
}

/**
 * Asks drivers how full their volumes are, and the node for local ones, from time to time: whoever looks at figures need not wait
 * for drivers.
 */
export class VolumeMeter {
  readonly #options: VolumeMeterOptions;
  #latest: ReadonlyMap<string, readonly VolumeStats[]> = new Map();

  constructor(options: VolumeMeterOptions) {
    this.#options = options;
  }

  /** The volumes of a pod, as they were last measured. */
  of(podUid: string): readonly VolumeStats[] {
    return this.#latest.get(podUid) ?? [];
  }

  /** Measures all volumes. What cannot be measured now is not known then. */
  async measure(): Promise<void> {
    const measured = this.#options.pods().map(async ({ metadata }) => {
      const uid = metadata.uid as string;
      return [uid, await this.#ofPod(uid)] as const;
    });
    this.#latest = new Map(await Promise.all(measured));
  }

  async #ofPod(podUid: string): Promise<VolumeStats[]> {
    const { context, mounted } = this.#options;
    const { clock, log } = context.platform;
    const found = [...mounted(podUid).values()].map(async (volume) => {
      const { name, claim } = volume;
      const usage = await this.#usage(podUid, volume).catch((error: Error) => {
        log.debug('volume not measured', { podUid, volume: name, error: error.message });
      });
      return usage ? [{ name, ...(claim && { claim }), ...usage, timeMs: clock.now() }] : [];
    });
    return (await Promise.all(found)).flat();
  }

  async #usage(
    podUid: string,
    { name, persistent, hostPath, isLocal }: MountedVolume,
  ): Promise<VolumeUsage | undefined> {
    const { csi, host } = this.#options;
    if (!isLocal) return csi.usage(podUid, persistent ?? name);
    const { capacityBytes, availableBytes, freeBytes, inodes, inodesFree } = await host.disk(hostPath);
    const usedBytes = capacityBytes - freeBytes;
    return { availableBytes, capacityBytes, usedBytes, inodes, inodesFree, inodesUsed: inodes - inodesFree };
  }
}
