import type { PolicyRule } from '../../../api/rbac/v1.ts';
import type { UserInfo } from '../../registry/kind.ts';
import { authenticatedGroup } from '../authenticator.ts';
import type { Attributes, Authorizer, Decision } from '../authorizer.ts';
import type { RuleSource, UserRules } from '../rule-source.ts';

/** What one line of a policy file allows. Empty fields match nothing, but for those of the subject; `*` matches all. */
export interface AbacPolicy {
  user: string;
  group: string;
  readonly: boolean;
  apiGroup: string;
  resource: string;
  namespace: string;
  nonResourcePath: string;
}

type Read = Partial<Record<keyof AbacPolicy, unknown>>;

const group = 'abac.authorization.kubernetes.io';
const apiVersion = `${group}/v1beta1`;
/** What lines of old may say of their version, where they say anything. */
const oldVersion = `${group}/v0`;

/**
 * Reads a policy file: an object a line, `#` before comments. `path` is for messages. Throws an Error in upstream's words
 * that names the line.
 */
export function readAbacPolicies(text: string, path: string): AbacPolicy[] {
  return text.split('\n').flatMap((line, i) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    try {
      return [readLine(trimmed)];
    } catch (error) {
      const why = (error as Error).message;
      throw new Error(`error reading policy file ${path}, line ${i + 1}: ${line}: ${why}`, { cause: error });
    }
  });
}

function readLine(line: string): AbacPolicy {
  const read: unknown = JSON.parse(line);
  if (!isRecord(read)) throw new Error('must be an object');
  const { apiVersion: version, kind, spec = {} } = read;
  if (version === apiVersion && kind === 'Policy') {
    if (!isRecord(spec)) throw new Error('spec must be an object');
    return everybody(shaped(spec));
  }
  // A line of a version that is not known is not one of old: that would allow all what its spec does not.
  if ((version || oldVersion) !== oldVersion || (kind || 'Policy') !== 'Policy')
    throw new Error(`no kind "${kind ?? ''}" is registered for version "${version ?? ''}"`);
  return unversioned(shaped(read));
}

const isRecord = (value: unknown): value is Record<string, unknown> & Read =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function shaped(read: Read): AbacPolicy {
  const text = (field: keyof AbacPolicy) => {
    const value = read[field] ?? '';
    if (typeof value !== 'string') throw new Error(`${field} must be a string`);
    return value;
  };
  const { readonly = false } = read;
  if (typeof readonly !== 'boolean') throw new Error('readonly must be true or false');
  return {
    readonly,
    user: text('user'),
    group: text('group'),
    apiGroup: text('apiGroup'),
    resource: text('resource'),
    namespace: text('namespace'),
    nonResourcePath: text('nonResourcePath'),
  };
}

/** All users, or all groups, are those who have shown who they are. */
const everybody = (policy: AbacPolicy): AbacPolicy =>
  policy.user === '*' || policy.group === '*' ? { ...policy, user: '', group: authenticatedGroup } : policy;

/** In lines of old, what is not said matches all. */
function unversioned(read: AbacPolicy): AbacPolicy {
  const { user, group, resource, namespace } = read;
  return everybody({
    ...read,
    group: user === '' && group === '' ? authenticatedGroup : group,
    apiGroup: '*',
    resource: resource || '*',
    namespace: namespace || '*',
    nonResourcePath: namespace === '' && resource === '' ? '*' : '',
  });
}

const readVerbs = ['get', 'list', 'watch'];

/** Attribute-based access control: what the lines of a file allow. */
export class AbacAuthorizer implements Authorizer, RuleSource {
  readonly #policies: readonly AbacPolicy[];

  constructor(policies: readonly AbacPolicy[]) {
    this.#policies = policies;
  }

  authorize(user: UserInfo, attributes: Attributes): Decision {
    const isRead = readVerbs.includes(attributes.verb);
    const allows = (policy: AbacPolicy) =>
      isAbout(policy, user) && (isRead || !policy.readonly) && matches(policy, attributes);
    if (this.#policies.some(allows)) return { verdict: 'allow', reason: '' };
    return { verdict: 'none', reason: 'No policy matched.' };
  }

  rulesFor(user: UserInfo, namespace: string): UserRules {
    const rules: PolicyRule[] = [];
    for (const policy of this.#policies) {
      if (!isAbout(policy, user)) continue;
      if (policy.namespace !== '*' && policy.namespace !== namespace) continue;
      const verbs = policy.readonly ? readVerbs : ['*'];
      const { resource, apiGroup, nonResourcePath } = policy;
      if (resource) rules.push({ verbs, apiGroups: [apiGroup], resources: [resource] });
      if (nonResourcePath) rules.push({ verbs, nonResourceURLs: [nonResourcePath] });
    }
    return { rules, errors: [], incomplete: false };
  }
}

/** Whether a policy is about a user: one that names both a user and a group is about that user in that group. */
function isAbout({ user, group }: AbacPolicy, { name, groups }: UserInfo): boolean {
  if (user === '' && group === '') return false;
  return (user === '' || user === name) && (group === '' || groups.includes(group));
}

function matches(policy: AbacPolicy, { isResource, path, namespace, resource, group }: Attributes): boolean {
  if (!isResource) return pathMatches(policy.nonResourcePath, path);
  const covers = (wanted: string, actual: string) => wanted === '*' || wanted === actual;
  return (
    covers(policy.namespace, namespace) && covers(policy.resource, resource) && covers(policy.apiGroup, group)
  );
}

function pathMatches(wanted: string, path: string): boolean {
  if (wanted === '*' || wanted === path) return true;
  return wanted.endsWith('*') && path.startsWith(wanted.replace(/\*+$/, ''));
}
