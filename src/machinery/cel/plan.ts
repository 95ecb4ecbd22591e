import { type ListElement, type MapEntry, type Node, type NodeOf, qualifiedName } from './ast.ts';
import { callStep, noOverload } from './call.ts';
import { namespacedFunction, typeNames } from './check.ts';
import { inConstant, isConstant, made } from './constant.ts';
import { CelError, isFailure } from './errors.ts';
import { planFold } from './fold.ts';
import type { Frame } from './frame.ts';
import { isConversion } from './literals.ts';
import {
  constant,
  credited,
  elementAt,
  free,
  has,
  type Planned,
  read,
  openField,
  selectField,
  type Step,
  within,
} from './place.ts';
import { effort, effortPerError } from './rest.ts';
import type { Library, Overload } from './signature.ts';
import { assignable, type CelType, dynType } from './types.ts';
import { ArrayList, type CelMap, type CelValue, EntryMap, Optional } from './values.ts';

export interface PlanOptions {
  library: Library;
  isVariable(name: string): boolean;
  /** Makes a record of a type that expressions may name. */
  makeRecord?: ((name: string, fields: CelMap) => CelValue) | undefined;
  /** The type of each piece, where it has been checked. */
  types?: ReadonlyMap<Node, CelType>;
}

/** Where the names of macros stand in a frame. */
export type Slots = ReadonlyMap<string, number>;

/** What a list or a map costs to make, whatever is in it. */
const listCost = 10;
const mapCost = 30;
const recordCost = 40;

/** Turns an expression into steps. */
export class Planner {
  readonly #options: PlanOptions;
  #nextSlot = 0;

  constructor(options: PlanOptions) {
    this.#options = options;
  }

  /** A place in the frame for a further name. */
  declare(slots: Slots, name: string): { slot: number; slots: Slots } {
    const slot = this.#nextSlot++;
    return { slot, slots: new Map(slots).set(name, slot) };
  }

  plan(node: Node, slots: Slots = new Map()): Step {
    return this.planned(node, slots).step;
  }

