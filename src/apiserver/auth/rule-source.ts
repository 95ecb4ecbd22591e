import type { PolicyRule } from '../../api/rbac/v1.ts';
import type { UserInfo } from '../registry/kind.ts';

/** All rules a user has in a namespace (everywhere, for an empty one), as far as they can be told. */
export interface UserRules {
  rules: PolicyRule[];
  /** Why some could not be found. */
  errors: string[];
  /** Whether the user may be allowed more than the rules say. */
  incomplete: boolean;
}

/** Lists what a user may do. */
export interface RuleSource {
  rulesFor(user: UserInfo, namespace: string): UserRules;
}

/** What several sources say together. */
export function rulesOfAll(sources: readonly RuleSource[], user: UserInfo, namespace: string): UserRules {
  const found = sources.map((source) => source.rulesFor(user, namespace));
  return {
    rules: found.flatMap(({ rules }) => rules),
    errors: found.flatMap(({ errors }) => errors),
    incomplete: found.some(({ incomplete }) => incomplete),
  };
}
