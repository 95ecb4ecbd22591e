import { status } from '@grpc/grpc-js';
import { StoreError } from '../store/store.ts';

const codes = {
  InvalidArgument: status.INVALID_ARGUMENT,
  PermissionDenied: status.PERMISSION_DENIED,
  OutOfRange: status.OUT_OF_RANGE,
  NotFound: status.NOT_FOUND,
  FailedPrecondition: status.FAILED_PRECONDITION,
  ResourceExhausted: status.RESOURCE_EXHAUSTED,
  Unavailable: status.UNAVAILABLE,
  Unimplemented: status.UNIMPLEMENTED,
  Canceled: status.CANCELLED,
  Internal: status.INTERNAL,
} as const;

/** An answer to a client: a gRPC code and a text that clients compare. */
export class EtcdError extends Error {
  readonly code: number;

  constructor(code: keyof typeof codes, message: string) {
    super(message);
    this.name = 'EtcdError';
    this.code = codes[code];
  }
}

export const emptyKey = () => new EtcdError('InvalidArgument', 'etcdserver: key is not provided');
export const keyNotFound = () => new EtcdError('InvalidArgument', 'etcdserver: key not found');
export const valueProvided = () => new EtcdError('InvalidArgument', 'etcdserver: value is provided');
export const leaseProvided = () => new EtcdError('InvalidArgument', 'etcdserver: lease is provided');
export const tooManyOps = () =>
  new EtcdError('InvalidArgument', 'etcdserver: too many operations in txn request');
export const requestTooLarge = () => new EtcdError('InvalidArgument', 'etcdserver: request is too large');
export const duplicateKey = () =>
  new EtcdError('InvalidArgument', 'etcdserver: duplicate key given in txn request');
export const invalidSort = () => new EtcdError('InvalidArgument', 'etcdserver: invalid sort option');
export const compacted = () =>
  new EtcdError('OutOfRange', 'etcdserver: mvcc: required revision has been compacted');
export const futureRevision = () =>
  new EtcdError('OutOfRange', 'etcdserver: mvcc: required revision is a future revision');
export const leaseNotFound = () => new EtcdError('NotFound', 'etcdserver: requested lease not found');
export const leaseExists = () => new EtcdError('FailedPrecondition', 'etcdserver: lease already exists');
export const leaseTooLong = () => new EtcdError('OutOfRange', 'etcdserver: too large lease TTL');
export const memberNotFound = () => new EtcdError('NotFound', 'etcdserver: member not found');
export const rootNotFound = () => new EtcdError('FailedPrecondition', 'etcdserver: root user does not exist');
export const userNotFound = () => new EtcdError('FailedPrecondition', 'etcdserver: user name not found');
export const roleNotFound = () => new EtcdError('FailedPrecondition', 'etcdserver: role name not found');
export const authNotEnabled = () =>
  new EtcdError('FailedPrecondition', 'etcdserver: authentication is not enabled');
export const noUsersHere = () =>
  new EtcdError('Unimplemented', 'etcdserver: there are no users and roles here; use client certificates');
const stopped = () => new EtcdError('Unavailable', 'etcdserver: server stopped');

/** What a client is told of an error of the store, or of a bug. */
export function toEtcdError(error: unknown): EtcdError {
  if (error instanceof EtcdError) return error;
  if (!(error instanceof StoreError)) return new EtcdError('Internal', 'etcdserver: internal error');
  if (error.code === 'Compacted') return compacted();
  if (error.code === 'FutureRevision') return futureRevision();
  if (error.code === 'Closed') return stopped();
  return new EtcdError('Unavailable', `etcdserver: ${error.message}`);
}
