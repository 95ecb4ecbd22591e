import { unauthorized } from '../../machinery/status-error.ts';
import type { HttpRequest } from '../../platform/http.ts';
import {
  type Authenticator,
  type RequestNotes,
  type TokenAuthenticator,
  type TokenIdentity,
  withAuthenticated,
} from './authenticator.ts';
import type { UserInfo } from '../registry/kind.ts';

/** Browsers cannot set headers on WebSockets: the token comes as one of the sub-protocols. */
const protocolPrefix = 'base64url.bearer.authorization.k8s.io.';

/** The bearer token of a request; undefined where it has none. */
export function bearerToken(headers: HttpRequest['headers']): string | undefined {
  const { authorization } = headers;
  const match = typeof authorization === 'string' ? /^bearer +(\S+)\s*$/i.exec(authorization) : null;
  if (match) return match[1];
  const protocols = headers['sec-websocket-protocol'];
  if (typeof protocols !== 'string') return undefined;
  const encoded = protocols
    .split(',')
    .map((p) => p.trim())
    .find((p) => p.startsWith(protocolPrefix));
  if (!encoded) return undefined;
  const token = Buffer.from(encoded.slice(protocolPrefix.length), 'base64url').toString();
  return token || undefined;
}

export interface TokensOptions {
  /** Asked in order. */
  authenticators: readonly TokenAuthenticator[];
  /** The audiences that this server is known by. */
  audiences: readonly string[];
}

/** Finds out whom bearer tokens speak for. */
export class Tokens implements Authenticator {
  readonly #options: TokensOptions;

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  authenticate(request: HttpRequest, notes?: RequestNotes): Promise<UserInfo | undefined> | undefined {
    const token = bearerToken(request.headers);
    return token === undefined ? undefined : this.#user(token, notes);
  }

  /** Whom a token speaks for, towards an audience; undefined where it is none of ours, or not meant for the audience. */
  async identify(
    token: string,
    audiences: readonly string[] = this.#options.audiences,
    notes?: RequestNotes,
  ): Promise<TokenIdentity | undefined> {
    for (const authenticator of this.#options.authenticators) {
      const identity = await authenticator.authenticateToken(token, audiences, notes);
      if (identity) return identity;
    }
    return undefined;
  }

  async #user(token: string, notes: RequestNotes | undefined): Promise<UserInfo> {
    const identity = await this.identify(token, undefined, notes);
    if (!identity) throw unauthorized();
    return withAuthenticated(identity.user);
  }
}
