import { mergeApplied } from '../../../machinery/managed-fields/merge.ts';
import type { Shape } from '../../../machinery/managed-fields/shape.ts';
import { shapeErrors } from '../../../machinery/managed-fields/validate.ts';

type Json = Record<string, unknown>;

/** An object with a configuration applied on top of it. Throws an Error in upstream's words where it cannot be. */
export function applyConfiguration(object: Json, said: Json, shape: Shape): Json {
  const wrong = shapeErrors(said, shape);
  if (wrong) throw failed(`failed to convert patch object to typed object: ${wrong}`);
  const whole = atomics(said, shape, '');
  if (whole.length > 0) {
    const what = `may not mutate atomic arrays, maps or structs: ${whole.join(', ')}`;
    throw failed(`invalid ApplyConfiguration: ${what}`);
  }
  return mergeApplied(object, said, shape);
}

const failed = (why: string) => new Error(`error applying patch: ${why}`);

const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where lists and objects stand that are one value each: applying them takes away what is in them already. */
function atomics(value: unknown, shape: Shape, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  switch (shape.kind) {
    case 'atomic': {
      const isOne = shape.of === 'list' ? Array.isArray(value) : isMap(value);
      return [...(isOne ? [path] : []), ...atomics(value, shape.inner, path)];
    }
    case 'deduced':
      return Array.isArray(value) ? untyped(value, path) : [];
    case 'list':
      return Array.isArray(value)
        ? value.flatMap((item, i) => atomics(item, shape.items, `${path}[${i}]`))
        : [];
    case 'map':
      return isMap(value) ? fieldAtomics(value, shape, path) : [];
    case 'leaf':
      return [];
  }
}

/** As upstream, what stands under names that the type does not know is not looked at. */
function fieldAtomics(value: Json, shape: Shape & { kind: 'map' }, path: string): string[] {
  return Object.entries(value).flatMap(([name, field]) => {
    const known = shape.field(name);
    return known ? atomics(field, known.shape, `${path}.${name}`) : [];
  });
}

/** All that is in a list of which nothing is known is one value. */
function untyped(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item, i) => untyped(item, `${path}[${i}]`))];
  return isMap(value) ? [path] : [];
}
