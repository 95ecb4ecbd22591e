import type { StatefulSet } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Meter, Reading } from '../../platform/metrics/meter.ts';
import { mostUnavailable, unavailableOf } from './plan.ts';

export interface MeteredSets {
  sets(): readonly Stored<StatefulSet>[];
  podsOf(set: Stored<StatefulSet>): readonly Stored<Pod>[];
  now(): number;
}

/** How many pods of each set may be missed while it is updated, and how many are, under upstream's names. */
export function meterStatefulSets(meter: Meter, { sets, podsOf, now }: MeteredSets): void {
  const labels = ['statefulset_namespace', 'statefulset_name', 'pod_management_policy'];
  const readings = (name: string, help: string, valueOf: (set: Stored<StatefulSet>) => number) =>
    meter.readings({ name: `statefulset_controller_${name}`, help, stability: 'ALPHA', labels }, () =>
      sets()
        .filter(rolls)
        .map((set): Reading => [labelsOf(set), valueOf(set)]),
    );
  readings(
    'statefulset_max_unavailable',
    'How many pods of a StatefulSet may be unavailable while it is updated.',
    mostUnavailable,
  );
  readings(
    'statefulset_unavailable_replicas',
    'How many pods of a StatefulSet are missing or not available.',
    (set) => unavailableOf({ set, pods: podsOf(set), nowMs: now() }),
  );
}

const rolls = ({ spec, metadata }: Stored<StatefulSet>) =>
  spec.updateStrategy?.type !== 'OnDelete' && !metadata.deletionTimestamp;

const labelsOf = ({ metadata, spec }: Stored<StatefulSet>) => [
  metadata.namespace ?? '',
  metadata.name,
  spec.podManagementPolicy ?? 'OrderedReady',
];
