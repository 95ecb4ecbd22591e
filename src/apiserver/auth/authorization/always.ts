import type { Authorizer } from '../authorizer.ts';
import type { RuleSource } from '../rule-source.ts';

/** Allows everything. */
export const alwaysAllow: Authorizer & RuleSource = {
  authorize: () => ({ verdict: 'allow', reason: '' }),
  rulesFor: () => ({
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
    errors: [],
    incomplete: false,
  }),
};

/** Allows nothing. It has no opinion all the same: whoever comes after it may allow what it does not. */
export const alwaysDeny: Authorizer & RuleSource = {
  authorize: () => ({ verdict: 'none', reason: 'Everything is forbidden.' }),
  rulesFor: () => ({ rules: [], errors: [], incomplete: false }),
};
