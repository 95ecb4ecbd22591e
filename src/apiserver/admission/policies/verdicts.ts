import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from '../../../api/admissionregistration/v1.ts';
import { typeNameOf } from '../../../machinery/cel/values.ts';
import type { VariableSource } from '../expressions/variables.ts';
import type { Compiled, CompiledPolicy } from './compiled-policy.ts';
import { Evaluation, OutOfBudget } from './evaluation.ts';
import type { BoundPolicy } from './policy-set.ts';

interface Failure {
  message: string;
  /** Empty where an expression failed instead of saying no. */
  reason: string;
  /** Of the validation. */
  index: number;
}

/** What one policy says about one request with one set of parameters. */
export interface Verdict {
  failures: readonly Failure[];
  annotations: readonly { key: string; value: string }[];
  /** Deny the request whatever the binding's actions are. */
  annotationErrors: readonly string[];
}

type Bound = BoundPolicy<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>;

const none: Verdict = { failures: [], annotations: [], annotationErrors: [] };

/** Evaluates a policy whose rules concern the request. */
export async function judge(bound: Bound, source: VariableSource): Promise<Verdict> {
  const fails = bound.policy.spec.failurePolicy !== 'Ignore';
  const failed = (message: string): Verdict =>
    fails ? { ...none, failures: [{ message, reason: '', index: 0 }] } : none;
  const compiled = await bound.compiled().catch((error: Error) => error);
  if (compiled instanceof Error) return failed(compiled.message);
  const holds = await bound.conditions.hold(source);
  if (holds instanceof Error) return failed(holds.message);
  if (!holds) return none;
  const evaluation = new Evaluation(source, compiled.variables);
  try {
    const failures = validate(bound.policy.spec.validations ?? [], { compiled, evaluation, fails });
    return { failures, ...annotate(compiled, new Evaluation(source, compiled.variables), fails) };
  } catch (error) {
    if (error instanceof OutOfBudget) return failed(error.message);
    throw error;
  }
}

interface Validating {
  compiled: CompiledPolicy;
  evaluation: Evaluation;
  fails: boolean;
}

function validate(
  validations: readonly Validation[],
  { compiled, evaluation, fails }: Validating,
): Failure[] {
  const failures: Failure[] = [];
  for (const [index, validation] of validations.entries()) {
    try {
      if (evaluation.evaluate(compiled.validations[index] as Compiled) === true) continue;
      const message = messageOf(validation, compiled.messages[index], evaluation);
      failures.push({ message, reason: validation.reason ?? 'Invalid', index });
    } catch (error) {
      if (error instanceof OutOfBudget) throw error;
      if (fails) failures.push({ message: (error as Error).message, reason: '', index });
    }
  }
  return failures;
}

const maxMessageLength = 5 * 1024;

/** What the expression for the message gives, if that can be shown; else the message; else the expression. */
function messageOf(
  { message = '', expression }: Validation,
  compiled: Compiled | undefined,
  evaluation: Evaluation,
): string {
  const made = compiled ? evaluated(compiled, evaluation) : '';
  const usable = made.length <= maxMessageLength && !made.includes('\n');
  return (usable && made) || message.trim() || `failed expression: ${expression.trim()}`;
}

function evaluated(compiled: Compiled, evaluation: Evaluation): string {
  try {
    const value = evaluation.evaluate(compiled);
    return typeof value === 'string' ? value.trim() : '';
  } catch (error) {
    if (error instanceof OutOfBudget) throw error;
    return '';
  }
}

function annotate(
  { auditAnnotations }: CompiledPolicy,
  evaluation: Evaluation,
  fails: boolean,
): Pick<Verdict, 'annotations' | 'annotationErrors'> {
  const annotations: { key: string; value: string }[] = [];
  const annotationErrors: string[] = [];
  for (const compiled of auditAnnotations) {
    try {
      const value = evaluation.evaluate(compiled);
      if (typeof value === 'string') {
        if (value.trim() !== '') annotations.push({ key: compiled.key, value: value.trim() });
      } else if (value !== null) {
        const why = 'Return type must be either string or null.';
        annotationErrors.push(
          `valueExpression '${compiled.expression}' resulted in unsupported return type: ${typeNameOf(value)}. ${why}`,
        );
      }
    } catch (error) {
      if (fails) annotationErrors.push((error as Error).message);
    }
  }
  return { annotations, annotationErrors };
}