  planned(node: Node, slots: Slots): Planned {
    switch (node.type) {
      case 'literal':
        return constant(node.value);
      case 'name':
        return this.#name(node, slots);
      case 'select':
        return this.#select(node, slots);
      case 'has':
        return this.#has(node, slots);
      case 'index':
        return this.#index(node, slots);
      case 'call':
        return isFallback(node) ? { step: this.#fallback(node, slots) } : this.#call(node, slots);
      case 'and':
      case 'or': {
        const [left, right] = [this.plan(node.left, slots), this.plan(node.right, slots)];
        return { step: logic(left, right, { decisive: node.type === 'or', node }) };
      }
      case 'conditional':
        return this.#conditional(node, slots);
      case 'list':
        return this.#list(node.elements, slots);
      case 'map':
        return this.#map(node.entries, slots);
      case 'record':
        return { step: this.#record(node, slots) };
      case 'fold':
        return { step: planFold(this, node, slots) };
      case 'bind':
        return { step: this.#bind(node, slots) };
      case 'optionalMap':
        return free(this.#optionalMap(node, slots));
    }
  }

  #name({ name }: NodeOf<'name'>, slots: Slots): Planned {
    const slot = slots.get(name);
    if (slot !== undefined) return read((frame) => frame.slots[slot] as CelValue);
    const type = this.#options.isVariable(name) ? undefined : typeNames.get(name);
    return type ? constant(type) : read((frame) => frame.lookup(name));
  }

  #select(node: NodeOf<'select'>, slots: Slots): Planned {
    const full = qualifiedName(node);
    const head = full?.split('.', 1)[0] ?? '';
    const type = slots.has(head) || this.#options.isVariable(head) ? undefined : typeNames.get(full ?? '');
    if (type) return constant(type);
    if (full && !slots.has(head) && this.#options.isVariable(full))
      return read((frame) => frame.lookup(full));
    const { field, optional } = node;
    const operand = this.#options.types?.get(node.operand);
    const isOpen = operand?.kind === 'opaque' && operand.open === true;
    return within(this.planned(node.operand, slots), {
      optional,
      key: () => field,
      take: isOpen && !optional ? openField : selectField,
    });
  }

  #index(node: NodeOf<'index'>, slots: Slots): Planned {
    const index = this.planned(node.index, slots);
    return within(this.planned(node.operand, slots), {
      optional: node.optional,
      key: index.resolve ?? index.step,
      take: elementAt,
    });
  }

  #has({ operand, field }: NodeOf<'has'>, slots: Slots): Planned {
    const { resolve, step, isFree } = this.planned(operand, slots);
    const test = has(resolve ?? step, field);
    return {
      step: test,
      resolve: test,
      ...(isFree && { step: credited(test) }),
    };
  }

  #call(node: NodeOf<'call'>, slots: Slots): Planned {
    const { library, isVariable, types } = this.#options;
    const full = namespacedFunction(node, library, (name) => slots.has(name) || isVariable(name));
    const member = !full && node.target !== undefined;
    const name = full ?? node.name;
    const nodes = member ? [node.target as Node, ...node.args] : node.args;
    const args = nodes.map((arg) => this.planned(arg, slots));
    const overloads = (library.get(name) ?? []).filter(
      (o) => o.member === member && o.parameters.length === args.length,
    );
    const [first, second] = args;
    const found = name === '@in' && second?.constant && inConstant(first as Planned, second.constant.value);
    if (found) return found;
    // What an empty list is of only the checker knows.
    const known = types?.get(node)?.kind;
    overloads.sort((a, b) => Number(b.result.kind === known) - Number(a.result.kind === known));
    const step = callStep(node, {
      name,
      member,
      overloads,
      args: args.map((arg) => arg.step),
      isKnown: overloads.some(({ costIfKnown }) => costIfKnown) && this.#isKnown(overloads, nodes),
    });
    return first && isConversion(node) && isConstant(first) ? made(step) : { step };
  }

