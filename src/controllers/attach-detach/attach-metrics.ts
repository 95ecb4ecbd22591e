import type { Counter, Family, Meter, Reading } from '../../platform/metrics/meter.ts';

const stability = 'ALPHA';

/** How many volumes there are, by two things that tell them apart. */
export class VolumeCounts {
  readonly #counts = new Map<string, Map<string, number>>();

  add(first: string, second: string): void {
    const counts = this.#counts.get(first) ?? new Map<string, number>();
    counts.set(second, (counts.get(second) ?? 0) + 1);
    this.#counts.set(first, counts);
  }

  readings(): Reading[] {
    return [...this.#counts].flatMap(([first, counts]) =>
      [...counts].map(([second, count]): Reading => [[first, second], count]),
    );
  }
}

/** Upstream's name for what serves the volumes of a driver. */
export const pluginOf = (driver: string): string => `kubernetes.io/csi:${driver}`;

/** What the attach-detach controller deals with, under upstream's names. What there is, is asked whenever somebody looks. */
export class AttachMetrics {
  readonly #forced: Family<Counter>;

  constructor(
    meter: Meter,
    there: {
      /** Volumes of pods, by the node and by what serves them. */
      inUse(): VolumeCounts;
      /** Volumes that nodes want and have, by what serves them and by which of the two. */
      total(): VolumeCounts;
    },
  ) {
    this.#forced = meter.counter({
      // The name is upstream's, which says twice whose it is.
      name: 'attach_detach_controller_attachdetach_controller_forced_detaches',
      help: 'Volumes taken off nodes that may still have them mounted.',
      stability,
      labels: ['reason'],
    });
    meter.readings(
      {
        name: 'attachdetach_controller_total_volumes',
        help: 'Volumes that nodes should have, and that they have.',
        stability,
        labels: ['plugin_name', 'state'],
      },
      () => there.total().readings(),
    );
    meter.readings(
      {
        name: 'storage_count_attachable_volumes_in_use',
        help: 'Volumes that the pods of nodes use.',
        stability,
        labels: ['node', 'volume_plugin'],
      },
      () => there.inUse().readings(),
    );
  }

  forced(reason: 'out-of-service' | 'timeout'): void {
    this.#forced.with(reason).add();
  }
}
