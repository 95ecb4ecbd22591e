import { createSecureContext } from 'node:tls';
import { expect, test } from 'vitest';
import { readSuites } from './tls-suites.ts';

const all13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

test.each([
  [[], undefined, { minVersion: 'TLSv1.2' }],
  [[], 'VersionTLS13', { minVersion: 'TLSv1.3' }],
  [
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256'],
    'VersionTLS12',
    { minVersion: 'TLSv1.2', ciphers: `${all13}:ECDHE-RSA-AES128-GCM-SHA256:AES256-GCM-SHA384` },
  ],
  [
    [
      'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305',
      'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    ],
    undefined,
    {
      minVersion: 'TLSv1.2',
      ciphers: `${all13}:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305`,
    },
  ],
  [['TLS_AES_256_GCM_SHA384'], 'VersionTLS13', { minVersion: 'TLSv1.3', ciphers: all13 }],
])('%j with %s', (suites, version, expected) => {
  const read = readSuites(suites, version);
  expect(read).toEqual(expected);
  expect(() => createSecureContext(read)).not.toThrow();
});

test.each([
  [[], 'TLS13', 'unknown tls version "TLS13"'],
  [[], 'toString', 'unknown tls version "toString"'],
  [[], 'VersionTLS11', 'nothing before TLS 1.2 is spoken'],
  [
    ['ECDHE-RSA-AES128-GCM-SHA256'],
    undefined,
    "Cipher suite ECDHE-RSA-AES128-GCM-SHA256 not supported or doesn't exist",
  ],
  [['TLS_RSA_WITH_RC4_128_SHA'], undefined, 'is one that Node.js does not have any more'],
  [
    ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
    undefined,
    'http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher',
  ],
])('%j with %s is refused', (suites, version, why) => {
  expect(() => readSuites(suites, version)).toThrow(why);
});
