import type { KubernetesObject } from '../../api/resource.ts';
import { isInteger, isNumber } from '../../machinery/exact-json.ts';
import { goText } from '../../machinery/go-text.ts';
import { isObject, type Json } from './schema/structure.ts';

/** The steps of a path such as `.spec.replicas`. */
export const stepsOf = (path: string) => path.replace(/^\./, '').split('.');

/** What stands at a path; undefined where there is nothing. */
export function valueAt(object: KubernetesObject, path: string): unknown {
  let value: unknown = object;
  for (const step of stepsOf(path)) {
    value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}

/** Why no value of a type (as Go names it) can be read at a path; undefined where one can be, or nothing is there. */
export function accessError(
  object: KubernetesObject,
  path: string,
  wanted: 'int64' | 'string',
): string | undefined {
  const steps = stepsOf(path);
  let value: unknown = object;
  for (const [i, step] of steps.entries()) {
    if (value === null) return undefined;
    if (!isObject(value)) return wrongType(steps.slice(0, i + 1), value, 'map[string]interface{}');
    if (!Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return goTypeOf(value) === wanted ? undefined : wrongType(steps, value, wanted);
}

const wrongType = (steps: readonly string[], value: unknown, wanted: string) =>
  `.${steps.join('.')} accessor error: ${goText(value)} is of the type ${goTypeOf(value)}, expected ${wanted}`;

/** The type that upstream has a JSON value in. */
function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (isNumber(value)) return isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

/** The whole number at a path. */
export function integerAt(object: KubernetesObject, path: string): number | bigint | undefined {
  const value = valueAt(object, path);
  return isInteger(value) ? value : undefined;
}

/** The text at a path. */
export function textAt(object: KubernetesObject, path: string): string | undefined {
  const value = valueAt(object, path);
  return typeof value === 'string' ? value : undefined;
}

/** Puts a value at a path, with the objects on the way there. */
export function setAt(object: KubernetesObject, path: string, value: unknown): void {
  const steps = stepsOf(path);
  const last = steps.pop() as string;
  let target = object as unknown as Json;
  for (const step of steps) {
    const next = Object.hasOwn(target, step) ? target[step] : undefined;
    target[step] = isObject(next) ? next : {};
    target = target[step] as Json;
  }
  target[last] = value;
}
