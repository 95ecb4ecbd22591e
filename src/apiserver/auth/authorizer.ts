import type { UserInfo } from '../registry/kind.ts';
import type { RequestInfo } from '../request.ts';

/** What somebody wants to do: the part of a request that authorization looks at. */
export type Attributes = Pick<
  RequestInfo,
  'isResource' | 'verb' | 'group' | 'version' | 'namespace' | 'resource' | 'subresource' | 'name' | 'path'
>;

/** `none`: this authorizer has no opinion, ask the next. */
export interface Decision {
  verdict: 'allow' | 'deny' | 'none';
  reason: string;
}

/** Says whether a user may do something. Answers from memory, at once. */
export interface Authorizer {
  authorize(user: UserInfo, attributes: Attributes): Decision;
}

export const noOpinion: Decision = { verdict: 'none', reason: '' };

/** Members of this group may do everything, whatever the roles say. */
export const privilegedGroup = 'system:masters';

export const privilegedGroupAuthorizer: Authorizer = {
  authorize: (user) => (user.groups.includes(privilegedGroup) ? { verdict: 'allow', reason: '' } : noOpinion),
};

/** Asks one after the other until one has an opinion. Where none has, the answer is no, with all their reasons. */
export function firstOpinion(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(user, attributes) {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(user, attributes);
        if (decision.verdict !== 'none') return decision;
        if (decision.reason) reasons.push(decision.reason);
      }
      return { verdict: 'none', reason: reasons.join('\n') };
    },
  };
}
