import { create, fromBinary, toBinary, type DescMessage, type DescMethod } from '@bufbuild/protobuf';
import {
  Metadata,
  Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Log } from '../platform/log.ts';
import { StoreError } from '../store/store.ts';
import { EtcdError, toEtcdError } from './errors.ts';
import type { Route, StreamCall } from './service.ts';

type Message = Record<string, unknown>;
type Call = ServerDuplexStream<Message, Message> & ServerWritableStream<Message, Message>;

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
  const path = pathOf(method);
  const handler = 'unary' in route ? unaryHandler(route, log) : streamHandler(route, log);
  const { input, output } = method;
  const read = (bytes: Buffer) => fromBinary(input, bytes) as unknown as Message;
  const write = (message: Message) => bytesOf(output, message);
  const kind = { unary: 'unary', server_streaming: 'serverStream', bidi_streaming: 'bidi' } as const;
  server.register(path, handler as never, write, read, kind[method.methodKind as keyof typeof kind]);
}

export const pathOf = (method: DescMethod) => `/${method.parent.typeName}/${method.name}`;

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

/** How many messages may wait for a client, so that one that is only a little late need not be served anew. */
const mostWaiting = 1024;

function streamHandler(route: Extract<Route, { stream: unknown }>, log: Log) {
  return (call: Call) => {
    call.on('error', () => {});
    let over = false;
    const stream: StreamCall<Message, Message> = {
      onMessage: (fn) => {
        if (route.method.methodKind === 'server_streaming') fn(call.request);
        else call.on('data', fn);
      },
      onHalfClose: (fn) => void call.on('end', fn),
      onClose: (fn) => {
        call.on('cancelled', fn);
        call.on('close', fn);
      },
      write: (message) => over || call.write(message) || call.writableLength < mostWaiting,
      onDrain: (fn) => void call.on('drain', fn),
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
