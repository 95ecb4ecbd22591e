import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '../../../api/admissionregistration/v1.ts';
import {
  mutatingadmissionpolicies,
  mutatingadmissionpolicybindings,
} from '../../../api/generated/resources.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { StatusError } from '../../../machinery/status-error.ts';
import { TurnSteps } from '../../../platform/turn.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { withAnswers } from '../expressions/answers.ts';
import type { VariableSource } from '../expressions/variables.ts';
import type { Form } from '../forms.ts';
import { findWanted, isBeyondPolicies, isWanted, requestNamespace } from '../matching.ts';
import { refuse } from '../refuse.ts';
import { replaceContents } from '../replace-contents.ts';
import { SecondRound } from '../second-round.ts';
import { whileAwaited } from '../while-awaited.ts';
import { collectParams, findParamKind, paramsPerTurn, type ServedKind } from './params.ts';
import { type BoundPolicy, PolicySet } from './policy-set.ts';
import type { PolicyContext } from './validating.ts';

type Bound = BoundPolicy<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>;
type BoundBinding = Bound['bindings'][number]['binding'];

/** Changes objects as the policies that are bound say. */
export function mutatingPolicies(context: PolicyContext): AdmissionPlugin {
  const policies = new PolicySet(context, mutatingadmissionpolicies, mutatingadmissionpolicybindings);
  const plugin: AdmissionPlugin = {
    name: 'MutatingAdmissionPolicy',
    admit(attributes) {
      const { current } = policies;
      if (current.length === 0 || isBeyondPolicies(attributes) || !attributes.object) return undefined;
      const notes = attributes.rounds.notesOf(plugin, () => new SecondRound());
      return applyAll(current, { attributes, notes, context, steps: new TurnSteps(paramsPerTurn) });
    },
  };
  return plugin;
}

async function applyAll(policies: readonly Bound[], application: ApplicationContext): Promise<void> {
  const { attributes, notes } = application;
  notes.begin(attributes);
  const errors: PolicyFault[] = [];
  const complain: Complain = (policy, fault) => {
    if (policy.spec.failurePolicy !== 'Ignore') errors.push(fault);
  };
  // Who is asked is settled before any of them changes the object.
  const invocations: Invocation[] = [];
  for (const bound of policies) invocations.push(...(await invocationsOf(bound, application, complain)));
  let mutated = false;
  for (const invocation of invocations) {
    const one = new Application(invocation, application);
    whileAwaited(attributes);
    await one.run(complain);
    mutated ||= one.mutated;
    await application.steps.taken();
  }
  // Upstream runs policies again that may be as soon as one was carried out, whatever became of it.
  if (mutated) notes.changed(attributes.rounds);
  notes.end(attributes);
  if (errors.length > 0) throw answer(attributes, errors);
}

interface ApplicationContext {
  attributes: AdmissionAttributes;
  notes: SecondRound;
  context: PolicyContext;
  steps: TurnSteps;
}

/** Why a policy denies a request. */
interface PolicyFault {
  message: string;
  /** Whether it was evaluated at all. */
  evaluated: boolean;
}

/** Told of what goes wrong. */
type Complain = (policy: MutatingAdmissionPolicy, fault: PolicyFault) => void;

/** A policy that is to change the object, under one of its bindings and with one set of parameters. */
interface Invocation {
  bound: Bound;
  binding: BoundBinding;
  form: Form;
  params: KubernetesObject | null;
}

/** Where an object cannot be told in the form that is wanted, the policy has failed. */
async function readied(form: Form, { object, old }: AdmissionAttributes): Promise<void> {
  await form.ready?.([object, old]).catch((error: Error) => {
    throw new Error(error.message, { cause: error });
  });
}

/** What a policy is to be asked for. */
async function invocationsOf(
  bound: Bound,
  { attributes, context }: ApplicationContext,
  complain: Complain,
): Promise<Invocation[]> {
  const { policy } = bound;
  const misconfigured = (error: unknown, binding?: BoundBinding) => {
    const message = `failed to configure ${binding ? 'binding' : 'policy'}: ${(error as Error).message}`;
    complain(policy, { message: worded(policy, binding, message), evaluated: false });
  };
  let form: Form | undefined;
  let kind: ServedKind | undefined;
  try {
    form = findWanted(attributes, bound.wanted);
    if (!form) return [];
    kind = findParamKind(context, policy.spec.paramKind);
  } catch (error) {
    misconfigured(error);
    return [];
  }
  const invocations: Invocation[] = [];
  for (const { binding, wanted } of bound.bindings) {
    let blamed: BoundBinding | undefined = binding;
    try {
      if (!isWanted(attributes, wanted)) continue;
      blamed = undefined;
      await readied(form, attributes);
      blamed = binding;
      const namespace = requestNamespace(attributes);
      for (const params of collectParams(context, { kind, ref: binding.spec.paramRef, namespace })) {
        invocations.push({ bound, binding, form, params });
      }
    } catch (error) {
      misconfigured(error, blamed);
    }
  }
  return invocations;
}

