import type { KubernetesObject } from '../../api/resource.ts';
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

/** The whole number at a path. */
export function integerAt(object: KubernetesObject, path: string): number | undefined {
  const value = valueAt(object, path);
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
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
