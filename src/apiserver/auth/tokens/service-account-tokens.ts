import { createHash } from 'node:crypto';
import type { Secret } from '../../../api/core/v1.ts';
import * as resources from '../../../api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../../../api/resource.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { UserInfo } from '../../registry/kind.ts';
import {
  type RequestNotes,
  type TokenAuthenticator,
  type TokenIdentity,
  withAuthenticated,
} from '../authenticator.ts';
import type { ObjectReader } from '../object-reader.ts';
import { isHeldBy, judgeUse, lastUsedToNote } from './legacy-tokens.ts';
import { claimsUser, type KubernetesClaims, readClaims, type TokenClaims } from './token-claims.ts';
import type { TokenKey } from './token-keys.ts';

export interface ServiceAccountTokensOptions {
  issuer: string;
  /** Issuers that are believed beside this one. */
  formerIssuers?: readonly string[];
  /** Where others find the keys, where that is not below the issuer. */
  jwksUri?: string | undefined;
  /** The first one that has a private key signs; all of them verify. */
  keys: readonly TokenKey[];
  /** Signs in place of the keys. */
  sign?(claims: object): string;
  reader: ObjectReader;
  clock: Clock;
  /** Called with the Secret whose token was used, where the day of that (`2026-01-31`) is not noted in it. */
  onSecretUsed?(secret: Stored<Secret>, day: string): void;
}

/** A token whose signature was found to hold, so that it need not be checked again. */
interface Verified {
  claims: TokenClaims;
  user: UserInfo;
}

/** Signatures are dear to check; this many good ones are remembered. */
const rememberedTokens = 10_000;
/** A clock may be this far off. */
const leewaySeconds = 60;
/** A pod or node that is being deleted is still believed for this long. */
const deletionGraceMs = 60_000;

const digest = (token: string) => createHash('sha256').update(token).digest('base64');

const listed = (audiences: readonly string[]) => `[${audiences.map(goQuote).join(' ')}]`;
const wrongAudience = (own: readonly string[], asked: readonly string[]) =>
  `token audiences ${listed(own)} is invalid for the target audiences ${listed(asked)}`;

/** Issues and verifies the tokens of service accounts. */
export class ServiceAccountTokens implements TokenAuthenticator {
  readonly #options: ServiceAccountTokensOptions;
  readonly #verified = new Map<string, Verified>();

  constructor(options: ServiceAccountTokensOptions) {
    this.#options = options;
  }

  get issuer(): string {
    return this.#options.issuer;
  }

  get jwksUri(): string {
    const { issuer, jwksUri = `${issuer}/openid/v1/jwks` } = this.#options;
    return jwksUri;
  }

  get keys(): readonly TokenKey[] {
    return this.#options.keys;
  }

  /** Signs a token. */
  async issue(claims: Omit<TokenClaims, 'iss'>): Promise<string> {
    const { issuer, keys, sign } = this.#options;
    if (sign) return sign({ iss: issuer, ...claims });
    const key = keys.find((k) => k.privateKey);
    if (!key?.privateKey) throw new Error('there is no key to sign service-account tokens with');
    const { SignJWT } = await import('jose');
    return new SignJWT({ iss: issuer, ...claims })
      .setProtectedHeader({ alg: key.algorithm, kid: key.id })
      .sign(key.privateKey);
  }

