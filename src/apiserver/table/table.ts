import type { KubernetesObject } from '../../api/resource.ts';
import type { Cell, Kind, RowCondition } from '../registry/kind.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableRequest {
  kind: Kind | undefined;
  nowMs: number;
  /** What of its object each row carries. */
  includeObject: IncludeObject;
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
  const columns = kind?.columns.length ? kind.columns : plainColumns;
  const rows = objects.map((object) => {
    const conditions = kind?.rowConditions?.(object) ?? [];
    const cells = columns.map((column) => column.cell(object, nowMs));
    return { cells, ...(conditions.length > 0 && { conditions }), ...rowObject(object, request) };
  });
  const [only] = objects.length === 1 ? objects : [];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
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

function rowObject(object: KubernetesObject, { includeObject }: TableRequest): { object?: object } {
  if (includeObject === 'None') return {};
  if (includeObject === 'Object') return { object };
  const { metadata } = object;
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata } };
}
