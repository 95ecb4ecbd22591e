import { expectKind } from '../../../machinery/configuration-kind.ts';
import { authoritiesError } from '../../kinds/shared/pem.ts';
import { domainPath, repeats } from '../../kinds/shared/validate.ts';
import {
  duplicate,
  type FieldError,
  invalid,
  renderErrors,
  required,
} from '../../../machinery/field-error.ts';

/** A claim of a token, or an expression of its claims. */
export interface ClaimOrExpression {
  claim?: string;
  expression?: string;
}

export interface PrefixedClaimOrExpression extends ClaimOrExpression {
  prefix?: string;
}

/** Whose tokens are believed, and what becomes of their claims. */
export interface JwtAuthenticator {
  issuer: {
    url: string;
    discoveryURL?: string;
    /** PEM; the authorities of the machine where absent. */
    certificateAuthority?: string;
    /** A token must be meant for one of them. */
    audiences: readonly string[];
    audienceMatchPolicy?: string;
  };
  claimValidationRules?: readonly {
    claim?: string;
    requiredValue?: string;
    expression?: string;
    message?: string;
  }[];
  claimMappings: {
    username: PrefixedClaimOrExpression;
    groups?: PrefixedClaimOrExpression;
    uid?: ClaimOrExpression;
    extra?: readonly { key: string; valueExpression: string }[];
  };
  userValidationRules?: readonly { expression: string; message?: string }[];
}

/** Who may ask without saying who asks. */
export interface AnonymousConfiguration {
  enabled: boolean;
  /** Where nothing is said, for everything. */
  conditions?: readonly { path: string }[];
}

/** `apiserver.config.k8s.io` AuthenticationConfiguration. */
export interface AuthenticationConfiguration {
  jwt: readonly JwtAuthenticator[];
  anonymous?: AnonymousConfiguration;
}

