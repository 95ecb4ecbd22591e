import * as resources from '../../../api/generated/resources.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Subject } from '../../../api/rbac/v1.ts';
import type { KubernetesObject, Resource, Stored } from '../../../api/resource.ts';
import type { Transport } from '../../../client/transport.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { hasReason } from '../../../machinery/status-error.ts';
import type { ObjectReader } from '../object-reader.ts';
import {
  bootstrapClusterBindings,
  bootstrapLocalBindings,
  bootstrapLocalRoles,
} from './bootstrap-bindings.ts';
import { bootstrapRoles, clusterRole } from './cluster-roles.ts';
import { controllerRoles } from './controller-roles.ts';
import { missingRules } from './rules.ts';

const allRoles = [...bootstrapRoles, ...controllerRoles];

/** Everything the bootstrap policy wants to stand, roles before their bindings. */
const wanted: readonly { resource: Resource; object: KubernetesObject }[] = [
  ...allRoles.map((role) => ({ resource: resources.clusterroles, object: clusterRole(role, allRoles) })),
  ...bootstrapClusterBindings.map((object) => ({ resource: resources.clusterrolebindings, object })),
  ...bootstrapLocalRoles.map((object) => ({ resource: resources.roles, object })),
  ...bootstrapLocalBindings.map((object) => ({ resource: resources.rolebindings, object })),
];

const cause = { reason: 'the roles that every cluster has are put right at start' };

type Rbac = ClusterRole & ClusterRoleBinding;

/**
 * What a role or binding should become: nothing is taken away, what is missing is added. Undefined where nothing
 * is. Objects whose owner has turned automatic updates off are left alone.
 */
export function reconciled(
  found: Stored<KubernetesObject>,
  want: KubernetesObject,
): KubernetesObject | undefined {
  if (found.metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'] !== 'true')
    return undefined;
  const old = found as Stored<Rbac>;
  const { rules, subjects, aggregationRule } = want as Rbac;
  const next = {
    ...old,
    metadata: {
      ...old.metadata,
      labels: { ...want.metadata.labels, ...old.metadata.labels },
    },
  } as Stored<Rbac>;
  if (rules && !aggregationRule) next.rules = withRules(old.rules ?? [], rules);
  if (aggregationRule && !old.aggregationRule) next.aggregationRule = aggregationRule;
  if (subjects) next.subjects = withSubjects(old.subjects ?? [], subjects);
  return deepEqual(next, old) ? undefined : next;
}

function withRules(has: PolicyRule[], want: readonly PolicyRule[]): PolicyRule[] {
  if (deepEqual(has, want)) return has;
  const missing = want.filter((rule) => missingRules(has, [rule]).length > 0);
  return missing.length === 0 ? has : [...has, ...missing];
}

function withSubjects(has: Subject[], want: readonly Subject[]): Subject[] {
  const missing = want.filter((subject) => !has.some((h) => sameSubject(h, subject)));
  return missing.length === 0 ? has : [...has, ...missing];
}

const sameSubject = (a: Subject, b: Subject) =>
  a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');

function pathOf({ group, version, plural }: Resource, { metadata }: KubernetesObject, name?: string): string {
  const scope = metadata.namespace ? `/namespaces/${metadata.namespace}` : '';
  const base = `/apis/${group}/${version}${scope}/${plural}`;
  return name ? `${base}/${encodeURIComponent(name)}` : base;
}

/** Creates the bootstrap policy, or puts right what is missing of it. The namespaces must stand. */
export async function bootstrapPolicy(transport: Transport, reader: ObjectReader): Promise<void> {
  await Promise.all(wanted.map(({ resource, object }) => ensure({ resource, object, transport, reader })));
}

async function ensure(options: {
  resource: Resource;
  object: KubernetesObject;
  transport: Transport;
  reader: ObjectReader;
}): Promise<void> {
  const { resource, object, transport, reader } = options;
  const { namespace, name = '' } = object.metadata;
  const found = reader.get(resource, { namespace, name });
  const body = found ? reconciled(found, object) : object;
  if (!body) return;
  const method = found ? 'PUT' : 'POST';
  const path = pathOf(resource, object, found && name);
  try {
    await transport.request({ method, path, body, cause });
  } catch (error) {
    // Another API server on the same store does the same.
    if (!hasReason(error, 'AlreadyExists') && !hasReason(error, 'Conflict')) throw error;
  }
}
