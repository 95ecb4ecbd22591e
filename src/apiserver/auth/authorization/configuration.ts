import { expectKind } from '../../../machinery/configuration-kind.ts';
import { parseDuration } from '../../../machinery/duration.ts';
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  renderErrors,
  required,
} from '../../../machinery/field-error.ts';
import { aggregated, goQuote } from '../../../machinery/go-text.ts';
import { dns1123SubdomainErrors } from '../../../machinery/names.ts';
import type { MatchConditions } from './match-conditions.ts';
import { type WebhookConfiguration, webhookErrors, webhookOf } from './webhook-configuration.ts';

/** Kinds of authorizers, in the order in which messages name them. */
const authorizerTypes = ['ABAC', 'AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'] as const;
export type AuthorizerType = (typeof authorizerTypes)[number];

export const isAuthorizerType = (text: string): text is AuthorizerType =>
  (authorizerTypes as readonly string[]).includes(text);

/** One link of the chain. */
export interface AuthorizerConfiguration {
  type: AuthorizerType;
  name: string;
  /** Of type `Webhook` alone. */
  webhook?: WebhookConfiguration;
}

/** What checking a configuration takes beside it. */
export interface CheckMeans {
  /** What is wrong with a file that is named; undefined where it can be read. */
  fileError(path: string): Promise<string | undefined>;
  /** Compiles the conditions under which a webhook is asked. */
  compile(
    expressions: readonly string[],
    path: string,
  ): Promise<{ conditions?: MatchConditions; errors: FieldError[] }>;
}

/** The name that every authorizer bears that is no webhook. */
export const usualName = (type: AuthorizerType) => type.toLowerCase();

const group = 'apiserver.config.k8s.io';
const apiVersions = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `${group}/${version}`);

type Fields = Record<string, unknown>;

/**
 * Reads an `apiserver.config.k8s.io` AuthorizationConfiguration. Rejects with an Error in upstream's words where it cannot be
 * used. `wanted`: types that must be among it.
 */
export async function readAuthorizationConfiguration(
  read: unknown,
  means: CheckMeans,
  wanted: readonly AuthorizerType[] = [],
): Promise<AuthorizerConfiguration[]> {
  const authorizers = load(read);
  const errors = authorizers.length === 0 ? [required('authorizers', noAuthorizers)] : [];
  const chain: AuthorizerConfiguration[] = [];
  const seen: Seen = { types: new Set(), names: new Set() };
  for (const [i, one] of authorizers.entries()) {
    const checked = await check(one, { path: `authorizers[${i}]`, seen, means });
    errors.push(...checked.errors);
    if (checked.authorizer) chain.push(checked.authorizer);
  }
  if (errors.length > 0) throw new Error(renderErrors(errors));
  const odd = nameErrors(chain);
  const missing = wanted.filter((type) => !chain.some((one) => one.type === type));
  if (missing.length > 0) odd.push(`missing required types: [${missing.join(' ')}]`);
  if (odd.length > 0) throw new Error(aggregated(odd));
  return chain;
}

const noAuthorizers = 'at least one authorization mode must be defined';

function load(read: unknown): Fields[] {
  const failed = (why: string) => new Error(`failed to load AuthorizationConfiguration from file: ${why}`);
  if (read === undefined || read === null) return [];
  try {
    expectKind(read, { kind: 'AuthorizationConfiguration', apiVersions });
  } catch (error) {
    throw failed((error as Error).message);
  }
  const { apiVersion: _, kind: __, authorizers = [], ...others } = read as Fields;
  const unknown = unknownFields(others, [], '');
  if (!Array.isArray(authorizers)) throw failed('authorizers must be a list');
  for (const [i, one] of authorizers.entries()) {
    if (!isObject(one)) throw failed(`authorizers[${i}] must be an object`);
    const path = `authorizers[${i}].`;
    unknown.push(...unknownFields(one, ['type', 'name', 'webhook'], path));
    const { webhook } = one as { webhook?: unknown };
    if (isObject(webhook)) unknown.push(...unknownInWebhook(webhook, `${path}webhook.`));
  }
  if (unknown.length > 0) throw failed(`strict decoding error: ${unknown.join(', ')}`);
  return authorizers as Fields[];
}

