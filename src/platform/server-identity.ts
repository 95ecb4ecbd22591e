import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** What a TLS client without a name to ask for, since it has an address only, says and checks. */
export interface AddressIdentity {
  /** Said instead of a name: an address is not allowed there. */
  serverName: string;
  /** Whether the certificate is for the address. */
  check(name: string, certificate: PeerCertificate): Error | undefined;
}

/** Undefined where `host` is a name. IPv6 addresses may stand in brackets. */
export function addressIdentity(host: string): AddressIdentity | undefined {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  if (!isIP(address)) return undefined;
  return {
    serverName: 'localhost',
    check: (_name, certificate) => checkServerIdentity(address, certificate),
  };
}
