import {
  create,
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { Client, connectivityState, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../platform/clock.ts';
import { grpcMethod } from '../../platform/grpc-method.ts';
import { addressIdentity } from '../../platform/server-identity.ts';
import { CallError, type CallStatus } from './call-error.ts';

/** What a client shows and trusts. All PEM; whatever is here can be used. */
export interface EtcdTls {
  /** What the servers' certificates stand on; the system's authorities where absent. */
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

export interface StreamHandlers<O extends DescMessage> {
  onMessage(message: MessageShape<O>): void;
  /** The stream is over: by an error, by the server, or by `cancel`. Called once. */
  onEnd(error: CallError): void;
}

export interface OpenStream<I extends DescMessage> {
  send(init: MessageInitShape<I>): void;
  cancel(): void;
}

const channelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1000,
  // A server that falls silent is given up; etcd ends connections that ask more often than every five seconds.
  'grpc.keepalive_time_ms': 6000,
  'grpc.keepalive_timeout_ms': 3000,
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.use_local_subchannel_pool': 1,
} as const;

function clientOf(url: URL, tls: EtcdTls): Client {
  const port = url.port || (url.protocol === 'http:' ? '80' : '443');
  const target = `dns:${url.hostname}:${port}`;
  if (url.protocol === 'http:') return new Client(target, credentials.createInsecure(), channelOptions);
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const identity = addressIdentity(url.hostname);
  const verify = identity && { checkServerIdentity: identity.check };
  const secure = credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert), verify);
  const names = identity && { 'grpc.ssl_target_name_override': identity.serverName };
  return new Client(target, secure, { ...channelOptions, ...names });
}

/** A gRPC connection to one etcd server, made when it is first needed and made again when it is lost. */
export class Connection {
  readonly endpoint: string;
  #client: Client;
  readonly #clock: Clock;

  constructor(endpoint: string, { tls, clock }: { tls: EtcdTls; clock: Clock }) {
    this.endpoint = endpoint;
    this.#clock = clock;
    this.#client = clientOf(new URL(endpoint), tls);
  }

  /** From now on connections are made with these; calls that are under way come to their end on those that there are. */
  setTls(tls: EtcdTls): void {
    const before = this.#client;
    this.#client = clientOf(new URL(this.endpoint), tls);
    before.close();
  }

  /** Whether the server is connected within `timeoutMs`; false as soon as it is known to refuse. */
  async ready(timeoutMs: number): Promise<boolean> {
    const channel = this.#client.getChannel();
    const deadline = this.#clock.now() + timeoutMs;
    for (;;) {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return true;
      if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) return false;
      const late = await new Promise((resolve) =>
        channel.watchConnectivityState(state, deadline, (error) => resolve(error !== undefined)),
      );
      if (late) return false;
    }
  }

  /** Calls a method. Rejects with a `CallError`. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    init: MessageInitShape<I>,
    timeoutMs: number,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        ...grpcMethod(method),
        create(method.input, init),
        new Metadata(),
        {},
        (error, answer) => {
          timer.cancel();
          if (!error) resolve(answer as MessageShape<O>);
          else reject(late ? new CallError('DeadlineExceeded', silence(timeoutMs)) : callError(error));
        },
      );
      let late = false;
      const timer = this.#clock.after(timeoutMs, () => {
        late = true;
        call.cancel();
      });
    });
  }

  /** Opens a stream, which ends by itself where its server no longer knows a leader. */
  open<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    handlers: StreamHandlers<O>,
  ): OpenStream<I> {
    const metadata = new Metadata();
    metadata.set('hasleader', 'true');
    const call = this.#client.makeBidiStreamRequest(...grpcMethod(method), metadata);
    let over = false;
    const end = (error: CallError) => {
      if (!over) handlers.onEnd(error);
      over = true;
    };
    call.on('data', (message: MessageShape<O>) => {
      if (!over) handlers.onMessage(message);
    });
    call.on('error', (error: ServiceError) => end(callError(error)));
    call.on('end', () => end(new CallError('Unavailable', 'the server ended the stream')));
    return {
      send: (init) => void call.write(create(method.input, init)),
      cancel: () => call.cancel(),
    };
  }

  close(): void {
    this.#client.close();
  }
}

const silence = (timeoutMs: number) => `etcdserver: request timed out (no answer in ${timeoutMs} ms)`;

/** gRPC's numbers of the statuses that matter here. */
const statuses: Record<number, CallStatus> = {
  1: 'Cancelled',
  3: 'InvalidArgument',
  4: 'DeadlineExceeded',
  5: 'NotFound',
  7: 'PermissionDenied',
  8: 'ResourceExhausted',
  9: 'FailedPrecondition',
  11: 'OutOfRange',
  12: 'Unimplemented',
  14: 'Unavailable',
  16: 'Unauthenticated',
};

function callError(error: ServiceError): CallError {
  return new CallError(statuses[error.code] ?? 'Unknown', reasonIn(error.details || error.message));
}

/** Why there is no connection, without what grpc-js and OpenSSL put around it. */
export function reasonIn(details: string): string {
  const wrapped =
    /^No connection established\. Last error: (?:Error: )?(.+?)(?:\s+\([-\d]+T[\d:.]+Z\))?\. Resolution note: /s;
  const reason = wrapped.exec(details)?.[1] ?? details;
  return reason.replace(/^[\dA-F]+:error:[\dA-F]+:SSL routines:\w+:([^:]+):.*$/s, 'TLS: $1');
}
