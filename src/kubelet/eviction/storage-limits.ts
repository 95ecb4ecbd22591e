import type { Pod, Volume } from '../../api/core/v1.ts';
import { formatQuantity, parseQuantity, quantityValue } from '../../machinery/quantity.ts';
import { readSums } from '../../machinery/resource-sums.ts';

const storage = 'ephemeral-storage';

/** How much of the node's disk a pod uses. */
export interface StorageUsage {
  /** Bytes in each volume that takes of the node's disk, by name. */
  volumes: ReadonlyMap<string, number>;
  /** Bytes that each container has written, its log among them, by name. */
  containers: ReadonlyMap<string, number>;
  /** Bytes of the hosts file that all containers may write. */
  hostsFile: number;
}

/** The emptyDirs on disk that may grow only so far. */
function limitedVolumes(pod: Pod): Volume[] {
  return (pod.spec.volumes ?? []).filter(
    (v) => v.emptyDir && v.emptyDir.medium !== 'Memory' && v.emptyDir.sizeLimit,
  );
}

/** The volumes that take of the node's disk and end with the pod, each with the name of its plugin. */
export function diskVolumes(pod: Pod): { name: string; plugin: string }[] {
  return (pod.spec.volumes ?? []).flatMap(({ name, emptyDir, configMap, downwardAPI }) => {
    if (emptyDir && !emptyDir.medium) return { name, plugin: 'empty-dir' };
    if (configMap) return { name, plugin: 'configmap' };
    return downwardAPI ? { name, plugin: 'downward-api' } : [];
  });
}

/** Whether it matters how much of the disk the pod uses. */
export function isStorageLimited(pod: Pod): boolean {
  return (
    limitedVolumes(pod).length > 0 ||
    pod.spec.containers.some((c) => c.resources?.limits?.[storage] !== undefined)
  );
}

/** Why a pod has to go for what it has written, in upstream's words; undefined where it has kept within its limits. */
export function storageExcess(pod: Pod, usage: StorageUsage): string | undefined {
  for (const { name, emptyDir } of limitedVolumes(pod)) {
    const limit = parseQuantity(emptyDir?.sizeLimit ?? '0');
    if ((usage.volumes.get(name) ?? 0) > quantityValue(limit))
      return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(formatQuantity(limit))}. `;
  }
  for (const { name, resources } of pod.spec.containers) {
    const limit = readSums(resources?.limits).get(storage);
    if (limit && (usage.containers.get(name) ?? 0) > quantityValue(limit))
      return `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(formatQuantity(limit))}. `;
  }
  return podExcess(pod, usage);
}

/** What a container may write that has no limit counts into what the others may all together, as upstream has it. */
function podExcess(pod: Pod, usage: StorageUsage): string | undefined {
  const limits = pod.spec.containers.flatMap((c) => readSums(c.resources?.limits).get(storage) ?? []);
  if (limits.length === 0) return undefined;
  const allowed = limits.reduce((sum, limit) => sum + quantityValue(limit), 0);
  const used = [...usage.volumes.values(), ...usage.containers.values()].reduce(
    (a, b) => a + b,
    usage.hostsFile,
  );
  if (used <= allowed) return undefined;
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${allowed}. `;
}
