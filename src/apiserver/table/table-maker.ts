import type { KubernetesObject } from '../../api/resource.ts';
import type { Clock } from '../../platform/clock.ts';
import type { TableMaker } from '../http/convert.ts';
import type { RegistryDispatcher } from '../registry/dispatcher.ts';
import { toTable } from './table.ts';

/** Makes the tables of whatever the dispatcher serves. Columns of a view are those of the kind behind it. */
export function createTableMaker({
  dispatcher,
  clock,
}: {
  dispatcher: RegistryDispatcher;
  clock: Clock;
}): TableMaker {
  return {
    table(info, objects, options) {
      const served = dispatcher.find(info);
      const { storedAs } = served?.view ?? {};
      const rows = storedAs ? objects.map((object: KubernetesObject) => storedAs.toStored(object)) : objects;
      return toTable(rows, { kind: served?.kind, nowMs: clock.now(), ...options });
    },
  };
}
