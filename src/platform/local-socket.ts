import { chmod, open, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import type { Duplex } from 'node:stream';

/** A Unix socket that is listened to. */
export interface LocalListener {
  /** Ends its connections too, and removes the socket. */
  close(): Promise<void>;
}

/** The kernel takes no longer path of a socket, in bytes; libuv cuts one that is, and the socket stands somewhere else. */
const longestPathBytes = 107;

/**
 * A path by which the kernel takes a socket: one that is too long goes by way of its folder, which has to be open meanwhile. Rejects with
 * `ENAMETOOLONG` where the name alone is too long.
 */
async function reachable(path: string): Promise<{ path: string; release(): Promise<void> }> {
  if (Buffer.byteLength(path) <= longestPathBytes) return { path, release: async () => {} };
  const folder = await open(dirname(path), 'r');
  const short = `/proc/self/fd/${folder.fd}/${basename(path)}`;
  if (Buffer.byteLength(short) <= longestPathBytes) return { path: short, release: () => folder.close() };
  await folder.close();
  throw Object.assign(new Error(`ENAMETOOLONG: the path of a socket is too long: ${path}`), {
    code: 'ENAMETOOLONG',
  });
}

/**
 * Listens on a Unix socket at `path`, in the place of one that a process which was killed has left. Only the user of
 * this process may connect. Rejects with the system's error.
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
  const place = await reachable(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(place.path, resolve);
  }).catch(async (error) => {
    await place.release();
    throw error;
  });
  server.on('error', () => {});
  await chmod(path, 0o600);
  return {
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      await place.release();
    },
  };
}

/** Connects to a Unix socket; rejects with the system's error. */
export async function connectLocal(path: string): Promise<Duplex> {
  const place = await reachable(path);
  const connecting = new Promise<Duplex>((resolve, reject) => {
    const socket = connect(place.path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
  return connecting.finally(place.release);
}
