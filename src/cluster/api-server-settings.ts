import type { ApiServerOptions } from '../apiserver/server.ts';
import type { Platform } from '../platform/platform.ts';
import { type AdmissionSettings, readAdmission } from './admission.ts';
import { type AuthenticationSettings, readAuthentication } from './authentication.ts';
import { type AuthorizationSettings, readAuthorization } from './authorization.ts';
import { type AuditSettings, startAuditing } from './audit.ts';

/** What a user says of the API server alone; the names are those of upstream's flags. */
export interface ApiServerSettings {
  audit?: AuditSettings | undefined;
  authentication?: AuthenticationSettings;
  authorization?: AuthorizationSettings;
  admission?: AdmissionSettings;
  /** The flags that this program was started with: what `/flagz` shows. */
  flags?: Record<string, string>;
}

/** The settings as the API server takes them. */
export interface ApiServerMeans {
  options: Partial<ApiServerOptions>;
  /** Ends what goes on beside the server, after it. */
  close(): Promise<void>;
}

/** Reads the files that settings name; `issuer` is the cluster's own. Throws a UserError where one cannot be used. */
export async function readApiServerSettings(
  { audit, flags, authentication = {}, authorization = {}, admission = {} }: ApiServerSettings,
  { platform, issuer }: { platform: Platform; issuer: string },
): Promise<ApiServerMeans> {
  const auditing = audit && (await startAuditing(audit, platform));
  const authorizing = await readAuthorization(authorization, platform);
  const authenticating = await readAuthentication(authentication, { files: platform.files, issuer });
  return {
    options: {
      audit: auditing,
      authorization: authorizing.options,
      ...(flags && { flags }),
      ...(await readAdmission(admission, platform)),
      ...authenticating,
    },
    close: async () => {
      authorizing.close();
      authenticating.webhookTokens?.server.poster.close();
      await auditing?.close();
    },
  };
}
