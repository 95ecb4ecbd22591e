import type { ListElement, MapEntry, Node, NodeOf } from './ast.ts';
import { namespacedFunction, qualifiedName, typeNames } from './check.ts';
import { CelBudgetError, CelError } from './errors.ts';
import { planFold } from './fold.ts';
import { type Frame, isWorthKeeping, type Spent } from './frame.ts';
import { effort, effortPerError, Pause } from './rest.ts';
import type { Library, Overload } from './signature.ts';
import type { CelType } from './types.ts';
import {
  ArrayList,
  CelList,
  CelMap,
  type CelValue,
  EntryMap,
  isOfType,
  Optional,
  typeNameOf,
  Uint,
} from './values.ts';

/** A piece of an expression, ready to be evaluated. */
export type Step = (frame: Frame) => CelValue;

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

/** What costs do not always count: going over text, as `size` does. */
const effortPerCharacter = 0.002;

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
    switch (node.type) {
      case 'literal':
        return () => node.value;
      case 'name':
        return this.#name(node, slots);
      case 'select':
        return this.#select(node, slots);
      case 'has':
        return has(this.plan(node.operand, slots), node.field);
      case 'index':
        return this.#index(node, slots);
      case 'call':
        return this.#call(node, slots);
      case 'and':
        return logic(this.plan(node.left, slots), this.plan(node.right, slots), { decisive: false, node });
      case 'or':
        return logic(this.plan(node.left, slots), this.plan(node.right, slots), { decisive: true, node });
      case 'conditional':
        return this.#conditional(node, slots);
      case 'list':
        return this.#list(node.elements, slots);
      case 'map':
        return this.#map(node.entries, slots);
      case 'record':
        return this.#record(node, slots);
      case 'fold':
        return planFold(this, node, slots);
      case 'bind':
        return this.#bind(node, slots);
      case 'optionalMap':
        return this.#optionalMap(node, slots);
    }
  }

  #name({ name }: NodeOf<'name'>, slots: Slots): Step {
    const slot = slots.get(name);
    if (slot !== undefined) {
      return (frame) => {
        frame.spend(1);
        return frame.slots[slot] as CelValue;
      };
    }
    const type = this.#options.isVariable(name) ? undefined : typeNames.get(name);
    if (type) return () => type;
    return (frame) => {
      frame.spend(1);
      return frame.lookup(name);
    };
  }

  #select(node: NodeOf<'select'>, slots: Slots): Step {
    const full = qualifiedName(node);
    const head = full?.split('.', 1)[0] ?? '';
    const type = slots.has(head) || this.#options.isVariable(head) ? undefined : typeNames.get(full ?? '');
    if (type) return () => type;
    if (full && !slots.has(head) && this.#options.isVariable(full)) return (frame) => frame.lookup(full);
    const operand = this.plan(node.operand, slots);
    const { field, optional } = node;
    return (frame) => {
      const held = operand(frame);
      frame.spend(1);
      if (!optional && !(held instanceof Optional)) return there(selectField(held, field));
      return throughOptional(held, optional, (value) => selectField(value, field));
    };
  }

  #index(node: NodeOf<'index'>, slots: Slots): Step {
    const operand = this.plan(node.operand, slots);
    const index = this.plan(node.index, slots);
    return (frame) => {
      const held = operand(frame);
      const at = index(frame);
      frame.spend(1);
      if (!node.optional && !(held instanceof Optional)) return there(elementAt(held, at));
      return throughOptional(held, node.optional, (value) => elementAt(value, at));
    };
  }

  #call(node: NodeOf<'call'>, slots: Slots): Step {
    const { library, isVariable, types } = this.#options;
    const full = namespacedFunction(node, library, (name) => slots.has(name) || isVariable(name));
    const member = !full && node.target !== undefined;
    const name = full ?? node.name;
    const nodes = member ? [node.target as Node, ...node.args] : node.args;
    const args = nodes.map((arg) => this.plan(arg, slots));
    const overloads = (library.get(name) ?? []).filter(
      (o) => o.member === member && o.parameters.length === args.length,
    );
    // What an empty list is of only the checker knows.
    const known = types?.get(node)?.kind;
    overloads.sort((a, b) => Number(b.result.kind === known) - Number(a.result.kind === known));
    return (frame) => {
      const done = frame.recall(node);
      if (done) return done.value;
      const begun = frame.known?.underWay(node) as CallRun | undefined;
      if (begun) {
        frame.return(begun.spent);
        return finishCall(frame, node, begun);
      }
      const { cost, work } = frame;
      const { elements } = work;
      const values: CelValue[] = [];
      for (const arg of args) {
        const value = arg(frame);
        values.push(value);
        if (typeof value === 'string') effort(value.length * effortPerCharacter);
      }
      const found = firstFitting(overloads, values);
      if (!found) throw noOverload(name, values, member);
      frame.spend(1 + (found.cost ? Math.ceil(found.cost(values)) : 0));
      if (found.begin) {
        const before = { cost, elements };
        return finishCall(frame, node, { before, spent: before, run: found.begin(...values) });
      }
      const value = found.run(...values);
      if (isWorthKeeping(frame.cost - cost + work.elements - elements))
        frame.keep(node, value, { cost, elements });
      return value;
    };
  }

  #conditional(node: NodeOf<'conditional'>, slots: Slots): Step {
    const condition = this.plan(node.condition, slots);
    const then = this.plan(node.then, slots);
    const otherwise = this.plan(node.otherwise, slots);
    return (frame) => {
      const value = condition(frame);
      if (typeof value !== 'boolean') throw noOverload('_?_:_', [value], false);
      return value ? then(frame) : otherwise(frame);
    };
  }

  #list(elements: readonly ListElement[], slots: Slots): Step {
    const steps = elements.map(({ value, optional }) => ({ step: this.plan(value, slots), optional }));
    return (frame) => {
      frame.spend(listCost);
      const items: CelValue[] = [];
      for (const { step, optional } of steps) {
        const value = unwrap(step(frame), optional);
        if (value !== undefined) items.push(value);
      }
      return new ArrayList(items);
    };
  }

  #map(entries: readonly MapEntry[], slots: Slots): Step {
    const steps = entries.map(({ key, value, optional }) => {
      return { key: this.plan(key, slots), step: this.plan(value, slots), optional };
    });
    return (frame) => {
      frame.spend(mapCost);
      const map = new EntryMap();
      for (const { key, step, optional } of steps) {
        const name = key(frame);
        const value = unwrap(step(frame), optional);
        if (value !== undefined) map.add(name, value);
      }
      return map;
    };
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
      const held = target(frame);
      if (!(held instanceof Optional)) throw noOverload(node.flat ? 'optFlatMap' : 'optMap', [held], true);
      if (held.value === undefined) return held;
      frame.slots[inner.slot] = held.value;
      const value = body(frame);
      return node.flat ? value : new Optional(value);
    };
  }
}

