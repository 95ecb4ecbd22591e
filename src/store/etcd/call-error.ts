import { StoreError } from '../store.ts';

export type CallStatus =
  | 'Cancelled'
  | 'DeadlineExceeded'
  | 'FailedPrecondition'
  | 'InvalidArgument'
  | 'NotFound'
  | 'OutOfRange'
  | 'PermissionDenied'
  | 'ResourceExhausted'
  | 'Unauthenticated'
  | 'Unavailable'
  | 'Unimplemented'
  | 'Unknown';

/** A call that failed, with gRPC's status and what the server says. */
export class CallError extends Error {
  readonly status: CallStatus;

  constructor(status: CallStatus, message: string) {
    super(message);
    this.name = 'CallError';
    this.status = status;
  }
}

/** After these nobody knows what became of the call, or whether another server would do better. */
const passing: readonly CallStatus[] = ['Cancelled', 'DeadlineExceeded', 'Unavailable', 'Unknown'];

/** Whether the server has said no, so that the call has changed nothing and asking again is in vain. */
export function isRefusal(error: unknown): boolean {
  return error instanceof CallError && !passing.includes(error.status);
}

/** Whether etcd's quota is used up. */
export function isFull(error: unknown): boolean {
  return error instanceof CallError && error.message.includes('database space exceeded');
}

/** Whether a lease has ended before what was to be put on it. */
export function isLeaseGone(error: unknown): boolean {
  return error instanceof CallError && error.message.includes('requested lease not found');
}

/** The store's error for a call that failed and changed nothing. */
export function storeErrorOf(error: unknown): unknown {
  if (!(error instanceof CallError)) return error;
  const { message } = error;
  if (message.includes('required revision has been compacted'))
    return new StoreError('Compacted', message, { cause: error });
  if (message.includes('required revision is a future revision'))
    return new StoreError('FutureRevision', message, { cause: error });
  if (message.includes('too many operations in txn request'))
    return new RangeError(`${message}: the commit has more writes than --max-txn-ops of etcd allows`);
  if (isRefusal(error)) return new StoreError('Refused', message, { cause: error });
  return new StoreError('Unavailable', message, { cause: error });
}
