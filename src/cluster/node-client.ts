import { Client } from '../client/client.ts';
import type { Endpoints } from '../client/endpoints.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { connectHttps } from '../platform/http-client.ts';
import type { KeyPair } from './pki.ts';
import { ownCertificateName } from './server-certificates.ts';

export interface NodeClient {
  client: Client;
  /** Shows this certificate from now on; watches go on as they are. */
  renew(pair: KeyPair): void;
  close(): void;
}

/** A client of the cluster's API servers with a client certificate, over HTTPS. */
export function nodeClient(
  config: { servers: readonly string[] | Endpoints; authority: string },
  pair: KeyPair,
  userAgent: string,
): NodeClient {
  const { authority: ca, servers } = config;
  const tlsOf = ({ certificate: cert, key }: KeyPair) => ({ ca, cert, key, askedName: ownCertificateName });
  const transport = new HttpTransport({ connect: connectHttps, servers, tls: tlsOf(pair), userAgent });
  return {
    client: new Client(transport),
    renew: (fresh) => transport.setTls(tlsOf(fresh)),
    close: () => transport.close(),
  };
}
