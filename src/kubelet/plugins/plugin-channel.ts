import type { Clock } from '../../platform/clock.ts';
import { GrpcChannel, type GrpcFailure } from '../../platform/grpc-channel.ts';
import { goCodeName, goFailureText } from '../../platform/grpc-status.ts';

/** What a call of a plugin failed with. Upstream's words for it stand in events. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
  /** In Go's spelling, such as `InvalidArgument`. */
  readonly code: string;

  constructor(failure: GrpcFailure) {
    super(goFailureText(failure));
    this.code = goCodeName(failure.code);
  }
}

const errorOf = (failure: GrpcFailure) => new PluginError(failure);

/** A connection to the socket of a plugin. */
export const pluginChannel = (socketPath: string, clock: Clock): GrpcChannel =>
  new GrpcChannel({ socketPath, clock, errorOf });
