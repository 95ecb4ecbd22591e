import { expectKind } from '../../../machinery/configuration-kind.ts';
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
  const seen = new Set<string>();
  return jwt.flatMap(({ issuer }, i) => {
    const known = seen.has(issuer?.url);
    seen.add(issuer?.url);
    return known ? [duplicate(`jwt[${i}].issuer.url`, issuer.url)] : [];
  });
}

function authenticatorErrors(one: JwtAuthenticator, path: string, ownIssuer: string): FieldError[] {
  const { issuer, claimMappings, claimValidationRules = [] } = one;
  return [
    ...issuerErrors(issuer ?? {}, `${path}.issuer`, ownIssuer),
    ...claimValidationRules.flatMap((rule, i) => ruleErrors(rule, `${path}.claimValidationRules[${i}]`)),
    ...mappingErrors(claimMappings ?? {}, `${path}.claimMappings`),
  ];
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
  if (audiences.length === 0) {
    errors.push(required(`${path}.audiences`, `at least one ${path}.audiences is required`));
  }
  if (audiences.length > 1 && policy !== 'MatchAny') {
    const why = 'audienceMatchPolicy must be MatchAny for multiple audiences';
    errors.push(invalid(`${path}.audienceMatchPolicy`, policy, why));
  }
  return errors;
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

function ruleErrors(
  {
    claim,
    expression,
    requiredValue,
    message,
  }: NonNullable<JwtAuthenticator['claimValidationRules']>[number],
  path: string,
): FieldError[] {
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
  for (const [i, { key = '', valueExpression = '' }] of extra.entries()) {
    const at = `${path}.extra[${i}]`;
    if (key === '') errors.push(required(`${at}.key`));
    else if (key !== key.toLowerCase()) errors.push(invalid(`${at}.key`, key, 'must be lowercase'));
    if (valueExpression === '') errors.push(required(`${at}.valueExpression`, 'valueExpression is required'));
  }
  return errors;
}

function prefixedErrors(
  { claim, expression, prefix }: PrefixedClaimOrExpression,
  path: string,
): FieldError[] {
  if (claim && expression) return [invalid(path, '', "claim and expression can't both be set")];
  if (expression && prefix !== undefined)
    return [invalid(`${path}.prefix`, prefix, "prefix can't be set when expression is set")];
  if (claim && prefix === undefined)
    return [
      required(
        `${path}.prefix`,
        'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
      ),
    ];
  return [];
}
