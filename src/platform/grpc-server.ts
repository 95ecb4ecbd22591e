import { rm } from 'node:fs/promises';
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { grpcAddress, isAbstract } from './grpc-address.ts';
import { grpcPath } from './grpc-method.ts';

/** Adds a method to a server. */
export type GrpcRoute = (server: Server) => void;

/** An answer that says which of gRPC's codes it is; any other error is `UNKNOWN`, as Go's servers have it. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: keyof typeof status;

  constructor(code: keyof typeof status, message: string) {
    super(message);
    this.code = code;
  }
}

/** A method that takes one message and answers with one; what it rejects with, the caller is told. */
export function unaryRoute<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  answer: (request: MessageShape<I>) => Promise<MessageInitShape<O>>,
): GrpcRoute {
  const handle: handleUnaryCall<MessageShape<I>, MessageShape<O>> = async ({ request }, respond) => {
    try {
      respond(null, create(method.output, await answer(request)));
    } catch (error) {
      const code = error instanceof GrpcError ? status[error.code] : status.UNKNOWN;
      respond({ code, details: (error as Error).message });
    }
  };
  const write = (message: MessageShape<O>) => Buffer.from(toBinary(method.output, message));
  const read = (bytes: Buffer) => fromBinary(method.input, bytes);
  return (server) => void server.register(grpcPath(method), handle, write, read, 'unary');
}

/** A gRPC server on a Unix socket. */
export interface LocalGrpcServer {
  /** Ends its connections too, and removes the socket. */
  close(): Promise<void>;
}

/** Serves methods on a Unix socket, in the place of one that stands there. Rejects where it cannot be listened to, as where the path is too long. */
export async function listenGrpc(socketPath: string, routes: readonly GrpcRoute[]): Promise<LocalGrpcServer> {
  const server = new Server();
  for (const route of routes) route(server);
  const removed = async () => {
    if (!isAbstract(socketPath)) await rm(socketPath, { force: true });
  };
  await removed();
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(grpcAddress(socketPath), ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return {
    close: async () => {
      server.forceShutdown();
      await removed();
    },
  };
}