function worded(policy: Bound['policy'], binding: BoundBinding | undefined, message: string): string {
  const { name } = policy.metadata;
  if (!binding) return `policy ${goQuote(name)} denied request: ${message}`;
  return `policy '${name}' with binding '${binding.metadata.name}' denied request: ${message}`;
}

/** One policy at work on one request. */
class Application {
  readonly #invocation: Invocation;
  readonly #context: ApplicationContext;
  /** Whether a mutation has been carried out. */
  mutated = false;

  constructor(invocation: Invocation, context: ApplicationContext) {
    this.#invocation = invocation;
    this.#context = context;
  }

  /** Carries out one mutation after the other, also where one of them fails. Rejects with a StatusError that ends it all. */
  async run(complain: Complain): Promise<void> {
    const { attributes, notes, context } = this.#context;
    const { bound, form, binding, params } = this.#invocation;
    const { policy, conditions } = bound;
    const failed = (error: unknown) => {
      if (error instanceof StatusError) throw error;
      complain(policy, { message: worded(policy, binding, (error as Error).message), evaluated: true });
    };
    const source = { attributes, form, authorizer: context.authorizer, params };
    try {
      // Those before may have changed the object in another form.
      await readied(form, attributes);
    } catch (error) {
      failed(error);
      return;
    }
    const owner = { kind: 'policy', name: policy.metadata.name, type: 'validate' } as const;
    const holds = await conditions.hold(source, { counts: context.counts.conditions, owner });
    if (holds instanceof Error) failed(holds);
    const { name = '', namespace = '' } = params?.metadata ?? {};
    const id = [policy.metadata.name, binding.metadata.name, namespace, name].join('/');
    if (holds !== true || notes.skips(attributes.rounds, id)) return;
    // Mutations put other values into the object itself.
    const before = { ...form.show(attributes.object as KubernetesObject) };
    for (const index of (policy.spec.mutations ?? []).keys()) {
      await this.#mutate(index, source).catch(failed);
      await this.#context.steps.taken();
    }
    if (!deepEqual(form.show(attributes.object as KubernetesObject), before))
      notes.changed(attributes.rounds);
    if (policy.spec.reinvocationPolicy === 'IfNeeded') notes.mayRunAgain(id);
  }

  #mutate(index: number, source: VariableSource): Promise<void> {
    const { attributes } = this.#context;
    const { bound, form } = this.#invocation;
    const { policy } = bound;
    const object = attributes.object as KubernetesObject;
    return this.#counted(async () => {
      const compiled = await bound.compiled();
      const { mutation } = await import('./mutate.ts');
      const made = await withAnswers(source, (asking) =>
        mutation(policy, { compiled, index, source: asking }),
      );
      this.mutated = true;
      if (!made) return;
      const isPatch = policy.spec.mutations?.[index]?.patchType === 'JSONPatch';
      replaceContents(object, await form.take(made, object, isPatch));
      await readied(form, attributes);
    });
  }

  /** Does what one mutation asks for, and counts what comes of it. */
  async #counted(work: () => Promise<void>): Promise<void> {
    const { clock, counts } = this.#context.context;
    const { bound, binding } = this.#invocation;
    const names = { policy: bound.policy.metadata.name, binding: binding.metadata.name };
    const startMs = clock.monotonic();
    let message = '';
    try {
      await work();
    } catch (error) {
      ({ message } = error as Error);
      throw error;
    } finally {
      counts.mutating.note({ ...names, message, ms: clock.monotonic() - startMs });
    }
  }
}

/** In the words of the first that has failed; where that was not evaluated, the request is only forbidden. */
function answer(attributes: AdmissionAttributes, faults: readonly PolicyFault[]): StatusError {
  const { status } = refuse(attributes, 'admission request denied by policy');
  const [{ message, evaluated } = { message: '', evaluated: false }] = faults;
  const causes = faults.map((fault) => ({ message: fault.message }));
  return StatusError.from({
    ...status,
    message,
    ...(evaluated && { reason: 'Invalid' as const }),
    details: { ...status.details, causes },
  });
}
