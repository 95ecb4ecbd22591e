import { create, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf';
import {
  Metadata,
  Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { grpcPath } from '../platform/grpc-method.ts';
import type { Log } from '../platform/log.ts';
import { StoreError } from '../store/store.ts';
import { EtcdError, toEtcdError } from './errors.ts';
import { Outbox } from './outbox.ts';
import type { Route, StreamCall } from './service.ts';

type Message = Record<string, unknown>;
type Call = ServerDuplexStream<Message, Buffer> & ServerWritableStream<Message, Buffer>;

/** A gRPC server of these routes. */
export function grpcServer(
  routes: readonly Route[],
  options: { mostRequestBytes: number; log: Log },
): Server {
  const server = new Server({
    'grpc.max_receive_message_length': options.mostRequestBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 10_000,
  });
  for (const route of routes) register(server, route, options.log);
  return server;
}

function register(server: Server, route: Route, log: Log): void {
  const { method } = route;
  const path = grpcPath(method);
  const handler = 'unary' in route ? unaryHandler(route, log) : streamHandler(route, log);
  const { input, output } = method;
  const read = (bytes: Buffer) => fromBinary(input, bytes) as unknown as Message;
  // What a stream sends is bytes already: so it is known how much of it waits.
  const write = (message: Message | Buffer) =>
    message instanceof Buffer ? message : bytesOf(output, message);
  const kind = { unary: 'unary', server_streaming: 'serverStream', bidi_streaming: 'bidi' } as const;
  server.register(path, handler as never, write, read, kind[method.methodKind as keyof typeof kind]);
}

const bytesOf = (schema: DescMessage, message: object) =>
  Buffer.from(toBinary(schema, create(schema, message as never)));

function unaryHandler(route: Extract<Route, { unary: unknown }>, log: Log) {
  return async (call: ServerUnaryCall<Message, Message>, respond: sendUnaryData<Message>) => {
    const info = {
      get signal() {
        const abort = new AbortController();
        call.on('cancelled', () => abort.abort());
        return abort.signal;
      },
    };
    try {
      respond(null, (await route.unary(call.request as never, info)) as Message);
    } catch (error) {
      respond(grpcError(error, log));
    }
  };
}

function streamHandler(route: Extract<Route, { stream: unknown }>, log: Log) {
  return (call: Call) => {
    call.on('error', () => {});
    const isBidi = route.method.methodKind === 'bidi_streaming';
    const hearing = isBidi && { pause: () => call.pause(), resume: () => call.resume() };
    const outbox = new Outbox({ write: (bytes, onTaken) => call.write(bytes, onTaken), ...hearing });
    let over = false;
    const stream: StreamCall<Message, Message> = {
      onMessage: (fn) => {
        if (isBidi) call.on('data', fn);
        else fn(call.request);
      },
      onHalfClose: (fn) => void call.on('end', fn),
      onClose: (fn) => {
        call.on('cancelled', fn);
        call.on('close', fn);
      },
      write: (message) => over || outbox.write(bytesOf(route.method.output, message)),
      onDrain: (fn) => {
        outbox.onDrain = fn;
      },
      end: (error) => {
        over = true;
        if (error === undefined) call.end();
        else call.emit('error', grpcError(error, log));
      },
    };
    route.stream(stream as never);
  };
}

function grpcError(error: unknown, log: Log) {
  const { code, message } = toEtcdError(error);
  if (!isAnswer(error)) log.error('a request failed', { error });
  return { code, details: message, metadata: new Metadata() };
}

/** Whether this is what a client may be told in the course of things, and nothing that is wrong here. */
function isAnswer(error: unknown): boolean {
  const usual = ['Compacted', 'FutureRevision', 'Closed'];
  return error instanceof EtcdError || (error instanceof StoreError && usual.includes(error.code));
}
