import * as resources from '../../../api/generated/resources.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../../api/rbac/v1.ts';
import type { Resource } from '../../../api/resource.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import type { UserInfo } from '../../registry/kind.ts';
import type { ObjectReader, ObjectVersion } from '../object-reader.ts';
import { serviceAccountUser } from '../service-account-name.ts';

/** A role that bindings refer to, as it stands now. */
interface BoundRole {
  ref: RoleRef;
  namespace: string;
  /** Of the version whose rules these are; undefined where there is none. */
  revision: number | undefined;
  rules: readonly PolicyRule[];
  /** Why the rules could not be found; they are empty then. */
  error?: string | undefined;
  /** How many bindings refer to it. */
  users: number;
}

/** One version of a binding, as it stands in the index. */
interface Bound {
  revision: number;
  /** Such as `ClusterRoleBinding "a" of ClusterRole "b"`. */
  what: string;
  namespace: string;
  role: BoundRole;
  /** Those that it names, each once. */
  keys: ReadonlySet<string>;
}

/** Rules that somebody has, and through what. */
export class Grant {
  readonly #bound: Bound;
  readonly #key: string;

  constructor(bound: Bound, key: string) {
    this.#bound = bound;
    this.#key = key;
  }

  get rules(): readonly PolicyRule[] {
    return this.#bound.role.rules;
  }

  /** Why the rules could not be found; they are empty then. */
  get error(): string | undefined {
    return this.#bound.role.error;
  }

  /** Such as `ClusterRoleBinding "a" of ClusterRole "b" to Group "c"`. */
  get through(): string {
    return `${this.#bound.what} to ${describeKey(this.#key)}`;
  }
}

/** Bindings by subject: `User/jane`, `Group/dev`, `ServiceAccount/system:serviceaccount:apps:robot`. Nearly all have one. */
type BySubject = Map<string, Bound | Set<Bound>>;

const accountPrefix = serviceAccountUser('', '').slice(0, -1);

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  if (kind === 'User' || kind === 'Group') return `${kind}/${name}`;
  const home = namespace || bindingNamespace;
  return kind === 'ServiceAccount' && home ? `${kind}/${serviceAccountUser(home, name)}` : undefined;
}

function describeKey(key: string): string {
  const kind = key.slice(0, key.indexOf('/'));
  const name = key.slice(kind.length + 1);
  if (kind !== 'ServiceAccount') return `${kind} ${goQuote(name)}`;
  const account = name.slice(accountPrefix.length);
  const at = account.indexOf(':');
  return `${kind} ${goQuote(`${account.slice(at + 1)}/${account.slice(0, at)}`)}`;
}

const bindingResources = [resources.clusterrolebindings, resources.rolebindings] as const;
const roleResources = [resources.clusterroles, resources.roles] as const;

/**
 * All roles and bindings, arranged so that the grants of a user are found at once. Follows what changes, and takes in no more than that:
 * others may have bindings of a million subjects.
 */
export class RoleIndex {
  readonly #reader: ObjectReader;
  readonly #bindings = new Map<string, Bound>();
  readonly #roles = new Map<string, BoundRole>();
  /** By namespace; those of the whole cluster under the empty one. */
  readonly #namespaces = new Map<string, BySubject>();
  readonly #seen = new Map<Resource, number>();

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  /** The rules behind a reference, in the namespace of the binding that has it. */
  rulesOf(ref: RoleRef, namespace: string): { rules: readonly PolicyRule[]; error?: string } {
    const role = this.#version(ref, namespace)?.object;
    if (role) return { rules: role.rules ?? [] };
    const what = `${isInCluster(ref) ? 'clusterrole' : 'role'}.rbac.authorization.k8s.io ${goQuote(ref.name)}`;
    return { rules: [], error: `${what} not found` };
  }

