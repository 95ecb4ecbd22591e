import * as resources from '../../../api/generated/resources.ts';
import type { ClusterRoleBinding, PolicyRule, RoleBinding, RoleRef, Subject } from '../../../api/rbac/v1.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import type { UserInfo } from '../../registry/kind.ts';
import type { ObjectReader } from '../object-reader.ts';
import { serviceAccountUser } from '../service-account-name.ts';

/** Rules that somebody has, and through what. */
export interface Grant {
  rules: readonly PolicyRule[];
  /** Such as `ClusterRoleBinding "a" of ClusterRole "b" to Group "c"`. */
  through: string;
  /** Why the rules could not be found; they are empty then. */
  error?: string;
}

/** Grants by subject: `User/jane`, `Group/dev`. */
type BySubject = Map<string, Grant[]>;

const userKey = (name: string) => `User/${name}`;
const groupKey = (name: string) => `Group/${name}`;

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  if (kind === 'User') return userKey(name);
  if (kind === 'Group') return groupKey(name);
  const home = namespace || bindingNamespace;
  return kind === 'ServiceAccount' && home ? userKey(serviceAccountUser(home, name)) : undefined;
}

function describeSubject({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind} ${goQuote(name)}`;
  return `ServiceAccount ${goQuote(`${name}/${namespace || bindingNamespace}`)}`;
}

const read = [resources.roles, resources.rolebindings, resources.clusterroles, resources.clusterrolebindings];

/** All roles and bindings, arranged so that the grants of a user are found at once. Follows what changes. */
export class RoleIndex {
  readonly #reader: ObjectReader;
  #cluster: BySubject = new Map();
  #namespaces = new Map<string, BySubject>();
  #seen: number[] = [];

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  /** The rules behind a reference, in the namespace of the binding that has it. */
  rulesOf(ref: RoleRef, namespace: string): { rules: readonly PolicyRule[]; error?: string } {
    const inCluster = ref.kind === 'ClusterRole';
    const role = inCluster
      ? this.#reader.get(resources.clusterroles, { name: ref.name })
      : this.#reader.get(resources.roles, { namespace, name: ref.name });
    if (role) return { rules: role.rules ?? [] };
    const what = `${inCluster ? 'clusterrole' : 'role'}.rbac.authorization.k8s.io ${goQuote(ref.name)}`;
    return { rules: [], error: `${what} not found` };
  }

  /** What a user is granted: everywhere, and in the namespace where one is given. */
  *grants(user: UserInfo, namespace: string): Generator<Grant> {
    this.#refresh();
    yield* grantsIn(this.#cluster, user);
    const local = namespace && this.#namespaces.get(namespace);
    if (local) yield* grantsIn(local, user);
  }

  #refresh(): void {
    const now = read.map((resource) => this.#reader.changed(resource));
    if (this.#seen.length > 0 && now.every((revision, i) => revision === this.#seen[i])) return;
    this.#seen = now;
    this.#cluster = new Map();
    this.#namespaces = new Map();
    for (const binding of this.#reader.list(resources.clusterrolebindings)) this.#enter(binding, '');
    for (const binding of this.#reader.list(resources.rolebindings)) {
      this.#enter(binding, binding.metadata.namespace ?? '');
    }
  }

  #enter(binding: RoleBinding | ClusterRoleBinding, namespace: string): void {
    const { roleRef, subjects = [] } = binding;
    if (subjects.length === 0) return;
    const { rules, error } = this.rulesOf(roleRef, namespace);
    const name = binding.metadata.name ?? '';
    const what = namespace
      ? `RoleBinding ${goQuote(`${name}/${namespace}`)}`
      : `ClusterRoleBinding ${goQuote(name)}`;
    for (const subject of subjects) {
      const key = subjectKey(subject, namespace);
      if (!key) continue;
      const through = `${what} of ${roleRef.kind} ${goQuote(roleRef.name)} to ${describeSubject(subject, namespace)}`;
      append(this.#indexOf(namespace), key, { rules, through, error });
    }
  }

  #indexOf(namespace: string): BySubject {
    if (!namespace) return this.#cluster;
    let index = this.#namespaces.get(namespace);
    if (!index) {
      index = new Map();
      this.#namespaces.set(namespace, index);
    }
    return index;
  }
}

function append(index: BySubject, key: string, grant: Grant): void {
  const grants = index.get(key);
  if (grants) grants.push(grant);
  else index.set(key, [grant]);
}

function* grantsIn(index: BySubject, { name, groups }: UserInfo): Generator<Grant> {
  yield* index.get(userKey(name)) ?? [];
  for (const group of groups) yield* index.get(groupKey(group)) ?? [];
}
