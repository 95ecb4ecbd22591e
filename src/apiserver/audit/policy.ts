import type { UserInfo } from '../registry/kind.ts';
import type { RequestInfo } from '../request.ts';
import type { Level, Stage } from './event.ts';

/** `audit.k8s.io/v1` Policy: what is recorded. The first rule that matches a request decides. */
export interface AuditPolicy {
  rules: readonly AuditRule[];
  /** Stages of which no rule records anything. */
  omitStages?: readonly Stage[];
  omitManagedFields?: boolean;
}

/** Which requests are recorded, and how much of them. What is not said, or empty, matches all. */
export interface AuditRule {
  level: Level;
  users?: readonly string[];
  userGroups?: readonly string[];
  verbs?: readonly string[];
  resources?: readonly GroupResources[];
  /** An empty name is what is in no namespace. */
  namespaces?: readonly string[];
  /** Paths; a `*` at the end is any rest. */
  nonResourceURLs?: readonly string[];
  omitStages?: readonly Stage[];
  omitManagedFields?: boolean;
}

/** Resources of one group: `pods`, `pods/log`, `*` for all; one side of the slash may be `*` as well. */
export interface GroupResources {
  group?: string;
  resources?: readonly string[];
  resourceNames?: readonly string[];
}

/** What becomes of a request's events. */
export interface Recording {
  level: Level;
  omits: ReadonlySet<Stage>;
  omitManagedFields: boolean;
}

/** A policy, made ready to be asked about every request. */
export class AuditRules {
  readonly #rules: readonly { rule: AuditRule; recording: Recording }[];
  readonly #otherwise: Recording;

  constructor({ rules, omitStages = [], omitManagedFields = false }: AuditPolicy) {
    this.#otherwise = { level: 'None', omits: new Set(omitStages), omitManagedFields };
    this.#rules = rules.map((rule) => ({
      rule,
      recording: {
        level: rule.level,
        omits: new Set([...omitStages, ...(rule.omitStages ?? [])]),
        omitManagedFields: rule.omitManagedFields ?? omitManagedFields,
      },
    }));
  }

  /** What is recorded of a request; `user` is absent where nobody knows who asks. */
  recordingOf(user: UserInfo | undefined, info: RequestInfo): Recording {
    for (const { rule, recording } of this.#rules) if (matches(rule, user, info)) return recording;
    return this.#otherwise;
  }
}

const some = <T>(list: readonly T[] | undefined): list is readonly T[] =>
  list !== undefined && list.length > 0;

function matches(rule: AuditRule, user: UserInfo | undefined, info: RequestInfo): boolean {
  const { users, userGroups, verbs, namespaces, resources, nonResourceURLs } = rule;
  if (some(users) && !(user && users.includes(user.name))) return false;
  if (some(userGroups) && !user?.groups.some((group) => userGroups.includes(group))) return false;
  if (some(verbs) && !verbs.includes(info.verb)) return false;
  if (some(namespaces) || some(resources)) return matchesResource(rule, info);
  if (some(nonResourceURLs))
    return !info.isResource && nonResourceURLs.some((url) => matchesPath(url, info.path));
  return true;
}

function matchesPath(url: string, path: string): boolean {
  if (url === '*' || url === path) return true;
  return url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''));
}

function matchesResource({ namespaces, resources }: AuditRule, info: RequestInfo): boolean {
  if (!info.isResource) return false;
  if (some(namespaces) && !namespaces.includes(info.namespace)) return false;
  return !some(resources) || resources.some((group) => matchesGroup(group, info));
}

function matchesGroup({ group = '', resources, resourceNames }: GroupResources, info: RequestInfo): boolean {
  if (group !== info.group && group !== '*') return false;
  if (!some(resources)) return true;
  if (some(resourceNames) && !resourceNames.includes(info.name)) return false;
  return resources.some((pattern) => matchesName(pattern, info));
}

function matchesName(pattern: string, { resource, subresource }: RequestInfo): boolean {
  if (pattern === '*' || pattern === (subresource ? `${resource}/${subresource}` : resource)) return true;
  if (subresource && pattern === `*/${subresource}`) return true;
  return pattern === `${resource}/*`;
}
