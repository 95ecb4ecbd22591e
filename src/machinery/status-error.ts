import type { Status, StatusCause, StatusDetails } from '../api/meta/v1.ts';
import { goQuote } from './go-text.ts';

/** `metav1.StatusReason`, the reasons that k8ts gives. */
export type StatusReason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable'
  | '';

/** An answer to a client that is not a success; carries the `Status` that is sent. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(code: number, reason: StatusReason, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'StatusError';
    const base = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message };
    this.status = { ...base, ...(reason && { reason }), ...(details && { details }), code } as Status;
  }

  /** Wraps a Status that came over the wire. */
  static from(status: Status): StatusError {
    const code = status.code ?? 500;
    return new StatusError(
      code,
      (status.reason ?? '') as StatusReason,
      status.message ?? `status ${code}`,
      status.details,
    );
  }

  get code(): number {
    return this.status.code as number;
  }

  get reason(): StatusReason {
    return (this.status.reason ?? '') as StatusReason;
  }
}

/** What an error is about. `resource` is the plural, such as `pods`; the text upstream prints is `pods.apps "x"`. */
export interface Subject {
  group: string;
  resource: string;
  name?: string;
}

const qualified = (s: Subject) => (s.group ? `${s.resource}.${s.group}` : s.resource);
const named = (s: Subject) => `${qualified(s)} ${goQuote(s.name ?? '')}`;

function detailsOf(s: Subject, more: Partial<StatusDetails> = {}): StatusDetails {
  const kind = s.resource ? { kind: s.resource } : {};
  return { ...(s.name && { name: s.name }), ...(s.group && { group: s.group }), ...kind, ...more };
}

/** The wording of each is that of `apimachinery/pkg/api/errors`; clients match on it. */
export function notFound(s: Subject): StatusError {
  return new StatusError(404, 'NotFound', `${named(s)} not found`, detailsOf(s));
}

export function alreadyExists(s: Subject): StatusError {
  return new StatusError(409, 'AlreadyExists', `${named(s)} already exists`, detailsOf(s));
}

export function conflict(s: Subject, why: string, causes?: StatusCause[]): StatusError {
  const message = `Operation cannot be fulfilled on ${named(s)}: ${why}`;
  return new StatusError(409, 'Conflict', message, detailsOf(s, causes && { causes }));
}

/** The answer to a generated name that was taken each time the server tried. */
export function generateNameConflict(s: Subject, retryAfterSeconds: number): StatusError {
  const message = `${named(s)} already exists, the server was not able to generate a unique name for the object`;
  return new StatusError(409, 'AlreadyExists', message, detailsOf(s, { retryAfterSeconds }));
}

/** The answer to a server-side apply that meets fields of others. */
export function applyConflict(causes: StatusCause[], message: string): StatusError {
  return new StatusError(409, 'Conflict', message, { causes });
}

/** The reason of a conflict on resourceVersion. */
export const optimisticLockMessage =
  'the object has been modified; please apply your changes to the latest version and try again';

export function forbidden(s: Subject, why: string): StatusError {
  if (!s.resource && !s.group) return new StatusError(403, 'Forbidden', `forbidden: ${why}`, detailsOf(s));
  const subject = s.name ? `${qualified(s)} ${goQuote(s.name)}` : qualified(s);
  return new StatusError(403, 'Forbidden', `${subject} is forbidden: ${why}`, detailsOf(s));
}

/** The answer of a resource to a verb that it does not have. */
export function notSupportedMethod(s: Subject, verb: string): StatusError {
  const message = `${verb} is not supported on resources of kind ${goQuote(qualified(s))}`;
  return new StatusError(405, 'MethodNotAllowed', message, detailsOf({ ...s, name: '' }));
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

export function unauthorized(message = 'Unauthorized'): StatusError {
  return new StatusError(401, 'Unauthorized', message);
}

export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message);
}

export function tooLarge(message: string): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
}

export function unsupportedMediaType(message: string): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', message);
}

export function notAcceptable(message: string): StatusError {
  return new StatusError(406, 'NotAcceptable', message);
}

export function tooManyRequests(message: string, retryAfterSeconds: number, s?: Subject): StatusError {
  return new StatusError(429, 'TooManyRequests', message, { ...(s && detailsOf(s)), retryAfterSeconds });
}

export function internalError(message: string): StatusError {
  const details = { causes: [{ message }] };
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, details);
}

/** The request took longer than it may; it may still complete. */
export function timeout(message: string, retryAfterSeconds: number): StatusError {
  const details = retryAfterSeconds ? { retryAfterSeconds } : {};
  return new StatusError(504, 'Timeout', `Timeout: ${message}`, details);
}

/** A passing trouble: the client should try again. */
export function serverTimeout(s: Subject, operation: string, retryAfterSeconds: number): StatusError {
  const message = `The ${operation} operation against ${qualified(s)} could not be completed at this time, please try again.`;
  return new StatusError(
    500,
    'ServerTimeout',
    message,
    detailsOf({ ...s, name: operation }, { retryAfterSeconds }),
  );
}

export function serviceUnavailable(message: string): StatusError {
  return new StatusError(503, 'ServiceUnavailable', message);
}

/** Whether `error` is an answer with this reason. */
export function hasReason(error: unknown, reason: StatusReason): boolean {
  return error instanceof StatusError && error.reason === reason;
}

/** For `catch`: gives nothing in place of an error with this reason, and throws every other. */
export const ignoring =
  (reason: StatusReason) =>
  (error: unknown): undefined => {
    if (!hasReason(error, reason)) throw error;
  };
