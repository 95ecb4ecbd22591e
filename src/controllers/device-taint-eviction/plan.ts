import type {
  DeviceRequestAllocationResult,
  DeviceTaint,
  DeviceToleration,
  ResourceClaim,
  ResourceSlice,
} from '../../api/resource/v1.ts';
import { covers } from '../../machinery/tolerations.ts';

/** Driver and name of a pool: no other has both. */
export const poolOf = ({ driver, pool }: { driver: string; pool: string }): string => `${driver}/${pool}`;

export const poolOfSlice = ({ spec }: ResourceSlice): string =>
  poolOf({ driver: spec.driver, pool: spec.pool.name });

const isNoExecute = ({ effect }: DeviceTaint) => effect === 'NoExecute';

/** Whether a device of the slice drives pods out. */
export const drivesOut = ({ spec }: ResourceSlice): boolean =>
  spec.devices?.some(({ taints }) => taints?.some(isNoExecute)) ?? false;

/** The NoExecute taints of a device as the newest generation of its pool has it; `slices` are those of the pool. */
export function taintsOf(device: string, slices: readonly ResourceSlice[]): DeviceTaint[] {
  const newest = Math.max(...slices.map(({ spec }) => Number(spec.pool.generation)));
  const current = slices.filter(({ spec }) => Number(spec.pool.generation) === newest);
  const found = current.flatMap(({ spec }) => spec.devices ?? []).find(({ name }) => name === device);
  return found?.taints?.filter(isNoExecute) ?? [];
}

/**
 * When pods that use the claim have to go because of taints of its devices, in milliseconds since the epoch; undefined where all
 * are tolerated for ever.
 */
export function evictionMs(
  { status }: ResourceClaim,
  slicesOf: (pool: string) => readonly ResourceSlice[],
): number | undefined {
  const ends = (status?.allocation?.devices?.results ?? []).flatMap((result) =>
    taintsOf(result.device, slicesOf(poolOf(result))).flatMap((taint) => endMs(taint, result) ?? []),
  );
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

function endMs(taint: DeviceTaint, { tolerations = [] }: DeviceRequestAllocationResult): number | undefined {
  const matching = tolerations.filter((toleration) => bears(toleration, taint));
  if (matching.some(({ tolerationSeconds }) => tolerationSeconds === undefined)) return undefined;
  const seconds = matching.map(({ tolerationSeconds }) => Math.max(0, Number(tolerationSeconds)));
  return Date.parse(taint.timeAdded ?? '') + 1000 * (seconds.length > 0 ? Math.min(...seconds) : 0);
}

/** A toleration for all effects says nothing of being driven out, as upstream reads it. */
const bears = (toleration: DeviceToleration, taint: DeviceTaint): boolean =>
  toleration.effect === 'NoExecute' && covers(toleration, taint);
