import type {
  ExpressionWarning,
  NamedRuleWithOperations,
  ValidatingAdmissionPolicy,
} from '../../api/admissionregistration/v1.ts';
import { compile, type Program } from '../../machinery/cel/cel.ts';
import { CelCompileError } from '../../machinery/cel/errors.ts';
import { type CelType, dynType, type ObjectField } from '../../machinery/cel/types.ts';
import { parseApiVersion } from '../../machinery/schema.ts';
import { authorizerLibrary } from '../admission/expressions/authorizer.ts';
import { variableTypes } from '../admission/expressions/variables.ts';

/** A kind that a policy is about. */
export interface CheckedKind {
  group: string;
  version: string;
  kind: string;
  type: CelType;
}

/** What is served: by its plural name, and by the name of its kind. */
export interface KnownKinds {
  ofResource(group: string, version: string, plural: string): CheckedKind | undefined;
  ofKind(group: string, version: string, kind: string): CheckedKind | undefined;
}

const maxKinds = 10;

/**
 * Finds what the expressions of a policy get wrong about the objects it is for; nothing is said where all is well. Yields before each
 * expression that it compiles (`resting`).
 */
export function* expressionWarnings(
  policy: ValidatingAdmissionPolicy,
  served: KnownKinds,
): Generator<void, ExpressionWarning[]> {
  const scopes: Scope[] = [];
  for (const kind of kindsOf(policy, served)) scopes.push(yield* scopeOf(policy, { kind, served }));
  const warnings: ExpressionWarning[] = [];
  for (const [i, { expression, messageExpression }] of (policy.spec.validations ?? []).entries()) {
    const field = `spec.validations[${i}]`;
    warnings.push(...(yield* warningsOf(`${field}.expression`, expression, scopes)));
    if (messageExpression)
      warnings.push(...(yield* warningsOf(`${field}.messageExpression`, messageExpression, scopes)));
  }
  return warnings;
}

function* warningsOf(
  fieldRef: string,
  expression: string,
  scopes: readonly Scope[],
): Generator<void, ExpressionWarning[]> {
  const issues: string[] = [];
  for (const { kind, variables } of scopes) {
    yield;
    const outcome = attempt(expression, variables);
    if (typeof outcome === 'string') issues.push(`${titleOf(kind)}: compilation failed: ${outcome}\n`);
  }
  return issues.length > 0 ? [{ fieldRef, warning: issues.join('\n') }] : [];
}

/** The kinds that rules name outright. */
function kindsOf({ spec }: ValidatingAdmissionPolicy, served: KnownKinds): CheckedKind[] {
  const found = new Map<string, CheckedKind>();
  for (const rule of spec.matchConstraints?.resourceRules ?? []) {
    for (const [group, version, plural] of namedBy(rule)) {
      const kind = served.ofResource(group, version, plural);
      if (kind && found.size < maxKinds) found.set(titleOf(kind), kind);
    }
  }
  return [...found.values()].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

const orderOf = ({ group, version, kind }: CheckedKind) => [group, version, kind].join('\n');
const titleOf = ({ group, version, kind }: CheckedKind) => `${group}/${version}, Kind=${kind}`;

function namedBy({ apiGroups = [], apiVersions = [], resources = [] }: NamedRuleWithOperations) {
  if ([...apiGroups, ...apiVersions].some((text) => text.includes('*'))) return [];
  const plurals = resources.filter((text) => !/[*/]/.test(text)).sort();
  return [...apiGroups]
    .sort()
    .flatMap((group) =>
      [...apiVersions]
        .sort()
        .flatMap((version) => plurals.map((plural) => [group, version, plural] as const)),
    );
}

/** What an expression may name, about objects of one kind. */
interface Scope {
  kind: CheckedKind;
  variables: Record<string, CelType>;
}

function* scopeOf(
  { spec }: ValidatingAdmissionPolicy,
  { kind, served }: { kind: CheckedKind; served: KnownKinds },
): Generator<void, Scope> {
  const { paramKind, variables = [] } = spec;
  const { group = '', version = '' } = parseApiVersion(paramKind?.apiVersion ?? '') ?? {};
  const params = paramKind && (served.ofKind(group, version, paramKind.kind ?? '')?.type ?? dynType);
  const types: Record<string, CelType> = {
    ...variableTypes({ authorizer: true, params: params !== undefined }),
    object: kind.type,
    oldObject: kind.type,
    ...(params && { params }),
  };
  const fields = new Map<string, ObjectField>();
  if (variables.length > 0) types.variables = { kind: 'object', name: 'kubernetes.variables', fields };
  for (const { name, expression } of variables) {
    yield;
    const program = attempt(expression, types);
    fields.set(name, { property: name, type: typeof program === 'string' ? dynType : program.type });
  }
  return { kind, variables: types };
}

function attempt(expression: string, variables: Record<string, CelType>): Program | string {
  try {
    return compile(expression, { variables, library: authorizerLibrary });
  } catch (error) {
    if (error instanceof CelCompileError) return error.message;
    throw error;
  }
}
