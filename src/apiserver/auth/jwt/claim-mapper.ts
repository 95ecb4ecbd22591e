import type { Program } from '../../../machinery/cel/cel.ts';
import type { CelValue } from '../../../machinery/cel/values.ts';
import type { UserInfo } from '../../registry/kind.ts';
import type { ClaimOrExpression, JwtAuthenticator, PrefixedClaimOrExpression } from './configuration.ts';

/** What a token says, by the names of its claims. */
export type Claims = Readonly<Record<string, unknown>>;

/** The engine that evaluates expressions, loaded by who needs it. */
interface Engine {
  claims(program: Program, claims: Claims): unknown;
  user(program: Program, user: UserInfo): unknown;
}

/** An expression that can be evaluated. */
interface Rule {
  expression: string;
  program: Program;
  message: string;
}

interface Programs {
  engine: Engine;
  username?: Program | undefined;
  groups?: Program | undefined;
  uid?: Program | undefined;
  extra: readonly { key: string; program: Program; expression: string }[];
  claimRules: readonly Rule[];
  userRules: readonly Rule[];
}

const credentialKey = 'authentication.kubernetes.io/credential-id';

/** Makes users of the claims of one issuer's tokens. */
export class ClaimMapper {
  readonly #configuration: JwtAuthenticator;
  readonly #programs: Programs | undefined;

  private constructor(configuration: JwtAuthenticator, programs: Programs | undefined) {
    this.#configuration = configuration;
    this.#programs = programs;
  }

  /** Rejects with an Error that names the expression which cannot be used. */
  static async compile(configuration: JwtAuthenticator, path: string): Promise<ClaimMapper> {
    const programs = usesExpressions(configuration) ? await compileAll(configuration, path) : undefined;
    return new ClaimMapper(configuration, programs);
  }

  /** Throws an Error in upstream's words where the claims make no user. */
  userOf(claims: Claims): UserInfo {
    const { claimValidationRules = [] } = this.#configuration;
    const name = this.#username(claims);
    const groups = this.#groups(claims);
    const uid = this.#uid(claims);
    const extra = this.#extra(claims);
    for (const { claim, requiredValue = '' } of claimValidationRules)
      if (claim) checkRequired(claims, claim, requiredValue);
    const user: UserInfo = {
      name,
      ...(uid && { uid }),
      groups,
      ...(Object.keys(extra).length > 0 && { extra }),
    };
    this.#checkRules(claims, user);
    return user;
  }

