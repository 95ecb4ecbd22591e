import type { Node } from './ast.ts';
import { check, type CheckOptions } from './check.ts';
import { CelCompileError, CelError, CelInstantiationError } from './errors.ts';
import { Frame } from './frame.ts';
import { kubernetesLibrary } from './library/all.ts';
import { constantFault, literalIssues } from './literals.ts';
import { parseExpression } from './parser.ts';
import type { Step } from './place.ts';
import { Planner } from './plan.ts';
import { effort, effortPerExpression, effortPerSource, Pause, withoutRest } from './rest.ts';
import type { Library } from './signature.ts';
import type { CelType } from './types.ts';
import type { CelMap, CelValue } from './values.ts';
import { workingOn } from './work.ts';

/** What one evaluation may cost, as upstream has it. */
const callCostLimit = 1_000_000;

/** What an expression may name. */
export interface CompileOptions {
  /** Names an expression may use, with their types; `dyn` where nothing is known. */
  variables: Readonly<Record<string, CelType>>;
  /** Functions besides those of the language and of Kubernetes. */
  library?: Library;
  /** Types of records that an expression may make. */
  records?: RecordTypes;
}

export interface RecordTypes {
  /** The type of a name such as `Object.spec`; undefined where there is none. */
  find(name: string): CelType | undefined;
  make(name: string, fields: CelMap): CelValue;
}

/** An expression ready to be evaluated, as often as wanted. */
export interface Program {
  /** What it evaluates to, as far as that can be told beforehand. */
  readonly type: CelType;
  /** Asks for a variable only where it is needed. Throws a CelError. */
  evaluate(lookup: (variable: string) => CelValue, options?: EvaluateOptions): CelValue;
  /** Begins an evaluation that can rest (`rest.ts`): what this gives is called until it does not throw Pause. Variables stay as they are meanwhile. */
  begin(lookup: (variable: string) => CelValue, options?: EvaluateOptions): () => CelValue;
}

export interface EvaluateOptions {
  /** What the evaluation may cost at most, counted as upstream does: 1,000,000 where absent. */
  costLimit?: number;
  /** Told what was spent, also where the evaluation fails. */
  onCost?(cost: number): void;
}

/** Reads and checks an expression. Throws a CelCompileError. */
export function compile(expression: string, options: CompileOptions): Program {
  effort(effortPerExpression + expression.length * effortPerSource);
  try {
    return compileNode(expression, parseExpression(expression), options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Long chains of operators are as deep as they are long.
    throw new CelCompileError(expression, [{ offset: 0, message: 'expression recursion limit exceeded' }]);
  }
}

function compileNode(expression: string, node: Node, options: CompileOptions): Program {
  const { variables, records } = options;
  const library = options.library ? withKubernetes(options.library) : kubernetesLibrary();
  const scope: CheckOptions['variables'] = new Map(Object.entries(variables));
  const types = new Map<Node, CelType>();
  const checked = check(node, { variables: scope, library, recordType: records?.find, types });
  const { type, issues } = checked;
  if (issues.length === 0) issues.push(...literalIssues(node, { library, types }));
  if (issues.length > 0) throw new CelCompileError(expression, issues);
  const fault = checked.fault ?? constantFault(node, library);
  if (fault) throw new CelInstantiationError(fault);
  const isVariable = (name: string) => scope.has(name);
  const step = new Planner({ library, isVariable, types, makeRecord: records?.make }).plan(node);
  return {
    type,
    begin: (lookup, limits) => evaluation(step, lookup, limits),
    evaluate: (lookup, limits) => withoutRest(evaluation(step, lookup, limits)),
  };
}

function evaluation(
  step: Step,
  lookup: (variable: string) => CelValue,
  { costLimit = callCostLimit, onCost }: EvaluateOptions = {},
): () => CelValue {
  const frame = new Frame(lookup, costLimit);
  const end = () => onCost?.(frame.cost + frame.work.cost);
  return () => {
    frame.return({ cost: 0, elements: 0 });
    try {
      const value = workingOn(frame.work, () => step(frame));
      end();
      return value;
    } catch (error) {
      if (!(error instanceof Pause)) end();
      throw asCelError(error);
    }
  };
}

const joined = new WeakMap<Library, Library>();

/** A library together with what every expression may use. */
function withKubernetes(library: Library): Library {
  const known = joined.get(library);
  if (known) return known;
  const all = new Map(kubernetesLibrary());
  for (const [name, overloads] of library) all.set(name, [...(all.get(name) ?? []), ...overloads]);
  joined.set(library, all);
  return all;
}

/** Values can be nested deeper than the stack is. */
function asCelError(error: unknown): unknown {
  return error instanceof RangeError ? new CelError(error.message) : error;
}
