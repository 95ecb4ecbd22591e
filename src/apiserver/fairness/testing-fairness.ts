import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { Fairness } from './fairness.ts';

/** Objects to be followed, which a test can exchange. */
export interface TestObjects {
  levels: PriorityLevelConfiguration[];
  schemas: FlowSchema[];
  /** Goes up with each exchange. */
  version: number;
}

function readerOf(objects: TestObjects): ObjectReader {
  return {
    get: () => undefined,
    version: () => undefined,
    versions: () => [],
    *list<T extends KubernetesObject>({ kind }: Resource<T>) {
      const all: readonly KubernetesObject[] = kind === 'FlowSchema' ? objects.schemas : objects.levels;
      for (const object of all) yield object as Stored<T>;
    },
    listWhere: () => [],
    changed: () => objects.version,
  };
}

/** Priority and fairness over so many seats; without objects there are `exempt` and `catch-all` alone. */
export function testFairness(
  requestsInFlight: number,
  options: { objects?: TestObjects; clock?: Clock; count?: number } = {},
): Fairness {
  const { objects = { levels: [], schemas: [], version: 0 }, clock = systemClock, count = 0 } = options;
  const limits = { requestsInFlight, deadlineMs: 60_000 };
  return new Fairness({ clock, reader: readerOf(objects), count: () => count, limits });
}
