import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { ServingSettings, SniCertKey } from '../cluster/serving.ts';
import type { EdgeSettings } from '../cluster/edge.ts';
import { listed, listedAll, path, spanMs, wholeNumber } from './arguments.ts';

/** What a user says of the connections of the API server, under upstream's names. */
export interface ServingFlags {
  tlsCertFile?: string;
  tlsPrivateKeyFile?: string;
  /** Each is one that `sniCertKey` reads. */
  tlsSniCertKey?: string[];
  tlsMinVersion?: string;
  tlsCipherSuites?: string[];
  clientCaFile?: string;
  corsAllowedOrigins?: string[];
  strictTransportSecurityDirectives?: string[];
  goawayChance?: number;
  http2MaxStreamsPerConnection?: number;
  shutdownDelayDuration?: number;
  shutdownSendRetryAfter?: boolean;
}

/** Gives a command the options of `ServingFlags`. */
export function withServingFlags(command: Command): Command {
  return withEdgeFlags(withCertificateFlags(command));
}

function withEdgeFlags(command: Command): Command {
  return command
    .option(
      '--cors-allowed-origins <patterns>',
      'origins whose pages may ask: regular expressions, such as //example\\.com(:|$)',
      listedAll,
    )
    .option(
      '--strict-transport-security-directives <directives>',
      'what answers say to browsers: max-age=31536000,includeSubDomains,preload',
      listedAll,
    )
    .option(
      '--goaway-chance <part>',
      'part of the requests over HTTP/2 after which clients connect anew, 0 to 0.02 (default: 0)',
      Number,
    )
    .option(
      '--http2-max-streams-per-connection <n>',
      'requests at once on one connection (default: 250)',
      wholeNumber(0, most32),
    )
    .option(
      '--shutdown-delay-duration <time>',
      'how long requests are answered, while /readyz fails, before the server ends (default: 0)',
      spanMs,
    )
    .option(
      '--shutdown-send-retry-after',
      'refuse requests (429) after that time until those before are answered',
    );
}

const most32 = 2 ** 31 - 1;

function withCertificateFlags(command: Command): Command {
  return command
    .option('--tls-cert-file <file>', "the certificate that is shown in place of the cluster's own")
    .option('--tls-private-key-file <file>', 'its key')
    .option(
      '--tls-sni-cert-key <cert,key:names>',
      'a certificate for some names (for its own if none are given): example.crt,example.key:*.example.com,example.com; may be repeated',
      sniCertKeys,
    )
    .option('--tls-min-version <version>', 'VersionTLS12 or VersionTLS13 (default: VersionTLS12)')
    .option('--tls-cipher-suites <names>', "what connections are encrypted with, by Go's names", listed)
    .option(
      '--client-ca-file <file>',
      "authorities whose clients are believed beside the cluster's own: CN is the user, O are the groups",
    );
}

function sniCertKeys(text: string, all: string[] = []): string[] {
  sniCertKey(text);
  return [...all, text];
}

/** Reads `certificate,key` or `certificate,key:name,name`. */
export function sniCertKey(text: string): SniCertKey {
  const [files = '', ...rest] = text.split(':');
  const names = rest.length > 0 ? rest.join(':').trim() : undefined;
  if (names === '') throw new InvalidArgumentError('empty names list is not allowed');
  const [certFile = '', keyFile = '', ...more] = files.split(',').map((path) => path.trim());
  if (certFile === '' || keyFile === '' || more.length > 0)
    throw new InvalidArgumentError('expected comma separated certificate and key file paths');
  return {
    certFile: resolve(certFile),
    keyFile: resolve(keyFile),
    names: names?.split(',').map((name) => name.trim()) ?? [],
  };
}

/** The flags as settings. */
export function servingSettings(flags: ServingFlags): ServingSettings {
  return {
    tlsCertFile: path(flags.tlsCertFile),
    tlsPrivateKeyFile: path(flags.tlsPrivateKeyFile),
    tlsSniCertKeys: flags.tlsSniCertKey?.map(sniCertKey),
    tlsMinVersion: flags.tlsMinVersion,
    tlsCipherSuites: flags.tlsCipherSuites,
    clientCaFile: path(flags.clientCaFile),
  };
}

/** The flags as settings. */
export function edgeSettings(flags: ServingFlags): EdgeSettings {
  return {
    corsAllowedOrigins: flags.corsAllowedOrigins,
    strictTransportSecurityDirectives: flags.strictTransportSecurityDirectives,
    goawayChance: flags.goawayChance,
    http2MaxStreamsPerConnection: flags.http2MaxStreamsPerConnection,
    shutdownDelayMs: flags.shutdownDelayDuration,
    shutdownSendRetryAfter: flags.shutdownSendRetryAfter,
  };
}
