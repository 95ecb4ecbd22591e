import { Agent, request as startRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import { readBody } from './http-body.ts';
import type { ClientTls } from './http-client.ts';
import { onSwitch } from './on-switch.ts';

export interface HttpsGet {
  host: string;
  port: number;
  /** Path and query. */
  target: string;
  /** The whole answer must be there by then. */
  timeoutMs: number;
  /** What is longer is not read to its end. */
  limitBytes: number;
  signal?: AbortSignal;
}

/** What many servers are asked for again and again. */
export interface HttpsGetter {
  /** Rejects with the system's error, where the answer is too long or late, or when the signal is aborted. */
  get(what: HttpsGet): Promise<{ status: number; text: string }>;
  /** Ends all connections. */
  close(): void;
}

/**
 * GETs over HTTP/1.1 and TLS: the certificates are read once for all servers, which costs more than all else, and connections are kept
 * where the servers keep them.
 */
export function httpsGetter(tls: Pick<ClientTls, 'ca' | 'cert' | 'key'>): HttpsGetter {
  const secureContext = createSecureContext(tls);
  const agent = new Agent({ secureContext, keepAlive: true, maxFreeSockets: 1, maxCachedSessions: 0 });
  agent.on('free', (socket) => socket.unref());
  return {
    get: (what) =>
      new Promise((resolve, reject) => {
        const { host, port, target: path, timeoutMs, limitBytes, signal } = what;
        const end = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
        const request = startRequest({ agent, host, port, path, signal: end });
        request.on('error', reject);
        onSwitch(request, reject);
        request.on('socket', (socket) => socket.ref());
        request.on('response', (response) => {
          readBody(response, limitBytes).then(
            (body) => resolve({ status: response.statusCode ?? 502, text: Buffer.from(body).toString() }),
            (error: Error) => {
              request.destroy();
              reject(error);
            },
          );
        });
        request.end();
      }),
    close: () => agent.destroy(),
  };
}
