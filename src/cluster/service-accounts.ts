import type { ServiceAccountOptions } from '../apiserver/auth/security.ts';
import { readTokenKey } from '../apiserver/auth/tokens/token-keys.ts';
import { goQuote } from '../machinery/go-text.ts';
import type { Platform } from '../platform/platform.ts';
import { UserError } from './user-error.ts';

/** What the tokens of service accounts are; the names are those of upstream's flags. */
export interface ServiceAccountSettings {
  /** Whom tokens are meant for that are shown here; the issuer unless given. */
  audiences?: readonly string[] | undefined;
  /** Who tokens say they come from: new ones from the first, and all are believed. */
  issuers?: readonly string[] | undefined;
  /** Where others find the keys that verify them. */
  jwksUri?: string | undefined;
  /** Signs tokens in place of the cluster's own key; PEM with a private key. */
  signingKeyFile?: string | undefined;
  /** Keys that tokens are believed by, several in a file perhaps; PEM with private or public keys, or certificates. */
  keyFiles?: readonly string[] | undefined;
  maxTokenExpirationMs?: number | undefined;
  extendTokenExpiration?: boolean | undefined;
}

/** The settings, with what stands in the files that they name. */
export interface ServiceAccountMeans extends Omit<Partial<ServiceAccountOptions>, 'keys'> {
  /** PEM: what tokens are believed by, in place of the cluster's own key where another signs, beside it otherwise. */
  givenKeys?: readonly string[];
}

const shortestMs = 3_600_000;
const longestMs = 2 ** 32 * 1000;

function checkIssuers(issuers: readonly string[]): void {
  issuers.forEach((issuer, i) => {
    if (issuer === '') throw new UserError('service-account-issuer should not be an empty string');
    if (issuer.includes(':') && !URL.canParse(issuer))
      throw new UserError(
        `service-account-issuer ${goQuote(issuer)} contained a ':' but was not a valid URL`,
      );
    if (issuers.indexOf(issuer) < i)
      throw new UserError(`service-account-issuer ${goQuote(issuer)} is already specified`);
  });
}

function checkKeysUri(text: string): void {
  if (!URL.canParse(text)) throw new UserError('service-account-jwks-uri must be a valid URL');
  if (new URL(text).protocol !== 'https:')
    throw new UserError(`service-account-jwks-uri requires https scheme, parsed as: ${text}`);
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g;

/** The keys of a file that tokens can be signed with; what else stands there is passed over, as upstream does. */
function keysIn(text: string): string[] {
  return (text.match(pemBlock) ?? []).filter((block) => {
    try {
      readTokenKey(block);
      return true;
    } catch {
      return false;
    }
  });
}

type World = Pick<Platform, 'files' | 'log'>;

async function readKeys({ keyFiles = [], signingKeyFile }: ServiceAccountSettings, { files, log }: World) {
  if (signingKeyFile !== undefined && keyFiles.length === 0)
    throw new UserError(
      'service-account-key-file is a required flag',
      'give it the file of --service-account-signing-key-file: tokens are believed by the keys named there alone',
    );
  const givenKeys: string[] = [];
  for (const file of keyFiles) {
    const found = keysIn(await readFile(file, files));
    if (found.length === 0)
      throw new UserError(
        `error reading public key file ${file}: data does not contain any valid RSA or ECDSA public keys`,
      );
    givenKeys.push(...found);
  }
  if (signingKeyFile === undefined) return givenKeys.length > 0 ? { givenKeys } : {};
  const signingKey = keysIn(await readFile(signingKeyFile, files)).find(
    (key) => readTokenKey(key).privateKey,
  );
  if (signingKey === undefined)
    throw new UserError(
      `failed to parse service-account-issuer-key-file: error reading private key file ${signingKeyFile}: data does not contain a valid RSA or ECDSA private key`,
    );
  const { id } = readTokenKey(signingKey);
  if (!givenKeys.some((key) => readTokenKey(key).id === id))
    log.warn('tokens of service accounts are signed with a key that they are not believed by', {
      file: signingKeyFile,
    });
  return { signingKey, givenKeys };
}

function readFile(file: string, files: World['files']): Promise<string> {
  return files.readText(file).catch((error: Error) => {
    throw new UserError(`${file} cannot be read: ${error.message}`);
  });
}

/** Throws a UserError where tokens would last too short or too long, say nonsense of where they come from, or have no keys. */
export async function readServiceAccounts(
  settings: ServiceAccountSettings = {},
  world: World,
): Promise<ServiceAccountMeans> {
  const {
    audiences,
    maxTokenExpirationMs: most = 0,
    extendTokenExpiration,
    issuers = [],
    jwksUri,
  } = settings;
  const [issuer, ...formerIssuers] = issuers;
  checkIssuers(issuers);
  if (jwksUri !== undefined) checkKeysUri(jwksUri);
  if (most !== 0 && (most < shortestMs || most > longestMs))
    throw new UserError('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds');
  return {
    ...(audiences?.length && { audiences }),
    ...(issuer !== undefined && { issuer, formerIssuers }),
    ...(jwksUri !== undefined && { jwksUri }),
    ...(most > 0 && { maxExpirationSeconds: Math.floor(most / 1000) }),
    ...(extendTokenExpiration !== undefined && { extendExpiration: extendTokenExpiration }),
    ...(await readKeys(settings, world)),
  };
}

/** The settings as the API server takes them, of a cluster that has a key of its own. */
export function withKeys(
  { givenKeys = [], ...means }: ServiceAccountMeans,
  { issuer, ownKey }: { issuer: string; ownKey: string },
): ServiceAccountOptions {
  const keys = means.signingKey === undefined ? [ownKey, ...givenKeys] : givenKeys;
  return { issuer, ...means, keys };
}
