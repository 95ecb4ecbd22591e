import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Files } from '../../platform/files.ts';
import { ContainerAllocateResponseSchema } from '../plugins/generated/deviceplugin/v1beta1/deviceplugin_pb.js';
import { fnv32a } from '../pods/labels.ts';
import type { DeviceEntry } from './pod-devices.ts';

/** What a kubelet that is started again has to know. */
export interface DeviceCheckpoint {
  entries: DeviceEntry[];
  /** Devices that were healthy, by resource. */
  registered: Record<string, string[]>;
}

interface FileEntry {
  PodUID: string;
  ContainerName: string;
  ResourceName: string;
  DeviceIDs: Record<string, readonly string[]>;
  /** A ContainerAllocateResponse in protobuf and base64. */
  AllocResp: string;
}

/** In the fields of upstream's file; the checksum is one of our own. */
interface CheckpointFile {
  Data: { PodDeviceEntries: FileEntry[]; RegisteredDevices: Record<string, string[]> };
  Checksum: number;
}

const checksumOf = (data: CheckpointFile['Data']) => Number.parseInt(fnv32a(JSON.stringify(data)), 16);

export async function writeCheckpoint(
  files: Files,
  path: string,
  { entries, registered }: DeviceCheckpoint,
): Promise<void> {
  const Data = {
    PodDeviceEntries: entries.map(({ podUid, container, resource, byNuma, response }) => ({
      PodUID: podUid,
      ContainerName: container,
      ResourceName: resource,
      DeviceIDs: byNuma,
      AllocResp: Buffer.from(toBinary(ContainerAllocateResponseSchema, response)).toString('base64'),
    })),
    RegisteredDevices: registered,
  };
  const file: CheckpointFile = { Data, Checksum: checksumOf(Data) };
  await files.writeAtomic(path, JSON.stringify(file), { mode: 0o600 });
}

/** Undefined where there is none. Rejects where it cannot be understood. */
export async function readCheckpoint(files: Files, path: string): Promise<DeviceCheckpoint | undefined> {
  if (!(await files.exists(path))) return undefined;
  const { Data, Checksum } = JSON.parse(await files.readText(path)) as CheckpointFile;
  if (Checksum !== checksumOf(Data)) throw new Error('checkpoint is corrupted');
  return {
    entries: Data.PodDeviceEntries.map((entry) => ({
      podUid: entry.PodUID,
      container: entry.ContainerName,
      resource: entry.ResourceName,
      byNuma: entry.DeviceIDs,
      response: fromBinary(ContainerAllocateResponseSchema, Buffer.from(entry.AllocResp, 'base64')),
    })),
    registered: Data.RegisteredDevices,
  };
}
