import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/admissionregistration/v1.ts';
import {
  validatingadmissionpolicies,
  validatingadmissionpolicybindings,
} from '../../../api/generated/resources.ts';
import type { StatusError, StatusReason } from '../../../machinery/status-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import { TurnSteps } from '../../../platform/turn.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import type { AdmissionCounts, PolicyCheck } from '../admission-counts.ts';
import type { Form } from '../forms.ts';
import { findWanted, isBeyondPolicies, isWanted, requestNamespace } from '../matching.ts';
import { refuse } from '../refuse.ts';
import { whileAwaited } from '../while-awaited.ts';
import { collectParams, findParamKind, type ParamSource, paramsPerTurn, type ServedKind } from './params.ts';
import { type BoundPolicy, PolicySet } from './policy-set.ts';
import type { Verdict } from './verdicts.ts';

type Bound = BoundPolicy<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>;
type BoundBinding = Bound['bindings'][number];

export interface PolicyContext extends ParamSource {
  authorizer: Authorizer;
  clock: Pick<Clock, 'monotonic'>;
  /** Told of what policies have to say. */
  counts: AdmissionCounts;
}

/** Holds requests against the policies that are bound. */
export function validatingPolicies(context: PolicyContext): AdmissionPlugin {
  const policies = new PolicySet(context, validatingadmissionpolicies, validatingadmissionpolicybindings);
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(attributes) {
      const { current } = policies;
      return current.length === 0 || isBeyondPolicies(attributes)
        ? undefined
        : holdAll(current, attributes, context);
    },
  };
}

async function holdAll(policies: readonly Bound[], attributes: AdmissionAttributes, context: PolicyContext) {
  const inquiry = new Inquiry(attributes, context);
  for (const bound of policies) await inquiry.hold(bound);
  inquiry.conclude();
}

/** A binding that is about the request, with what to hold it against. */
interface Prepared extends Pick<BoundBinding, 'binding'> {
  form: Form;
  params: ReturnType<typeof collectParams>;
}

interface Denial {
  message: string;
  reason: string;
}

interface AuditedFailure {
  message: string;
  policy: string;
  binding: string;
  expressionIndex: number;
  validationActions: readonly string[];
}

const maxAnnotationLength = 10 * 1024;

/** What metrics call the actions of bindings. */
const enforced: Record<string, 'deny' | 'audit' | 'warn'> = { Deny: 'deny', Audit: 'audit', Warn: 'warn' };

const codes: Record<string, number> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

async function converted(form: Form, { object, old }: AdmissionAttributes): Promise<void> {
  await form.ready?.([object, old]).catch((error: Error) => {
    throw new Error(`failed to convert object version: ${error.message}`, { cause: error });
  });
}

/** What the policies say about one request. */
class Inquiry {
  readonly #attributes: AdmissionAttributes;
  readonly #context: PolicyContext;
  readonly #denials: Denial[] = [];
  readonly #steps = new TurnSteps(paramsPerTurn);
  /** The first of those that are to be recorded: an annotation is written once. */
  #audited: AuditedFailure | undefined;

  constructor(attributes: AdmissionAttributes, context: PolicyContext) {
    this.#attributes = attributes;
    this.#context = context;
  }

  async hold(bound: Bound): Promise<void> {
    const matched = this.#match(bound);
    if (!matched) return;
    const annotations = new Map<string, Set<string>>();
    for (const { binding, wanted } of bound.bindings) {
      const prepared = await this.#prepare(bound, { ...matched, binding, wanted });
      if (prepared) await this.#holdBinding(bound, { ...prepared, binding, annotations });
    }
    for (const [key, values] of annotations) {
      this.#attributes.annotate(`${bound.policy.metadata.name}/${key}`, [...values].join(', '));
    }
  }

