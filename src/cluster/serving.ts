import { X509Certificate } from 'node:crypto';
import type { Component } from '../client/component.ts';
import type { NamedCertificate, ServerTls } from '../platform/http.ts';
import { certificatesIn } from '../platform/peer.ts';
import type { Platform } from '../platform/platform.ts';
import {
  followGiven,
  type GivenFiles,
  joinedBundles,
  readGivenBundle,
  readGivenPair,
} from './given-files.ts';
import { isAddress, type KeyPair } from './pki.ts';
import { ownCertificateName } from './server-certificates.ts';
import { readSuites } from './tls-suites.ts';
import { UserError } from './user-error.ts';

/** How the API server takes connections; the names are those of upstream's flags. */
export interface ServingSettings {
  /** The certificate that is shown in place of the cluster's own, with what it stands on behind it, and its key; PEM. */
  tlsCertFile?: string | undefined;
  tlsPrivateKeyFile?: string | undefined;
  /** Certificates for some names; for their own where none are given. */
  tlsSniCertKeys?: readonly SniCertKey[] | undefined;
  /** Go's names: `VersionTLS12`, `TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256`. */
  tlsMinVersion?: string | undefined;
  tlsCipherSuites?: readonly string[] | undefined;
  /** Authorities of clients beside the cluster's own; PEM. */
  clientCaFile?: string | undefined;
}

export interface SniCertKey {
  certFile: string;
  keyFile: string;
  names: readonly string[];
}

type World = Pick<Platform, 'files' | 'clock' | 'log'>;

interface GivenPair extends GivenFiles {
  names: readonly string[];
}

/** What the settings say, with the files as they are now. */
export interface Serving {
  /** Whether other certificates are shown than the cluster's own. */
  readonly showsOthers: boolean;
  /** What connections are made with, of a cluster with a certificate of its own, and an authority. */
  tls(own: KeyPair, authority: string): ServerTls;
  /** What clients are to believe the server by: the cluster's authority, and what a given certificate stands on elsewhere. */
  authorities(authority: string): string;
  /** Follow the files. `onChanged` is called whenever they hold something else of use. */
  following(onChanged: () => void): Component[];
}

/** Reads what the settings name. Throws a UserError where it is of no use. */
export async function readServing(settings: ServingSettings, world: World): Promise<Serving> {
  const { tlsCertFile, tlsPrivateKeyFile, tlsSniCertKeys = [], clientCaFile } = settings;
  const suites = readSuites(settings.tlsCipherSuites ?? [], settings.tlsMinVersion);
  if ((tlsCertFile === undefined) !== (tlsPrivateKeyFile === undefined))
    throw new UserError(
      'missing filename for serving cert',
      '--tls-cert-file and --tls-private-key-file belong together',
    );
  const usual =
    tlsCertFile === undefined
      ? undefined
      : await readGivenPair('serving-cert', { certFile: tlsCertFile, keyFile: tlsPrivateKeyFile }, world);
  const named = await Promise.all(
    tlsSniCertKeys.map(async ({ names, ...paths }) => ({
      ...(await readGivenPair('sni-serving-cert', paths, world)),
      names,
    })),
  );
  const clients = clientCaFile && (await readGivenBundle('client-ca-bundle', clientCaFile, world));
  const pairs = [...(usual ? [usual] : []), ...named];
  const all = clients ? [...pairs, clients] : pairs;
  return {
    showsOthers: pairs.length > 0,
    tls: (own, authority) => ({
      ...(usual ? shown(usual) : { cert: own.certificate, key: own.key }),
      ...(pairs.length > 0 && { named: namedCertificates(own, named) }),
      clientCa: joinedBundles(authority, clients ? (clients.pem.ca ?? '') : ''),
      ...suites,
    }),
    authorities: (authority) => joinedBundles(authority, usual ? standsOn(shown(usual).cert, authority) : ''),
    following: (onChanged) => all.map((given) => followGiven(given, onChanged, world)),
  };
}

const shown = ({ pem: { cert = '', key = '' } }: GivenFiles) => ({ cert, key });

/** The name that the cluster's own clients ask for comes first, then names that are given, then those that certificates have. */
function namedCertificates(own: KeyPair, pairs: readonly GivenPair[]): NamedCertificate[] {
  const all = pairs.map((pair) => ({ ...shown(pair), names: pair.names.map((name) => name.toLowerCase()) }));
  const isTold = ({ names }: NamedCertificate) => names.length > 0;
  return [
    { names: [ownCertificateName], cert: own.certificate, key: own.key },
    ...all.filter(isTold),
    ...all.filter((one) => !isTold(one)).map((one) => ({ ...one, names: namesIn(one.cert) })),
  ];
}

/** A certificate's common name, where that is one of a server, and its DNS names; its addresses are asked for by nobody. */
function namesIn(cert: string): string[] {
  const { subject, subjectAltName = '' } = new X509Certificate(cert);
  const common = /^CN=(.*)$/m.exec(subject)?.[1] ?? '';
  const isName = !isAddress(common) && /^(?:\*|(?:\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$/.test(common);
  const names = [...subjectAltName.matchAll(/DNS:([^,]+)/g)].map(([, name = '']) => name.toLowerCase());
  return [...(isName ? [common] : []), ...names];
}

/** The last certificate of a chain, unless the chain stands on the authority anyway. */
function standsOn(chain: string, authority: string): string {
  const last = certificatesIn(chain).at(-1);
  if (last === undefined) return '';
  const root = new X509Certificate(authority);
  const isKnown = new X509Certificate(last).verify(root.publicKey);
  return isKnown ? '' : last;
}
