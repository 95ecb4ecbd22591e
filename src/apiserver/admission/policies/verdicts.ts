import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from '../../../api/admissionregistration/v1.ts';
import { shownMessage } from '../../../machinery/cel/message.ts';
import { effort, Pause, restIfDue } from '../../../machinery/cel/rest.ts';
import { typeNameOf } from '../../../machinery/cel/values.ts';
import { withAnswers } from '../expressions/answers.ts';
import type { VariableSource } from '../expressions/variables.ts';
import type { Compiled, CompiledPolicy } from './compiled-policy.ts';
import { Evaluation, OutOfBudget, policyBudget } from './evaluation.ts';
import type { BoundPolicy } from './policy-set.ts';
import type { PolicyContext } from './validating.ts';

/** What an expression has come to, and how long it took. */
interface Complaint {
  message: string;
  ms: number;
}

interface Failure extends Complaint {
  /** Empty where an expression failed instead of saying no. */
  reason: string;
  /** Of the validation. */
  index: number;
}

/** What one policy says about one request with one set of parameters. */
export interface Verdict {
  failures: readonly Failure[];
  /** What went wrong and does not matter, by the failure policy. */
  ignored: readonly Complaint[];
  annotations: readonly { key: string; value: string }[];
  /** Deny the request whatever the binding's actions are. */
  annotationErrors: readonly Complaint[];
}

type Bound = BoundPolicy<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>;

const none: Verdict = { failures: [], ignored: [], annotations: [], annotationErrors: [] };

/** What judging takes beside a policy and a request. */
type JudgeContext = Pick<PolicyContext, 'clock' | 'counts'>;

/** Evaluates a policy whose rules concern the request. */
export async function judge(
  bound: Bound,
  source: VariableSource,
  { clock, counts }: JudgeContext,
): Promise<Verdict> {
  const fails = bound.policy.spec.failurePolicy !== 'Ignore';
  const failed = (message: string): Verdict =>
    fails
      ? { ...none, failures: [{ message, reason: '', index: 0, ms: 0 }] }
      : { ...none, ignored: [{ message, ms: 0 }] };
  const owner = { kind: 'policy', name: bound.policy.metadata.name, type: 'validate' } as const;
  const holds = await bound.conditions.hold(source, { counts: counts.conditions, owner });
  if (holds instanceof Error) return fails ? failed(holds.message) : none;
  if (!holds) return none;
  const compiled = await bound.compiled().catch((error: Error) => error);
  if (compiled instanceof Error) return failed(compiled.message);
  const { validations = [] } = bound.policy.spec;
  try {
    return await withAnswers(source, (asking) => {
      const { variables } = compiled;
      const budget = policyBudget();
      const evaluation = new Evaluation(asking, variables, { budget });
      const messages = new Evaluation(asking, variables, { budget, authorizer: false });
      const annotations = new Evaluation(asking, variables, { authorizer: false });
      const found = validating(validations, { compiled, evaluation, messages, fails, clock });
      return () => ({ ...found(), ...annotate(compiled, { evaluation: annotations, fails, clock }) });
    });
  } catch (error) {
    if (error instanceof OutOfBudget) return failed(error.message);
    throw error;
  }
}

interface Validating extends Pick<PolicyContext, 'clock'> {
  compiled: CompiledPolicy;
  evaluation: Evaluation;
  /** Evaluates the messages, after all validations and from what these have left. */
  messages: Evaluation;
  fails: boolean;
}

/** What evaluating a validation takes besides what it costs, in units of cost. */
const effortPerValidation = 20;

/** What a validation has come to: true where it holds. */
interface Outcome {
  result: boolean | Error;
  ms: number;
}

/** Holds an object against one validation after the other, then words what was found; can rest within each and between two. */
function validating(
  validations: readonly Validation[],
  judging: Validating,
): () => Pick<Verdict, 'failures' | 'ignored'> {
  const outcomes: Outcome[] = [];
  const messages: string[] = [];
  return () => {
    for (let index = outcomes.length; index < validations.length; index++) {
      restIfDue();
      outcomes.push(outcomeOf(judging.compiled.validations[index] as Compiled, judging));
      effort(effortPerValidation);
    }
    const broken = evaluateMessages(messages, judging);
    return verdictOn(outcomes, { validations, messages, broken, fails: judging.fails });
  };
}

