import type {
  MutatingAdmissionPolicy,
  ValidatingAdmissionPolicy,
  Variable,
} from '../../../api/admissionregistration/v1.ts';
import { type Program } from '../../../machinery/cel/cel.ts';
import { type CelType, nullType, objectType, stringType } from '../../../machinery/cel/types.ts';
import { boolType } from '../../../machinery/cel/types.ts';
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

/** The expressions of a policy. */
export interface CompiledPolicy {
  variables: readonly CompiledVariable[];
  /** In the order of `spec.validations`. */
  validations: readonly Compiled[];
  /** In the same order; absent where a validation has none. */
  messages: readonly (Compiled | undefined)[];
  auditAnnotations: readonly (Compiled & { key: string })[];
  /** In the order of `spec.mutations`. */
  mutations: readonly Compiled[];
}

/** Told of each expression that cannot be used; what `compilePolicy` gives then is not to be used either. */
export type OnWrong = (field: string, expression: string, error: Error) => void;

/** Compiles what a policy says, its conditions aside. */
export function compilePolicy(
  policy: ValidatingAdmissionPolicy | MutatingAdmissionPolicy,
  onWrong: OnWrong,
): CompiledPolicy {
  const compiler = new PolicyCompiler(policy.spec.paramKind !== undefined, onWrong);
  const variables = compiler.variables(policy.spec.variables ?? []);
  const { validations = [], auditAnnotations = [] } = policy.spec as ValidatingAdmissionPolicy['spec'];
  const { mutations = [] } = policy.spec as MutatingAdmissionPolicy['spec'];
  return {
    variables,
    validations: validations.flatMap(({ expression }, i) =>
      compiler.one(`spec.validations[${i}].expression`, expression, { wanted: [boolType] }),
    ),
    messages: validations.map(({ messageExpression: text }, i) => {
      const field = `spec.validations[${i}].messageExpression`;
      return text?.trim()
        ? compiler.one(field, text, { wanted: [stringType], authorizer: false })[0]
        : undefined;
    }),
    auditAnnotations: auditAnnotations.flatMap(({ key, valueExpression }, i) =>
      compiler
        .one(`spec.auditAnnotations[${i}].valueExpression`, valueExpression, {
          wanted: [stringType, nullType],
        })
        .map((compiled) => ({ ...compiled, key })),
    ),
    mutations: mutations.flatMap((mutation, i) => {
      const part = mutation.patchType === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration';
      const field = `spec.mutations[${i}].${part}.expression`;
      const scope = { wanted: [mutationTypes[part]], ...mutationScope };
      return compiler.one(field, mutation[part]?.expression ?? '', scope);
    }),
  };
}

class PolicyCompiler {
  readonly #params: boolean;
  readonly #onWrong: OnWrong;
  #variables: CelType | undefined;

  constructor(params: boolean, onWrong: OnWrong) {
    this.#params = params;
    this.#onWrong = onWrong;
  }

  /** Each may use those before it. */
  variables(variables: readonly Variable[]): CompiledVariable[] {
    const types: Record<string, CelType> = {};
    const name = 'kubernetes.variables';
    if (variables.length > 0) this.#variables = objectType(name, types);
    return variables.flatMap((variable, i) => {
      const compiled = this.one(`spec.variables[${i}].expression`, variable.expression, { wanted: [] });
      for (const { program } of compiled) types[variable.name] = program.type;
      this.#variables = objectType(name, types);
      return compiled.map((one) => ({ ...one, name: variable.name }));
    });
  }

  /** None where the expression cannot be used. */
  one(
    field: string,
    expression: string,
    { wanted, ...scope }: ExpressionScope & { wanted: readonly CelType[] },
  ): Compiled[] {
    const full = { params: this.#params, authorizer: true, variables: this.#variables, ...scope };
    try {
      return [{ expression, program: compileTo(wanted, expression, full) }];
    } catch (error) {
      this.#onWrong(field, expression, error as Error);
      return [];
    }
  }
}
