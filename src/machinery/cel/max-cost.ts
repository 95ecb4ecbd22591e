import { type Fold, type Node, type NodeOf, qualifiedName } from './ast.ts';
import { estimateCall } from './call-cost.ts';
import { check, namespacedFunction, typeNames } from './check.ts';
import {
  type Estimate,
  exactly,
  type Extent,
  type Place,
  type Size,
  sizeOf,
  times,
  union,
  unknownSize,
} from './extent.ts';
import { kubernetesLibrary } from './library/all.ts';
import { parseExpression } from './parser.ts';
import { effort, effortPerSource } from './rest.ts';
import type { Library } from './signature.ts';
import { type CelType, dynType } from './types.ts';
import type { CelValue } from './values.ts';

export interface MaxCostOptions {
  variables: Readonly<Record<string, CelType>>;
  /** How large the variables can be. */
  extents: ReadonlyMap<string, Extent>;
  /** How large parts of what an expression makes itself are taken to be; unknown where absent. */
  made?: Extent;
}

const listCost = 10;
const mapCost = 30;
const recordCost = 40;

/**
 * What an expression costs at most, whatever its variables hold, as upstream estimates it; infinite where there is no
 * bound. The expression must be one that compiles.
 */
export function maxCostOf(expression: string, { variables, extents, made }: MaxCostOptions): number {
  effort(expression.length * effortPerSource);
  const node = parseExpression(expression);
  const types = new Map<Node, CelType>();
  const library = kubernetesLibrary();
  check(node, { variables: new Map(Object.entries(variables)), library, types });
  const isVariable = (name: string) => Object.hasOwn(variables, name);
  return new Estimator({ types, library, extents, made, isVariable }).of(node, new Map()).cost;
}

/** Names that an expression gives to values. */
type Names = ReadonlyMap<string, Omit<Estimate, 'cost' | 'type'>>;

interface EstimatorOptions {
  types: ReadonlyMap<Node, CelType>;
  library: Library;
  extents: ReadonlyMap<string, Extent>;
  made: Extent | undefined;
  isVariable(name: string): boolean;
}

class Estimator {
  readonly #options: EstimatorOptions;

  constructor(options: EstimatorOptions) {
    this.#options = options;
  }

