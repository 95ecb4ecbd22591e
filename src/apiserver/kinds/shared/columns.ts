import type { Container } from '../../../api/core/v1.ts';
import type { LabelSelector } from '../../../api/meta/v1.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { compileLabelSelector, formatLabelSelector } from '../../../machinery/label-selector.ts';
import type { Cell, Column } from '../../registry/kind.ts';
import { humanAge } from './human-duration.ts';

type CellOf<T extends KubernetesObject> = (object: T, nowMs: number) => Cell;

function column<T extends KubernetesObject>(
  type: Column<T>['type'],
  name: string,
  description: string,
  cell: CellOf<T>,
): Column<T> {
  return { name, type, format: '', description, priority: 0, cell };
}

/** A column of text. */
export function text<T extends KubernetesObject>(
  name: string,
  description: string,
  cell: CellOf<T>,
): Column<T> {
  return column('string', name, description, cell);
}

/** A column of whole numbers; nothing is 0. */
export function integer<T extends KubernetesObject>(
  name: string,
  description: string,
  cell: (object: T) => number | undefined,
): Column<T> {
  return column('integer', name, description, (object) => cell(object) ?? 0);
}

/** A column of yes and no; nothing is no. */
export function flag<T extends KubernetesObject>(
  name: string,
  description: string,
  cell: (object: T) => boolean | undefined,
): Column<T> {
  return column('boolean', name, description, (object) => cell(object) ?? false);
}

/** The same column, shown with `-o wide` only. */
export function wide<T extends KubernetesObject>(narrow: Column<T>): Column<T> {
  return { ...narrow, priority: 1 };
}

/** NAME. */
export const nameColumn: Column<KubernetesObject> = {
  ...text(
    'Name',
    'What the object is called; unique among those of its kind in its namespace.',
    (o) => o.metadata.name ?? '',
  ),
  format: 'name',
};

/** AGE. */
export const ageColumn: Column<KubernetesObject> = text(
  'Age',
  'Time since the object was made.',
  (o, nowMs) => humanAge(o.metadata.creationTimestamp, nowMs),
);

/** The columns of a kind that upstream has no printer for. */
export const plainColumns: readonly Column<KubernetesObject>[] = [
  nameColumn,
  column('date', 'Created At', 'When the object was made.', (o) => o.metadata.creationTimestamp ?? ''),
];

/** CONTAINERS and IMAGES of a pod template, with `-o wide`. */
export function containerColumns<T extends KubernetesObject>(
  containersOf: (object: T) => readonly Container[] | undefined,
): Column<T>[] {
  return [
    wide(text('Containers', 'Containers of the template, by name.', (o) => containerNames(containersOf(o)))),
    wide(
      text('Images', 'Images that the containers of the template run.', (o) =>
        containerImages(containersOf(o)),
      ),
    ),
  ];
}

/** Names of containers, with commas between. */
export function containerNames(containers: readonly Container[] = []): string {
  return containers.map((c) => c.name).join(',');
}

/** Images of containers, with commas between. */
export function containerImages(containers: readonly Container[] = []): string {
  return containers.map((c) => c.image ?? '').join(',');
}

/** Labels as `a=b,c=d`, by key; `<none>` if there are none. */
export function labelsText(labels: Record<string, string> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.map(([key, value]) => `${key}=${value}`).join(',') || '<none>';
}

/** A label selector as text; `<none>` for one that selects nothing or everything. */
export function selectorText(selector: LabelSelector | undefined): string {
  try {
    return formatLabelSelector(compileLabelSelector(selector) ?? []) || '<none>';
  } catch {
    return '<error>';
  }
}

/** SELECTOR, with `-o wide`. */
export function selectorColumn<T extends KubernetesObject>(
  selectorOf: (object: T) => LabelSelector | undefined,
): Column<T> {
  return wide(
    text('Selector', 'Labels of the pods that belong to the object.', (o) => selectorText(selectorOf(o))),
  );
}

/** The first three of a list; how many more there are. */
export function firstThree(items: readonly string[]): string {
  const shown = items.slice(0, 3).join(',');
  return items.length > 3 ? `${shown} + ${items.length - 3} more...` : shown;
}
