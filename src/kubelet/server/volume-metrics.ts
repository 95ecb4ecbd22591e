import type { Pod } from '../../api/core/v1.ts';
import type { VolumeStats, VolumeUsage } from '../volumes/volume-meter.ts';
import { family } from './resource-metrics.ts';

/** Upstream's names after `kubelet_volume_stats_`, in their order. */
const figures: readonly [string, string, keyof VolumeUsage][] = [
  ['available_bytes', 'Number of available bytes in the volume', 'availableBytes'],
  ['capacity_bytes', 'Capacity in bytes of the volume', 'capacityBytes'],
  ['inodes', 'Maximum number of inodes in the volume', 'inodes'],
  ['inodes_free', 'Number of free inodes in the volume', 'inodesFree'],
  ['inodes_used', 'Number of used inodes in the volume', 'inodesUsed'],
  ['used_bytes', 'Number of used bytes in the volume', 'usedBytes'],
];

/** How full the volumes of claims are, each once, however many pods have it. Nothing where none is measured. */
export function volumeMetrics(
  pods: readonly Pod[],
  volumesOf: (podUid: string) => readonly VolumeStats[],
): string {
  const rows = new Map<string, { labels: Record<string, string>; stats: VolumeStats }>();
  for (const { metadata } of pods) {
    const { namespace = '', uid = '' } = metadata;
    for (const stats of volumesOf(uid)) {
      const key = `${namespace}/${stats.claim}`;
      if (stats.claim === undefined || rows.has(key)) continue;
      rows.set(key, { labels: { namespace, persistentvolumeclaim: stats.claim }, stats });
    }
  }
  if (rows.size === 0) return '';
  const families = figures.map(([name, help, figure]) => {
    const samples = [...rows.values()].map(({ labels, stats }) => ({ labels, value: stats[figure] }));
    return family('gauge', `kubelet_volume_stats_${name}`, `[ALPHA] ${help}`, samples);
  });
  return families.join('');
}
