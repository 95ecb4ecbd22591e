import type { RemoteHeaderNames } from '../apiserver/auth/request-header.ts';
import type { FrontProxyOptions } from '../apiserver/server.ts';
import type { Component } from '../client/component.ts';
import type { Platform } from '../platform/platform.ts';
import { followGiven, joinedBundles, readGivenBundle, readGivenPair } from './given-files.ts';
import type { KeyPair } from './pki.ts';
import { proxyName } from './server-certificates.ts';
import { UserError } from './user-error.ts';

/** Proxies that may say for whom they ask, and who this server is as one; the names are those of upstream's flags. */
export interface FrontProxySettings {
  /** Authorities of such proxies beside the cluster's own; PEM. */
  requestheaderClientCaFile?: string | undefined;
  /** Common names of their certificates; any where empty or absent. */
  requestheaderAllowedNames?: readonly string[] | undefined;
  /** Headers in which they say it; upstream's usual ones where absent. */
  requestheaderUsernameHeaders?: readonly string[] | undefined;
  requestheaderUidHeaders?: readonly string[] | undefined;
  requestheaderGroupHeaders?: readonly string[] | undefined;
  requestheaderExtraHeadersPrefix?: readonly string[] | undefined;
  /** What this server shows servers that extend it, in place of the cluster's own certificate; PEM. */
  proxyClientCertFile?: string | undefined;
  proxyClientKeyFile?: string | undefined;
}

/** What the settings say, with the files as they are now. */
export interface FrontProxies {
  /** For a cluster with an authority of its own for proxies, and a certificate of it. */
  options(own: () => KeyPair, authority: string): FrontProxyOptions;
  /** Follow the files. `onChanged` is called whenever they hold something else of use. */
  following(onChanged: () => void): Component[];
}

/** Reads what the settings name. Throws a UserError where it is of no use. */
export async function readFrontProxy(
  settings: FrontProxySettings,
  world: Pick<Platform, 'files' | 'clock' | 'log'>,
): Promise<FrontProxies> {
  const { requestheaderClientCaFile: caFile, requestheaderAllowedNames: names = [] } = settings;
  const { proxyClientCertFile: certFile, proxyClientKeyFile: keyFile } = settings;
  const headers = readHeaders(settings, world.log);
  checkFilled('requestheader-allowed-names', names);
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new UserError(
      'missing filename for serving cert',
      '--proxy-client-cert-file and --proxy-client-key-file belong together',
    );
  const authorities = caFile && (await readGivenBundle('request-header', caFile, world));
  const shown = certFile && (await readGivenPair('aggregator-proxy-cert', { certFile, keyFile }, world));
  return {
    options: (own, authority) => ({
      headers,
      identity() {
        const { certificate, key } = own();
        return shown ? { cert: shown.pem.cert ?? '', key: shown.pem.key ?? '' } : { cert: certificate, key };
      },
      get ca() {
        return joinedBundles(authority, authorities ? (authorities.pem.ca ?? '') : '');
      },
      names: namesOf(authorities ? names : undefined),
    }),
    following: (onChanged) =>
      [authorities, shown].flatMap((given) => (given ? [followGiven(given, onChanged, world)] : [])),
  };
}

/** The cluster's own proxy is always one; without names everybody on the authorities is. */
function namesOf(given: readonly string[] | undefined): readonly string[] {
  if (!given) return [proxyName];
  return given.length === 0 ? [] : [...new Set([...given, proxyName])];
}

const usual = {
  user: 'X-Remote-User',
  uid: 'X-Remote-Uid',
  group: 'X-Remote-Group',
  extra: 'X-Remote-Extra-',
} as const;

function readHeaders(settings: FrontProxySettings, log: Platform['log']): RemoteHeaderNames {
  const flags = {
    user: ['requestheader-username-headers', settings.requestheaderUsernameHeaders],
    uid: ['requestheader-uid-headers', settings.requestheaderUidHeaders],
    group: ['requestheader-group-headers', settings.requestheaderGroupHeaders],
    extra: ['requestheader-extra-headers-prefix', settings.requestheaderExtraHeadersPrefix],
  } as const;
  const namesFor = (what: keyof typeof usual): readonly string[] => {
    const [flag, given] = flags[what];
    if (!given || given.length === 0) return [usual[what]];
    checkFilled(flag, given);
    const names = given.map((name) => name.trim());
    if (names.some((name) => name.toLowerCase() === usual[what].toLowerCase())) return names;
    const why = `--${flag} is set without specifying the standard ${usual[what]} header${what === 'extra' ? ' prefix' : ''} - API aggregation will not work`;
    if (what === 'uid') throw new UserError(why);
    log.warn(why);
    return names;
  };
  return { user: namesFor('user'), uid: namesFor('uid'), group: namesFor('group'), extra: namesFor('extra') };
}

function checkFilled(flag: string, names: readonly string[]): void {
  if (names.some((name) => name.trim() === '')) throw new UserError(`empty value in "${flag}"`);
}
