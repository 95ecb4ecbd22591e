import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/admissionregistration/v1.ts';
import type { Resource, Stored } from '../../../api/resource.ts';
import { inTurns, resting } from '../../../machinery/cel/rest.ts';
import { CurrentList } from '../current-list.ts';
import { Conditions } from '../expressions/conditions.ts';
import { compileWanted, type Wanted } from '../matching.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import type { ParamSource } from './params.ts';

export type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy;
export type Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding;

interface BoundBinding<B extends Binding> {
  binding: Stored<B>;
  wanted: Wanted;
}

export interface BoundPolicy<P extends Policy, B extends Binding> {
  policy: Stored<P>;
  wanted: Wanted;
  conditions: Conditions;
  bindings: readonly BoundBinding<B>[];
  /** Compiled by who needs it first. Rejects where an expression cannot be used. */
  compiled(): Promise<CompiledPolicy>;
}

/** The policies that are bound, and to what. */
export class PolicySet<P extends Policy, B extends Binding> {
  readonly #policies: CurrentList<P, Entry<P>, readonly Entry<P>[]>;
  readonly #bindings: CurrentList<B, BoundBinding<B>, ReadonlyMap<string, readonly BoundBinding<B>[]>>;
  #joined: readonly BoundPolicy<P, B>[] = [];
  #from: readonly [unknown, unknown] = [undefined, undefined];

  constructor({ reader }: Pick<ParamSource, 'reader'>, policies: Resource<P>, bindings: Resource<B>) {
    this.#policies = new CurrentList(reader, policies, { make: entryOf, join: (entries) => entries });
    this.#bindings = new CurrentList(reader, bindings, { make: boundOf, join: byPolicy });
  }

  /** In the order of the policies' names. */
  get current(): readonly BoundPolicy<P, B>[] {
    const bindings = this.#bindings.current;
    if (bindings.size === 0) return [];
    const policies = this.#policies.current;
    if (this.#from[0] !== policies || this.#from[1] !== bindings) {
      this.#joined = policies.flatMap((entry) => join(entry, bindings.get(entry.policy.metadata.name)));
      this.#from = [policies, bindings];
    }
    return this.#joined;
  }
}

type Entry<P extends Policy> = Omit<BoundPolicy<P, Binding>, 'bindings'>;

function entryOf<P extends Policy>(policy: Stored<P>): Entry<P> {
  const { matchConstraints, matchConditions, paramKind } = policy.spec;
  let compiled: Promise<CompiledPolicy> | undefined;
  return {
    policy,
    wanted: wantedOf(matchConstraints),
    conditions: new Conditions(matchConditions, { params: paramKind !== undefined }),
    compiled: () => {
      compiled ??= compile(policy);
      return compiled;
    },
  };
}

async function compile(policy: Policy): Promise<CompiledPolicy> {
  const { compilingPolicy } = await import('./compiled-policy.ts');
  const work = compilingPolicy(policy, (_field, _expression, error) => {
    throw new Error(`compilation error: ${error.message}`);
  });
  return inTurns(resting(work));
}

function wantedOf(match: MatchResources | undefined): Wanted {
  const { resourceRules: rules, excludeResourceRules: excluded, ...rest } = match ?? {};
  return compileWanted({ rules, excluded, ...rest });
}

const boundOf = <B extends Binding>(binding: Stored<B>): BoundBinding<B> => ({
  binding,
  wanted: wantedOf(binding.spec.matchResources),
});

function byPolicy<B extends Binding>(
  bindings: readonly BoundBinding<B>[],
): ReadonlyMap<string, readonly BoundBinding<B>[]> {
  const map = new Map<string, BoundBinding<B>[]>();
  for (const bound of bindings) {
    const name = bound.binding.spec.policyName ?? '';
    const known = map.get(name);
    if (known) known.push(bound);
    else map.set(name, [bound]);
  }
  return map;
}

const join = <P extends Policy, B extends Binding>(
  entry: Entry<P>,
  bindings: readonly BoundBinding<B>[] = [],
): BoundPolicy<P, B>[] => (bindings.length === 0 ? [] : [{ ...entry, bindings }]);
