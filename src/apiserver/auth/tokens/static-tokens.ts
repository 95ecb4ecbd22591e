import { createHash } from 'node:crypto';
import type { UserInfo } from '../../registry/kind.ts';
import type { TokenAuthenticator } from '../authenticator.ts';

const digest = (token: string) => createHash('sha256').update(token).digest('hex');

/** Tokens that were given to the server at its start. */
export function staticTokens(tokens: readonly { token: string; user: UserInfo }[]): TokenAuthenticator {
  // Looked up by digest, so that the time a look-up takes says nothing about the tokens.
  const byDigest = new Map(tokens.map(({ token, user }) => [digest(token), user]));
  return {
    async authenticateToken(token, audiences) {
      const user = byDigest.get(digest(token));
      return user && { user, audiences };
    },
  };
}
