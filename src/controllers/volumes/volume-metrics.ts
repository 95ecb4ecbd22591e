import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import type { Counter, Meter, MetricOptions, Reading } from '../../platform/metrics/meter.ts';
import { storageClassOf } from '../../machinery/volume-match.ts';

const stability = 'ALPHA';
/** What upstream's binder calls those kinds of volumes that it knows. */
const pluginNames = {
  hostPath: 'kubernetes.io/host-path',
  nfs: 'kubernetes.io/nfs',
  local: 'kubernetes.io/local-volume',
} as const;

function pluginOf({ spec }: PersistentVolume): string {
  if (spec?.csi) return `kubernetes.io/csi:${spec.csi.driver}`;
  const kinds = Object.keys(pluginNames) as (keyof typeof pluginNames)[];
  const kind = kinds.find((name) => spec?.[name] !== undefined);
  return kind ? pluginNames[kind] : 'N/A';
}

const isBound = ({ status }: PersistentVolume | PersistentVolumeClaim) => status?.phase === 'Bound';

/** How many of the objects there are of each kind that `labelsOf` tells apart. */
function counted<T>(objects: readonly T[], labelsOf: (object: T) => string[]): Reading[] {
  const counts = new Map<string, { labels: string[]; count: number }>();
  for (const object of objects) {
    const labels = labelsOf(object);
    const key = labels.join('\u0000');
    const known = counts.get(key);
    if (known) known.count++;
    else counts.set(key, { labels, count: 1 });
  }
  return [...counts.values()].map(({ labels, count }): Reading => [labels, count]);
}

/** What there is of volumes and claims, and what is done about them, under upstream's names. What there is, is asked whenever somebody looks. */
export class VolumeMetrics {
  /** Claims that got the default class after they were made; those that could not. */
  readonly classesGiven: Counter;
  readonly classesFailed: Counter;

  constructor(
    meter: Meter,
    there: { volumes(): readonly PersistentVolume[]; claims(): readonly PersistentVolumeClaim[] },
  ) {
    const counter = (options: Pick<MetricOptions, 'name' | 'help'>) =>
      meter.counter({ ...options, stability }).with();
    this.classesGiven = counter({
      name: 'retroactive_storageclass_total',
      help: 'Claims that got the default class after they were made.',
    });
    this.classesFailed = counter({
      name: 'retroactive_storageclass_errors_total',
      help: 'Claims that could not be given the default class.',
    });
    const readings = (what: string, help: string, labels: string[], read: () => Reading[]) =>
      meter.readings({ name: `pv_collector_${what}`, help, stability, labels }, read);
    readings('total_pv_count', 'Volumes.', ['plugin_name', 'volume_mode'], () =>
      counted(there.volumes(), (v) => [pluginOf(v), v.spec?.volumeMode ?? 'Filesystem']),
    );
    const classOfVolume = ({ spec }: PersistentVolume) => [spec?.storageClassName ?? ''];
    const classesOfClaim = (claim: PersistentVolumeClaim) => [
      claim.metadata.namespace ?? '',
      storageClassOf(claim) ?? '',
      claim.spec.volumeAttributesClassName ?? '',
    ];
    const claimLabels = ['namespace', 'storage_class', 'volume_attributes_class'];
    for (const bound of [true, false]) {
      const what = bound ? 'bound' : 'unbound';
      readings(`${what}_pv_count`, `Volumes that are ${what}.`, ['storage_class'], () =>
        counted(
          there.volumes().filter((v) => isBound(v) === bound),
          classOfVolume,
        ),
      );
      readings(`${what}_pvc_count`, `Claims that are ${what}.`, claimLabels, () =>
        counted(
          there.claims().filter((c) => isBound(c) === bound),
          classesOfClaim,
        ),
      );
    }
  }
}