function outcomeOf(compiled: Compiled, { evaluation, clock }: Validating): Outcome {
  const startMs = clock.monotonic();
  let result: Outcome['result'];
  try {
    result = evaluation.evaluate(compiled) === true;
  } catch (error) {
    if (error instanceof OutOfBudget || error instanceof Pause) throw error;
    result = error as Error;
  }
  return { result, ms: clock.monotonic() - startMs };
}

/** Evaluates the messages of all validations, of those that hold too. Gives the error where they cost more than was left. */
function evaluateMessages(
  messages: string[],
  { compiled, messages: evaluation }: Validating,
): OutOfBudget | undefined {
  try {
    for (const message of compiled.messages.slice(messages.length)) {
      messages.push(message ? evaluated(message, evaluation) : '');
    }
  } catch (error) {
    if (error instanceof OutOfBudget) return error;
    throw error;
  }
  return undefined;
}

interface Worded {
  validations: readonly Validation[];
  messages: readonly string[];
  /** Why no message can be told. */
  broken: OutOfBudget | undefined;
  fails: boolean;
}

function verdictOn(
  outcomes: readonly Outcome[],
  { validations, messages, broken, fails }: Worded,
): Pick<Verdict, 'failures' | 'ignored'> {
  const failures: Failure[] = [];
  const ignored: Complaint[] = [];
  for (const [index, { result, ms }] of outcomes.entries()) {
    const error = errorOf(result, broken);
    const validation = validations[index] as Validation;
    if (error !== undefined) {
      if (fails) failures.push({ message: error, reason: '', index, ms });
      else ignored.push({ message: error, ms });
    } else if (result !== true) {
      const message = messageOf(validation, messages[index]);
      failures.push({ message, reason: validation.reason ?? 'Invalid', index, ms });
    }
  }
  return { failures, ignored };
}

/** As upstream, a validation that holds has failed as well where the messages have cost too much. */
function errorOf(result: Outcome['result'], broken: OutOfBudget | undefined): string | undefined {
  if (result instanceof Error) return result.message;
  return broken && `failed messageExpression: ${broken.message}`;
}

/** What the expression for the message gave, if that can be shown; else the message; else the expression. */
const messageOf = ({ message = '', expression }: Validation, made: string | undefined): string =>
  made || message.trim() || `failed expression: ${expression.trim()}`;

function evaluated(compiled: Compiled, evaluation: Evaluation): string {
  try {
    return shownMessage(evaluation.evaluate(compiled));
  } catch (error) {
    if (error instanceof OutOfBudget || error instanceof Pause) throw error;
    return '';
  }
}

function annotate(
  { auditAnnotations }: CompiledPolicy,
  { evaluation, fails, clock }: Omit<Validating, 'compiled' | 'messages'>,
): Pick<Verdict, 'annotations' | 'annotationErrors'> {
  const annotations: { key: string; value: string }[] = [];
  const annotationErrors: Complaint[] = [];
  for (const compiled of auditAnnotations) {
    const startMs = clock.monotonic();
    const complain = (message: string) => annotationErrors.push({ message, ms: clock.monotonic() - startMs });
    try {
      const value = evaluation.evaluate(compiled);
      if (typeof value === 'string') {
        if (value.trim() !== '') annotations.push({ key: compiled.key, value: value.trim() });
      } else if (value !== null) {
        const why = 'Return type must be either string or null.';
        complain(
          `valueExpression '${compiled.expression}' resulted in unsupported return type: ${typeNameOf(value)}. ${why}`,
        );
      }
    } catch (error) {
      if (error instanceof OutOfBudget || error instanceof Pause) throw error;
      if (fails) complain((error as Error).message);
    }
  }
  return { annotations, annotationErrors };
}
