import { rmSync } from 'node:fs';
import { type Server, ServerCredentials } from '@grpc/grpc-js';

/** Has a server answer at a socket, whatever stood there. */
export function serveAt(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true });
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
