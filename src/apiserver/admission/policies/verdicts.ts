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
import { Evaluation, OutOfBudget } from './evaluation.ts';
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
  const compiled = await bound.compiled().catch((error: Error) => error);
  if (compiled instanceof Error) return failed(compiled.message);
  const owner = { kind: 'policy', name: bound.policy.metadata.name, type: 'validate' } as const;
  const holds = await bound.conditions.hold(source, { counts: counts.conditions, owner });
  if (holds instanceof Error) return failed(holds.message);
  if (!holds) return none;
  const { validations = [] } = bound.policy.spec;
  try {
    return await withAnswers(source, (asking) => {
      const evaluation = new Evaluation(asking, compiled.variables);
      const again = new Evaluation(asking, compiled.variables);
      const found = validating(validations, { compiled, evaluation, fails, clock });
      return () => ({ ...found(), ...annotate(compiled, { evaluation: again, fails, clock }) });
    });
  } catch (error) {
    if (error instanceof OutOfBudget) return failed(error.message);
    throw error;
  }
}

interface Validating extends Pick<PolicyContext, 'clock'> {
  compiled: CompiledPolicy;
  evaluation: Evaluation;
  fails: boolean;
}

/** What evaluating a validation takes besides what it costs, in units of cost. */
const effortPerValidation = 20;

/** Holds an object against one validation after the other; can rest within one and between two. */
function validating(
  validations: readonly Validation[],
  judging: Validating,
): () => Pick<Verdict, 'failures' | 'ignored'> {
  const failures: Failure[] = [];
  const ignored: Complaint[] = [];
  let index = 0;
  return () => {
    for (; index < validations.length; index++) {
      restIfDue();
      const complaint = complaintOf(validations[index] as Validation, index, judging);
      effort(effortPerValidation);
      if (!complaint) continue;
      if (complaint.reason !== '' || judging.fails) failures.push(complaint);
      else ignored.push(complaint);
    }
    return { failures, ignored };
  };
}

function complaintOf(
  validation: Validation,
  index: number,
  { compiled, evaluation, clock }: Validating,
): Failure | undefined {
  const startMs = clock.monotonic();
  const took = () => clock.monotonic() - startMs;
  try {
    if (evaluation.evaluate(compiled.validations[index] as Compiled) === true) return undefined;
    const ms = took();
    const message = messageOf(validation, compiled.messages[index], evaluation);
    return { message, reason: validation.reason ?? 'Invalid', index, ms };
  } catch (error) {
    if (error instanceof OutOfBudget || error instanceof Pause) throw error;
    return { message: (error as Error).message, reason: '', index, ms: took() };
  }
}

/** What the expression for the message gives, if that can be shown; else the message; else the expression. */
function messageOf(
  { message = '', expression }: Validation,
  compiled: Compiled | undefined,
  evaluation: Evaluation,
): string {
  const made = compiled ? evaluated(compiled, evaluation) : '';
  return made || message.trim() || `failed expression: ${expression.trim()}`;
}

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
  { evaluation, fails, clock }: Omit<Validating, 'compiled'>,
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
      if (error instanceof Pause) throw error;
      if (fails) complain((error as Error).message);
    }
  }
  return { annotations, annotationErrors };
}
