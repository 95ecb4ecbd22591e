import type {
  AuditAnnotation,
  MutatingAdmissionPolicy,
  Mutation,
  ValidatingAdmissionPolicy,
  Validation,
  Variable,
} from '../../../api/admissionregistration/v1.ts';
import { type Program } from '../../../machinery/cel/cel.ts';
import {
  boolType,
  type CelType,
  nullType,
  type ObjectField,
  stringType,
} from '../../../machinery/cel/types.ts';
import { compileTo, type ExpressionScope } from '../expressions/compile.ts';
import { mutationScope, mutationTypes } from './mutation-types.ts';

/** An expression with where it stands in its policy. */
export interface Compiled {
  expression: string;
  program: Program;
}

export interface CompiledVariable extends Compiled {
  name: string;
}

/** By name: what stands last under a name counts. */
export type CompiledVariables = ReadonlyMap<string, CompiledVariable>;

/** The expressions of a policy. */
export interface CompiledPolicy {
  variables: CompiledVariables;
  /** In the order of `spec.validations`. */
  validations: readonly Compiled[];
  /** In the same order; absent where a validation has none. */
  messages: readonly (Compiled | undefined)[];
  auditAnnotations: readonly (Compiled & { key: string })[];
  /** In the order of `spec.mutations`. */
  mutations: readonly Compiled[];
}

/** Told of each expression that cannot be used; what compiling gives then is not to be used either. */
export type OnWrong = (field: string, expression: string, error: Error) => void;

/** Compiles what a policy says, its conditions aside; yields before each expression (`resting`). */
export function* compilingPolicy(
  policy: ValidatingAdmissionPolicy | MutatingAdmissionPolicy,
  onWrong: OnWrong,
): Generator<void, CompiledPolicy> {
  const compiler = new PolicyCompiler(policy.spec.paramKind !== undefined, onWrong);
  const variables = yield* compiler.variables(policy.spec.variables ?? []);
  const { validations, auditAnnotations } = policy.spec as ValidatingAdmissionPolicy['spec'];
  const { mutations } = policy.spec as MutatingAdmissionPolicy['spec'];
  return {
    variables,
    ...(yield* compiler.validations(validations ?? [])),
    auditAnnotations: yield* compiler.annotations(auditAnnotations ?? []),
    mutations: yield* compiler.mutations(mutations ?? []),
  };
}

interface WantedScope extends ExpressionScope {
  wanted: readonly CelType[];
}

/** Messages cannot ask the authorizer. */
const messageScope: WantedScope = { wanted: [stringType], authorizer: false };

class PolicyCompiler {
  readonly #params: boolean;
  readonly #onWrong: OnWrong;
  #variables: CelType | undefined;

  constructor(params: boolean, onWrong: OnWrong) {
    this.#params = params;
    this.#onWrong = onWrong;
  }

  /** Each may use those before it. */
  *variables(variables: readonly Variable[]): Generator<void, CompiledVariables> {
    const compiled = new Map<string, CompiledVariable>();
    const fields = new Map<string, ObjectField>();
    if (variables.length > 0) this.#variables = { kind: 'object', name: 'kubernetes.variables', fields };
    for (const [i, { name, expression }] of variables.entries()) {
      yield;
      const one = this.#one(`spec.variables[${i}].expression`, expression, { wanted: [] });
      if (!one) continue;
      fields.set(name, { property: name, type: one.program.type });
      compiled.set(name, { ...one, name });
    }
    return compiled;
  }

  *validations(
    validations: readonly Validation[],
  ): Generator<void, Pick<CompiledPolicy, 'validations' | 'messages'>> {
    const compiled: Compiled[] = [];
    const messages: (Compiled | undefined)[] = [];
    for (const [i, { expression, messageExpression: text }] of validations.entries()) {
      const field = `spec.validations[${i}]`;
      yield;
      const one = this.#one(`${field}.expression`, expression, { wanted: [boolType] });
      if (one) compiled.push(one);
      if (text?.trim()) yield;
      messages.push(text?.trim() ? this.#one(`${field}.messageExpression`, text, messageScope) : undefined);
    }
    return { validations: compiled, messages };
  }

  *annotations(annotations: readonly AuditAnnotation[]): Generator<void, CompiledPolicy['auditAnnotations']> {
    const compiled: (Compiled & { key: string })[] = [];
    for (const [i, { key, valueExpression }] of annotations.entries()) {
      yield;
      const field = `spec.auditAnnotations[${i}].valueExpression`;
      const one = this.#one(field, valueExpression, { wanted: [stringType, nullType] });
      if (one) compiled.push({ ...one, key });
    }
    return compiled;
  }

  *mutations(mutations: readonly Mutation[]): Generator<void, Compiled[]> {
    const compiled: Compiled[] = [];
    for (const [i, mutation] of mutations.entries()) {
      yield;
      const part = mutation.patchType === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration';
      const scope = { wanted: [mutationTypes[part]], ...mutationScope };
      const one = this.#one(
        `spec.mutations[${i}].${part}.expression`,
        mutation[part]?.expression ?? '',
        scope,
      );
      if (one) compiled.push(one);
    }
    return compiled;
  }

  /** Undefined where the expression cannot be used. */
  #one(field: string, expression: string, { wanted, ...scope }: WantedScope): Compiled | undefined {
    const full = { params: this.#params, authorizer: true, variables: this.#variables, ...scope };
    try {
      return { expression, program: compileTo(wanted, expression, full) };
    } catch (error) {
      this.#onWrong(field, expression, error as Error);
      return undefined;
    }
  }
}
