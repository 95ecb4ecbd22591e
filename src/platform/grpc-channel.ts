import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import {
  Client,
  connectivityState,
  credentials,
  Metadata,
  type ServiceError,
  status as grpcStatus,
} from '@grpc/grpc-js';
import type { Clock } from './clock.ts';
import { grpcAddress } from './grpc-address.ts';
import { grpcMethod } from './grpc-method.ts';

export interface UnaryOptions {
  timeoutMs: number;
  signal?: AbortSignal;
}

/** What gRPC tells of a failed call. */
export interface GrpcFailure {
  code: number;
  details: string;
}

export interface GrpcChannelOptions {
  /** One that begins with `@` is a name in the abstract namespace, which is no file. */
  socketPath: string;
  clock: Clock;
  /** Sent with each call. */
  headers?: Readonly<Record<string, string>>;
  /** Whether calls wait for the connection, as long as they may last, rather than fail while there is none. */
  waitForReady?: boolean;
  /** The error that callers see of what gRPC has met. */
  errorOf(failure: GrpcFailure): Error;
}

/** A gRPC connection to a local socket, made when it is first needed and made again when it is lost. */
export class GrpcChannel {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #metadata: Metadata;
  readonly #errorOf: GrpcChannelOptions['errorOf'];

  constructor({ socketPath, clock, headers = {}, waitForReady = false, errorOf }: GrpcChannelOptions) {
    this.#clock = clock;
    this.#errorOf = errorOf;
    this.#metadata = new Metadata({ waitForReady });
    for (const [name, value] of Object.entries(headers)) this.#metadata.set(name, value);
    this.#client = new Client(grpcAddress(socketPath), credentials.createInsecure(), {
      // Lists of a full node exceed the default of 4 MiB.
      'grpc.max_receive_message_length': -1,
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.min_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 1000,
    });
  }

  /** Calls a method. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    init: MessageInitShape<I>,
    options: UnaryOptions,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted) return reject(this.#canceled(options.signal));
      const onAbort = () => call.cancel();
      const call = this.#client.makeUnaryRequest(
        ...grpcMethod(method),
        create(method.input, init),
        this.#metadata,
        { deadline: this.#clock.now() + options.timeoutMs },
        (error, answer) => {
          options.signal?.removeEventListener('abort', onAbort);
          if (!error) resolve(answer as MessageShape<O>);
          else reject(options.signal?.aborted ? this.#canceled(options.signal) : this.#errorOf(error));
        },
      );
      options.signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Reads a stream of messages until it ends, which it does with an error when the connection is lost. */
  async *stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    init: MessageInitShape<I>,
    signal: AbortSignal,
  ): AsyncGenerator<MessageShape<O>> {
    const call = this.#client.makeServerStreamRequest(
      ...grpcMethod(method),
      create(method.input, init),
      this.#metadata,
    );
    const onAbort = () => call.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const message of call) yield message as MessageShape<O>;
    } catch (error) {
      throw this.#errorOf(error as ServiceError);
    } finally {
      signal.removeEventListener('abort', onAbort);
      call.cancel();
    }
  }

  /** Resolves when the other side can be reached. */
  connected(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(this.#clock.now() + timeoutMs, (error) => {
        if (error) reject(this.#errorOf({ code: grpcStatus.UNAVAILABLE, details: error.message }));
        else resolve();
      });
    });
  }

  /** Keeps the connection up from now on, calls or not, and tells each time that it is made or lost, until the channel is closed. */
  keepUp(onChange: (isConnected: boolean) => void): void {
    const channel = this.#client.getChannel();
    let was = false;
    const look = () => {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.SHUTDOWN) return;
      const is = state === connectivityState.READY;
      channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look);
      if (is === was) return;
      was = is;
      onChange(is);
    };
    look();
  }

  close(): void {
    this.#client.close();
  }

  #canceled(signal: AbortSignal): Error {
    return this.#errorOf({ code: grpcStatus.CANCELLED, details: String(signal.reason) });
  }
}