  /** Whether it is known beforehand which of some functions will be called. */
  #isKnown(overloads: readonly Overload[], args: readonly Node[]): boolean {
    const { types } = this.#options;
    const given = args.map((arg) => types?.get(arg) ?? dynType);
    const possible = overloads.filter(({ parameters }) => {
      const bound = new Map();
      return parameters.every((parameter, i) => assignable(parameter, given[i] as CelType, bound));
    });
    return possible.length === 1;
  }

  #conditional(node: NodeOf<'conditional'>, slots: Slots): Planned {
    const condition = this.plan(node.condition, slots);
    const [then, otherwise] = [node.then, node.otherwise].map((branch) => {
      const { resolve, step } = this.planned(branch, slots);
      return resolve ?? step;
    }) as [Step, Step];
    return free((frame) => {
      const value = condition(frame);
      if (typeof value !== 'boolean') throw noOverload('_?_:_', [value], false);
      return value ? then(frame) : otherwise(frame);
    });
  }

  #list(elements: readonly ListElement[], slots: Slots): Planned {
    const steps = elements.map(({ value, optional }) => ({ ...this.planned(value, slots), optional }));
    const step: Step = (frame) => {
      frame.spend(listCost);
      const items: CelValue[] = [];
      for (const { step, optional } of steps) {
        const value = unwrap(step(frame), optional);
        if (value !== undefined) items.push(value);
      }
      return new ArrayList(items);
    };
    return steps.every(isConstant) ? made(step) : { step };
  }

  #map(entries: readonly MapEntry[], slots: Slots): Planned {
    const steps = entries.map(({ key, value, optional }) => {
      return { key: this.planned(key, slots), value: this.planned(value, slots), optional };
    });
    const step: Step = (frame) => {
      frame.spend(mapCost);
      const map = new EntryMap();
      for (const {
        key,
        value: { step },
        optional,
      } of steps) {
        const name = key.step(frame);
        const value = unwrap(step(frame), optional);
        if (value !== undefined) map.add(name, value);
      }
      return map;
    };
    return steps.every(({ key, value }) => isConstant(key) && isConstant(value)) ? made(step) : { step };
  }

  #record(node: NodeOf<'record'>, slots: Slots): Step {
    const fields = node.fields.map((field) => ({ ...field, step: this.plan(field.value, slots) }));
    const { makeRecord } = this.#options;
    return (frame) => {
      frame.spend(recordCost);
      const map = new EntryMap();
      for (const { name, step, optional } of fields) {
        const value = unwrap(step(frame), optional);
        if (value !== undefined) map.add(name, value);
      }
      if (!makeRecord) throw new CelError(`unknown type '${node.name}'`);
      return makeRecord(node.name, map);
    };
  }

  #fallback({ target, name, args: [other] }: Fallback, slots: Slots): Step {
    const [first, second] = [this.plan(target, slots), this.plan(other, slots)];
    return (frame) => {
      const held = first(frame);
      if (!(held instanceof Optional)) return held;
      if (held.value === undefined) return second(frame);
      return name === 'or' ? held : held.value;
    };
  }

  #bind(node: NodeOf<'bind'>, slots: Slots): Step {
    const value = this.plan(node.value, slots);
    const inner = this.declare(slots, node.variable);
    const body = this.plan(node.body, inner.slots);
    return (frame) => {
      frame.slots[inner.slot] = value(frame);
      return body(frame);
    };
  }

  #optionalMap(node: NodeOf<'optionalMap'>, slots: Slots): Step {
    const target = this.plan(node.target, slots);
    const inner = this.declare(slots, node.variable);
    const body = this.plan(node.body, inner.slots);
    return (frame) => {
      const before = frame.cost;
      const held = target(frame);
      if (!(held instanceof Optional)) throw noOverload(node.flat ? 'optFlatMap' : 'optMap', [held], true);
      // As upstream writes it out: whether the target has a value is asked, and then `optional.none()` given.
      if (held.value === undefined) {
        frame.spend(2);
        return held;
      }
      // Or its value is taken, for which the target is evaluated again.
      frame.spend(frame.cost - before + 2);
      frame.slots[inner.slot] = held.value;
      const value = body(frame);
      if (node.flat) return value;
      frame.spend(1);
      return new Optional(value);
    };
  }
}

type Fallback = NodeOf<'call'> & { target: Node; args: readonly [Node] };

/** `or` and `orValue` of an optional value: what they fall back to is evaluated where it is needed alone, and costs nothing itself. */
const isFallback = (node: NodeOf<'call'>): node is Fallback =>
  (node.name === 'or' || node.name === 'orValue') && node.target !== undefined && node.args.length === 1;

/** `&&` and `||`: one side that decides makes up for an error of the other. */
function logic(left: Step, right: Step, { decisive, node }: { decisive: boolean; node: Node }): Step {
  const name = node.type === 'and' ? '_&&_' : '_||_';
  const side = (step: Step, frame: Frame): boolean | Error => {
    try {
      const value = step(frame);
      return typeof value === 'boolean' ? value : noOverload(name, [value], false);
    } catch (error) {
      if (isFailure(error)) {
        effort(effortPerError);
        return error;
      }
      throw error;
    }
  };
  return (frame) => {
    const first = side(left, frame);
    if (first === decisive) return decisive;
    const second = side(right, frame);
    if (second === decisive) return decisive;
    if (first instanceof Error) throw first;
    if (second instanceof Error) throw second;
    return !decisive;
  };
}

function unwrap(value: CelValue, optional: boolean): CelValue | undefined {
  if (!optional) return value;
  if (value instanceof Optional) return value.value;
  throw new CelError(`cannot initialize optional entry from non-optional value`);
}
