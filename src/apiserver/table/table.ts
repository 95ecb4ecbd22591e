import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import type { Cell, Kind, RowCondition } from '../registry/kind.ts';

export interface TableRequest {
  kind: Kind | undefined;
  nowMs: number;
  /** What of its object each row carries. */
  includeObject: 'None' | 'Metadata' | 'Object';
  /** Version of the table and of what its rows carry, with the group. */
  apiVersion: string;
  /** Leaves the column definitions out, for all but the first event of a watch. */
  noHeaders: boolean;
}

/** `metav1.Table`, as far as it is written here. */
export interface Table {
  kind: 'Table';
  apiVersion: string;
  metadata: Record<string, unknown>;
  columnDefinitions: ColumnDefinition[];
  rows: TableRow[];
}

interface ColumnDefinition {
  name: string;
  type: string;
  format: string;
  description: string;
  priority: number;
}

interface TableRow {
  cells: Cell[];
  conditions?: RowCondition[];
  object?: object;
}

/** What is shown of kinds that say nothing about columns. */
const plainColumns: Kind['columns'] = [
  {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'What the object is called; unique among those of its kind in its namespace.',
    priority: 0,
    cell: ({ metadata }) => metadata.name ?? '',
  },
  {
    name: 'Created At',
    type: 'date',
    format: '',
    description: 'When the object was made.',
    priority: 0,
    cell: ({ metadata }) => metadata.creationTimestamp ?? null,
  },
];

/** The table that `kubectl get` prints of objects of one kind. */
export function toTable(objects: readonly KubernetesObject[], request: TableRequest): Table {
  const { kind, nowMs, noHeaders } = request;
  const [first] = objects;
  // What a subresource answers may be of another kind than the resource.
  const known = first === undefined || first.kind === kind?.resource.kind;
  const columns = known && kind?.columns.length ? kind.columns : plainColumns;
  const rows = objects.map((object) => {
    const conditions = known ? (kind?.rowConditions?.(object) ?? []) : [];
    const shown = object.metadata.name === undefined ? filledIn(object, kind) : object;
    const cells = columns.map((column) => column.cell(shown, nowMs));
    return { cells, ...(conditions.length > 0 && { conditions }), ...rowObject(object, request) };
  });
  const [only] = objects.length === 1 ? objects : [];
  return {
    kind: 'Table',
    apiVersion: request.apiVersion,
    metadata: only ? { resourceVersion: only.metadata.resourceVersion } : {},
    columnDefinitions: noHeaders ? [] : columns.map(definition),
    rows,
  };
}

function definition({
  name,
  type,
  format = '',
  description,
  priority,
}: Kind['columns'][number]): ColumnDefinition {
  return { name, type, format, description, priority };
}

/** A bookmark has nothing but a revision: its cells are those of an object about which nothing was said. */
function filledIn(bookmark: KubernetesObject, kind: Kind | undefined): KubernetesObject {
  const object = clone(bookmark);
  kind?.defaults?.(object);
  return object;
}

function rowObject(
  object: KubernetesObject,
  { includeObject, apiVersion }: TableRequest,
): { object?: object } {
  const { metadata } = object;
  if (includeObject === 'Object') return { object };
  if (includeObject === 'None' && !metadata.annotations?.['k8s.io/initial-events-end']) return {};
  return { object: { kind: 'PartialObjectMetadata', apiVersion, metadata } };
}
