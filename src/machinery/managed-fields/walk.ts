import { deduced, type FieldShape, type ListShape, type MapShape, mapOf, type Shape } from './shape.ts';

/*
 * What the walks over two values of one shape share. A value is undefined if it is not there, and null if it is there
 * as null.
 */

export type Json = Record<string, unknown>;

export const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Whether a value is nothing or holds nothing. */
export function isBlank(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== 'object') return false;
  for (const key in value) if ((value as Json)[key] !== undefined) return false;
  return true;
}

/** How a value of a shape is walked. */
export type Step = { as: 'leaf' } | { as: 'list'; list: ListShape } | { as: 'map'; map: MapShape };

const leafStep: Step = { as: 'leaf' };
const deducedMap: Step = { as: 'map', map: mapOf(deduced) };

/** How to walk a value (or two, if they are alike); what has no fixed shape goes by the values. */
export function stepOf(shape: Shape, a: unknown, b: unknown): Step {
  switch (shape.kind) {
    case 'map':
      return { as: 'map', map: shape };
    case 'list':
      return { as: 'list', list: shape };
    case 'deduced':
      return isObject(a) || isObject(b) ? deducedMap : leafStep;
    default:
      return leafStep;
  }
}

/** A field's value as upstream's struct holds it: what JSON leaves out may still be there, empty. */
export function fieldValue(object: Json | undefined, name: string, field: FieldShape | undefined): unknown {
  if (!object) return undefined;
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return value === undefined ? field?.absent : value;
}

/** The names of all fields of two objects. What stands only in the struct matters where there is but one. */
export function namesOf(a: Json | undefined, b: Json | undefined, map: MapShape): string[] {
  const names = Object.keys(a ?? b ?? {});
  if (a && b) for (const name in b) if (!Object.hasOwn(a, name)) names.push(name);
  if (a && b) return names;
  const only = a ?? b ?? {};
  for (const name of map.present) if (!Object.hasOwn(only, name)) names.push(name);
  return names;
}

/** The shape of what is under a key; leaf for what the type does not know. */
export function shapeUnder(map: MapShape, name: string): Shape {
  return map.field(name)?.shape ?? map.values ?? deduced;
}
