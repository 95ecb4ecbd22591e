import type { SubjectAccessReviewSpec } from '../../../api/authorization/v1.ts';
import { compile, type Program } from '../../../machinery/cel/cel.ts';
import { CelCompileError } from '../../../machinery/cel/errors.ts';
import { fromJson } from '../../../machinery/cel/json-value.ts';
import {
  boolType,
  formatType,
  listType,
  mapType,
  objectType,
  stringType,
} from '../../../machinery/cel/types.ts';
import { duplicate, type FieldError, invalid, required, tooMany } from '../../../machinery/field-error.ts';
import { aggregated } from '../../../machinery/go-text.ts';

const requirement = objectType('kubernetes.SelectorRequirement', {
  key: stringType,
  operator: stringType,
  values: listType(stringType),
});
const selector = { rawSelector: stringType, requirements: listType(requirement) };
const resourceAttributes = objectType('kubernetes.ResourceAttributes', {
  namespace: stringType,
  verb: stringType,
  group: stringType,
  version: stringType,
  resource: stringType,
  subresource: stringType,
  name: stringType,
  fieldSelector: objectType('kubernetes.FieldSelectorAttributes', selector),
  labelSelector: objectType('kubernetes.LabelSelectorAttributes', selector),
});
const nonResourceAttributes = objectType('kubernetes.NonResourceAttributes', {
  path: stringType,
  verb: stringType,
});
const requestType = objectType('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes,
  nonResourceAttributes,
  user: stringType,
  groups: listType(stringType),
  extra: mapType(stringType, listType(stringType)),
  uid: stringType,
});

const mostConditions = 64;

/** What must hold of a question for a webhook to be asked it. */
export class MatchConditions {
  readonly #programs: readonly { expression: string; program: Program }[];

  constructor(programs: readonly { expression: string; program: Program }[]) {
    this.#programs = programs;
  }

  /** Whether all hold. One that does not decides; otherwise an error of one makes it an Error. */
  hold(spec: SubjectAccessReviewSpec): boolean | Error {
    const request = fromJson(shown(spec), requestType);
    const errors: string[] = [];
    for (const { expression, program } of this.#programs) {
      try {
        if (program.evaluate(() => request) === false) return false;
      } catch (error) {
        const { message } = error as Error;
        errors.push(`cel evaluation error: expression '${expression}' resulted in error: ${message}`);
      }
    }
    return errors.length === 0 ? true : new Error(aggregated(errors));
  }
}

/** Texts are there for expressions even where they are empty. */
function shown({
  resourceAttributes: resource,
  nonResourceAttributes: path,
  ...who
}: SubjectAccessReviewSpec) {
  const { user = '', groups = [], uid = '', extra = {} } = who;
  const empty = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' };
  return {
    user,
    groups,
    uid,
    extra,
    ...(resource && { resourceAttributes: { ...empty, ...resource } }),
    ...(path && { nonResourceAttributes: { path: '', verb: '', ...path } }),
  };
}

/** Compiles the expressions of a webhook's configuration at a path; none make no conditions. */
export function compileMatchConditions(
  expressions: readonly string[],
  path: string,
): { conditions?: MatchConditions; errors: FieldError[] } {
  const field = `${path}.matchConditions`;
  if (expressions.length > mostConditions)
    return { errors: [tooMany(field, expressions.length, mostConditions)] };
  const programs: { expression: string; program: Program }[] = [];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, expression] of expressions.entries()) {
    const at = `${field}[${i}].expression`;
    if (expression.trim() === '') errors.push(required(at));
    else if (seen.has(expression)) errors.push(duplicate(at, expression));
    else {
      const made = programOf(expression);
      if (typeof made === 'string') errors.push(invalid(at, expression, made));
      else programs.push({ expression, program: made });
    }
    seen.add(expression);
  }
  return programs.length > 0 ? { conditions: new MatchConditions(programs), errors } : { errors };
}

/** The program of an expression, or what is wrong with it. */
function programOf(expression: string): Program | string {
  try {
    const program = compile(expression, { variables: { request: requestType } });
    const [wanted, got] = [formatType(boolType), formatType(program.type)];
    return got === wanted ? program : `must evaluate to ${wanted} but got ${got}`;
  } catch (error) {
    if (error instanceof CelCompileError) return error.failed();
    throw error;
  }
}