const webhookFields = [
  'timeout',
  'authorizedTTL',
  'cacheAuthorizedRequests',
  'unauthorizedTTL',
  'cacheUnauthorizedRequests',
  'subjectAccessReviewVersion',
  'matchConditionSubjectAccessReviewVersion',
  'failurePolicy',
  'connectionInfo',
  'matchConditions',
];

function unknownInWebhook(webhook: Fields, path: string): string[] {
  const { connectionInfo, matchConditions } = webhook;
  const conditions: unknown[] = Array.isArray(matchConditions) ? matchConditions : [];
  return [
    ...unknownFields(webhook, webhookFields, path),
    ...(isObject(connectionInfo)
      ? unknownFields(connectionInfo, ['type', 'kubeConfigFile'], `${path}connectionInfo.`)
      : []),
    ...conditions.flatMap((one, i) =>
      isObject(one) ? unknownFields(one, ['expression'], `${path}matchConditions[${i}].`) : [],
    ),
  ];
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const unknownFields = (object: object, known: readonly string[], path: string) =>
  Object.keys(object)
    .filter((key) => !known.includes(key))
    .map((key) => `unknown field ${goQuote(path + key)}`);

interface Seen {
  types: Set<string>;
  names: Set<string>;
}

interface Checked {
  errors: FieldError[];
  authorizer?: AuthorizerConfiguration;
}

async function check(
  { type = '', name = '', webhook }: Fields,
  { path, seen, means }: { path: string; seen: Seen; means: CheckMeans },
): Promise<Checked> {
  if (type === '') return { errors: [required(`${path}.type`)] };
  if (!isAuthorizerType(String(type)))
    return { errors: [notSupported(`${path}.type`, type, authorizerTypes)] };
  const known = type as AuthorizerType;
  if (seen.types.has(known) && known !== 'Webhook') return { errors: [duplicate(`${path}.type`, known)] };
  seen.types.add(known);
  const errors = ownNameErrors(String(name), `${path}.name`, seen);
  const authorizer: AuthorizerConfiguration = { type: known, name: String(name) };
  if (known !== 'Webhook') {
    const why = 'may only be specified when type=Webhook';
    if (webhook) errors.push(invalid(`${path}.webhook`, 'non-null', why));
    return { errors, authorizer };
  }
  if (!webhook) return { errors: [...errors, required(`${path}.webhook`, 'required when type=Webhook')] };
  return withWebhook({ errors, authorizer }, webhook as Fields, { path, means });
}

async function withWebhook(
  { errors, authorizer }: Required<Checked>,
  webhook: Fields,
  { path, means }: { path: string; means: CheckMeans },
): Promise<Checked> {
  const told = webhookOf(webhook, parseDuration);
  errors.push(...(await webhookErrors(told, path, means.fileError)));
  const { conditions, errors: wrong } = await means.compile(told.matchConditions, path);
  errors.push(...wrong);
  return { errors, authorizer: { ...authorizer, webhook: { ...told, conditions } } };
}

function ownNameErrors(name: string, path: string, { names }: Seen): FieldError[] {
  if (name === '') return [required(path)];
  if (names.has(name)) return [duplicate(path, name)];
  names.add(name);
  const wrong = dns1123SubdomainErrors(name);
  if (wrong.length === 0) return [];
  return [invalid(path, name, `authorizer name is invalid: ${wrong.join(', ')}`)];
}

const nameErrors = (chain: readonly AuthorizerConfiguration[]) =>
  chain
    .filter(({ type, name }) => type !== 'Webhook' && name !== usualName(type))
    .map(({ type, name }) => `expected name ${usualName(type)} for authorizer ${type} instead of ${name}`);
