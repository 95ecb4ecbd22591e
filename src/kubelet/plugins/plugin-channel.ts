import { status } from '@grpc/grpc-js';
import type { Clock } from '../../platform/clock.ts';
import { GrpcChannel, type GrpcFailure } from '../../platform/grpc-channel.ts';

/** As Go's gRPC spells it: `INVALID_ARGUMENT` is `InvalidArgument`. */
function codeName(code: number): string {
  if (code === status.CANCELLED) return 'Canceled';
  const words = (status[code] ?? 'UNKNOWN').toLowerCase().split('_');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** What a call of a plugin failed with. Upstream's words for it stand in events. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
  /** In Go's spelling, such as `InvalidArgument`. */
  readonly code: string;

  constructor({ code, details }: GrpcFailure) {
    // The same for each that takes too long, so that its events count as one.
    const told = details.startsWith('Deadline exceeded') ? 'context deadline exceeded' : details;
    super(`rpc error: code = ${codeName(code)} desc = ${told}`);
    this.code = codeName(code);
  }
}

const errorOf = (failure: GrpcFailure) => new PluginError(failure);

/** A connection to the socket of a plugin. */
export const pluginChannel = (socketPath: string, clock: Clock): GrpcChannel =>
  new GrpcChannel({ socketPath, clock, errorOf });
