import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { ServingSettings, SniCertKey } from '../cluster/serving.ts';
import { listed } from './arguments.ts';

/** What a user says of the connections of the API server, under upstream's names. */
export interface ServingFlags {
  tlsCertFile?: string;
  tlsPrivateKeyFile?: string;
  /** Each is one that `sniCertKey` reads. */
  tlsSniCertKey?: string[];
  tlsMinVersion?: string;
  tlsCipherSuites?: string[];
  clientCaFile?: string;
}

/** Gives a command the options of `ServingFlags`. */
export function withServingFlags(command: Command): Command {
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
  const path = (file: string | undefined) => file && resolve(file);
  return {
    tlsCertFile: path(flags.tlsCertFile),
    tlsPrivateKeyFile: path(flags.tlsPrivateKeyFile),
    tlsSniCertKeys: flags.tlsSniCertKey?.map(sniCertKey),
    tlsMinVersion: flags.tlsMinVersion,
    tlsCipherSuites: flags.tlsCipherSuites,
    clientCaFile: path(flags.clientCaFile),
  };
}
