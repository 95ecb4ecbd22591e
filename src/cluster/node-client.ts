import { Client } from '../client/client.ts';
import type { Endpoints } from '../client/endpoints.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { connectHttps } from '../platform/http-client.ts';
import type { KeyPair } from './pki.ts';

/** A client of the cluster's API servers with a client certificate, over HTTPS. */
export function nodeClient(
  config: { servers: readonly string[] | Endpoints; authority: string },
  pair: KeyPair,
  userAgent: string,
): { client: Client; close(): void } {
  const tls = { ca: config.authority, cert: pair.certificate, key: pair.key };
  const transport = new HttpTransport({ connect: connectHttps, servers: config.servers, tls, userAgent });
  return { client: new Client(transport), close: () => transport.close() };
}
