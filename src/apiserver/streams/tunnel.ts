import type { Duplex } from 'node:stream';
import { StatusError } from '../../machinery/status-error.ts';
import type { HttpUpgrade } from '../../platform/http.ts';
import { endWhenIdle, joinStreams } from '../../platform/join-streams.ts';
import { errorText, firstAnswer } from './first-answer.ts';
import { type ProxiedHead, upgradeHead } from './proxied-headers.ts';

export interface TunnelOptions extends ProxiedHead {
  /** Answers in place of a backend that refuses with this code and these words, or throws what the client is told. */
  onRefusal?(code: number, text: string): void;
}

/** Connections over which nothing goes are given up after this time, as kubelets do. */
const idleTimeoutMs = 4 * 60 * 60 * 1000;

/**
 * Passes an upgrade request on to another server and then every byte both ways, its answer first: what the two speak,
 * WebSocket or SPDY, is between them. Gives the code of the answer as soon as it is there; the rest goes on by itself.
 */
export async function tunnel(upgrade: HttpUpgrade, backend: Duplex, options: TunnelOptions): Promise<number> {
  const { request, socket, head } = upgrade;
  const hangUp = () => void backend.destroy();
  socket.once('close', hangUp);
  socket.once('error', hangUp);
  if (socket.destroyed) hangUp();
  backend.write(upgradeHead(request, options), 'latin1');
  if (head.length > 0) backend.write(head);
  const answer = await firstAnswer(backend).catch((error: Error) => {
    backend.destroy();
    throw new StatusError(500, '', error.message);
  });
  socket.off('close', hangUp);
  if (answer.status === 101) {
    endWhenIdle(socket, idleTimeoutMs);
  } else if (answer.status < 400) {
    backend.destroy();
    throw new StatusError(500, '', `invalid upgrade response: status code ${answer.status}`);
  } else if (options.onRefusal) {
    const text = await errorText(backend, answer).catch((error: Error) => error.message);
    options.onRefusal(answer.status, text);
    return answer.status;
  }
  socket.write(answer.bytes);
  void joinStreams(socket, backend);
  return answer.status;
}
