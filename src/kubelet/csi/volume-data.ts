import { createHash } from 'node:crypto';
import type { VolumeIdentity } from '../../machinery/csi-names.ts';
import type { Files } from '../../platform/files.ts';

/** What stands beside a volume's mount, so that it can be taken away whoever has forgotten it; in upstream's format. */
export interface VolumeData {
  /** The name of the persistent volume, or that of the volume in its pod. Not where a volume is staged. */
  specVolID?: string;
  volumeHandle: string;
  driverName: string;
  nodeName?: string;
  attachmentID?: string;
  volumeLifecycleMode?: string;
}

const fileName = 'vol_data.json';

export const identityOf = ({ driverName, volumeHandle }: VolumeData): VolumeIdentity => ({
  driver: driverName,
  handle: volumeHandle,
});

/** Where the volumes of drivers stand below the kubelet's root. */
export class CsiDirs {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The folder of what is staged of a volume. */
  staged({ driver, handle }: VolumeIdentity): string {
    return `${this.#drivers}/${driver}/${createHash('sha256').update(handle).digest('hex')}`;
  }

  /** The folders of all volumes that are staged. */
  async allStaged(files: Files): Promise<string[]> {
    const drivers = await files.list(this.#drivers);
    const volumes = await Promise.all(drivers.map((driver) => files.list(`${this.#drivers}/${driver}`)));
    return drivers.flatMap((driver, i) =>
      (volumes[i] ?? []).map((volume) => `${this.#drivers}/${driver}/${volume}`),
    );
  }

  /** The folder of a volume of a pod. */
  published(podUid: string, name: string): string {
    return `${this.#ofPod(podUid)}/${name}`;
  }

  /** The folders of all volumes of a pod. */
  async allPublished(files: Files, podUid: string): Promise<string[]> {
    const dir = this.#ofPod(podUid);
    return (await files.list(dir)).map((name) => `${dir}/${name}`);
  }

  pods(files: Files): Promise<string[]> {
    return files.list(`${this.#root}/pods`);
  }

  get #drivers(): string {
    return `${this.#root}/plugins/kubernetes.io/csi`;
  }

  #ofPod(podUid: string): string {
    return `${this.#root}/pods/${podUid}/volumes/kubernetes.io~csi`;
  }
}

/** Where a volume itself is in the folder of what is staged of it. */
export const stagedMount = (dir: string) => `${dir}/globalmount`;

/** Where a volume itself is in its folder in a pod's. */
export const publishedMount = (dir: string) => `${dir}/mount`;

export async function writeVolumeData(files: Files, dir: string, data: VolumeData): Promise<void> {
  await files.makeDir(dir, { mode: 0o750 });
  await files.writeAtomic(`${dir}/${fileName}`, JSON.stringify(data));
}

/** Undefined where there is none, or none that can be read. */
export async function readVolumeData(files: Files, dir: string): Promise<VolumeData | undefined> {
  try {
    const data = JSON.parse(await files.readText(`${dir}/${fileName}`)) as Partial<VolumeData> | null;
    return data?.driverName && data.volumeHandle ? (data as VolumeData) : undefined;
  } catch {
    return undefined;
  }
}
