import type { KubernetesObject, Resource } from '../../../api/resource.ts';
import { type FieldSchema, typeSchema } from '../../../machinery/schema.ts';
import type { Random } from '../../../platform/random.ts';

const words = [
  '',
  'x',
  'a/b',
  '-',
  '..',
  'Always',
  'Never',
  'ClusterIP',
  '10.0.0.1',
  '0',
  '1Gi',
  'cpu',
  'ä\n',
];
const numbers = [-1, 0, 1, 2, 65_536, 2_147_483_647];
const amounts = ['', '-1', '0', '1', '1Gi', '50%', '101%', 'x', '1.5', '1e3'];
const maxDepth = 9;
/** Types that contain themselves (JSON schemas) would never end. */
const maxStructs = 1000;

/** Draws objects that fit a resource's type and need not make sense: of everything a part, in any measure. */
export class ChanceObjects {
  readonly #random: Random;
  #structs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  object(resource: Resource): KubernetesObject {
    this.#structs = 0;
    const drawn = this.#struct(resource.type, this.#random.next(), 0) as unknown as KubernetesObject;
    const metadata = { ...drawn.metadata, name: 'x', ...(resource.namespaced && { namespace: 'default' }) };
    return { ...drawn, metadata };
  }

  #struct(type: string, fill: number, depth: number): Record<string, unknown> {
    this.#structs++;
    const struct: Record<string, unknown> = {};
    for (const [name, field] of typeSchema(type).fields) {
      if (this.#random.next() > fill) continue;
      const value = this.#value(field, fill, depth + 1);
      if (value !== undefined) struct[name] = value;
    }
    return struct;
  }

  #value(field: FieldSchema, fill: number, depth: number): unknown {
    if (depth > maxDepth || this.#structs > maxStructs) return undefined;
    switch (field.type) {
      case 'array':
        return this.#several(() => field.items && this.#value(field.items, fill, depth));
      case 'map':
        return Object.fromEntries(
          this.#several(() => field.values && this.#value(field.values, fill, depth)).map((value) => [
            this.#one(words),
            value,
          ]),
        );
      case 'ref':
        return this.#reference(field.ref as string, fill, depth);
      case 'boolean':
        return this.#one([true, false]);
      case 'bytes':
        return this.#one(['', 'eA==']);
      case 'string':
        return this.#one(words);
      default:
        return this.#one(numbers);
    }
  }

  #reference(type: string, fill: number, depth: number): unknown {
    const { scalar } = typeSchema(type);
    if (!scalar) return this.#struct(type, fill, depth);
    if (scalar === 'Time') return '2026-01-01T00:00:00Z';
    if (scalar === 'MicroTime') return '2026-01-01T00:00:00.000000Z';
    if (scalar === 'IntOrString') return this.#one<unknown>([...amounts, ...numbers]);
    return scalar === 'Quantity' ? this.#one(['-1', '0', '1', '1Gi', '100m', '1e3']) : undefined;
  }

  #several(draw: () => unknown): unknown[] {
    const count = this.#random.int(3);
    return Array.from({ length: count }, draw).filter((value) => value !== undefined);
  }

  #one<T>(of: readonly T[]): T {
    return of[this.#random.int(of.length)] as T;
  }
}
