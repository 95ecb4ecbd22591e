import { dirname } from 'node:path';
import type { CSIPersistentVolumeSource, Pod, SecretReference } from '../../api/core/v1.ts';
import { csidrivers, secrets, volumeattachments } from '../../api/generated/resources.ts';
import type { CSIDriver } from '../../api/storage/v1.ts';
import { attachedName, attachmentName, type VolumeIdentity } from '../../machinery/csi-names.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { allOver } from '../../platform/all-over.ts';
import { Turns } from '../plugins/turns.ts';
import type { NodeContext } from '../pods/context.ts';
import { tellMountFailure } from '../volumes/mount-failure.ts';
import type { Mounts } from '../volumes/mounts.ts';
import { VolumeError } from '../volumes/payload.ts';
import type { VolumeUsage } from '../volumes/volume-meter.ts';
import type { TokenManager } from '../volumes/token-manager.ts';
import type { CsiDriver, VolumeFacts, VolumeUse } from './csi-driver.ts';
import type { CsiDrivers } from './csi-drivers.ts';
import { checkLifecycle, givesToGroup, isAttached, type Lifecycle, podContext } from './driver-object.ts';
import {
  CsiDirs,
  identityOf,
  readVolumeData,
  type VolumeData,
  type VolumePlace,
  writeVolumeData,
} from './volume-data.ts';

/** A volume of a driver that a pod wants. */
export interface CsiRequest {
  pod: Pod;
  /** The name of the persistent volume, or that of the volume in its pod. */
  name: string;
  source: CSIPersistentVolumeSource;
  lifecycle: Lifecycle;
  accessModes: readonly string[];
  mountOptions: readonly string[];
  /** The pod wants the bare device, not a file system on it. */
  isDevice: boolean;
  readOnly: boolean;
  /** Whoever waits for the volume need not any longer. */
  signal?: AbortSignal;
}

/** A volume that stands in a pod's folder. */
export interface CsiPublished {
  /** Of its file system, or of a link to its device. */
  path: string;
  readOnly: boolean;
  /** Whether its files are to be given to the pod's group. */
  givesToGroup: boolean;
}

export interface CsiVolumesOptions {
  context: NodeContext;
  rootDir: string;
  mounts: Mounts;
  drivers: CsiDrivers;
  tokens: TokenManager;
  /** Tells the API server which volumes are in use: none is mounted before, and none can be detached until it is told again. */
  report(): Promise<void>;
}

/** What is known of a volume in a pod's folder. */
interface Known {
  published: CsiPublished;
  identity: VolumeIdentity;
  /** Where its driver has put it. */
  path: string;
  /** The driver wants to be asked again and again. */
  isRenewed: boolean;
}

interface InUse {
  identity: VolumeIdentity;
  /** Uids of the pods that want it. */
  pods: Set<string>;
  staged: VolumePlace;
  /** Whether it is attached to nodes, or may be. */
  isAttached: boolean;
  isStaged: boolean;
}

/** Upstream's `podAttachAndMountTimeout`, of which attaching takes the most. */
const attachWithinMs = 120_000;
const attachPollMs = 250;

const identityIn = ({ driver, volumeHandle: handle }: CSIPersistentVolumeSource): VolumeIdentity => ({
  driver,
  handle,
});

/** The volumes of CSI drivers on this node: staged once for all pods, published for each. */
export class CsiVolumes {
  readonly #options: CsiVolumesOptions;
  readonly #dirs: CsiDirs;
  /** By the folder of the volume in its pod's. */
  readonly #known = new Map<string, Known>();
  /** Volumes that outlive pods, by the names that the node's status has for them, while a pod wants them or they are staged. */
  readonly #inUse = new Map<string, InUse>();
  /** One thing after the other is done to a volume. */
  readonly #turns = new Turns();

  constructor(options: CsiVolumesOptions) {
    this.#options = options;
    this.#dirs = new CsiDirs(options.rootDir);
  }