const apiVersions = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`);

/** Throws an Error that says what is wrong with a configuration, but for its expressions. */
export function checkAuthentication(read: unknown, ownIssuer: string): AuthenticationConfiguration {
  expectKind(read, { kind: 'AuthenticationConfiguration', apiVersions });
  const { jwt = [], anonymous } = read as Record<string, unknown>;
  if (!Array.isArray(jwt)) throw new Error('jwt must be a list');
  const configuration = { jwt, ...(anonymous ? { anonymous } : {}) } as AuthenticationConfiguration;
  const errors = [
    ...jwt.flatMap((one, i) => authenticatorErrors(one, `jwt[${i}]`, ownIssuer)),
    ...repeated(configuration.jwt),
    ...anonymousErrors(configuration.anonymous),
  ];
  if (errors.length > 0) throw new Error(renderErrors(errors));
  return configuration;
}

function anonymousErrors(anonymous: AnonymousConfiguration | undefined): FieldError[] {
  if (!anonymous || anonymous.enabled || !anonymous.conditions?.length) return [];
  const why = 'enabled should be set to true when conditions are defined';
  return [invalid('anonymous.conditions', anonymous.conditions, why)];
}

function repeated(jwt: readonly JwtAuthenticator[]): FieldError[] {
  const [urls, discoveries] = [repeats(), repeats()];
  return jwt.flatMap(({ issuer }, i) => {
    const { url = '', discoveryURL } = issuer ?? {};
    const path = `jwt[${i}].issuer`;
    return [
      ...(urls(url) ? [duplicate(`${path}.url`, url)] : []),
      ...(discoveryURL && discoveries(discoveryURL) ? [duplicate(`${path}.discoveryURL`, discoveryURL)] : []),
    ];
  });
}

function authenticatorErrors(one: JwtAuthenticator, path: string, ownIssuer: string): FieldError[] {
  const { issuer, claimMappings, claimValidationRules = [], userValidationRules = [] } = one;
  const known = { claim: repeats(), expression: repeats() };
  return [
    ...issuerErrors(issuer ?? {}, `${path}.issuer`, ownIssuer),
    ...claimValidationRules.flatMap((rule, i) => {
      const at = `${path}.claimValidationRules[${i}]`;
      return [...ruleErrors(rule, at), ...repeatedRule(rule, at, known)];
    }),
    ...mappingErrors(claimMappings ?? {}, `${path}.claimMappings`),
    ...expressionErrors(userValidationRules, `${path}.userValidationRules`),
  ];
}

type ClaimRule = NonNullable<JwtAuthenticator['claimValidationRules']>[number];

function repeatedRule(
  rule: ClaimRule,
  path: string,
  known: Record<'claim' | 'expression', (value: string) => boolean>,
): FieldError[] {
  const { claim, expression } = rule;
  const name = claim ? 'claim' : 'expression';
  const value = rule[name];
  return value && !(claim && expression) && known[name](value) ? [duplicate(`${path}.${name}`, value)] : [];
}

function expressionErrors(rules: readonly { expression?: string }[], path: string): FieldError[] {
  const known = repeats();
  return rules.flatMap(({ expression = '' }, i) => {
    const field = `${path}[${i}].expression`;
    if (expression === '') return [required(field)];
    return known(expression) ? [duplicate(field, expression)] : [];
  });
}

function issuerErrors(issuer: Partial<JwtAuthenticator['issuer']>, path: string, own: string): FieldError[] {
  const { url = '', discoveryURL, audiences = [], audienceMatchPolicy: policy = '' } = issuer;
  const errors = url === '' ? [required(`${path}.url`)] : urlErrors(url, `${path}.url`);
  if (url === own)
    errors.push(invalid(`${path}.url`, url, `URL must not overlap with disallowed issuers: [${own}]`));
  if (discoveryURL) {
    const bare = (text: string) => text.replace(/\/+$/, '');
    if (bare(discoveryURL) === bare(url))
      errors.push(invalid(`${path}.discoveryURL`, discoveryURL, 'discoveryURL must be different from URL'));
    errors.push(...urlErrors(discoveryURL, `${path}.discoveryURL`));
  }
  return [
    ...errors,
    ...audienceErrors(audiences, policy, path),
    ...authorityErrors(issuer.certificateAuthority, `${path}.certificateAuthority`),
  ];
}

function authorityErrors(text: string | undefined, field: string): FieldError[] {
  const why = text ? authoritiesError(text) : undefined;
  return why ? [invalid(field, '<omitted>', why)] : [];
}

function audienceErrors(audiences: readonly string[], policy: string, path: string): readonly FieldError[] {
  if (audiences.length === 0) {
    return [required(`${path}.audiences`, `at least one ${path}.audiences is required`)];
  }
  const known = repeats();
  const errors = audiences.flatMap((audience, i) => {
    const field = `${path}.audiences[${i}]`;
    return [
      ...(audience === '' ? [required(field)] : []),
      ...(known(audience) ? [duplicate(field, audience)] : []),
    ];
  });
  const isOne = audiences.length === 1;
  if (policy === 'MatchAny' || (isOne && policy === '')) return errors;
  const why = `audienceMatchPolicy must be ${isOne ? 'empty or MatchAny for single audience' : 'MatchAny for multiple audiences'}`;
  return [...errors, invalid(`${path}.audienceMatchPolicy`, policy, why)];
}

function urlErrors(text: string, field: string): FieldError[] {
  if (!URL.canParse(text)) return [invalid(field, text, 'invalid URL')];
  const { protocol, username, password, search, hash } = new URL(text);
  const wrong: [boolean, string][] = [
    [protocol !== 'https:', 'URL scheme must be https'],
    [username !== '' || password !== '', 'URL must not contain a username or password'],
    [search !== '', 'URL must not contain a query'],
    [hash !== '', 'URL must not contain a fragment'],
  ];
  return wrong.flatMap(([isWrong, why]) => (isWrong ? [invalid(field, text, why)] : []));
}

function ruleErrors({ claim, expression, requiredValue, message }: ClaimRule, path: string): FieldError[] {
  if (claim && expression) return [invalid(path, claim, "claim and expression can't both be set")];
  if (!claim && !expression) return [required(path, 'claim or expression is required')];
  if (claim && message)
    return [invalid(`${path}.message`, message, 'may not be specified when claim is set')];
  if (expression && requiredValue)
    return [invalid(`${path}.requiredValue`, requiredValue, 'may not be specified when expression is set')];
  return [];
}

function mappingErrors(
  { username, groups, uid, extra = [] }: Partial<JwtAuthenticator['claimMappings']>,
  path: string,
): FieldError[] {
  const errors = prefixedErrors(username ?? {}, `${path}.username`);
  if (!username?.claim && !username?.expression)
    errors.push(required(`${path}.username`, 'claim or expression is required'));
  if (groups) errors.push(...prefixedErrors(groups, `${path}.groups`));
  if (uid?.claim && uid.expression)
    errors.push(invalid(`${path}.uid`, '', "claim and expression can't both be set"));
  const known = repeats();
  for (const [i, { key = '', valueExpression = '' }] of extra.entries()) {
    const at = `${path}.extra[${i}]`;
    errors.push(...keyErrors(`${at}.key`, key));
    if (known(key)) errors.push(duplicate(`${at}.key`, key));
    else if (valueExpression === '') errors.push(required(`${at}.valueExpression`));
  }
  return errors;
}

function keyErrors(field: string, key: string): readonly FieldError[] {
  if (key === '') return [required(field)];
  const reserved = 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use';
  return [
    ...domainPath(field, key),
    ...(key === key.toLowerCase() ? [] : [invalid(field, key, 'must be lowercase')]),
    ...(/^(?:[^/]*\.)?(?:k8s|kubernetes)\.io\//.test(key) ? [invalid(field, key, reserved)] : []),
  ];
}

function prefixedErrors(
  { claim, expression, prefix }: PrefixedClaimOrExpression,
  path: string,
): FieldError[] {
  if (claim && expression) return [invalid(path, '', "claim and expression can't both be set")];
  if (expression && prefix !== undefined)
    return [invalid(`${path}.prefix`, prefix, 'may not be specified when expression is set')];
  if (claim && prefix === undefined)
    return [
      required(
        `${path}.prefix`,
        'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
      ),
    ];
  return [];
}
