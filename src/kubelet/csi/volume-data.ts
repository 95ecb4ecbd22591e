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

/** Where something of a volume stands: what is staged of it for all pods, or what is published for one. */
export interface VolumePlace {
  /** The folder of its `vol_data.json`. */
  data: string;
  /** What the driver is told: a folder that it mounts a file system at, or where it puts a device. */
  path: string;
  /** A link to a device, for the pod that has it. */
  link?: string;
  /** Stands from before the driver is asked until all is taken away. */
  mark: string;
  /** All of it, in the order in which it is to be removed. */
  trees: readonly string[];
}

/** Where the volumes of drivers stand below the kubelet's root, as upstream lays them out. */
export class CsiDirs {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** A file system that is staged. */
  staged({ driver, handle }: VolumeIdentity): VolumePlace {
    return mountPlace(
      `${this.#drivers}/${driver}/${createHash('sha256').update(handle).digest('hex')}`,
      'globalmount',
    );
  }

  /** A device that is staged, of the persistent volume of this name. */
  stagedDevice(name: string): VolumePlace {
    const dir = `${this.#devices}/${name}`;
    const path = `${this.#devices}/staging/${name}`;
    const trees = [path, `${this.#devices}/publish/${name}`, dir];
    return { data: `${dir}/data`, path, mark: path, trees };
  }

  /** All volumes that are staged, devices or not. */
  async allStaged(files: Files): Promise<VolumePlace[]> {
    const drivers = (await files.list(this.#drivers)).filter((driver) => driver !== devices);
    const volumes = await Promise.all(drivers.map((driver) => files.list(`${this.#drivers}/${driver}`)));
    const names = (await files.list(this.#devices)).filter(
      (name) => name !== 'staging' && name !== 'publish',
    );
    return [
      ...drivers.flatMap((driver, i) =>
        (volumes[i] ?? []).map((volume) => mountPlace(`${this.#drivers}/${driver}/${volume}`, 'globalmount')),
      ),
      ...names.map((name) => this.stagedDevice(name)),
    ];
  }

  /** A file system of a pod. */
  published(podUid: string, name: string): VolumePlace {
    return mountPlace(`${this.#ofPod(podUid, 'volumes')}/${name}`, 'mount');
  }

  /** A device of a pod. */
  publishedDevice(podUid: string, name: string): VolumePlace {
    const link = `${this.#ofPod(podUid, devices)}/${name}`;
    const path = `${this.#devices}/publish/${name}/${podUid}`;
    return { data: `${this.#devices}/${name}/data`, path, link, mark: link, trees: [path, link] };
  }

  /** All volumes of a pod, devices or not. */
  async allPublished(files: Files, podUid: string): Promise<VolumePlace[]> {
    const [mounted, linked] = await Promise.all([
      files.list(this.#ofPod(podUid, 'volumes')),
      files.list(this.#ofPod(podUid, devices)),
    ]);
    return [
      ...mounted.map((name) => this.published(podUid, name)),
      ...linked.map((name) => this.publishedDevice(podUid, name)),
    ];
  }

  pods(files: Files): Promise<string[]> {
    return files.list(`${this.#root}/pods`);
  }

  get #drivers(): string {
    return `${this.#root}/plugins/kubernetes.io/csi`;
  }

  get #devices(): string {
    return `${this.#drivers}/${devices}`;
  }

  #ofPod(podUid: string, kind: string): string {
    return `${this.#root}/pods/${podUid}/${kind}/kubernetes.io~csi`;
  }
}

/** The folder of volumes that are devices. No driver has such a name. */
const devices = 'volumeDevices';

const mountPlace = (dir: string, name: string): VolumePlace => ({
  data: dir,
  path: `${dir}/${name}`,
  mark: dir,
  trees: [dir],
});

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
