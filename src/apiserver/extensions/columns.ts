import type { CustomResourceColumnDefinition } from '../../api/apiextensions/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { isNumber } from '../../machinery/exact-json.ts';
import { normalizeTime, TimeError } from '../../machinery/time.ts';
import { nameColumn } from '../kinds/shared/columns.ts';
import { humanAge } from '../kinds/shared/human-duration.ts';
import type { Cell, Column } from '../registry/kind.ts';
import { findAll, type JsonPath, JsonPathError, parseJsonPath, printValue } from './json-path.ts';

const ageColumn: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: 'Time since the object was made.',
  jsonPath: '.metadata.creationTimestamp',
};

/** The columns that `kubectl get` shows of a custom resource; without any of its own, the age. */
export function customColumns(
  definitions: readonly CustomResourceColumnDefinition[] | undefined,
): Column<KubernetesObject>[] {
  const own = definitions?.length ? definitions : [ageColumn];
  return [nameColumn, ...own.flatMap(customColumn)];
}

/** A column whose path cannot be read is left out. */
function customColumn(definition: CustomResourceColumnDefinition): Column<KubernetesObject>[] {
  const { name, type, format = '', priority = 0, jsonPath } = definition;
  const path = readPath(jsonPath);
  if (!path) return [];
  const description =
    definition.description || `Custom resource definition column (in JSONPath format): ${jsonPath}`;
  const cell = (object: KubernetesObject, nowMs: number) => cellOf(findAll(path, object)[0], type, nowMs);
  return [{ name, type: type as Column<KubernetesObject>['type'], format, description, priority, cell }];
}

function readPath(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined;
    throw error;
  }
}

function cellOf(value: unknown, type: string, nowMs: number): Cell {
  if (value === undefined) return null;
  switch (type) {
    case 'string':
      return printValue(value);
    case 'integer':
      return typeof value === 'bigint' ? value : typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return isNumber(value) ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    default:
      return typeof value === 'string' ? dateCell(value, nowMs) : null;
  }
}

/** The age of a moment as Go reads it. */
function dateCell(text: string, nowMs: number): Cell {
  try {
    return humanAge(text === '' || text === 'null' ? undefined : normalizeTime(text), nowMs);
  } catch (error) {
    if (error instanceof TimeError) return '<invalid>';
    throw error;
  }
}
