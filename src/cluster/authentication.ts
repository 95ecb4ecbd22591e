import {
  type AuthenticationConfiguration,
  checkAuthentication,
  type JwtAuthenticator,
} from '../apiserver/auth/jwt/configuration.ts';
import type { ApiServerOptions } from '../apiserver/server.ts';
import { parseYaml } from '../machinery/yaml.ts';
import type { Files } from '../platform/files.ts';
import { httpPoster } from '../platform/http-post.ts';
import { httpsGetter } from '../platform/https-get.ts';
import { readServerConfig } from './server-kubeconfig.ts';
import { readTokenFile } from './token-file.ts';
import { UserError } from './user-error.ts';

/** Who is believed beside who the cluster knows itself; the names are those of upstream's flags. */
export interface AuthenticationSettings {
  /** An `apiserver.config.k8s.io` AuthenticationConfiguration. */
  configFile?: string | undefined;
  /** The same for one issuer. */
  oidc?: OidcSettings | undefined;
  /** CSV: token, user, uid, groups. */
  tokenFile?: string | undefined;
  webhook?: TokenWebhookSettings;
  /** Whether requests without credentials are let on. Yes unless told. */
  allowAnonymous?: boolean | undefined;
}

interface TokenWebhookSettings {
  /** A kubeconfig that leads to a server that knows tokens; none is asked where absent. */
  configFile?: string | undefined;
  version?: string | undefined;
  /** How long its answers are remembered. */
  cacheTtlMs?: number | undefined;
}

export interface OidcSettings {
  issuerUrl: string;
  clientId: string;
  caFile?: string | undefined;
  usernameClaim: string;
  usernamePrefix?: string | undefined;
  groupsClaim?: string | undefined;
  groupsPrefix?: string | undefined;
  requiredClaims: Readonly<Record<string, string>>;
}

type Authentication = Pick<
  ApiServerOptions,
  'jwt' | 'staticTokens' | 'webhookTokens' | 'allowAnonymous' | 'anonymousPaths'
>;

/**
 * Reads the files that the settings name. Throws a UserError where one cannot be used. Where everybody may do everything (`allowsAll`), flags let
 * nobody on without credentials, as upstream has it.
 */
export async function readAuthentication(
  settings: AuthenticationSettings,
  { files, issuer, allowsAll = false }: { files: Files; issuer: string; allowsAll?: boolean },
): Promise<Authentication> {
  const { configFile, oidc, tokenFile, webhook, allowAnonymous } = settings;
  if (configFile && oidc)
    throw new UserError('authentication-config file and oidc-* flags are mutually exclusive');
  const told = configFile
    ? await readConfiguration(configFile, { files, issuer })
    : oidc && (await ofFlags(oidc, { files, issuer }));
  if (told?.anonymous && allowAnonymous !== undefined)
    throw new UserError('--anonymous-auth flag cannot be set when anonymous field is configured');
  const { enabled = allowsAll ? false : allowAnonymous, conditions } = told?.anonymous ?? {};
  return {
    ...(told && told.jwt.length > 0 && { jwt: { issuers: told.jwt, getter: httpsGetter } }),
    ...(tokenFile && { staticTokens: await readTokenFile(tokenFile, files) }),
    ...(webhook?.configFile && { webhookTokens: await openTokenWebhook(webhook, files) }),
    ...(enabled !== undefined && { allowAnonymous: enabled }),
    ...(conditions?.length && { anonymousPaths: conditions.map(({ path }) => path) }),
  };
}

const usualTokenTtlMs = 120_000;
const tokenReviewVersions = ['v1', 'v1beta1'];

async function openTokenWebhook(
  { configFile = '', version = 'v1beta1', cacheTtlMs: ttlMs = usualTokenTtlMs }: TokenWebhookSettings,
  files: Files,
): Promise<Authentication['webhookTokens']> {
  if (!tokenReviewVersions.includes(version)) {
    const known = tokenReviewVersions.map((one) => `"${one}"`).join(', ');
    throw new UserError(
      `unsupported authentication webhook version "${version}", supported versions are ${known}`,
    );
  }
  try {
    const { url, tls, headers } = await readServerConfig(configFile, files);
    return { server: { url, headers, poster: httpPoster(tls) }, version, ttlMs };
  } catch (error) {
    throw new UserError(`authentication token webhook ${configFile}: ${(error as Error).message}`);
  }
}

interface Means {
  files: Files;
  issuer: string;
}

async function readConfiguration(
  file: string,
  { files, issuer }: Means,
): Promise<AuthenticationConfiguration> {
  try {
    return checkAuthentication(parseYaml(await files.readText(file)), issuer);
  } catch (error) {
    throw new UserError(`authentication configuration ${file}: ${(error as Error).message}`);
  }
}

async function ofFlags(oidc: OidcSettings, { files, issuer }: Means): Promise<AuthenticationConfiguration> {
  const { caFile } = oidc;
  try {
    const certificateAuthority = caFile && (await files.readText(caFile));
    const one = authenticatorOf(oidc);
    const jwt = [
      { ...one, issuer: { ...one.issuer, ...(certificateAuthority && { certificateAuthority }) } },
    ];
    const kind = 'AuthenticationConfiguration';
    return checkAuthentication({ apiVersion: 'apiserver.config.k8s.io/v1', kind, jwt }, issuer);
  } catch (error) {
    throw new UserError(`--oidc-issuer-url ${oidc.issuerUrl}: ${(error as Error).message}`);
  }
}

/** What the flags mean, as a configuration says it. */
function authenticatorOf(oidc: OidcSettings): JwtAuthenticator {
  const { issuerUrl, clientId, usernameClaim, groupsClaim, requiredClaims } = oidc;
  return {
    issuer: { url: issuerUrl, audiences: [clientId] },
    claimValidationRules: Object.entries(requiredClaims).map(([claim, requiredValue]) => ({
      claim,
      requiredValue,
    })),
    claimMappings: {
      username: { claim: usernameClaim, prefix: usernamePrefix(oidc) },
      ...(groupsClaim && { groups: { claim: groupsClaim, prefix: oidc.groupsPrefix ?? '' } }),
    },
  };
}

/** Names of different issuers are kept apart unless the user says otherwise; addresses are apart already. */
function usernamePrefix({ usernamePrefix: told, usernameClaim, issuerUrl }: OidcSettings): string {
  if (told === '-') return '';
  if (told) return told;
  return usernameClaim === 'email' ? '' : `${issuerUrl}#`;
}
