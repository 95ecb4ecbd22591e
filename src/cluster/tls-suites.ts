import type { ServerTls } from '../platform/http.ts';
import { hasSuite } from '../platform/server-contexts.ts';
import { goQuote } from '../machinery/go-text.ts';
import { UserError } from './user-error.ts';

/** TLS 1.3 has its suites under Go's names, and all of them always: Go gives no choice of them. */
const suitesOf13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** OpenSSL's names of the suites before TLS 1.3 that Go has, by Go's. */
const suitesBefore13: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_RC4_128_SHA: 'ECDHE-ECDSA-RC4-SHA',
  TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA: 'ECDHE-RSA-DES-CBC3-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_RC4_128_SHA: 'ECDHE-RSA-RC4-SHA',
  TLS_RSA_WITH_3DES_EDE_CBC_SHA: 'DES-CBC3-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_RC4_128_SHA: 'RC4-SHA',
};

/** One of these HTTP/2 needs before TLS 1.3 (RFC 7540, 9.2.2, as Go reads it). */
const http2Suites = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'];

const versions: Readonly<Record<string, ServerTls['minVersion']>> = {
  VersionTLS10: undefined,
  VersionTLS11: undefined,
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
};

/** What connections are made with, by Go's names of it. Throws a UserError for what Go does not have, and for what this server does not. */
export function readSuites(
  suites: readonly string[],
  version = 'VersionTLS12',
): Pick<ServerTls, 'minVersion' | 'ciphers'> {
  if (!Object.hasOwn(versions, version)) throw new UserError(`unknown tls version ${goQuote(version)}`);
  const minVersion = versions[version];
  if (!minVersion)
    throw new UserError(
      `--tls-min-version ${version}: nothing before TLS 1.2 is spoken`,
      'leave it out, or say VersionTLS12 or VersionTLS13',
    );
  if (suites.length === 0) return { minVersion };
  const before13 = suites.filter((name) => !suitesOf13.includes(name)).map(openSslName);
  if (minVersion === 'TLSv1.2' && !suites.some((name) => http2Suites.includes(name)))
    throw new UserError(
      `http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of ${http2Suites.join(' or ')})`,
    );
  return { minVersion, ciphers: [...suitesOf13, ...new Set(before13)].join(':') };
}

function openSslName(suite: string): string {
  const name = Object.hasOwn(suitesBefore13, suite) ? suitesBefore13[suite] : undefined;
  if (name === undefined) throw new UserError(`Cipher suite ${suite} not supported or doesn't exist`);
  if (!hasSuite(name))
    throw new UserError(`Cipher suite ${suite} is one that Node.js does not have any more`);
  return name;
}
