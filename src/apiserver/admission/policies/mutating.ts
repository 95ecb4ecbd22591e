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
import { StatusError } from '../../../machinery/status-error.ts';
import { TurnSteps } from '../../../platform/turn.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { withAnswers } from '../expressions/answers.ts';
import type { Form } from '../forms.ts';
import { findWanted, isBeyondPolicies, isWanted, requestNamespace } from '../matching.ts';
import { refuse } from '../refuse.ts';
import { replaceContents } from '../replace-contents.ts';
import { SecondRound } from '../second-round.ts';
import { whileAwaited } from '../while-awaited.ts';
import { collectParams, paramsPerTurn, UnknownParamKind } from './params.ts';
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
  const errors: string[] = [];
  let mutated = false;
  for (const bound of policies) {
    const one = new Application(bound, application);
    const said = await one.run();
    mutated ||= one.mutated;
    if (bound.policy.spec.failurePolicy !== 'Ignore') errors.push(...said);
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

/** Where an object cannot be told in the form that is wanted, the policy has failed. */
async function readied(form: Form, { object, old }: AdmissionAttributes): Promise<void> {
  await form.ready?.([object, old]).catch((error: Error) => {
    throw new Error(error.message, { cause: error });
  });
}

/** One policy at work on one request. */
class Application {
  readonly #bound: Bound;
  readonly #context: ApplicationContext;
  /** Whether a mutation has been carried out. */
  mutated = false;

  constructor(bound: Bound, context: ApplicationContext) {
    this.#bound = bound;
    this.#context = context;
  }

  /** What went wrong. */
  async run(): Promise<string[]> {
    const { attributes } = this.#context;
    const form = findWanted(attributes, this.#bound.wanted);
    if (!form) return [];
    const errors: string[] = [];
    for (const { binding, wanted } of this.#bound.bindings) {
      if (!isWanted(attributes, wanted)) continue;
      try {
        await this.#bind(form, binding);
      } catch (error) {
        if (error instanceof StatusError) throw error;
        const { name } = this.#bound.policy.metadata;
        const head = `policy '${name}' with binding '${binding.metadata.name}' denied request`;
        errors.push(`${head}: ${(error as Error).message}`);
      }
    }
    return errors;
  }

  async #bind(form: Form, binding: BoundBinding): Promise<void> {
    const { attributes, context, steps } = this.#context;
    const { paramKind: kind } = this.#bound.policy.spec;
    const wanted = { kind, ref: binding.spec.paramRef, namespace: requestNamespace(attributes) };
    for (const params of paramsOf(context, wanted)) {
      whileAwaited(attributes);
      await this.#apply({ form, binding, params });
      await steps.taken();
    }
  }

  async #apply(on: { form: Form; binding: BoundBinding; params: KubernetesObject | null }): Promise<void> {
    const { attributes, notes, context, steps } = this.#context;
    const { policy, conditions } = this.#bound;
    const { form, binding, params } = on;
    await readied(form, attributes);
    const source = { attributes, form, authorizer: context.authorizer, params, withNamespace: true };
    const owner = { kind: 'policy', name: policy.metadata.name, type: 'validate' } as const;
    const holds = await conditions.hold(source, { counts: context.counts.conditions, owner });
    if (holds instanceof Error) throw holds;
    const { name = '', namespace = '' } = params?.metadata ?? {};
    const id = [policy.metadata.name, binding.metadata.name, namespace, name].join('/');
    if (!holds || notes.skips(attributes.rounds, id)) return;
    // Mutations put other values into the object itself.
    const before = { ...form.show(attributes.object as KubernetesObject) };
    const compiled = await this.#bound.compiled();
    const { mutation } = await import('./mutate.ts');
    for (const [index, { patchType }] of (policy.spec.mutations ?? []).entries()) {
      const object = attributes.object as KubernetesObject;
      await this.#counted(binding, async () => {
        const made = await withAnswers(source, (asking) =>
          mutation(policy, { compiled, index, source: asking }),
        );
        this.mutated = true;
        if (!made) return;
        replaceContents(object, await form.take(made, object, patchType === 'JSONPatch'));
        await readied(form, attributes);
      });
      await steps.taken();
    }
    if (!deepEqual(form.show(attributes.object as KubernetesObject), before))
      notes.changed(attributes.rounds);
    if (policy.spec.reinvocationPolicy === 'IfNeeded') notes.mayRunAgain(id);
  }

  /** Does what one mutation asks for, and counts what comes of it. */
  async #counted(binding: BoundBinding, work: () => Promise<void>): Promise<void> {
    const { clock, counts } = this.#context.context;
    const names = { policy: this.#bound.policy.metadata.name, binding: binding.metadata.name };
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

function paramsOf(...args: Parameters<typeof collectParams>): ReturnType<typeof collectParams> {
  try {
    return collectParams(...args);
  } catch (error) {
    const what = error instanceof UnknownParamKind ? 'policy' : 'binding';
    throw new Error(`failed to configure ${what}: ${(error as Error).message}`, { cause: error });
  }
}

function answer(attributes: AdmissionAttributes, errors: readonly string[]): StatusError {
  const error = refuse(attributes, 'admission request denied by policy');
  const [message = ''] = errors;
  const causes = errors.map((text) => ({ message: text }));
  return StatusError.from({
    ...error.status,
    message,
    reason: 'Invalid',
    details: { ...error.status.details, causes },
  });
}
