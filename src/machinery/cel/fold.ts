import type { Fold } from './ast.ts';
import { CelBudgetError, CelError } from './errors.ts';
import type { Planner, Slots, Step } from './plan.ts';
import { ArrayList, CelList, CelMap, type CelValue, EntryMap } from './values.ts';

/** What a macro does with what its body says of one element. */
interface Gatherer {
  /** Gives true once the result is certain. */
  take(body: () => CelValue, current: Current): boolean;
  result(): CelValue;
}

interface Current {
  key: CelValue;
  value: CelValue;
  /** What a macro with one variable calls it: the element of a list, the key of a map. */
  single: CelValue;
}

/** The steps of a macro over a list or a map. */
export function planFold(planner: Planner, node: Fold, slots: Slots): Step {
  const range = planner.plan(node.range, slots);
  const [first, second] = node.variables;
  const one = planner.declare(slots, first);
  const two = second === undefined ? one : planner.declare(one.slots, second);
  const body = planner.plan(node.body, two.slots);
  const filter = node.filter && planner.plan(node.filter, two.slots);
  return (frame) => {
    const over = range(frame);
    const gather = gathererOf(node);
    for (const current of elements(over)) {
      frame.spend(2);
      frame.slots[one.slot] = second === undefined ? current.single : current.key;
      if (second !== undefined) frame.slots[two.slot] = current.value;
      if (filter && !asBool(filter(frame))) continue;
      if (gather.take(() => body(frame), current)) break;
    }
    return gather.result();
  };
}

function* elements(over: CelValue): Iterable<Current> {
  if (over instanceof CelList) {
    for (let i = 0; i < over.size; i++) {
      const value = over.get(i) as CelValue;
      yield { key: BigInt(i), value, single: value };
    }
  } else if (over instanceof CelMap) {
    for (const key of over.keys()) yield { key, value: over.get(key) as CelValue, single: key };
  } else throw new CelError('got an unexpected type for the range of a comprehension');
}

function asBool(value: CelValue): boolean {
  if (typeof value === 'boolean') return value;
  throw new CelError('no such overload');
}

function gathererOf(node: Fold): Gatherer {
  switch (node.name) {
    case 'all':
      return quantifier(false);
    case 'exists':
      return quantifier(true);
    case 'existsOne':
      return counter();
    case 'filter':
      return filtered();
    case 'map':
    case 'transformList':
      return listed();
    case 'transformMap':
    case 'transformMapEntry':
      return mapped(node.name === 'transformMapEntry');
  }
}

/** An element that decides makes up for errors on others. */
function quantifier(decisive: boolean): Gatherer {
  let decided = false;
  let failure: CelError | undefined;
  return {
    take(body) {
      try {
        decided = asBool(body()) === decisive;
      } catch (error) {
        if (!(error instanceof CelError) || error instanceof CelBudgetError) throw error;
        failure ??= error;
      }
      return decided;
    },
    result() {
      if (decided) return decisive;
      if (failure) throw failure;
      return !decisive;
    },
  };
}

function counter(): Gatherer {
  let count = 0;
  return {
    take(body) {
      if (asBool(body())) count++;
      return false;
    },
    result: () => count === 1,
  };
}

/** Filtering a map gives its keys. */
function filtered(): Gatherer {
  const items: CelValue[] = [];
  return {
    take(body, { single }) {
      if (asBool(body())) items.push(single);
      return false;
    },
    result: () => new ArrayList(items),
  };
}

function listed(): Gatherer {
  const items: CelValue[] = [];
  return {
    take(body) {
      items.push(body());
      return false;
    },
    result: () => new ArrayList(items),
  };
}

function mapped(entries: boolean): Gatherer {
  const map = new EntryMap();
  return {
    take(body, { key }) {
      const made = body();
      if (!entries) map.add(key, made);
      else if (made instanceof CelMap) {
        for (const name of made.keys()) map.add(name, made.get(name) as CelValue);
      } else throw new CelError('no such overload');
      return false;
    },
    result: () => map,
  };
}
