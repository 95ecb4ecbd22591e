import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StatusError } from '../../machinery/status-error.ts';
import type { HttpUpgrade } from '../../platform/http.ts';
import { endWhenIdle, finish, joinStreams } from '../../platform/join-streams.ts';
import { bodyOf, errorText, type FirstAnswer, firstAnswer } from './first-answer.ts';
import { type ProxiedHead, upgradeHead } from './proxied-headers.ts';

export interface TunnelOptions extends ProxiedHead {
  /** Answers in place of a backend that refuses with this code and these words, or throws what the client is told. */
  onRefusal?(code: number, text: string): void;
}

/** Connections over which nothing goes are given up after this time, as kubelets do. */
const idleTimeoutMs = 4 * 60 * 60 * 1000;

/** How long a backend that refuses may keep silent before all of that is said; as long as upstream gives it. */
const refusalTimeoutMs = 10_000;

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
  const answer = await firstAnswer(backend).catch((error: Error) => {
    backend.destroy();
    throw new StatusError(500, '', error.message);
  });
  socket.off('close', hangUp);
  if (answer.status !== 101) return refused(upgrade, backend, { answer, options });
  endWhenIdle(socket, idleTimeoutMs);
  if (head.length > 0) backend.write(head);
  socket.write(answer.bytes);
  void joinStreams(socket, backend);
  return answer.status;
}

/**
 * Passes on that a backend does not turn the connection into something else, and nothing back to it: the backend takes what
 * comes over this connection for this server's own words, so that a client could ask anything in anybody's name.
 */
async function refused(
  { socket }: HttpUpgrade,
  backend: Duplex,
  { answer, options }: { answer: FirstAnswer; options: TunnelOptions },
): Promise<number> {
  if (answer.status < 400) {
    backend.destroy();
    throw new StatusError(500, '', `invalid upgrade response: status code ${answer.status}`);
  }
  if (options.onRefusal) {
    const text = await errorText(backend, answer).catch((error: Error) => error.message);
    options.onRefusal(answer.status, text);
  } else void passRefusal(socket, backend, answer);
  return answer.status;
}

async function passRefusal(socket: Duplex, backend: Duplex, answer: FirstAnswer): Promise<void> {
  endWhenIdle(backend, refusalTimeoutMs);
  socket.write(answer.bytes.subarray(0, answer.bodyAt));
  await pipeline(bodyOf(backend, answer), socket).catch(() => socket.destroy());
  finish(socket);
}
