import { createHash } from 'node:crypto';
import type { Clock } from '../../../platform/clock.ts';
import type { HttpsGetter } from '../../../platform/https-get.ts';
import type { Log } from '../../../platform/log.ts';
import { Remembered } from '../../../platform/remembered.ts';
import type { UserInfo } from '../../registry/kind.ts';
import type { RequestNotes, TokenAuthenticator, TokenIdentity } from '../authenticator.ts';
import { ClaimMapper, type Claims } from './claim-mapper.ts';
import type { JwtAuthenticator } from './configuration.ts';
import { SigningKeys } from './signing-keys.ts';

/** How tokens may be signed. */
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
/** How far a clock may be behind that of an issuer. */
const leewaySeconds = 300;
/** How long a user is remembered by its token, and how many are. */
const rememberedMs = 10_000;
const rememberedTokens = 4096;

export interface JwtTokensOptions {
  clock: Clock;
  log: Log;
  /** The way to an issuer; `ca` is the authority of its certificate, where not one of the machine's. */
  getter(tls: { ca?: string }): HttpsGetter;
  /** Those by which this server is known. */
  audiences: readonly string[];
}

/** Believes the tokens of issuers outside of the cluster. */
export class JwtTokens implements TokenAuthenticator {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #options: JwtTokensOptions;
  readonly #known: Remembered<UserInfo>;

  private constructor(issuers: readonly Issuer[], options: JwtTokensOptions) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.url, issuer]));
    this.#options = options;
    this.#known = new Remembered(options.clock, rememberedTokens / 2);
  }

  /** Rejects with an Error where an expression cannot be used. */
  static async open(
    configurations: readonly JwtAuthenticator[],
    options: JwtTokensOptions,
  ): Promise<JwtTokens> {
    const issuers = configurations.map(async (one, i) => {
      const { certificateAuthority: ca } = one.issuer;
      const keys = new SigningKeys(one.issuer, options.getter(ca ? { ca } : {}));
      return new Issuer(one, { keys, mapper: await ClaimMapper.compile(one, `jwt[${i}]`) });
    });
    return new JwtTokens(await Promise.all(issuers), options);
  }

  async authenticateToken(
    token: string,
    audiences: readonly string[],
    notes?: RequestNotes,
  ): Promise<TokenIdentity | undefined> {
    const issuer = this.#issuers.get(issuerOf(token));
    if (!issuer) return undefined;
    // These tokens say nothing of this server's own audiences: they are good for all of them.
    const accepted = audiences.filter((audience) => this.#options.audiences.includes(audience));
    if (accepted.length === 0) return undefined;
    try {
      return { user: await this.#userOf(issuer, token), audiences: accepted };
    } catch (error) {
      const { message } = error as Error;
      notes?.refuse?.(message);
      this.#options.log.debug('a token is not believed', { issuer: issuer.url, error: message });
      return undefined;
    }
  }

  #userOf(issuer: Issuer, token: string): Promise<UserInfo> {
    const id = createHash('sha256').update(token).digest('base64');
    return this.#known.get(id, async () => {
      const nowMs = this.#options.clock.now();
      const { user: value, expiresMs } = await issuer.userOf(token, nowMs);
      return { value, forMs: Math.min(expiresMs - nowMs, rememberedMs) };
    });
  }
}

/** The issuer that a token names, which may not be true. */
function issuerOf(token: string): string {
  const [, payload = '', signature] = token.split('.');
  if (signature === undefined) return '';
  try {
    const { iss } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iss?: unknown };
    return typeof iss === 'string' ? iss : '';
  } catch {
    return '';
  }
}

/** One issuer. */
class Issuer {
  readonly url: string;
  readonly #audiences: readonly string[];
  readonly #keys: SigningKeys;
  readonly #mapper: ClaimMapper;

  constructor({ issuer }: JwtAuthenticator, { keys, mapper }: { keys: SigningKeys; mapper: ClaimMapper }) {
    this.url = issuer.url;
    this.#audiences = issuer.audiences;
    this.#keys = keys;
    this.#mapper = mapper;
  }

  async userOf(token: string, nowMs: number): Promise<{ user: UserInfo; expiresMs: number }> {
    const claims = await this.#claims(token).catch((error: Error) => {
      throw new Error(`oidc: verify token: ${error.message}`);
    });
    const { aud, exp, nbf } = claims;
    const meant = typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : [];
    if (!meant.some((one) => this.#audiences.includes(one))) {
      const wanted = `expected audience in ${JSON.stringify(this.#audiences)} got ${JSON.stringify(meant)}`;
      throw new Error(`oidc: verify token: oidc: ${wanted}`);
    }
    if (typeof exp !== 'number' || exp * 1000 < nowMs)
      throw new Error('oidc: verify token: oidc: token is expired');
    if (typeof nbf === 'number' && nbf * 1000 > nowMs + leewaySeconds * 1000)
      throw new Error('oidc: verify token: oidc: current time before the nbf (not before) time');
    return { user: this.#mapper.userOf(claims), expiresMs: exp * 1000 };
  }

  /** What the token says, if one of the issuer's keys has signed it. */
  async #claims(token: string): Promise<Claims> {
    const { compactVerify, decodeProtectedHeader } = await import('jose');
    const { kid } = decodeProtectedHeader(token);
    const payload = await this.#keys.find(kid, (key) =>
      compactVerify(token, key, { algorithms }).then(
        (verified) => verified.payload,
        () => undefined,
      ),
    );
    if (!payload) throw new Error('failed to verify signature: failed to verify id token signature');
    return JSON.parse(Buffer.from(payload).toString()) as Claims;
  }
}