  #checkRules(claims: Claims, user: UserInfo): void {
    const programs = this.#programs;
    if (!programs) return;
    const { engine, claimRules, userRules } = programs;
    holdAll(claimRules, 'claim validation expression', (program) => engine.claims(program, claims));
    holdAll(userRules, 'user info validation rule', (program) => engine.user(program, user));
  }

  #evaluate(program: Program, claims: Claims, what: string): unknown {
    try {
      return (this.#programs as Programs).engine.claims(program, claims);
    } catch (error) {
      throw new Error(`oidc: error evaluating ${what} claim expression: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  #username(claims: Claims): string {
    const { username } = this.#configuration.claimMappings;
    const program = this.#programs?.username;
    if (program) {
      const made = this.#evaluate(program, claims, 'username');
      if (typeof made !== 'string')
        throw new Error(
          'oidc: error evaluating username claim expression: username claim expression must return a string',
        );
      if (made === '') throw new Error('oidc: empty username via CEL expression is not allowed');
      return made;
    }
    const { claim = '', prefix = '' } = username;
    const value = claims[claim];
    if (typeof value !== 'string')
      throw new Error(`oidc: parse username claims ${JSON.stringify(claim)}: claim not present`);
    if (claim === 'email' && claims.email_verified !== undefined && claims.email_verified !== true)
      throw new Error('oidc: email not verified');
    return `${prefix}${value}`;
  }

  #groups(claims: Claims): string[] {
    const { claim, prefix = '' } = this.#configuration.claimMappings.groups ?? {};
    const program = this.#programs?.groups;
    if (program) return texts(this.#evaluate(program, claims, 'group'), 'group');
    const value = claim ? claims[claim] : undefined;
    if (value === undefined) return [];
    const list = typeof value === 'string' ? [value] : value;
    if (!Array.isArray(list) || !list.every((one) => typeof one === 'string'))
      throw new Error(`oidc: parse groups claim ${JSON.stringify(claim)}: not a string or a list of strings`);
    return list.map((group) => `${prefix}${group}`);
  }

  #uid(claims: Claims): string {
    const { claim } = this.#configuration.claimMappings.uid ?? {};
    const program = this.#programs?.uid;
    const value = program ? this.#evaluate(program, claims, 'uid') : claim ? claims[claim] : '';
    if (typeof value === 'string') return value;
    if (program)
      throw new Error(
        'oidc: error evaluating uid claim expression: uid claim expression must return a string',
      );
    throw new Error(`oidc: parse uid claim ${JSON.stringify(claim)}: claim not present`);
  }

  #extra(claims: Claims): Record<string, string[]> {
    const extra: Record<string, string[]> = {};
    if (typeof claims.jti === 'string' && claims.jti !== '') extra[credentialKey] = [`JTI=${claims.jti}`];
    for (const { key, program } of this.#programs?.extra ?? []) {
      const values = texts(this.#evaluate(program, claims, 'extra'), 'extra');
      if (values.length > 0) extra[key] = values;
    }
    return extra;
  }
}

function checkRequired(claims: Claims, claim: string, wanted: string): void {
  const value = claims[claim];
  if (value === undefined) throw new Error(`oidc: required claim ${claim} not present in ID token`);
  if (typeof value !== 'string') throw new Error(`oidc: parse claim ${claim}: not a string`);
  if (value !== wanted)
    throw new Error(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${wanted}`);
}

function holdAll(rules: readonly Rule[], what: string, evaluate: (program: Program) => unknown): void {
  for (const { program, expression, message } of rules) {
    const failed = (why: string) => new Error(`oidc: error evaluating ${what}: ${why}`);
    let holds: unknown;
    try {
      holds = evaluate(program);
    } catch (error) {
      throw failed((error as Error).message);
    }
    if (typeof holds !== 'boolean') throw failed('validation expression must return a boolean');
    if (!holds) throw failed(`validation expression '${expression}' failed: ${message}`);
  }
}

/** The texts of a value; nothing where there is none. */
function texts(value: unknown, what: string): string[] {
  if (value === null || value === undefined || value === '') return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    return value.filter((one) => one !== '');
  throw new Error(
    `oidc: error evaluating ${what} claim expression: expression must return a string or a list of strings`,
  );
}

function usesExpressions({
  claimMappings,
  claimValidationRules = [],
  userValidationRules = [],
}: JwtAuthenticator) {
  const { username, groups, uid, extra = [] } = claimMappings;
  if (extra.length > 0 || userValidationRules.length > 0) return true;
  return [username, groups, uid, ...claimValidationRules].some((one) => one?.expression);
}

async function compileAll(configuration: JwtAuthenticator, path: string): Promise<Programs> {
  const { compile } = await import('../../../machinery/cel/cel.ts');
  const { CelCompileError } = await import('../../../machinery/cel/errors.ts');
  const { dynType, listType, mapType, objectType, stringType } = await import(
    '../../../machinery/cel/types.ts'
  );
  const { fromJson } = await import('../../../machinery/cel/json-value.ts');
  const { toJson } = await import('../../../machinery/cel/to-json.ts');
  const userType = objectType('kubernetes.UserInfo', {
    username: stringType,
    uid: stringType,
    groups: listType(stringType),
    extra: mapType(stringType, listType(stringType)),
  });
  const claimsType = mapType(stringType, dynType);
  const unusable = (field: string, expression: string, why: string) =>
    new Error(`${path}.${field}: Invalid value: ${JSON.stringify(expression)}: ${why}`);
  const made = (variables: object, field: string, expression: string) => {
    try {
      return compile(expression, { variables: variables as never });
    } catch (error) {
      if (!(error instanceof CelCompileError)) throw error;
      throw unusable(field, expression, error.failed());
    }
  };
  const madeRule = (variables: object, field: string, expression: string) => {
    const program = made(variables, field, expression);
    if (program.type.kind !== 'bool') throw unusable(field, expression, 'must evaluate to bool');
    return program;
  };
  const ofClaims = (field: string, expression: string) => made({ claims: claimsType }, field, expression);
  const ofClaim = (field: string, expression: string) => madeRule({ claims: claimsType }, field, expression);
  const optional = (field: string, one: ClaimOrExpression | PrefixedClaimOrExpression | undefined) =>
    one?.expression ? ofClaims(`claimMappings.${field}.expression`, one.expression) : undefined;
  const valueOf = (program: Program, value: () => CelValue) => toJson(program.evaluate(value));
  const { claimMappings, claimValidationRules = [], userValidationRules = [] } = configuration;
  const username = optional('username', claimMappings.username);
  if (await trustsAnyAddress(configuration)) {
    const field = 'claimMappings.username.expression';
    throw unusable(field, claimMappings.username.expression ?? '', unverified);
  }
  return {
    engine: {
      claims: (program, claims) => valueOf(program, () => fromJson(claims, claimsType)),
      user: (program, { name, uid = '', groups, extra = {} }) =>
        valueOf(program, () => fromJson({ username: name, uid, groups, extra }, userType)),
    },
    username,
    groups: optional('groups', claimMappings.groups),
    uid: optional('uid', claimMappings.uid),
    extra: (claimMappings.extra ?? []).map(({ key, valueExpression }, i) => ({
      key,
      expression: valueExpression,
      program: ofClaims(`claimMappings.extra[${i}].valueExpression`, valueExpression),
    })),
    claimRules: claimValidationRules.flatMap(({ expression, message = '' }, i) =>
      expression
        ? [{ expression, message, program: ofClaim(`claimValidationRules[${i}].expression`, expression) }]
        : [],
    ),
    userRules: userValidationRules.map(({ expression, message = '' }, i) => ({
      expression,
      message,
      program: madeRule({ user: userType }, `userValidationRules[${i}].expression`, expression),
    })),
  };
}

const unverified =
  'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';

/** Whether users are named after an address of which nobody asks whether it is theirs. */
async function trustsAnyAddress({ claimMappings, claimValidationRules = [] }: JwtAuthenticator) {
  const { parseExpression } = await import('../../../machinery/cel/parser.ts');
  const { username, extra = [] } = claimMappings;
  const names = (claim: string, ...expressions: (string | undefined)[]) =>
    expressions.some((expression) => expression && readsClaim(parseExpression(expression), claim));
  if (!names('email', username.expression)) return false;
  return !names(
    'email_verified',
    username.expression,
    ...extra.map(({ valueExpression }) => valueExpression),
    ...claimValidationRules.map(({ expression }) => expression),
  );
}

/** Whether an expression reads a field of the claims, or asks for it. */
function readsClaim(node: unknown, claim: string): boolean {
  if (typeof node !== 'object' || node === null) return false;
  const { field, operand } = node as { field?: unknown; operand?: { type?: unknown; name?: unknown } };
  if (field === claim && operand?.type === 'name' && operand.name === 'claims') return true;
  return Object.values(node).some((child) => readsClaim(child, claim));
}
