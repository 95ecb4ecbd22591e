import { formatDuration } from '../../../machinery/duration.ts';
import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts';
import type { MatchConditions } from './match-conditions.ts';

/** How an authorizer elsewhere is asked. Times in milliseconds. */
export interface WebhookConfiguration {
  timeoutMs: number;
  /** How long it is remembered what is allowed, and what is not; not at all where 0. */
  authorizedTtlMs: number;
  unauthorizedTtlMs: number;
  /** Version of the SubjectAccessReview that is sent. */
  subjectAccessReviewVersion: string;
  /** What the answer is where there is none: `NoOpinion` or `Deny`. */
  failurePolicy: string;
  /** A kubeconfig that leads to it. */
  kubeConfigFile?: string | undefined;
  /** What must hold of a question for it to be asked; anything where absent. */
  conditions?: MatchConditions | undefined;
}

/** A configuration as it is written, with the defaults. Durations are in nanoseconds. */
export interface ToldWebhook extends WebhookConfiguration {
  timeout: number;
  authorizedTtl: number;
  unauthorizedTtl: number;
  connectionType: string;
  matchConditionVersion: string;
  /** Expressions. */
  matchConditions: string[];
}

const secondNanos = 1e9;
const usualTtls = { authorized: 300 * secondNanos, unauthorized: 30 * secondNanos };

/** Reads what a configuration says of a webhook. Throws an Error where something is not of the type it must have. */
export function webhookOf(read: Record<string, unknown>, parse: (text: string) => number): ToldWebhook {
  const nanos = (field: string) => (read[field] === undefined ? 0 : parse(String(read[field])));
  const text = (field: string) => String(read[field] ?? '');
  const { type = '', kubeConfigFile } = (read.connectionInfo ?? {}) as Record<string, string | undefined>;
  const timeout = nanos('timeout');
  const authorizedTtl = nanos('authorizedTTL') || usualTtls.authorized;
  const unauthorizedTtl = nanos('unauthorizedTTL') || usualTtls.unauthorized;
  const conditions = (read.matchConditions ?? []) as { expression?: unknown }[];
  return {
    timeout,
    authorizedTtl,
    unauthorizedTtl,
    timeoutMs: timeout / 1e6,
    authorizedTtlMs: isOn(read, 'cacheAuthorizedRequests') ? authorizedTtl / 1e6 : 0,
    unauthorizedTtlMs: isOn(read, 'cacheUnauthorizedRequests') ? unauthorizedTtl / 1e6 : 0,
    subjectAccessReviewVersion: text('subjectAccessReviewVersion'),
    matchConditionVersion: text('matchConditionSubjectAccessReviewVersion'),
    failurePolicy: text('failurePolicy'),
    connectionType: type,
    kubeConfigFile,
    matchConditions: conditions.map(({ expression }) => String(expression ?? '')),
  };
}

/** Yes unless told; a text that says no is no no, and must not pass for a yes. */
function isOn(read: Record<string, unknown>, field: string): boolean {
  const told = read[field] ?? true;
  if (typeof told !== 'boolean') throw new Error(`${field} must be true or false`);
  return told;
}

/** What is wrong with it, but for its conditions; paths are upstream's, which leave out `webhook`. */
export async function webhookErrors(
  told: ToldWebhook,
  path: string,
  fileError: (path: string) => Promise<string | undefined>,
): Promise<FieldError[]> {
  return [
    ...timeErrors(told, path),
    ...choiceErrors(`${path}.subjectAccessReviewVersion`, told.subjectAccessReviewVersion, ['v1', 'v1beta1']),
    ...conditionVersionErrors(told, `${path}.matchConditionSubjectAccessReviewVersion`),
    ...choiceErrors(`${path}.failurePolicy`, told.failurePolicy, ['NoOpinion', 'Deny']),
    ...(await connectionErrors(told, `${path}.connectionInfo`, fileError)),
  ];
}

function timeErrors({ timeout, authorizedTtl, unauthorizedTtl }: ToldWebhook, path: string): FieldError[] {
  const wrong = (field: string, nanos: number, why: string) => [
    invalid(`${path}.${field}`, formatDuration(nanos), why),
  ];
  const ttl = (field: string, nanos: number) => (nanos < 0 ? wrong(field, nanos, 'must be > 0s') : []);
  const isOutside = timeout < 0 || timeout > 30 * secondNanos;
  return [
    ...(timeout === 0 ? [required(`${path}.timeout`)] : []),
    ...(isOutside ? wrong('timeout', timeout, 'must be > 0s and <= 30s') : []),
    ...ttl('authorizedTTL', authorizedTtl),
    ...ttl('unauthorizedTTL', unauthorizedTtl),
  ];
}

function choiceErrors(field: string, value: string, choices: readonly string[]): FieldError[] {
  if (value === '') return [required(field)];
  return choices.includes(value) ? [] : [notSupported(field, value, choices)];
}

function conditionVersionErrors({ matchConditionVersion, matchConditions }: ToldWebhook, field: string) {
  if (matchConditionVersion !== '') return choiceErrors(field, matchConditionVersion, ['v1']);
  return matchConditions.length > 0 ? [required(field, 'required if match conditions are specified')] : [];
}

async function connectionErrors(
  { connectionType: type, kubeConfigFile: file }: ToldWebhook,
  path: string,
  fileError: (path: string) => Promise<string | undefined>,
): Promise<FieldError[]> {
  const field = `${path}.kubeConfigFile`;
  if (type === '') return [required(`${path}.type`)];
  if (type === 'InClusterConfig')
    return file === undefined ? [] : [invalid(field, file, 'can only be set when type=KubeConfigFile')];
  if (type !== 'KubeConfigFile') {
    const info = { Type: type, KubeConfigFile: file ?? null };
    return [notSupported(`${path}.type`, info, ['InClusterConfig', 'KubeConfigFile'])];
  }
  if (!file) return [required(field)];
  const why = file.startsWith('/') ? await fileError(file) : 'must be an absolute path';
  return why === undefined ? [] : [invalid(field, file, why)];
}
