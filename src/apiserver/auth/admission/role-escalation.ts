import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
} from '../../../api/rbac/v1.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { semanticEqual } from '../../../machinery/equal.ts';
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
  /** Whether the path names the object; that of a collection, where objects are made, does not. */
  isNamed: boolean;
}

/** Nobody may hand on more than they have, by writing a role or by binding one. */
export function escalationCheck(options: EscalationOptions): AdmissionPlugin {
  return { name: 'RBACEscalation', validate: (attributes) => checkWrite(attributes, options) };
}

const checked = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings']);

/** Nearly all writes are about something else, and have nothing to wait for. */
function checkWrite(attributes: AdmissionAttributes, options: EscalationOptions): Promise<void> | undefined {
  const { kind, object, old, context, namespace, name, operation, verb } = attributes;
  if (kind.resource.group !== group || !checked.has(kind.resource.plural)) return undefined;
  if (!object || operation === 'DELETE') return undefined;
  const { user } = context;
  if (user.groups.includes('system:masters')) return undefined;
  if (old && isOnlyForCollection(object, old, kind.resource.type)) return undefined;
  const write: Write = { user, resource: kind.resource.plural, namespace, name, isNamed: verb !== 'create' };
  if (isRole(kind.resource.plural)) return checkRole(write, { object, old }, options);
  return checkBinding(write, object as RoleBinding, options);
}

const isRole = (plural: string) => plural === 'roles' || plural === 'clusterroles';

const overlooked = {
  ownerReferences: undefined,
  finalizers: undefined,
  managedFields: undefined,
  resourceVersion: undefined,
};

/**
 * Whether an update changes nothing but what keeps an object, or lets it go. Everything else has to be held by who writes it: the
 * labels of a role decide which others take its rules in.
 */
function isOnlyForCollection(object: KubernetesObject, old: KubernetesObject, type: string): boolean {
  const compared = ({ kind: _, apiVersion: __, ...rest }: KubernetesObject) => ({
    ...rest,
    metadata: { ...rest.metadata, ...overlooked },
  });
  return semanticEqual(compared(object), compared(old), type);
}

type AnyRole = ClusterRole | Role;

const aggregates = (role: AnyRole | undefined) =>
  ((role as ClusterRole | undefined)?.aggregationRule?.clusterRoleSelectors ?? []).length > 0;

async function checkRole(
  write: Write,
  { object, old }: { object: AnyRole; old?: AnyRole },
  options: EscalationOptions,
): Promise<void> {
  const { resource, name, isNamed } = write;
  if (await may(write, { verb: 'escalate', resource, name: isNamed ? name : '' }, options)) return;
  mustHold(write, object.rules ?? [], options);
  // What an aggregated role comes to have is not known yet, and one that no longer is keeps what it came to have.
  if (!aggregates(object) && !aggregates(old)) return;
  if (missingOf(write, [everything, everyUrl], options).missing.length === 0) return;
  const why = 'must have cluster-admin privileges to use the aggregationRule';
  throw forbidden({ group, resource, name }, why);
}

const everything: PolicyRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
const everyUrl: PolicyRule = { verbs: ['*'], nonResourceURLs: ['*'] };

async function checkBinding(
  write: Write,
  { roleRef }: RoleBinding | ClusterRoleBinding,
  options: EscalationOptions,
): Promise<void> {
  if (await may(write, { verb: 'bind', ...target(roleRef) }, options)) return;
  const { rules, error } = options.index.rulesOf(roleRef, write.namespace);
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
    version: '*',
    subresource: '',
    path: '',
    namespace,
    ...what,
  };
  const { verdict } = await authorizer.authorize(user, attributes);
  return verdict === 'allow';
}

/** What a user has, and what they have not of what is wanted. */
function missingOf({ user, namespace }: Write, wanted: readonly PolicyRule[], { rbac }: EscalationOptions) {
  const owned = rbac.rulesFor(user, namespace);
  return { owned, missing: missingRules(owned.rules, wanted) };
}

function mustHold(write: Write, wanted: readonly PolicyRule[], options: EscalationOptions): void {
  const { user, resource, name } = write;
  const { owned, missing } = missingOf(write, wanted, options);
  if (missing.length === 0) return;
  const lines = compactRules(missing).map(formatRule).sort().join('\n');
  const who = `user ${goQuote(user.name)} (groups=${formatNames(user.groups)})`;
  const errors = owned.errors.length > 0 ? `; resolution errors: [${owned.errors.join(' ')}]` : '';
  const why = `${who} is attempting to grant RBAC permissions not currently held:\n${lines}${errors}`;
  throw forbidden({ group, resource, name }, why);
}
