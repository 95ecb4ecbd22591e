/**
 * What kind of failure a runtime met. `ImageNotFound` is a missing image on create or pull; `Unavailable` means that
 * the runtime could not be reached, so the same call may do later; `Timeout` means that it may still be doing it.
 */
export type RuntimeErrorCode =
  | 'NotFound'
  | 'ImageNotFound'
  | 'AlreadyExists'
  | 'InvalidArgument'
  | 'FailedPrecondition'
  | 'PermissionDenied'
  | 'Timeout'
  | 'Canceled'
  | 'Unavailable'
  | 'Unimplemented'
  | 'Internal';

/** Every failure of a `Runtime` is one of these; the message is the runtime's own. */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
  }
}

/** Whether `error` is a runtime's, with this code. */
export function isRuntimeError(error: unknown, code: RuntimeErrorCode): boolean {
  return error instanceof RuntimeError && error.code === code;
}
