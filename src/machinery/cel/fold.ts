import type { Fold } from './ast.ts';
import { CelError, isFailure } from './errors.ts';
import type { Frame, Known, Spent } from './frame.ts';
import { effort, effortPerError, Pause, restIfDue } from './rest.ts';
import { isConstant } from './constant.ts';
import type { Step } from './place.ts';
import type { Planner, Slots } from './plan.ts';
import { ArrayList, CelList, CelMap, type CelValue, EntryMap } from './values.ts';

/** What a macro does with what its body says of one element. */
interface Gatherer {
  /** Gives true once the result is certain. */
  take(body: Step, frame: Frame, element: Element): boolean;
  result(): CelValue;
}

/** The elements of a list or the entries of a map, one after the other, beginning before the first. */
abstract class Element {
  /** What a macro with one variable calls it: the element of a list, the key of a map. */
  abstract readonly single: CelValue;
  /** What one with two variables calls it. */
  abstract readonly key: CelValue;
  abstract readonly value: CelValue;
  /** Goes on to the next; says whether there is one. */
  abstract next(): boolean;
}

class ListElement extends Element {
  readonly #list: CelList;
  #at = -1;

  constructor(list: CelList) {
    super();
    this.#list = list;
  }
  get single(): CelValue {
    return this.#list.get(this.#at) as CelValue;
  }
  get key(): CelValue {
    return BigInt(this.#at);
  }
  get value(): CelValue {
    return this.single;
  }
  next(): boolean {
    return ++this.#at < this.#list.size;
  }
}

class MapEntry extends Element {
  readonly #map: CelMap;
  readonly #keys: Iterator<CelValue>;
  #key: CelValue = null;

  constructor(map: CelMap) {
    super();
    this.#map = map;
    this.#keys = map.keys()[Symbol.iterator]();
  }
  get single(): CelValue {
    return this.#key;
  }
  get key(): CelValue {
    return this.#key;
  }
  get value(): CelValue {
    return this.#map.get(this.#key) as CelValue;
  }
  next(): boolean {
    const { done, value } = this.#keys.next();
    if (!done) this.#key = value;
    return !done;
  }
}

function elementsOf(over: CelValue): Element {
  if (over instanceof CelList) return new ListElement(over);
  if (over instanceof CelMap) return new MapEntry(over);
  throw new CelError('got an unexpected type for the range of a comprehension');
}

interface FoldSteps {
  range: Step;
  costs: FoldCosts;
  gatherOf(): Gatherer;
  /** Takes one element; true once the result is certain. */
  take(frame: Frame, gather: Gatherer, element: Element): boolean;
}

/** What a macro costs besides its range and its body, as upstream writes it out. */
interface FoldCosts {
  /** Asking whether the result is certain, before each element. */
  asking: number;
  /** Taking an element that the filter, or the body of `filter` and `existsOne`, lets through. */
  taking: number;
  result: number;
}

const foldCosts: Record<Fold['name'], FoldCosts> = {
  all: { asking: 2, taking: 1, result: 1 },
  exists: { asking: 3, taking: 1, result: 1 },
  existsOne: { asking: 0, taking: 2, result: 2 },
  filter: { asking: 0, taking: 13, result: 1 },
  map: { asking: 0, taking: 12, result: 1 },
  transformList: { asking: 0, taking: 12, result: 1 },
  transformMap: { asking: 0, taking: 3, result: 1 },
  transformMapEntry: { asking: 0, taking: 2, result: 1 },
};

/** A list of one constant costs nothing. */
const takingConstant = 2;

function costsOf({ name }: Fold, isConstantBody: boolean): FoldCosts {
  const costs = foldCosts[name];
  const makesLists = name === 'map' || name === 'transformList';
  return makesLists && isConstantBody ? { ...costs, taking: takingConstant } : costs;
}

/** The steps of a macro over a list or a map. */
export function planFold(planner: Planner, node: Fold, slots: Slots): Step {
  const range = planner.plan(node.range, slots);
  const [first, second] = node.variables;
  const one = planner.declare(slots, first);
  const two = second === undefined ? one : planner.declare(one.slots, second);
  const planned = planner.planned(node.body, two.slots);
  const body = planned.step;
  const costs = costsOf(node, isConstant(planned));
  const filter = node.filter && planner.plan(node.filter, two.slots);
  const gatherOf = gathererOf(node, costs);
  const take: FoldSteps['take'] = (frame, gather, element) => {
    frame.spend(costs.asking);
    frame.slots[one.slot] = second === undefined ? element.single : element.key;
    if (second !== undefined) frame.slots[two.slot] = element.value;
    return filter && !asBool(filter(frame)) ? false : gather.take(body, frame, element);
  };
  return (frame) => evaluateFold(frame, node, { range, take, costs, gatherOf });
}

/** A macro under way. */
class FoldRun {
  readonly #element: Element;
  readonly #gather: Gatherer;
  /** What had been spent when it began. */
  readonly before: Spent;
  /** The same of the element at hand, and what is known of the body for it. */
  readonly #spent: Spent = { cost: 0, elements: 0 };
  #known: Known | undefined;
  /** Whether the element at hand has been begun on. */
  #isWithin = false;
  /** Each time that it goes on it takes an element, however long it takes to come back to it. */
  #mayRest = true;

