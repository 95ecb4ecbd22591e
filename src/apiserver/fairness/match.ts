import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../../api/flowcontrol/v1.ts';
import { serviceAccountUser } from '../auth/service-account-name.ts';
import type { UserInfo } from '../registry/kind.ts';
import type { RequestInfo } from '../request.ts';

/** The order in which flow schemas are asked: by precedence, then by name. */
export function inMatchingOrder<T extends FlowSchema>(schemas: readonly T[]): T[] {
  const precedence = ({ spec }: FlowSchema) => spec.matchingPrecedence ?? 1000;
  const name = ({ metadata }: FlowSchema) => metadata.name ?? '';
  return [...schemas].sort((a, b) => precedence(a) - precedence(b) || (name(a) < name(b) ? -1 : 1));
}

/** The rules of a schema that are about a user. */
export function rulesFor(schema: FlowSchema, user: UserInfo): PolicyRulesWithSubjects[] {
  return (schema.spec.rules ?? []).filter(({ subjects }) =>
    (subjects ?? []).some((subject) => isSubject(user, subject)),
  );
}

function isSubject(user: UserInfo, { kind, user: named, group, serviceAccount }: Subject): boolean {
  if (kind === 'User') return named !== undefined && (named.name === '*' || named.name === user.name);
  if (kind === 'Group')
    return group !== undefined && (group.name === '*' || user.groups.includes(group.name));
  if (kind !== 'ServiceAccount' || !serviceAccount) return false;
  const { namespace, name } = serviceAccount;
  if (name === '*') return user.name.startsWith(serviceAccountUser(namespace, ''));
  return user.name === serviceAccountUser(namespace, name);
}

/** Whether rules, picked for the user already, are about a request. */
export function matchesRules(info: RequestInfo, rules: readonly PolicyRulesWithSubjects[]): boolean {
  for (const { resourceRules, nonResourceRules } of rules) {
    if (info.isResource ? anyResource(info, resourceRules) : anyPath(info, nonResourceRules)) return true;
  }
  return false;
}

const includes = (list: readonly string[] | null | undefined, value: string) =>
  !!list && ((list.length === 1 && list[0] === '*') || list.includes(value));

function anyResource(info: RequestInfo, rules: readonly ResourcePolicyRule[] = []): boolean {
  for (const rule of rules) if (isAbout(info, rule)) return true;
  return false;
}

function isAbout(info: RequestInfo, rule: ResourcePolicyRule): boolean {
  const { verb, group, resource, subresource, namespace } = info;
  if (!includes(rule.verbs, verb) || !includes(rule.apiGroups, group)) return false;
  if (!includes(rule.resources, subresource ? `${resource}/${subresource}` : resource)) return false;
  return namespace === '' ? rule.clusterScope === true : includes(rule.namespaces, namespace);
}

function anyPath({ verb, path }: RequestInfo, rules: readonly NonResourcePolicyRule[] = []): boolean {
  return rules.some(
    ({ verbs, nonResourceURLs = [] }) =>
      includes(verbs, verb) && nonResourceURLs.some((url) => coversPath(url, path)),
  );
}

/** As upstream: a path also covers what lies below it, with an asterisk or without. */
function coversPath(url: string, path: string): boolean {
  if (url === '*' || url === path) return true;
  const prefix = url.endsWith('*') ? url.slice(0, -1) : url;
  return path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}