  /** The names of volumes that must not be detached from this node now, as its status tells them. */
  inUse(): string[] {
    return [...this.#inUse].flatMap(([name, { isAttached }]) => (isAttached ? [name] : [])).sort();
  }

  /** Finds what stands on the node from before. */
  async load(): Promise<void> {
    const { files } = this.#options.context.platform;
    for (const uid of await this.#dirs.pods(files)) {
      for (const place of await this.#dirs.allPublished(files, uid)) {
        const data = await readVolumeData(files, place.data);
        if (!data || data.volumeLifecycleMode === 'Ephemeral') continue;
        const identity = identityOf(data);
        const { specVolID = '' } = data;
        const staged = place.link ? this.#dirs.stagedDevice(specVolID) : this.#dirs.staged(identity);
        this.#use(identity, { isAttached: true, staged }).pods.add(uid);
      }
    }
    for (const staged of await this.#dirs.allStaged(files)) {
      const data = await readVolumeData(files, staged.data);
      if (data) this.#use(identityOf(data), { isAttached: true, staged });
    }
  }

  /** Makes a volume stand in the pod's folder. Doing so again is cheap. Rejects, with the message for the event, where it cannot be had now. */
  publish(request: CsiRequest): Promise<CsiPublished> {
    const { pod, name, source } = request;
    const place = this.#publishedPlace(request);
    return this.#inTurn(identityIn(source), async () => {
      const known = this.#known.get(place.mark);
      if (!known) return this.#publish(request, place);
      // Who has the volume keeps it, whatever its driver says by now.
      if (known.isRenewed)
        await this.#publish(request, place).catch((error: Error) =>
          tellMountFailure(this.#options.context, pod, name, error),
        );
      return known.published;
    });
  }

  /** Lets the file system of a volume that stands in the pod's folder hold so many bytes; false where that is not for its driver to do. */
  grow(request: CsiRequest, bytes: bigint): Promise<boolean> {
    const { source } = request;
    const identity = identityIn(source);
    return this.#inTurn(identity, async () => {
      const driver = this.#options.drivers.get(source.driver);
      if (!driver.expands) return false;
      const secrets = await this.#secret(source.nodeExpandSecretRef);
      const volume = { handle: source.volumeHandle, use: useOf(request), secrets };
      const volumePath = this.#publishedPlace(request).path;
      const stagingPath = driver.stages ? this.#stagedPlace(request).path : '';
      await driver.expand(volume, { volumePath, stagingPath, bytes });
      return true;
    });
  }

  /** How full a volume in a pod's folder is; undefined where there is none of that name, or its driver does not measure. */
  async usage(podUid: string, name: string): Promise<VolumeUsage | undefined> {
    const places = [this.#dirs.published(podUid, name), this.#dirs.publishedDevice(podUid, name)];
    const known = places.map(({ mark }) => this.#known.get(mark)).find((one) => one !== undefined);
    if (!known) return undefined;
    const { identity, path } = known;
    const driver = this.#options.drivers.get(identity.driver);
    return driver.measures ? driver.usage(identity.handle, path) : undefined;
  }

  /** Takes a pod's volumes away, and from the node what no other pod has. Rejects while one cannot be taken away. */
  async unpublishAll(podUid: string): Promise<void> {
    const { files } = this.#options.context.platform;
    const places = await this.#dirs.allPublished(files, podUid);
    await allOver(
      places.map(async (place) => {
        const data = await readVolumeData(files, place.data);
        if (data) await this.#inTurn(identityOf(data), () => this.#unpublish(data, place));
      }),
    );
    await allOver(
      [...this.#inUse.values()].map(async ({ identity, staged, pods }) => {
        if (pods.delete(podUid)) await this.#inTurn(identity, () => this.#releaseUnused(identity, staged));
      }),
    );
  }

  /** Takes from the node what was left of volumes that no pod has. */
  async tidy(): Promise<void> {
    const { files } = this.#options.context.platform;
    const places = await this.#dirs.allStaged(files);
    await allOver(
      places.map(async (staged) => {
        const data = await readVolumeData(files, staged.data);
        if (data) await this.#inTurn(identityOf(data), () => this.#releaseUnused(identityOf(data), staged));
      }),
    );
  }

  async #publish(request: CsiRequest, place: VolumePlace): Promise<CsiPublished> {
    const { context, drivers } = this.#options;
    const { source, lifecycle, readOnly, isDevice } = request;
    const identity = identityIn(source);
    const driver = drivers.get(source.driver);
    const object = await context.client
      .of(csidrivers)
      .get({ name: source.driver })
      .catch(ignoring('NotFound'));
    checkLifecycle(object, source.driver, lifecycle);
    const use = useOf(request);
    const isPersistent = lifecycle === 'Persistent';
    const publishContext = isPersistent ? await this.#attached(identity, object, request) : {};
    const staged = isPersistent && driver.stages ? this.#stagedPlace(request) : undefined;
    const facts = {
      handle: source.volumeHandle,
      use,
      publishContext,
      context: source.volumeAttributes ?? {},
    };
    if (isDevice) await writeVolumeData(context.platform.files, place.data, this.#dataOf(request));
    if (staged) await this.#stage(driver, request, facts);
    await this.#prepare(request, place);
    // As upstream, drivers are not told whom a device is for.
    const told = isDevice ? { context: {}, secrets: {} } : await this.#toldOf(object, request);
    const volume: VolumeFacts = {
      ...facts,
      context: { ...facts.context, ...told.context },
      secrets: { ...(await this.#secret(source.nodePublishSecretRef)), ...told.secrets },
    };
    const { path, link } = place;
    await driver.publish(volume, { targetPath: path, stagingPath: staged?.path ?? '', readOnly });
    const { fsType = '' } = source;
    const group = !isDevice && !driver.givesToGroup && givesToGroup(object, { ...request, fsType });
    const published = { path: link ?? path, readOnly, givesToGroup: group };
    const isRenewed = !isDevice && (object?.spec.requiresRepublish ?? false);
    this.#known.set(place.mark, { published, identity, path, isRenewed });
    return published;
  }

  /** What the driver said when it attached the volume; waits for a while until it has. */
  async #attached(
    identity: VolumeIdentity,
    object: CSIDriver | undefined,
    request: CsiRequest,
  ): Promise<Record<string, string>> {
    const { pod, signal } = request;
    const known = this.#inUse.has(attachedName(identity));
    const how = { isAttached: isAttached(object), staged: this.#stagedPlace(request) };
    this.#use(identity, how).pods.add(pod.metadata.uid as string);
    if (!isAttached(object)) return {};
    if (!known) await this.#options.report();
    const { client, nodeName, platform } = this.#options.context;
    const { clock } = platform;
    const name = attachmentName(identity, nodeName);
    const deadlineMs = clock.monotonic() + attachWithinMs;
    for (;;) {
      const found = await client.of(volumeattachments).get({ name }).catch(ignoring('NotFound'));
      if (found?.metadata.deletionTimestamp) throw new VolumeError('volume attachment is being deleted');
      if (found?.status?.attached) return found.status.attachmentMetadata ?? {};
      if (found?.status?.attachError) throw new VolumeError(found.status.attachError.message ?? '');
      if (clock.monotonic() > deadlineMs)
        throw new VolumeError(
          `timed out waiting for external-attacher of ${identity.driver} CSI driver to attach volume ${identity.handle}`,
        );
      await clock.sleep(attachPollMs, signal);
    }
  }

  async #stage(
    driver: CsiDriver,
    { source, isDevice }: CsiRequest,
    facts: Omit<VolumeFacts, 'secrets'>,
  ): Promise<void> {
    const { files } = this.#options.context.platform;
    const { handle } = facts;
    const inUse = this.#inUse.get(attachedName({ driver: driver.name, handle }));
    if (!inUse || inUse.isStaged) return;
    const { data, path } = inUse.staged;
    if (!isDevice) await writeVolumeData(files, data, { volumeHandle: handle, driverName: driver.name });
    await files.makeDir(path, { mode: 0o750 });
    await driver.stage({ ...facts, secrets: await this.#secret(source.nodeStageSecretRef) }, path);
    inUse.isStaged = true;
  }

  /** What has to stand in the pod's folder before the driver is asked: by it whoever has forgotten the volume takes it away. */
  async #prepare(request: CsiRequest, { data, path, link }: VolumePlace): Promise<void> {
    const { files } = this.#options.context.platform;
    if (link === undefined) return writeVolumeData(files, data, this.#dataOf(request));
    await files.makeDir(dirname(path), { mode: 0o750 });
    await files.makeDir(dirname(link), { mode: 0o750 });
    await files.remove(link);
    await files.symlink(path, link);
  }

  #stagedPlace({ source, name, isDevice }: CsiRequest): VolumePlace {
    return isDevice ? this.#dirs.stagedDevice(name) : this.#dirs.staged(identityIn(source));
  }

  #publishedPlace({ pod, name, isDevice }: CsiRequest): VolumePlace {
    const uid = pod.metadata.uid as string;
    return isDevice ? this.#dirs.publishedDevice(uid, name) : this.#dirs.published(uid, name);
  }

  async #unpublish(data: VolumeData, place: VolumePlace): Promise<void> {
    const identity = identityOf(data);
    await this.#options.drivers.get(identity.driver).unpublish(identity.handle, place.path);
    await this.#removeUnmounted(place);
    this.#known.delete(place.mark);
  }

  /** What is still mounted is the driver's, and must not be emptied. */
  async #removeUnmounted({ trees }: VolumePlace): Promise<void> {
    const left = (await Promise.all(trees.map((tree) => this.#options.mounts.below(tree)))).flat();
    if (left.length > 0)
      throw new VolumeError(`still mounted after its driver has taken it away: ${left.join(', ')}`);
    for (const tree of trees) await this.#options.context.platform.files.remove(tree);
  }

  async #releaseUnused(identity: VolumeIdentity, staged: VolumePlace): Promise<void> {
    const key = attachedName(identity);
    if (this.#inUse.get(key)?.pods.size) return;
    const { context, drivers } = this.#options;
    if (await context.platform.files.exists(staged.mark))
      await drivers.get(identity.driver).unstage(identity.handle, staged.path);
    await this.#removeUnmounted(staged);
    const wasAttached = this.#inUse.get(key)?.isAttached;
    this.#inUse.delete(key);
    if (wasAttached) await this.#options.report();
  }

  #use(identity: VolumeIdentity, how: Pick<InUse, 'isAttached' | 'staged'>): InUse {
    const key = attachedName(identity);
    const inUse = this.#inUse.get(key) ?? { identity, pods: new Set(), ...how, isStaged: false };
    this.#inUse.set(key, inUse);
    return inUse;
  }

  #dataOf({ name, source, lifecycle }: CsiRequest): VolumeData {
    const { nodeName } = this.#options.context;
    const { driver, volumeHandle } = source;
    return {
      specVolID: name,
      volumeHandle,
      driverName: driver,
      nodeName,
      attachmentID: attachmentName({ driver, handle: volumeHandle }, nodeName),
      volumeLifecycleMode: lifecycle,
    };
  }

  async #secret(reference: SecretReference | undefined): Promise<Record<string, string>> {
    if (!reference) return {};
    const { name = '', namespace = '' } = reference;
    const { data = {} } = await this.#options.context.client.of(secrets).get({ namespace, name });
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  }

  /** What a driver that asks for it is told of the pod and of who the pod is. */
  async #toldOf(
    object: CSIDriver | undefined,
    { pod, lifecycle }: CsiRequest,
  ): Promise<{ context: Record<string, string>; secrets: Record<string, string> }> {
    const context = podContext(object, pod, lifecycle);
    const { tokenRequests = [], serviceAccountTokenInSecrets } = object?.spec ?? {};
    if (tokenRequests.length === 0) return { context, secrets: {} };
    const held = await Promise.all(
      tokenRequests.map(async ({ audience = '', expirationSeconds }) => {
        const { token, expirationTimestamp } = await this.#options.tokens.held(pod, {
          path: '',
          audience,
          expirationSeconds,
        });
        return [audience, { token, expirationTimestamp }] as const;
      }),
    );
    const said = { 'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify(Object.fromEntries(held)) };
    return serviceAccountTokenInSecrets
      ? { context, secrets: said }
      : { context: { ...context, ...said }, secrets: {} };
  }

  #inTurn<T>(identity: VolumeIdentity, work: () => Promise<T>): Promise<T> {
    return this.#turns.inTurn(attachedName(identity), work);
  }
}

function useOf({ source, accessModes, mountOptions, isDevice, pod }: CsiRequest): VolumeUse {
  return {
    accessMode: accessModes[0] ?? 'ReadWriteOnce',
    fsType: source.fsType ?? '',
    mountOptions,
    isDevice,
    group: pod.spec.securityContext?.fsGroup,
  };
}
