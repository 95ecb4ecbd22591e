import type { ServiceAccountOptions } from '../apiserver/auth/security.ts';
import type { ApiServerOptions } from '../apiserver/server.ts';
import type { Platform } from '../platform/platform.ts';
import { type AdmissionSettings, readAdmission } from './admission.ts';
import { type AuthenticationSettings, readAuthentication } from './authentication.ts';
import { type AuthorizationSettings, readAuthorization } from './authorization.ts';
import { type EncryptionSettings, readEncryption } from './encryption.ts';
import { type AuditSettings, startAuditing } from './audit.ts';
import { UserError } from './user-error.ts';

/** What a user says of the API server alone; the names are those of upstream's flags. */
export interface ApiServerSettings {
  audit?: AuditSettings | undefined;
  authentication?: AuthenticationSettings;
  authorization?: AuthorizationSettings;
  admission?: AdmissionSettings;
  encryption?: EncryptionSettings;
  serviceAccounts?: ServiceAccountSettings;
  /** The flags that this program was started with: what `/flagz` shows. */
  flags?: Record<string, string>;
}

/** What the tokens of service accounts are; the names are those of upstream's flags. */
export interface ServiceAccountSettings {
  /** Whom tokens are meant for that are shown here; the issuer unless given. */
  audiences?: readonly string[] | undefined;
  maxTokenExpirationMs?: number | undefined;
  extendTokenExpiration?: boolean | undefined;
}

/** The settings as the API server takes them. */
export interface ApiServerMeans {
  options: Partial<ApiServerOptions>;
  serviceAccounts: Partial<ServiceAccountOptions>;
  /** Ends what goes on beside the server, after it. */
  close(): Promise<void>;
}

/** Reads the files that settings name; `issuer` is the cluster's own. Throws a UserError where one cannot be used. */
export async function readApiServerSettings(
  { audit, flags, authentication = {}, authorization = {}, admission = {}, ...more }: ApiServerSettings,
  { platform, issuer }: { platform: Platform; issuer: string },
): Promise<ApiServerMeans> {
  const serviceAccounts = readServiceAccounts(more.serviceAccounts);
  const auditing = audit && (await startAuditing(audit, platform));
  const authorizing = await readAuthorization(authorization, platform);
  const encrypting = await readEncryption(more.encryption ?? {}, platform);
  const authenticating = await readAuthentication(authentication, { files: platform.files, issuer });
  return {
    serviceAccounts,
    options: {
      audit: auditing,
      authorization: authorizing.options,
      encryption: encrypting.options,
      ...(flags && { flags }),
      ...(await readAdmission(admission, platform)),
      ...authenticating,
    },
    close: async () => {
      authorizing.close();
      encrypting.close();
      authenticating.webhookTokens?.server.poster.close();
      await auditing?.close();
    },
  };
}

const shortestMs = 3_600_000;
const longestMs = 2 ** 32 * 1000;

/** Throws a UserError where tokens would last too short or too long. */
export function readServiceAccounts(settings: ServiceAccountSettings = {}): Partial<ServiceAccountOptions> {
  const { audiences, maxTokenExpirationMs: most = 0, extendTokenExpiration } = settings;
  if (most !== 0 && (most < shortestMs || most > longestMs))
    throw new UserError('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds');
  return {
    ...(audiences?.length && { audiences }),
    ...(most > 0 && { maxExpirationSeconds: Math.floor(most / 1000) }),
    ...(extendTokenExpiration !== undefined && { extendExpiration: extendTokenExpiration }),
  };
}
