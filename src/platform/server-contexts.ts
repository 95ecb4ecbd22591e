import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCiphers, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { NamedCertificate, ServerTls } from './http.ts';
import { authoritiesOf } from './peer.ts';

/** Whether connections can be made with a suite, by OpenSSL's name of it. */
export const hasSuite = (name: string): boolean => getCiphers().includes(name.toLowerCase());

/** The certificates of a server that has others for some of its names. */
export class ServerContexts {
  readonly #tls: ServerTls;
  readonly #named: readonly NamedCertificate[];
  readonly #made = new Map<NamedCertificate, SecureContext>();

  constructor(tls: ServerTls) {
    this.#tls = tls;
    this.#named = tls.named ?? [];
  }

  /** What those get who name nobody: the certificate for the address that is listened on, where there is one. */
  forAddress(address: string): SecureContextOptions {
    return contextOptions(this.#tls, this.#named.find(({ names }) => names.includes(address)) ?? this.#tls);
  }

  /** What those get who ask for a name; undefined for what everybody gets. */
  forName(name: string): SecureContext | undefined {
    const chosen = chooseCertificate(name, this.#tls);
    if (!chosen) return undefined;
    let context = this.#made.get(chosen);
    if (!context) {
      context = createSecureContext(contextOptions(this.#tls, chosen));
      this.#made.set(chosen, context);
    }
    return context;
  }
}

function contextOptions(
  tls: ServerTls,
  { cert, key }: Pick<ServerTls, 'cert' | 'key'>,
): SecureContextOptions {
  const { minVersion = 'TLSv1.2', ciphers } = tls;
  return { cert, key, ca: authoritiesOf(tls), minVersion, ...(ciphers !== undefined && { ciphers }) };
}

/**
 * The certificate for a name that is asked for, as Go's TLS chooses it: one that has the name, one with `*` in place of its first label, and
 * otherwise, if the usual one is not for that name, any that is. Undefined for the usual one.
 */
export function chooseCertificate(
  asked: string,
  { cert, named = [] }: ServerTls,
): NamedCertificate | undefined {
  const name = asked.toLowerCase();
  const wildcard = name.replace(/^[^.]*/, '*');
  const known =
    named.find(({ names }) => names.includes(name)) ?? named.find(({ names }) => names.includes(wildcard));
  if (known || isFor(name, cert)) return known;
  return named.find((one) => isFor(name, one.cert));
}

const isFor = (name: string, cert: string) =>
  new X509Certificate(cert).checkHost(name, { subject: 'never' }) !== undefined;
