import { status } from '@grpc/grpc-js';
import type { GrpcFailure } from './grpc-channel.ts';

/** A code of gRPC as Go spells it: `INVALID_ARGUMENT` is `InvalidArgument`. */
export function goCodeName(code: number): string {
  if (code === status.OK) return 'OK';
  if (code === status.CANCELLED) return 'Canceled';
  const words = (status[code] ?? 'UNKNOWN').toLowerCase().split('_');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** What Go's gRPC says of a call that failed. All that take too long are told alike, so that their events count as one. */
export function goFailureText({ code, details }: GrpcFailure): string {
  const told = details.startsWith('Deadline exceeded') ? 'context deadline exceeded' : details;
  return `rpc error: code = ${goCodeName(code)} desc = ${told}`;
}
