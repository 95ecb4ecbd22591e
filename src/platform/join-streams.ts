import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** How long what was written last may take to reach a peer whose partner has gone. */
const lingerMs = 30_000;

/**
 * Copies both ways until one side is over, each no faster than the other takes it. The end of one direction is passed on
 * as such; once a side is gone, the other gets what was already read of it, and is closed. Resolves when both are.
 */
export async function joinStreams(a: Duplex, b: Duplex): Promise<void> {
  await Promise.all([oneWay(a, b), oneWay(b, a)]);
}

function oneWay(from: Duplex, to: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      finish(to);
      resolve();
    };
    from.once('error', () => to.destroy());
    if (from.destroyed) return over();
    from.once('close', over);
    from.pipe(to);
  });
}

/** Ends a stream after what was written to it; its peer hangs up then, or is hung up on. */
export function finish(to: Duplex): void {
  if (to.destroyed) return;
  const timer = setTimeout(() => to.destroy(), lingerMs);
  timer.unref();
  to.once('close', () => clearTimeout(timer));
  to.end();
  // Nobody wants what still comes, but a socket that is closed over it would take back what it has sent.
  to.resume();
}

/** Hangs up on a connection over which nothing comes or goes for so long. */
export function endWhenIdle(socket: Duplex, idleMs: number): void {
  if ('setTimeout' in socket) (socket as Socket).setTimeout(idleMs, () => socket.destroy());
}
