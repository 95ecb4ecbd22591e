import type {
  ExpressionWarning,
  NamedRuleWithOperations,
  ValidatingAdmissionPolicy,
} from '../../api/admissionregistration/v1.ts';
import { compile, type Program } from '../../machinery/cel/cel.ts';
import { CelCompileError } from '../../machinery/cel/errors.ts';
import { type CelType, dynType, objectType } from '../../machinery/cel/types.ts';
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

/** What the expressions of a policy get wrong about the objects it is for; nothing is said where all is well. */
export function expressionWarnings(
  policy: ValidatingAdmissionPolicy,
  served: KnownKinds,
): ExpressionWarning[] {
  const kinds = kindsOf(policy, served);
  const { validations = [] } = policy.spec;
  return validations.flatMap(({ expression, messageExpression }, i) => {
    const field = `spec.validations[${i}]`;
    const warned = (part: string, text: string) => {
      const warning = kinds.flatMap((kind) => issuesOf(text, policy, { kind, served })).join('\n');
      return warning ? [{ fieldRef: `${field}.${part}`, warning }] : [];
    };
    return [
      ...warned('expression', expression),
      ...(messageExpression ? warned('messageExpression', messageExpression) : []),
    ];
  });
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

interface Checking {
  kind: CheckedKind;
  served: KnownKinds;
}

function issuesOf(
  expression: string,
  { spec }: ValidatingAdmissionPolicy,
  { kind, served }: Checking,
): string[] {
  const { paramKind, variables = [] } = spec;
  const { group = '', version = '' } = parseApiVersion(paramKind?.apiVersion ?? '') ?? {};
  const params = paramKind && (served.ofKind(group, version, paramKind.kind ?? '')?.type ?? dynType);
  const types = {
    ...variableTypes({ authorizer: true, params: params !== undefined }),
    object: kind.type,
    oldObject: kind.type,
    ...(params && { params }),
  };
  const named: Record<string, CelType> = {};
  for (const variable of variables) {
    const program = attempt(variable.expression, withVariables(types, named));
    named[variable.name] = typeof program === 'string' ? dynType : program.type;
  }
  const outcome = attempt(expression, variables.length > 0 ? withVariables(types, named) : types);
  return typeof outcome === 'string' ? [`${titleOf(kind)}: compilation failed: ${outcome}\n`] : [];
}

const withVariables = (types: Record<string, CelType>, named: Record<string, CelType>) => ({
  ...types,
  variables: objectType('kubernetes.variables', { ...named }),
});

function attempt(expression: string, variables: Record<string, CelType>): Program | string {
  try {
    return compile(expression, { variables, library: authorizerLibrary });
  } catch (error) {
    if (error instanceof CelCompileError) return error.message;
    throw error;
  }
}