  #version(ref: RoleRef, namespace: string): ObjectVersion<ClusterRole | Role> | undefined {
    return isInCluster(ref)
      ? this.#reader.version(resources.clusterroles, { name: ref.name })
      : this.#reader.version(resources.roles, { namespace, name: ref.name });
  }

  /** What a user is granted: everywhere, and in the namespace where one is given. */
  *grants(user: UserInfo, namespace: string): Generator<Grant> {
    this.#refresh();
    yield* grantsIn(this.#namespaces.get(''), user);
    if (namespace) yield* grantsIn(this.#namespaces.get(namespace), user);
  }

  #refresh(): void {
    if (this.#haveChanged(bindingResources)) this.#takeBindings();
    if (this.#haveChanged(roleResources)) for (const role of this.#roles.values()) this.#look(role);
  }

  #haveChanged(all: readonly Resource[]): boolean {
    let changed = false;
    for (const resource of all) {
      const now = this.#reader.changed(resource);
      if (this.#seen.get(resource) === now) continue;
      this.#seen.set(resource, now);
      changed = true;
    }
    return changed;
  }

  #takeBindings(): void {
    const left = new Set(this.#bindings.keys());
    for (const resource of bindingResources)
      for (const version of this.#reader.versions<ClusterRoleBinding | RoleBinding>(resource)) {
        const id = `${resource.plural} ${version.key}`;
        left.delete(id);
        const before = this.#bindings.get(id);
        if (before?.revision === version.revision) continue;
        if (before) this.#leave(id, before);
        this.#enter(id, version);
      }
    for (const id of left) this.#leave(id, this.#bindings.get(id) as Bound);
  }

  #enter(id: string, { object, revision }: ObjectVersion<ClusterRoleBinding | RoleBinding>): void {
    const { roleRef, subjects = [], metadata } = object;
    const { name = '', namespace = '' } = metadata;
    const kind = namespace ? 'RoleBinding' : 'ClusterRoleBinding';
    const what = `${kind} ${goQuote(namespace ? `${name}/${namespace}` : name)} of ${roleRef.kind} ${goQuote(roleRef.name)}`;
    const keys = new Set(subjects.flatMap((subject) => subjectKey(subject, namespace) ?? []));
    const bound = { revision, what, namespace, role: this.#roleOf(roleRef, namespace), keys };
    this.#bindings.set(id, bound);
    let index = this.#namespaces.get(namespace);
    if (!index) this.#namespaces.set(namespace, (index = new Map()));
    for (const key of keys) append(index, key, bound);
  }

  #leave(id: string, bound: Bound): void {
    this.#bindings.delete(id);
    const index = this.#namespaces.get(bound.namespace);
    for (const key of bound.keys) if (index) remove(index, key, bound);
    if (index?.size === 0) this.#namespaces.delete(bound.namespace);
    const { role } = bound;
    if (--role.users === 0) this.#roles.delete(roleKey(role.ref, role.namespace));
  }

  #roleOf(ref: RoleRef, namespace: string): BoundRole {
    const home = isInCluster(ref) ? '' : namespace;
    const key = roleKey(ref, home);
    let role = this.#roles.get(key);
    if (!role) {
      const revision = this.#version(ref, home)?.revision;
      role = { ref, namespace: home, revision, ...this.rulesOf(ref, home), users: 0 };
      this.#roles.set(key, role);
    }
    role.users++;
    return role;
  }

  #look(role: BoundRole): void {
    const revision = this.#version(role.ref, role.namespace)?.revision;
    if (revision === role.revision) return;
    const { rules, error } = this.rulesOf(role.ref, role.namespace);
    Object.assign(role, { revision, rules, error });
  }
}

const isInCluster = ({ kind }: RoleRef) => kind === 'ClusterRole';
const roleKey = ({ kind, name }: RoleRef, namespace: string) => `${namespace}/${kind}/${name}`;

function append(index: BySubject, key: string, bound: Bound): void {
  const there = index.get(key);
  if (there instanceof Set) there.add(bound);
  else index.set(key, there ? new Set([there, bound]) : bound);
}

function remove(index: BySubject, key: string, bound: Bound): void {
  const there = index.get(key);
  if (!(there instanceof Set)) index.delete(key);
  else if (there.delete(bound) && there.size === 0) index.delete(key);
}

function* grantsIn(index: BySubject | undefined, { name, groups }: UserInfo): Generator<Grant> {
  if (!index) return;
  yield* grantsOf(index, `User/${name}`);
  if (name.startsWith(accountPrefix)) yield* grantsOf(index, `ServiceAccount/${name}`);
  for (const group of groups) yield* grantsOf(index, `Group/${group}`);
}

function* grantsOf(index: BySubject, key: string): Generator<Grant> {
  const bound = index.get(key);
  if (bound instanceof Set) for (const one of bound) yield new Grant(one, key);
  else if (bound) yield new Grant(bound, key);
}
