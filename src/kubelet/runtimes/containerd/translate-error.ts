import { status } from '@grpc/grpc-js';
import type { GrpcFailure } from '../../../platform/grpc-channel.ts';
import { RuntimeError, type RuntimeErrorCode } from '../runtime-error.ts';

const codes: Partial<Record<status, RuntimeErrorCode>> = {
  [status.CANCELLED]: 'Canceled',
  [status.INVALID_ARGUMENT]: 'InvalidArgument',
  [status.DEADLINE_EXCEEDED]: 'Timeout',
  [status.NOT_FOUND]: 'NotFound',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.PERMISSION_DENIED]: 'PermissionDenied',
  [status.UNAUTHENTICATED]: 'PermissionDenied',
  [status.FAILED_PRECONDITION]: 'FailedPrecondition',
  [status.UNIMPLEMENTED]: 'Unimplemented',
  [status.UNAVAILABLE]: 'Unavailable',
};

/** Runtimes answer much with code UNKNOWN; these say by their text what they are. */
const wordings: [RegExp, RuntimeErrorCode][] = [
  [/is reserved for/, 'AlreadyExists'],
  [/context deadline exceeded|i\/o timeout/, 'Timeout'],
  [
    /authorization failed|insufficient_scope|401 Unauthorized|403 Forbidden|no basic auth credentials/,
    'PermissionDenied',
  ],
  [
    /connection refused|no such host|network is unreachable|no route to host|TLS handshake|5\d\d .*(Error|Unavailable|Gateway)/,
    'Unavailable',
  ],
];

/** A failed call as the seam tells it, with the runtime's own message. */
export function translateGrpcError(failure: GrpcFailure): RuntimeError {
  const byWords =
    failure.code === status.UNKNOWN && wordings.find(([words]) => words.test(failure.details))?.[1];
  const code = byWords || codes[failure.code as status] || 'Internal';
  return new RuntimeError(code, failure.details);
}

/** A call about an image: what is not found then is the image. */
export function imageError(error: unknown): unknown {
  const missing =
    error instanceof RuntimeError && error.code === 'NotFound' && /image|manifest|pull/i.test(error.message);
  return missing ? new RuntimeError('ImageNotFound', error.message, { cause: error }) : error;
}

/** Lets a removal of what is gone already count as done. */
export async function ignoreNotFound(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === 'NotFound')) throw error;
  }
}
