import type { HttpRequest } from '../../platform/http.ts';
import type { UserInfo } from '../registry/kind.ts';

/** Where what was found out about a request's credentials is told. */
export interface RequestNotes {
  /** For the client, in the answer. */
  warn(message: string): void;
  /** For the audit event. */
  annotate(key: string, value: string): void;
  /** Why a token that is known is not valid: for who reviews it, not for who shows it. */
  refuse?(why: string): void;
}

/**
 * Finds out who asks: undefined where the request shows nothing that this authenticator knows. Throws an
 * Unauthorized StatusError where what it shows is not valid. Gives the same UserInfo object for the same credentials
 * as long as it can, so that what is known about a user can be kept with the object.
 */
export interface Authenticator {
  authenticate(
    request: HttpRequest,
    notes?: RequestNotes,
  ): Promise<UserInfo | undefined> | UserInfo | undefined;
}

/** Finds out whom a bearer token speaks for. */
export interface TokenAuthenticator {
  /** Undefined where the token is not one of its own, or not valid for any of the audiences. */
  authenticateToken(
    token: string,
    audiences: readonly string[],
    notes?: RequestNotes,
  ): Promise<TokenIdentity | undefined>;
}

export interface TokenIdentity {
  user: UserInfo;
  /** Those of the audiences asked for that the token is meant for. */
  audiences: readonly string[];
}

/** Groups that every user is in, one of the two. */
export const authenticatedGroup = 'system:authenticated';
export const unauthenticatedGroup = 'system:unauthenticated';

export const anonymousUser: UserInfo = { name: 'system:anonymous', groups: [unauthenticatedGroup] };

/** The user with the group of all who have shown who they are. */
export function withAuthenticated(user: UserInfo): UserInfo {
  if (user.name === anonymousUser.name) return user;
  if (user.groups.includes(authenticatedGroup) || user.groups.includes(unauthenticatedGroup)) return user;
  return { ...user, groups: [...user.groups, authenticatedGroup] };
}
