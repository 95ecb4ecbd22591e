import type { Duplex } from 'node:stream';
import type { HttpUpgrade } from '../../platform/http.ts';
import { upgradeHead } from './proxied-headers.ts';

/**
 * Passes an upgrade request on to another server and then every byte both ways, its answer first: what the two speak,
 * WebSocket or SPDY, is between them. Resolves when the connection is over.
 */
export function tunnel(
  upgrade: HttpUpgrade,
  backend: Duplex,
  to: { target: string; host: string },
): Promise<void> {
  const { request, socket, head } = upgrade;
  return new Promise((resolve) => {
    const end = () => {
      socket.destroy();
      backend.destroy();
      resolve();
    };
    for (const side of [socket, backend]) {
      side.on('error', end);
      side.on('close', end);
    }
    if (socket.destroyed) return end();
    backend.write(upgradeHead(request, to));
    if (head.length > 0) backend.write(head);
    socket.pipe(backend);
    backend.pipe(socket);
  });
}
