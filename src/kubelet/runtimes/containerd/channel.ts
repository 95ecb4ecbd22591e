import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError, status as grpcStatus } from '@grpc/grpc-js';
import type { Clock } from '../../../platform/clock.ts';
import { RuntimeError } from '../runtime-error.ts';
import { translateGrpcError } from './translate-error.ts';

export interface UnaryOptions {
  timeoutMs: number;
  signal?: AbortSignal;
}

/** The namespace in which containerd keeps what belongs to Kubernetes. */
export const kubernetesNamespace = 'k8s.io';

/** containerd's own services are asked in a namespace; the runtime interface pays no heed to it. */
function metadata(): Metadata {
  const values = new Metadata();
  values.set('containerd-namespace', kubernetesNamespace);
  return values;
}

const encoder =
  <T extends DescMessage>(schema: T) =>
  (message: MessageShape<T>) =>
    Buffer.from(toBinary(schema, message));

const decoder =
  <T extends DescMessage>(schema: T) =>
  (bytes: Buffer) =>
    fromBinary(schema, bytes);

const pathOf = (method: { parent: { typeName: string }; name: string }) =>
  `/${method.parent.typeName}/${method.name}`;

/** A gRPC connection to a runtime's socket, made when it is first needed and made again when it is lost. */
export class Channel {
  readonly #client: Client;
  readonly #clock: Clock;

  constructor(socketPath: string, clock: Clock) {
    this.#clock = clock;
    this.#client = new Client(`unix://${socketPath}`, credentials.createInsecure(), {
      // Lists of a full node exceed the default of 4 MiB.
      'grpc.max_receive_message_length': -1,
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.min_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 1000,
    });
  }

  /** Calls a method. Rejects with a `RuntimeError`. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    init: MessageInitShape<I>,
    options: UnaryOptions,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted) return reject(canceled(options.signal));
      const onAbort = () => call.cancel();
      const call = this.#client.makeUnaryRequest(
        pathOf(method),
        encoder(method.input),
        decoder(method.output),
        create(method.input, init),
        metadata(),
        { deadline: this.#clock.now() + options.timeoutMs },
        (error, answer) => {
          options.signal?.removeEventListener('abort', onAbort);
          if (!error) resolve(answer as MessageShape<O>);
          else reject(options.signal?.aborted ? canceled(options.signal) : translateGrpcError(error));
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
      pathOf(method),
      encoder(method.input),
      decoder(method.output),
      create(method.input, init),
      metadata(),
    );
    const onAbort = () => call.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const message of call) yield message as MessageShape<O>;
    } catch (error) {
      throw translateGrpcError(error as ServiceError);
    } finally {
      signal.removeEventListener('abort', onAbort);
      call.cancel();
    }
  }

  /** Resolves when the runtime can be reached. */
  connected(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(this.#clock.now() + timeoutMs, (error) => {
        if (error) reject(new RuntimeError('Unavailable', error.message));
        else resolve();
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}

function canceled(signal: AbortSignal): RuntimeError {
  return translateGrpcError({ code: grpcStatus.CANCELLED, details: String(signal.reason) });
}
