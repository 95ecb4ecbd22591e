import type { PolicyRule } from '../../../api/rbac/v1.ts';
import type { UserInfo } from '../../registry/kind.ts';
import { aggregated } from '../../../machinery/go-text.ts';
import { type Attributes, type Authorizer, type Decision } from '../authorizer.ts';
import type { RuleSource, UserRules } from '../rule-source.ts';
import type { RoleIndex } from './role-index.ts';
import { ruleAllows } from './rules.ts';

/** Roles and bindings decide. */
export class RbacAuthorizer implements Authorizer, RuleSource {
  readonly #index: RoleIndex;

  constructor(index: RoleIndex) {
    this.#index = index;
  }

  authorize(user: UserInfo, attributes: Attributes): Decision {
    const errors: string[] = [];
    // Many bindings may be to one role: what has not allowed it will not.
    let tried: Set<readonly PolicyRule[]> | undefined;
    for (const grant of this.#index.grants(user, attributes.namespace)) {
      const { rules, error } = grant;
      if (error) errors.push(error);
      if (tried?.has(rules)) continue;
      if (rules.some((rule) => ruleAllows(rule, attributes)))
        return { verdict: 'allow', reason: `RBAC: allowed by ${grant.through}` };
      if (rules.length > 0) (tried ??= new Set()).add(rules);
    }
    return { verdict: 'none', reason: describeErrors(errors) };
  }

  rulesFor(user: UserInfo, namespace: string): UserRules {
    const found: UserRules = { rules: [], errors: [], incomplete: false };
    for (const { rules, error } of this.#index.grants(user, namespace)) {
      found.rules.push(...rules);
      if (error) found.errors.push(error);
    }
    return found;
  }
}

const describeErrors = (errors: readonly string[]) =>
  errors.length === 0 ? '' : `RBAC: ${aggregated(errors)}`;