  of(node: Node, names: Names): Estimate {
    const type = this.#options.types.get(node) ?? dynType;
    switch (node.type) {
      case 'literal':
        return { type, cost: 0, literal: node.value, size: sizeOfLiteral(node.value) };
      case 'name':
        return { type, cost: 1, ...(names.get(node.name) ?? { place: this.#root(node.name) }) };
      case 'select':
        return { type, ...this.#select(node, names) };
      case 'has':
        return { type, cost: this.of(node.operand, names).cost };
      case 'index':
        return { type, ...this.#index(node, names) };
      case 'call':
        return { type, ...this.#call(node, names) };
      case 'and':
      case 'or':
        return { type, cost: this.of(node.left, names).cost + this.of(node.right, names).cost };
      case 'conditional':
        return { type, ...this.#conditional(node, names) };
      case 'list':
        return { type, ...this.#list(node, names) };
      case 'map':
        return { type, ...this.#map(node, names) };
      case 'record':
        return { type, cost: this.#total(node.fields, names) + recordCost };
      case 'fold':
        return { type, ...this.#fold(node, names) };
      case 'bind':
        return { ...this.#bind(node, names), type };
      case 'optionalMap':
        return { type, cost: this.#optionalMap(node, names) };
    }
  }

  /** The name of a type is taken for what an expression made itself, as upstream does. */
  #root(name: string): Place {
    const { extents, made, isVariable } = this.#options;
    return { extent: extents.get(name) ?? (isVariable(name) ? undefined : made) };
  }

  /** A part of something: of what an expression made itself there is no knowing where it stands. */
  #part(place: Place | undefined, of: (extent: Extent) => Extent | undefined): Place {
    return { extent: place ? place.extent && of(place.extent) : this.#options.made };
  }

  #total(parts: readonly { value: Node }[], names: Names): number {
    return parts.reduce((cost, { value }) => cost + this.of(value, names).cost, 0);
  }

  #select(node: NodeOf<'select'>, names: Names) {
    const full = qualifiedName(node);
    if (full && typeNames.has(full) && !names.has(full.split('.', 1)[0] as string)) {
      return { cost: 1, place: this.#root(full) };
    }
    const operand = this.of(node.operand, names);
    if (node.optional) return { cost: operand.cost + 1 };
    const counts = operand.type.kind === 'map' || operand.type.kind === 'object';
    const place = this.#part(operand.place, ({ fields, open }) => fields?.get(node.field) ?? open);
    return { cost: operand.cost + (counts ? 1 : 0), place };
  }

  #index(node: NodeOf<'index'>, names: Names) {
    const operand = this.of(node.operand, names);
    const cost = operand.cost + this.of(node.index, names).cost + 1;
    if (node.optional || operand.type.kind === 'optional') return { cost };
    return { cost, place: this.#part(operand.place, ({ items }) => items) };
  }

  #call(node: NodeOf<'call'>, names: Names) {
    const { library, isVariable } = this.#options;
    const full = namespacedFunction(node, library, (name) => names.has(name) || isVariable(name));
    const target = full || !node.target ? undefined : this.of(node.target, names);
    const args = node.args.map((arg) => this.of(arg, names));
    const given = args.reduce((cost, arg) => cost + arg.cost, target?.cost ?? 0);
    if (node.name === 'dyn' && args[0]) return { ...args[0], cost: given + 1 };
    const { cost, size } = estimateCall({ name: full ?? node.name, target, args });
    return { cost: given + cost, size, entries: node.name === '_+_' ? bothEntries(args) : undefined };
  }

  #conditional(node: NodeOf<'conditional'>, names: Names) {
    const [then, otherwise] = [this.of(node.then, names), this.of(node.otherwise, names)];
    const cost = this.of(node.condition, names).cost + Math.max(then.cost, otherwise.cost);
    const entries = bothEntries([then, otherwise]);
    return { cost, size: union(sizeOf(then), sizeOf(otherwise)), entries };
  }

  #list({ elements }: NodeOf<'list'>, names: Names) {
    const entries = elements.map(({ value }) => this.of(value, names));
    const cost = entries.reduce((total, entry) => total + entry.cost, listCost);
    return { cost, size: exactly(elements.length), entries: allOf(entries.map(sizeOf)) };
  }

  #map({ entries }: NodeOf<'map'>, names: Names) {
    const keys = entries.reduce((cost, { key }) => cost + this.of(key, names).cost, mapCost);
    const values = entries.map(({ value }) => this.of(value, names));
    const cost = values.reduce((total, value) => total + value.cost, keys);
    return { cost, size: exactly(entries.length), entries: allOf(values.map(sizeOf)) };
  }

  #bind({ variable, value, body }: NodeOf<'bind'>, names: Names): Estimate {
    const bound = this.of(value, names);
    const made = this.of(body, new Map(names).set(variable, nameFor(bound)));
    return { ...made, cost: listCost + bound.cost + made.cost };
  }

  /** `target.hasValue() ? optional.of(cel.bind(variable, target.value(), body)) : optional.none()`. */
  #optionalMap({ target, variable, body, flat }: NodeOf<'optionalMap'>, names: Names): number {
    const held = this.of(target, names).cost;
    const made = this.of(body, new Map(names).set(variable, { named: unknownSize })).cost;
    return held + 1 + (flat ? 0 : 1) + listCost + held + 1 + made;
  }

  #fold(node: Fold, names: Names) {
    const range = this.of(node.range, names);
    const inner = this.#named(node, range, names);
    const count = sizeOf(range);
    const filter = node.filter ? this.of(node.filter, inner).cost : 0;
    const body = this.of(node.body, inner);
    const { each, once, size, entries } = foldCost(node, body, { count, range });
    return { cost: range.cost + once + times(count.max, each + filter), size, entries };
  }

  #named({ variables: [first, second] }: Fold, range: Estimate, names: Names): Names {
    const isList = range.type.kind !== 'map';
    const value = { place: this.#part(range.place, ({ items }) => items), named: range.entries };
    const key = isList
      ? { named: exactly(1) }
      : { place: this.#part(range.place, ({ keys }) => keys), named: unknownSize };
    if (second !== undefined) return new Map(names).set(first, key).set(second, value);
    return new Map(names).set(first, isList ? value : key);
  }
}

interface FoldCost {
  each: number;
  once: number;
  size?: Size | undefined;
  entries?: Size | undefined;
}

/** What a macro costs for each element and once, as what it stands for does: loops over an accumulator. */
function foldCost(
  { name }: Fold,
  body: Estimate,
  { count, range }: { count: Size; range: Estimate },
): FoldCost {
  switch (name) {
    case 'all':
      return { each: 3 + body.cost, once: 1, size: exactly(1) };
    case 'exists':
      return { each: 4 + body.cost, once: 1, size: exactly(1) };
    case 'existsOne':
      return { each: 2 + body.cost, once: 2, size: exactly(1) };
    case 'filter':
      return { each: 13 + body.cost, once: listCost + 1, size: count, entries: range.entries };
    case 'map':
    case 'transformList':
      return { each: 12 + body.cost, once: listCost + 1, size: count, entries: sizeOf(body) };
    case 'transformMap':
      return { each: 3 + body.cost, once: mapCost + 1, size: count, entries: sizeOf(body) };
    case 'transformMapEntry':
      return { each: 2 + body.cost, once: mapCost + 1, size: count };
  }
}

const nameFor = (value: Estimate) => ({ place: value.place, named: sizeOf(value), entries: value.entries });

const allOf = (sizes: readonly Size[]): Size => (sizes.length === 0 ? exactly(0) : sizes.reduce(union));

function bothEntries(parts: readonly Estimate[]): Size | undefined {
  const known = parts.flatMap(({ entries }) => (entries ? [entries] : []));
  return known.length === 0 ? undefined : known.reduce(union);
}

/** Texts count their characters, bytes their number; an amount or a truth value is one. */
function sizeOfLiteral(value: CelValue): Size | undefined {
  if (typeof value === 'string') return exactly([...value].length);
  if (value instanceof Uint8Array) return exactly(value.length);
  return value === null ? undefined : exactly(1);
}
