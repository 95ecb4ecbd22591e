import { MessageChannel } from 'node:worker_threads';
import type { HttpListener } from '../http.ts';
import { ThreadListener, type ThreadPort } from './listen-in-thread.ts';
import { type AnswererPort, takeConnections } from './take-connections.ts';

/** As `listenInThread`, in the same thread: all that passes between two still does. */
export const listenThroughChannel: HttpListener = async (options) => {
  const { port1, port2 } = new MessageChannel();
  takeConnections(port2 as AnswererPort);
  const listener = new ThreadListener(port1 as ThreadPort);
  const server = await listener.listen(options).catch((error: unknown) => {
    port1.close();
    throw error;
  });
  return {
    ...server,
    async close(graceMs) {
      await server.close(graceMs);
      port1.close();
    },
  };
};
