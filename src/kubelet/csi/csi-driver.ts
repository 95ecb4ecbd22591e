import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Clock } from '../../platform/clock.ts';
import type { GrpcChannel } from '../../platform/grpc-channel.ts';
import type { VolumeUsage } from '../volumes/volume-meter.ts';
import { pluginChannel } from '../plugins/plugin-channel.ts';
import {
  Node,
  NodeServiceCapability_RPC_Type as Capability,
  type VolumeCapabilitySchema,
  VolumeCapability_AccessMode_Mode as Mode,
  VolumeUsage_Unit as Unit,
} from '../plugins/generated/csi/v1/csi_pb.js';

/** Upstream's `csiTimeout`. */
const within = { timeoutMs: 120_000 };

/** How a node is known to a driver. */
export interface DriverNode {
  nodeId: string;
  /** Volumes of the driver that the node can have; 0 where there is no limit known. */
  maxVolumes: bigint;
  /** Labels that say where the node stands, as the driver sees it. */
  topology: Record<string, string>;
}

/** What a volume is to be to a pod. */
export interface VolumeUse {
  accessMode: string;
  fsType: string;
  mountOptions: readonly string[];
  /** It is to be a bare device, without a file system. */
  isDevice: boolean;
  /** The group that files are to be given to; only for drivers that can (`VOLUME_MOUNT_GROUP`). */
  group?: number | undefined;
}

/** What a driver is told of a volume besides. */
export interface VolumeFacts {
  handle: string;
  use: VolumeUse;
  /** What the driver's controller said when it attached the volume. */
  publishContext: Record<string, string>;
  context: Record<string, string>;
  secrets: Record<string, string>;
}

type Amounts = Record<'available' | 'total' | 'used', number>;

/** A CSI driver on this node. Calls reject with the driver's own words; each may be made again with the same outcome. */
export class CsiDriver {
  readonly name: string;
  readonly #channel: GrpcChannel;
  readonly #can: ReadonlySet<Capability>;

  private constructor(name: string, channel: GrpcChannel, can: ReadonlySet<Capability>) {
    this.name = name;
    this.#channel = channel;
    this.#can = can;
  }

  /** Connects to a driver and asks it what it can. */
  static async connect(name: string, endpoint: string, clock: Clock): Promise<CsiDriver> {
    const channel = pluginChannel(endpoint, clock);
    try {
      const { capabilities } = await channel.call(Node.method.nodeGetCapabilities, {}, within);
      const can = capabilities.flatMap(({ type }) => (type.case === 'rpc' ? [type.value.type] : []));
      return new CsiDriver(name, channel, new Set(can));
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  get stages(): boolean {
    return this.#can.has(Capability.STAGE_UNSTAGE_VOLUME);
  }

  get expands(): boolean {
    return this.#can.has(Capability.EXPAND_VOLUME);
  }

  get givesToGroup(): boolean {
    return this.#can.has(Capability.VOLUME_MOUNT_GROUP);
  }

  get measures(): boolean {
    return this.#can.has(Capability.GET_VOLUME_STATS);
  }

  close(): void {
    this.#channel.close();
  }

  async node(): Promise<DriverNode> {
    const info = await this.#channel.call(Node.method.nodeGetInfo, {}, within);
    const { nodeId, maxVolumesPerNode, accessibleTopology } = info;
    return { nodeId, maxVolumes: maxVolumesPerNode, topology: accessibleTopology?.segments ?? {} };
  }

  /** Makes a volume ready on the node, for whichever pods come. */
  async stage(volume: VolumeFacts, stagingPath: string): Promise<void> {
    const request = { ...this.#asked(volume), stagingTargetPath: stagingPath };
    await this.#channel.call(Node.method.nodeStageVolume, request, within);
  }

  async unstage(handle: string, stagingPath: string): Promise<void> {
    const request = { volumeId: handle, stagingTargetPath: stagingPath };
    await this.#channel.call(Node.method.nodeUnstageVolume, request, within);
  }

  /** Makes a volume stand at `targetPath`, for one pod. */
  async publish(
    volume: VolumeFacts,
    {
      targetPath,
      stagingPath = '',
      readOnly,
    }: { targetPath: string; stagingPath?: string; readOnly: boolean },
  ): Promise<void> {
    const request = {
      ...this.#asked(volume),
      targetPath,
      stagingTargetPath: stagingPath,
      readonly: readOnly,
    };
    await this.#channel.call(Node.method.nodePublishVolume, request, within);
  }

  async unpublish(handle: string, targetPath: string): Promise<void> {
    await this.#channel.call(Node.method.nodeUnpublishVolume, { volumeId: handle, targetPath }, within);
  }

  /** Lets the file system of a volume have at least so many bytes. */
  async expand(
    { handle, use, secrets }: Pick<VolumeFacts, 'handle' | 'use' | 'secrets'>,
    { volumePath, stagingPath = '', bytes }: { volumePath: string; stagingPath?: string; bytes: bigint },
  ): Promise<void> {
    const request = {
      volumeId: handle,
      volumePath,
      stagingTargetPath: stagingPath,
      capacityRange: { requiredBytes: bytes },
      volumeCapability: this.#capability(use),
      secrets,
    };
    await this.#channel.call(Node.method.nodeExpandVolume, request, within);
  }

  /** How full the volume that stands at `volumePath` is. */
  async usage(handle: string, volumePath: string): Promise<VolumeUsage> {
    const request = { volumeId: handle, volumePath };
    const { usage } = await this.#channel.call(Node.method.nodeGetVolumeStats, request, within);
    const [bytes, inodes] = [Unit.BYTES, Unit.INODES].map((unit) => {
      const { available = 0n, total = 0n, used = 0n } = usage.find((one) => one.unit === unit) ?? {};
      return { available: Number(available), total: Number(total), used: Number(used) };
    }) as [Amounts, Amounts];
    return {
      availableBytes: bytes.available,
      capacityBytes: bytes.total,
      usedBytes: bytes.used,
      inodes: inodes.total,
      inodesFree: inodes.available,
      inodesUsed: inodes.used,
    };
  }

  #asked({ handle, use, publishContext, context, secrets }: VolumeFacts) {
    const volumeCapability = this.#capability(use);
    return { volumeId: handle, publishContext, volumeContext: context, volumeCapability, secrets };
  }

  #capability({
    accessMode,
    fsType,
    mountOptions,
    isDevice,
    group,
  }: VolumeUse): MessageInitShape<typeof VolumeCapabilitySchema> {
    const volumeMountGroup = this.givesToGroup && group !== undefined ? String(group) : '';
    const mount = { fsType, mountFlags: [...mountOptions], volumeMountGroup };
    return {
      accessType: isDevice ? { case: 'block', value: {} } : { case: 'mount', value: mount },
      accessMode: { mode: this.#mode(accessMode) },
    };
  }

  /** Drivers of before did not tell one pod of a node from all of its pods. */
  #mode(accessMode: string): Mode {
    const tellsPods = this.#can.has(Capability.SINGLE_NODE_MULTI_WRITER);
    switch (accessMode) {
      case 'ReadOnlyMany':
        return Mode.MULTI_NODE_READER_ONLY;
      case 'ReadWriteMany':
        return Mode.MULTI_NODE_MULTI_WRITER;
      case 'ReadWriteOncePod':
        return tellsPods ? Mode.SINGLE_NODE_SINGLE_WRITER : Mode.SINGLE_NODE_WRITER;
      default:
        return tellsPods ? Mode.SINGLE_NODE_MULTI_WRITER : Mode.SINGLE_NODE_WRITER;
    }
  }
}
