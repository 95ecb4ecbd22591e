import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { PeerCertificate, ServerTls } from './http.ts';

const noPeer = Symbol('no certificate');
const peers = new WeakMap<object, PeerCertificate | typeof noPeer>();
const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const digests = new Map<string, ReadonlySet<string>>();

/** Kubernetes' own attribute of a subject for the UID of a user. */
const uidType = '1.3.6.1.4.1.57683.2';

/** The certificates in a bundle, in PEM. */
export const certificatesIn = (bundle: string): readonly string[] => bundle.match(pemBlock) ?? [];

/** The digests of the certificates in a bundle. */
function digestsOf(bundle: string): ReadonlySet<string> {
  let found = digests.get(bundle);
  if (!found) {
    found = new Set(certificatesIn(bundle).map((pem) => new X509Certificate(pem).fingerprint256));
    digests.set(bundle, found);
  }
  return found;
}

const isSignedBy = (certificate: DetailedPeerCertificate, issuer: DetailedPeerCertificate) =>
  new X509Certificate(certificate.raw).verify(new X509Certificate(issuer.raw).publicKey);

/**
 * The digest of the certificate that a chain ends at; of the last one known, where the end is not. The chain is the one that the client
 * has sent, which Node joins by names alone: another certificate of an authority's name is one that has not signed the next.
 */
function rootOf(leaf: DetailedPeerCertificate): string {
  let certificate = leaf;
  for (let next = certificate.issuerCertificate; next; next = certificate.issuerCertificate) {
    if (next.fingerprint256 === certificate.fingerprint256 || !isSignedBy(certificate, next)) break;
    certificate = next;
  }
  return certificate.fingerprint256;
}

/** Whom a certificate speaks for: TLS has found it to stand on one of all authorities, and here it is told on which. */
function standing(
  socket: TLSSocket,
  { clientCa, proxyCa }: ServerTls,
): { trusted: boolean; isProxy: boolean } {
  if (proxyCa === undefined || !socket.authorized) return { trusted: socket.authorized, isProxy: false };
  const root = rootOf(socket.getPeerCertificate(true));
  const standsOn = (bundle: string | undefined) => bundle !== undefined && digestsOf(bundle).has(root);
  return { trusted: standsOn(clientCa), isProxy: standsOn(proxyCa) };
}

function readPeer(socket: TLSSocket, tls: ServerTls): PeerCertificate | typeof noPeer {
  const certificate = socket.getPeerCertificate();
  if (!certificate?.subject) return noPeer;
  const {
    CN,
    O,
    [uidType]: uid,
  } = certificate.subject as unknown as Record<string, string | string[] | undefined>;
  const commonNames = [CN ?? []].flat();
  return {
    ...standing(socket, tls),
    commonName: commonNames.at(-1) ?? '',
    organizations: [O ?? []].flat(),
    ...(uid !== undefined && { uids: [uid].flat() }),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    untilMs: Date.parse(certificate.valid_to),
  };
}

/** What the other end of a TLS connection has shown; the same object for all requests of a connection. */
export function peerOf(socket: TLSSocket, tls: ServerTls): PeerCertificate | undefined {
  let peer = peers.get(socket);
  if (!peer) {
    peer = readPeer(socket, tls);
    peers.set(socket, peer);
  }
  return peer === noPeer ? undefined : peer;
}

/** Whether the certificate still holds: TLS has looked when the connection began. */
export const stillHolds = ({ untilMs }: PeerCertificate, clock: { now(): number }): boolean =>
  clock.now() <= untilMs;

/** All authorities that client certificates may stand on, whoever they speak for. */
export function authoritiesOf({ clientCa, proxyCa }: ServerTls): string[] | undefined {
  const all = [clientCa, proxyCa].filter((bundle) => bundle !== undefined);
  return all.length > 0 ? all : undefined;
}
