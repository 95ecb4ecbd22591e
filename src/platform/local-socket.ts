import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A Unix socket that is listened to. */
export interface LocalListener {
  /** Ends its connections too, and removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens on a Unix socket at `path`, in the place of one that a process which was killed has left. Only the user of
 * this process may connect. Rejects with the system's error, also where the path is too long for a socket.
 */
export async function listenLocal(path: string, serve: (socket: Duplex) => void): Promise<LocalListener> {
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.on('error', () => {});
  await chmod(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Connects to a Unix socket; rejects with the system's error. */
export function connectLocal(path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