/** A call under way that can rest. */
interface CallRun {
  /** What had been spent when it began, and when it last rested. */
  readonly before: Spent;
  spent: Spent;
  run(): CelValue;
}

function finishCall(frame: Frame, node: Node, call: CallRun): CelValue {
  try {
    const value = call.run();
    frame.keep(node, value, call.before);
    return value;
  } catch (error) {
    if (error instanceof Pause) {
      call.spent = frame.spent;
      frame.rest(node, call);
    } else if (error instanceof CelError) frame.keep(node, error, call.before);
    throw error;
  }
}

function firstFitting(overloads: readonly Overload[], values: readonly CelValue[]): Overload | undefined {
  for (const overload of overloads) if (fits(overload, values)) return overload;
  return undefined;
}

function fits({ parameters }: Overload, values: readonly CelValue[]): boolean {
  for (let i = 0; i < values.length; i++) {
    const parameter = parameters[i];
    if (!parameter || !isOfType(values[i] as CelValue, parameter)) return false;
  }
  return true;
}

/** The error of an operation that does not take such values. */
export function noOverload(name: string, values: readonly CelValue[], member: boolean): CelError {
  const types = values.map(typeNameOf);
  const applied = member ? `${types[0]}.(${types.slice(1).join(', ')})` : `(${types.join(', ')})`;
  return new CelError(`no such overload: '${name}' applied to '${applied}'`);
}

function there(value: CelValue | CelError): CelValue {
  if (value instanceof CelError) throw value;
  return value;
}

/** Takes something from a value, or from what an optional one holds; the answer is then optional too. */
function throughOptional(
  held: CelValue,
  optional: boolean,
  take: (value: CelValue) => CelValue | CelError,
): CelValue {
  if (held instanceof Optional) {
    return held.value === undefined ? held : throughOptional(held.value, true, take);
  }
  const value = take(held);
  if (!optional) return there(value);
  return value instanceof CelError ? new Optional() : value instanceof Optional ? value : new Optional(value);
}

function selectField(value: CelValue, field: string): CelValue | CelError {
  return value instanceof CelMap ? (value.get(field) ?? absent(value, field)) : elementAt(value, field);
}

function absent(map: CelMap, key: CelValue): CelValue | CelError {
  return map.has(key) ? null : noKey(key);
}

const noKey = (key: CelValue) => new CelError(`no such key: ${key instanceof Uint ? key.value : key}`);

/** As upstream's library has it, what is neither a map nor a list, such as null, is empty. */
function elementAt(value: CelValue, at: CelValue): CelValue | CelError {
  if (value instanceof CelMap) return value.get(at) ?? absent(value, at);
  if (!(value instanceof CelList)) return noKey(at);
  const plain = at instanceof Uint ? at.value : at;
  if (typeof plain !== 'bigint' && !(typeof plain === 'number' && Number.isInteger(plain))) {
    throw noListIndex(at);
  }
  const element = value.get(Number(plain));
  return element === undefined ? new CelError(`index out of bounds: ${plain}`) : element;
}

const noListIndex = (at: CelValue) => new CelError(`unsupported index type '${typeNameOf(at)}' in list`);

function has(operand: Step, field: string): Step {
  return (frame) => {
    let value = operand(frame);
    if (value instanceof Optional) {
      if (value.value === undefined) return false;
      value = value.value;
    }
    if (value instanceof CelMap) return value.has(field);
    if (value instanceof CelList) throw noListIndex(field);
    return false;
  };
}

/** `&&` and `||`: one side that decides makes up for an error of the other. */
function logic(left: Step, right: Step, { decisive, node }: { decisive: boolean; node: Node }): Step {
  const name = node.type === 'and' ? '_&&_' : '_||_';
  const side = (step: Step, frame: Frame): boolean | Error => {
    try {
      const value = step(frame);
      return typeof value === 'boolean' ? value : noOverload(name, [value], false);
    } catch (error) {
      if (error instanceof CelError && !(error instanceof CelBudgetError)) {
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
