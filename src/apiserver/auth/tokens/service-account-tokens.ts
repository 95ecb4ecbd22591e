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
/** What is being deleted is still believed for this long after it should be gone. */
const deletionLeewayMs = leewaySeconds * 1000;

const staleToken = 'authentication.k8s.io/stale-token';

/** What a token may be bound to beside its account. */
const bindings: Record<'secret' | 'pod' | 'node', Resource> = {
  secret: resources.secrets,
  pod: resources.pods,
  node: resources.nodes,
};

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
    const why = accepted.length === 0 ? wrongAudience(claims.aud, audiences) : this.#invalid(claims);
    if (why !== undefined) notes?.refuse?.(why);
    if (why !== undefined || !this.#mayBeUsed(token, claims['kubernetes.io'], notes)) return undefined;
    this.#noteStale(claims, notes);
    return { user, audiences: accepted };
  }

  /** A pod's token that holds for a year is to be read again by then: who goes on with it is told to the audit event. */
  #noteStale({ sub, 'kubernetes.io': { warnafter } }: TokenClaims, notes: RequestNotes | undefined): void {
    const seconds = Math.floor(this.#options.clock.now() / 1000) - (warnafter ?? Number.POSITIVE_INFINITY);
    if (seconds > 0)
      notes?.annotate(staleToken, `subject: ${sub}, seconds after warning threshold: ${seconds}`);
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

  /** Why the token does not hold, in upstream's words; undefined where it does. */
  #invalid(claims: TokenClaims): string | undefined {
    const own = claims['kubernetes.io'];
    return this.#untimely(claims) ?? this.#withoutAccount(own) ?? this.#unbound(own);
  }

  #untimely({ exp, nbf, iat }: TokenClaims): string | undefined {
    const nowSeconds = this.#options.clock.now() / 1000;
    if (nowSeconds > exp + leewaySeconds) return 'service account token has expired';
    if (nbf > nowSeconds + leewaySeconds) return 'service account token is not valid yet';
    return iat > nowSeconds + leewaySeconds ? 'service account token is issued in the future' : undefined;
  }

  #withoutAccount({ namespace, serviceaccount: { name, uid } }: KubernetesClaims): string | undefined {
    const account = this.#options.reader.get(resources.serviceaccounts, { namespace, name });
    if (!account) return `serviceaccounts ${goQuote(name)} not found`;
    if (account.metadata.uid !== uid)
      return `service account UID (${account.metadata.uid}) does not match claim (${uid})`;
    return this.#isDeleted(account) ? `service account ${namespace}/${name} has been deleted` : undefined;
  }

  /** Why what the token was made for, beside its account, is there no longer. */
  #unbound({ namespace, pod, secret, node }: KubernetesClaims): string | undefined {
    const gone = (kind: keyof typeof bindings, bound: { name: string; uid: string } | undefined) => {
      if (!bound) return undefined;
      const { name, uid } = bound;
      const object = this.#options.reader.get(
        bindings[kind],
        kind === 'node' ? { name } : { namespace, name },
      );
      if (object && object.metadata.uid !== uid)
        return `${kind} UID (${object.metadata.uid}) does not match service account ${kind} ref claim (${uid})`;
      return object && !this.#isDeleted(object) ? undefined : 'service account token has been invalidated';
    };
    // A pod's token names the node for information only.
    return gone('secret', secret) ?? gone('pod', pod) ?? gone('node', pod ? undefined : node);
  }

  #isDeleted({ metadata: { deletionTimestamp } }: KubernetesObject): boolean {
    if (!deletionTimestamp) return false;
    return this.#options.clock.now() > Date.parse(deletionTimestamp) + deletionLeewayMs;
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