  /** Undefined where the policy is not about the request, or cannot be carried out. */
  #match({ policy, wanted }: Bound): { form: Form; paramKind: ServedKind | undefined } | undefined {
    try {
      const form = findWanted(this.#attributes, wanted);
      return form && { form, paramKind: findParamKind(this.#context, policy.spec.paramKind) };
    } catch (error) {
      this.#denyMisconfigured({ policy }, error as Error);
      return undefined;
    }
  }

  async #prepare(
    { policy }: Bound,
    {
      binding,
      wanted,
      form,
      paramKind: kind,
    }: BoundBinding & { form: Form; paramKind: ServedKind | undefined },
  ): Promise<{ form: Form; params: ReturnType<typeof collectParams> } | undefined> {
    const attributes = this.#attributes;
    try {
      if (!isWanted(attributes, wanted)) return undefined;
      const namespace = requestNamespace(attributes);
      const params = collectParams(this.#context, { kind, ref: binding.spec.paramRef, namespace });
      if (params.length > 0) await converted(form, attributes);
      return { form, params };
    } catch (error) {
      this.#denyMisconfigured({ policy, binding }, error as Error);
      return undefined;
    }
  }

  async #holdBinding(
    bound: Bound,
    { binding, form, params, annotations }: Prepared & { annotations: Map<string, Set<string>> },
  ): Promise<void> {
    const names = { policy: bound.policy.metadata.name, binding: binding.metadata.name };
    const { judge } = await import('./verdicts.ts');
    const { authorizer } = this.#context;
    for (const param of params) {
      whileAwaited(this.#attributes);
      const source = { attributes: this.#attributes, form, authorizer, params: param };
      const verdict = await judge(bound, source, this.#context);
      this.#take(verdict, { ...names, actions: binding.spec.validationActions });
      for (const { key, value } of verdict.annotations) {
        const known = annotations.get(key) ?? new Set();
        annotations.set(key, known.add(value.slice(0, maxAnnotationLength)));
      }
      await this.#steps.taken();
    }
  }

  #take(
    { failures, ignored, annotationErrors }: Verdict,
    { actions, ...names }: { policy: string; binding: string; actions: readonly string[] },
  ): void {
    const note = (what: Pick<PolicyCheck, 'message' | 'ms'>, action: PolicyCheck['action']) =>
      this.#context.counts.validating.note({ ...names, message: what.message, ms: what.ms, action });
    for (const error of ignored) note(error, 'allow');
    for (const failure of failures) {
      const { message, reason, index } = failure;
      for (const action of actions) note(failure, enforced[action]);
      if (actions.includes('Deny')) this.#deny(names, { message, reason });
      if (actions.includes('Audit'))
        this.#audited ??= { message, ...names, expressionIndex: index, validationActions: actions };
      if (actions.includes('Warn')) {
        const head = `Validation failed for ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}'`;
        this.#attributes.context.warn(`${head}: ${message}`);
      }
    }
    for (const error of annotationErrors) {
      note(error, 'deny');
      this.#deny(names, { message: error.message, reason: '' });
    }
  }

  #denyMisconfigured(
    { policy, binding }: Pick<Bound, 'policy'> & Partial<Pick<BoundBinding, 'binding'>>,
    { message }: Error,
  ): void {
    if (policy.spec.failurePolicy === 'Ignore') return;
    const why = `failed to configure ${binding ? 'binding' : 'policy'}: ${message}`;
    this.#deny(
      { policy: policy.metadata.name, binding: binding?.metadata.name },
      { message: why, reason: '' },
    );
  }

  #deny(
    { policy, binding }: { policy: string; binding?: string | undefined },
    { message, reason }: Denial,
  ): void {
    const bound = binding === undefined ? '' : ` with binding '${binding}'`;
    const head = `ValidatingAdmissionPolicy '${policy}'${bound} denied request`;
    this.#denials.push({ message: `${head}: ${message}`, reason });
  }

  /** Throws the answer where something has been denied. */
  conclude(): void {
    if (this.#audited) {
      const value = JSON.stringify([this.#audited]);
      this.#attributes.annotate('validation.policy.admission.k8s.io/validation_failure', value);
    }
    const [first] = this.#denials;
    if (first) throw answer(this.#attributes, first);
  }
}

function answer(attributes: AdmissionAttributes, { message, reason }: Denial): StatusError {
  const error = refuse(attributes, message);
  const { status } = error;
  status.reason = (reason || 'Invalid') as StatusReason;
  status.code = codes[status.reason] ?? 422;
  status.details = { ...status.details, causes: [...(status.details?.causes ?? []), { message }] };
  return error;
}