  async authenticateToken(
    token: string,
    audiences: readonly string[],
    notes?: RequestNotes,
  ): Promise<TokenIdentity | undefined> {
    const id = digest(token);
    const verified = this.#verified.get(id) ?? (await this.#verify(id, token));
    if (!verified) return undefined;
    const { claims, user } = verified;
    const accepted = audiences.filter((audience) => claims.aud.includes(audience));
    const why = accepted.length === 0 ? wrongAudience(claims.aud, audiences) : this.#untimely(claims);
    if (why !== undefined) notes?.refuse?.(why);
    if (why !== undefined || !this.#isBound(claims['kubernetes.io'])) return undefined;
    if (!this.#mayBeUsed(token, claims['kubernetes.io'], notes)) return undefined;
    return { user, audiences: accepted };
  }

  /** Watches over the use of tokens that Secrets hold: some are not to be used any longer. */
  #mayBeUsed(token: string, own: KubernetesClaims, notes: RequestNotes | undefined): boolean {
    if (!own.secret) return true;
    const { reader, clock, onSecretUsed } = this.#options;
    const { namespace } = own;
    const secret = reader.get(resources.secrets, { namespace, name: own.secret.name });
    const account = reader.get(resources.serviceaccounts, { namespace, name: own.serviceaccount.name });
    if (!secret || !account || !isHeldBy(secret, token)) return true;
    const day = lastUsedToNote(secret, clock.now());
    if (day) onSecretUsed?.(secret, day);
    return judgeUse(secret, account, notes);
  }

  #isBelieved(issuer: string): boolean {
    const { issuer: own, formerIssuers } = this.#options;
    return issuer === own || (formerIssuers?.includes(issuer) ?? false);
  }

  async #verify(id: string, token: string): Promise<Verified | undefined> {
    const payload = await this.#payload(token);
    const claims = payload && readClaims(payload);
    if (!claims || !this.#isBelieved(claims.iss)) return undefined;
    const verified = { claims, user: withAuthenticated(claimsUser(claims)) };
    if (this.#verified.size >= rememberedTokens) this.#verified.clear();
    this.#verified.set(id, verified);
    return verified;
  }

  /** What the token says, if one of the keys has signed it. Times are checked apart, on the server's own clock. */
  async #payload(token: string): Promise<Record<string, unknown> | undefined> {
    const { compactVerify, decodeProtectedHeader } = await import('jose');
    const kid = keyIdOf(token, decodeProtectedHeader);
    for (const { id, publicKey, algorithm } of this.#options.keys) {
      if (kid !== undefined && kid !== id) continue;
      try {
        const { payload } = await compactVerify(token, publicKey, { algorithms: [algorithm] });
        return JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>;
      } catch {
        // Not signed with this key, or no token at all.
      }
    }
    return undefined;
  }

  /** Why the token is not for now, in upstream's words; undefined where it is. */
  #untimely({ exp, nbf }: TokenClaims): string | undefined {
    const nowSeconds = this.#options.clock.now() / 1000;
    if (nowSeconds >= exp + leewaySeconds) return 'service account token has expired';
    return nbf > nowSeconds + leewaySeconds ? 'service account token is not valid yet' : undefined;
  }

  /** Whether everything that the token stands for is still there. */
  #isBound({ namespace, serviceaccount, pod, secret, node }: KubernetesClaims): boolean {
    const stands = (resource: Resource, { name, uid }: { name: string; uid: string }, inNamespace = true) => {
      const object = this.#options.reader.get(resource, inNamespace ? { namespace, name } : { name });
      return object !== undefined && object.metadata.uid === uid && !this.#isDeleted(object);
    };
    if (!stands(resources.serviceaccounts, serviceaccount)) return false;
    if (pod && !stands(resources.pods, pod)) return false;
    if (secret && !stands(resources.secrets, secret)) return false;
    // A pod's token names the node for information only.
    return !node || pod !== undefined || stands(resources.nodes, node, false);
  }

  #isDeleted({ metadata }: KubernetesObject): boolean {
    const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
    if (!deletionTimestamp) return false;
    const graceMs = deletionGracePeriodSeconds === undefined ? 0 : deletionGraceMs;
    return this.#options.clock.now() > Date.parse(deletionTimestamp) + graceMs;
  }
}

/** The name of the key a token says it is signed with. */
function keyIdOf(token: string, decode: (token: string) => { kid?: string }): string | undefined {
  try {
    return decode(token).kid;
  } catch {
    return undefined;
  }
}
