import { crc32 } from 'node:zlib';
import type { Files } from '../../platform/files.ts';
import type { ClaimState, PreparedDevice } from './claim-state.ts';

/*
 * The file of the claims that are ready, as upstream's kubelet writes it at the same place, so that either goes on where the other ended.
 */

const apiVersion = 'checkpoint.dra.kubelet.k8s.io/v1';
const kind = 'DRACheckpoint';

interface FileDevice {
  PoolName: string;
  DeviceName: string;
  ShareID: string | null;
  RequestNames: readonly string[] | null;
  CDIDeviceIDs: readonly string[] | null;
}

interface FileClaim {
  ClaimUID: string;
  ClaimName: string;
  Namespace: string;
  PodUIDs: Record<string, object> | null;
  DriverState: Record<string, { Devices: FileDevice[] | null }> | null;
}

interface FileData {
  kind: string;
  apiVersion: string;
  Entries: FileClaim[] | null;
}

/** The data are a text within the file, which the checksum is of. */
interface CheckpointFile {
  Data: string;
  Checksum: number;
}

export async function writeClaims(files: Files, path: string, claims: readonly ClaimState[]): Promise<void> {
  const data: FileData = { kind, apiVersion, Entries: claims.map(toFile) };
  const Data = JSON.stringify(data);
  const file: CheckpointFile = { Data, Checksum: crc32(Data) };
  await files.writeAtomic(path, JSON.stringify(file), { mode: 0o600 });
}

/** Empty where there is no file. Rejects where it cannot be understood. */
export async function readClaims(files: Files, path: string): Promise<ClaimState[]> {
  if (!(await files.exists(path))) return [];
  const { Data, Checksum } = JSON.parse(await files.readText(path)) as CheckpointFile;
  if (crc32(Data) !== Checksum) throw new Error('checkpoint is corrupted');
  const { apiVersion: version, Entries } = JSON.parse(Data) as FileData;
  if (version !== apiVersion) throw new Error(`checkpoint is of version ${version}`);
  return (Entries ?? []).map(fromFile);
}

function toFile({ uid, name, namespace, pods, drivers }: ClaimState): FileClaim {
  const stateOf = (devices: readonly PreparedDevice[]) => ({ Devices: devices.map(toFileDevice) });
  return {
    ClaimUID: uid,
    ClaimName: name,
    Namespace: namespace,
    PodUIDs: Object.fromEntries([...pods].map((pod) => [pod, {}])),
    DriverState: Object.fromEntries([...drivers].map(([driver, devices]) => [driver, stateOf(devices)])),
  };
}

const toFileDevice = ({ pool, device, shareId, requests, cdiDevices }: PreparedDevice): FileDevice => ({
  PoolName: pool,
  DeviceName: device,
  ShareID: shareId ?? null,
  RequestNames: requests,
  CDIDeviceIDs: cdiDevices,
});

const fromFileDevice = (file: FileDevice): PreparedDevice => ({
  pool: file.PoolName,
  device: file.DeviceName,
  shareId: file.ShareID ?? undefined,
  requests: file.RequestNames ?? [],
  cdiDevices: file.CDIDeviceIDs ?? [],
});

/** Drivers are asked once more before a claim counts as ready: they may have been started anew too. */
function fromFile({ ClaimUID, ClaimName, Namespace, PodUIDs, DriverState }: FileClaim): ClaimState {
  const drivers = Object.entries(DriverState ?? {}).map(
    ([driver, { Devices }]) => [driver, (Devices ?? []).map(fromFileDevice)] as const,
  );
  return {
    uid: ClaimUID,
    name: ClaimName,
    namespace: Namespace,
    pods: new Set(Object.keys(PodUIDs ?? {})),
    drivers: new Map(drivers),
    isPrepared: false,
  };
}
