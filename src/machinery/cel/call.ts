import type { Node } from './ast.ts';
import { CelError, isFailure } from './errors.ts';
import { type Frame, isWorthKeeping, type Spent } from './frame.ts';
import type { Step } from './place.ts';
import { effort, Pause } from './rest.ts';
import type { Overload } from './signature.ts';
import { type CelValue, isOfType, typeNameOf } from './values.ts';

/** What costs do not always count: going over text, as `size` does. */
const effortPerCharacter = 0.002;

/** A call as it is planned. */
export interface PlannedCall {
  name: string;
  member: boolean;
  /** The functions that it may be a call of. */
  overloads: readonly Overload[];
  /** Whether it is known beforehand which one. */
  isKnown: boolean;
  args: readonly Step[];
}

export function callStep(node: Node, { name, member, overloads, isKnown, args }: PlannedCall): Step {
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
      const value = argument(arg, frame, args);
      values.push(value);
      if (typeof value === 'string') effort(value.length * effortPerCharacter);
    }
    const found = firstFitting(overloads, values);
    if (!found) throw noOverload(name, values, member);
    frame.spend(found.cost && (isKnown || !found.costIfKnown) ? found.cost(values) : 1);
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

/** As upstream counts it, a call of one or two arguments costs where they fail too, and both are evaluated. */
function argument(arg: Step, frame: Frame, args: readonly Step[]): CelValue {
  try {
    return arg(frame);
  } catch (error) {
    if (!isFailure(error) || args.length > 2) throw error;
    const other = arg === args[0] ? args[1] : undefined;
    if (other) attempt(other, frame);
    frame.spend(1);
    throw error;
  }
}

function attempt(step: Step, frame: Frame): void {
  try {
    step(frame);
  } catch (error) {
    if (!isFailure(error)) throw error;
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
