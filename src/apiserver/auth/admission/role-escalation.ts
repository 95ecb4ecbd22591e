import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
} from '../../../api/rbac/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { forbidden } from '../../../machinery/status-error.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/admission.ts';
import type { UserInfo } from '../../registry/kind.ts';
import type { Attributes, Authorizer } from '../authorizer.ts';
import type { RbacAuthorizer } from '../rbac/rbac-authorizer.ts';
import type { RoleIndex } from '../rbac/role-index.ts';
import { compactRules, formatNames, formatRule, missingRules } from '../rbac/rules.ts';

const group = 'rbac.authorization.k8s.io';

export interface EscalationOptions {
  authorizer: Authorizer;
  rbac: RbacAuthorizer;
  index: RoleIndex;
}

interface Write {
  user: UserInfo;
  /** Such as `rolebindings`. */
  resource: string;
  namespace: string;
  name: string;
}

/** Nobody may hand on more than they have, by writing a role or by binding one. */
export function escalationCheck(options: EscalationOptions): AdmissionPlugin {
  return { name: 'RBACEscalation', validate: (attributes) => checkWrite(attributes, options) };
}

/** Nearly all writes are about something else, and have nothing to wait for. */
function checkWrite(attributes: AdmissionAttributes, options: EscalationOptions): Promise<void> | undefined {
  const { kind, object, old, context, namespace, name, operation } = attributes;
  if (kind.resource.group !== group || !object || operation === 'DELETE') return undefined;
  const { user } = context;
  if (user.groups.includes('system:masters')) return undefined;
  const write: Write = { user, resource: kind.resource.plural, namespace, name };
  if (isRole(kind.resource.plural)) return checkRole(write, { object, old }, options);
  return checkBinding(write, { object: object as RoleBinding, old: old as RoleBinding | undefined }, options);
}

const isRole = (plural: string) => plural === 'roles' || plural === 'clusterroles';

type AnyRole = ClusterRole | Role;
type AnyBinding = RoleBinding | ClusterRoleBinding;

async function checkRole(
  write: Write,
  change: { object: AnyRole; old?: AnyRole },
  options: EscalationOptions,
): Promise<void> {
  const { object, old } = change;
  const { rules = [], aggregationRule } = object as ClusterRole;
  const before = old as ClusterRole | undefined;
  if (before && deepEqual(before.rules ?? [], rules) && deepEqual(before.aggregationRule, aggregationRule))
    return;
  if (await may(write, { verb: 'escalate', resource: write.resource, name: write.name }, options)) return;
  // What an aggregated role comes to have is not known yet: only who has everything may make one.
  if (aggregationRule) mustHold(write, [everything, everyUrl], options);
  mustHold(write, rules, options);
}

const everything: PolicyRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
const everyUrl: PolicyRule = { verbs: ['*'], nonResourceURLs: ['*'] };

async function checkBinding(
  write: Write,
  change: { object: AnyBinding; old?: AnyBinding },
  options: EscalationOptions,
): Promise<void> {
  const { object, old } = change;
  if (old && deepEqual(old.roleRef, object.roleRef) && deepEqual(old.subjects ?? [], object.subjects ?? []))
    return;
  if (await may(write, { verb: 'bind', ...target(object.roleRef) }, options)) return;
  const { rules, error } = options.index.rulesOf(object.roleRef, write.namespace);
  if (error) throw forbidden({ group, resource: write.resource, name: write.name }, error);
  mustHold(write, rules, options);
}

const target = ({ kind, name }: RoleRef) => ({
  resource: kind === 'ClusterRole' ? 'clusterroles' : 'roles',
  name,
});

async function may(
  { user, namespace }: Write,
  what: { verb: string; resource: string; name: string },
  { authorizer }: EscalationOptions,
): Promise<boolean> {
  const attributes: Attributes = {
    isResource: true,
    group,
    version: 'v1',
    subresource: '',
    path: '',
    namespace,
    ...what,
  };
  const { verdict } = await authorizer.authorize(user, attributes);
  return verdict === 'allow';
}

function mustHold(write: Write, wanted: readonly PolicyRule[], { rbac }: EscalationOptions): void {
  const { user, namespace, resource, name } = write;
  const owned = rbac.rulesFor(user, namespace);
  const missing = missingRules(owned.rules, wanted);
  if (missing.length === 0) return;
  const lines = compactRules(missing).map(formatRule).sort().join('\n');
  const who = `user ${goQuote(user.name)} (groups=${formatNames(user.groups)})`;
  const errors = owned.errors.length > 0 ? `; resolution errors: [${owned.errors.join(' ')}]` : '';
  const why = `${who} is attempting to grant RBAC permissions not currently held:\n${lines}${errors}`;
  throw forbidden({ group, resource, name }, why);
}
