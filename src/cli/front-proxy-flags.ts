import type { Command } from 'commander';
import type { FrontProxySettings } from '../cluster/front-proxy.ts';
import { listedAll, path } from './arguments.ts';

/** What a user says of proxies before the API server, under upstream's names. */
export interface FrontProxyFlags {
  requestheaderClientCaFile?: string;
  requestheaderAllowedNames?: string[];
  requestheaderUsernameHeaders?: string[];
  requestheaderUidHeaders?: string[];
  requestheaderGroupHeaders?: string[];
  requestheaderExtraHeadersPrefix?: string[];
  proxyClientCertFile?: string;
  proxyClientKeyFile?: string;
}

/** Gives a command the options of `FrontProxyFlags`. */
export function withFrontProxyFlags(command: Command): Command {
  return command
    .option(
      '--requestheader-client-ca-file <file>',
      "authorities of proxies that say for whom they ask, beside the cluster's own",
    )
    .option(
      '--requestheader-allowed-names <names>',
      'common names of their certificates (default: any)',
      listedAll,
    )
    .option(
      '--requestheader-username-headers <names>',
      'where they say the user (default: X-Remote-User)',
      listedAll,
    )
    .option(
      '--requestheader-uid-headers <names>',
      'where they say its UID (default: X-Remote-Uid)',
      listedAll,
    )
    .option(
      '--requestheader-group-headers <names>',
      'where they say its groups (default: X-Remote-Group)',
      listedAll,
    )
    .option(
      '--requestheader-extra-headers-prefix <prefixes>',
      'what headers begin with that say more of it (default: X-Remote-Extra-)',
      listedAll,
    )
    .option(
      '--proxy-client-cert-file <file>',
      "what servers that extend this one are shown in place of the cluster's own certificate",
    )
    .option('--proxy-client-key-file <file>', 'its key');
}

/** The flags as settings. */
export function frontProxySettings(flags: FrontProxyFlags): FrontProxySettings {
  return {
    requestheaderClientCaFile: path(flags.requestheaderClientCaFile),
    requestheaderAllowedNames: flags.requestheaderAllowedNames,
    requestheaderUsernameHeaders: flags.requestheaderUsernameHeaders,
    requestheaderUidHeaders: flags.requestheaderUidHeaders,
    requestheaderGroupHeaders: flags.requestheaderGroupHeaders,
    requestheaderExtraHeadersPrefix: flags.requestheaderExtraHeadersPrefix,
    proxyClientCertFile: path(flags.proxyClientCertFile),
    proxyClientKeyFile: path(flags.proxyClientKeyFile),
  };
}