  constructor(gather: Gatherer, over: CelValue, before: Spent) {
    this.#element = elementsOf(over);
    this.#gather = gather;
    this.before = before;
  }

  /** Takes the elements that are left. */
  finish(frame: Frame, { take, costs }: FoldSteps): CelValue {
    while (this.#isWithin || this.#begin(frame)) {
      const isCertain = take(frame, this.#gather, this.#element);
      this.#isWithin = false;
      if (!isCertain) continue;
      if (this.#element.next()) frame.spend(costs.asking);
      break;
    }
    frame.spend(costs.result);
    return this.#gather.result();
  }

  /** Begins on the next element; says whether there is one. */
  #begin(frame: Frame): boolean {
    this.#spent.cost = frame.cost;
    this.#spent.elements = frame.work.elements;
    frame.known = undefined;
    if (this.#mayRest) restIfDue();
    this.#mayRest = true;
    this.#isWithin = this.#element.next();
    return this.#isWithin;
  }

  rest(frame: Frame): void {
    this.#known = frame.known;
  }

  goOn(frame: Frame): void {
    frame.return(this.#spent);
    frame.known = this.#known;
    this.#mayRest = false;
  }
}

function evaluateFold(frame: Frame, node: Fold, steps: FoldSteps): CelValue {
  const done = frame.recall(node);
  if (done) return done.value;
  const begun = frame.known?.underWay(node) as FoldRun | undefined;
  const run = begun ?? beginFold(frame, steps);
  const around = frame.known;
  if (begun) begun.goOn(frame);
  try {
    const value = run.finish(frame, steps);
    frame.known = around;
    frame.keep(node, value, run.before);
    return value;
  } catch (error) {
    if (error instanceof Pause) run.rest(frame);
    frame.known = around;
    if (error instanceof Pause) frame.rest(node, run);
    else if (error instanceof CelError) frame.keep(node, error, run.before);
    throw error;
  }
}

function beginFold(frame: Frame, { range, gatherOf }: FoldSteps): FoldRun {
  const before = frame.spent;
  return new FoldRun(gatherOf(), range(frame), before);
}

function asBool(value: CelValue): boolean {
  if (typeof value === 'boolean') return value;
  throw new CelError('no such overload');
}

function gathererOf({ name }: Fold, { taking }: FoldCosts): () => Gatherer {
  switch (name) {
    case 'all':
      return () => quantifier(false, taking);
    case 'exists':
      return () => quantifier(true, taking);
    case 'existsOne':
      return () => counter(taking);
    case 'filter':
      return () => filtered(taking);
    case 'map':
    case 'transformList':
      return () => listed(taking);
    case 'transformMap':
    case 'transformMapEntry':
      return () => mapped(name === 'transformMapEntry', taking);
  }
}

/** An element that decides makes up for errors on others. */
function quantifier(decisive: boolean, taking: number): Gatherer {
  let decided = false;
  let failure: CelError | undefined;
  return {
    take(body, frame) {
      frame.spend(taking);
      try {
        decided = asBool(body(frame)) === decisive;
      } catch (error) {
        if (!isFailure(error)) throw error;
        effort(effortPerError);
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

function counter(taking: number): Gatherer {
  let count = 0;
  return {
    take(body, frame) {
      if (!asBool(body(frame))) return false;
      frame.spend(taking);
      count++;
      return false;
    },
    result: () => count === 1,
  };
}

/** Filtering a map gives its keys. */
function filtered(taking: number): Gatherer {
  const items: CelValue[] = [];
  return {
    take(body, frame, { single }) {
      if (!asBool(body(frame))) return false;
      frame.spend(taking);
      items.push(single);
      return false;
    },
    result: () => new ArrayList(items),
  };
}

function listed(taking: number): Gatherer {
  const items: CelValue[] = [];
  return {
    take(body, frame) {
      frame.spend(taking);
      items.push(body(frame));
      return false;
    },
    result: () => new ArrayList(items),
  };
}

function mapped(entries: boolean, taking: number): Gatherer {
  const map = new EntryMap();
  return {
    take(body, frame, { key }) {
      frame.spend(taking);
      const made = body(frame);
      if (!entries) map.add(key, made);
      else if (made instanceof CelMap) {
        for (const name of made.keys()) map.add(name, made.get(name) as CelValue);
      } else throw new CelError('no such overload');
      return false;
    },
    result: () => map,
  };
}
