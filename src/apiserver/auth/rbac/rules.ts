import type { PolicyRule } from '../../../api/rbac/v1.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { tooLarge } from '../../../machinery/status-error.ts';
import type { Attributes } from '../authorizer.ts';

const has = (list: readonly string[] | undefined, value: string) =>
  list?.includes(value) || list?.includes('*') || false;

function matchesResource(rule: PolicyRule, { resource, subresource }: Attributes): boolean {
  const wanted = subresource ? `${resource}/${subresource}` : resource;
  const given = rule.resources ?? [];
  if (given.includes('*') || given.includes(wanted)) return true;
  return subresource !== '' && given.includes(`*/${subresource}`);
}

function matchesName({ resourceNames = [] }: PolicyRule, name: string): boolean {
  return resourceNames.length === 0 || resourceNames.includes(name);
}

/** Whether a pattern of a rule (`*`, a path, or a beginning followed by `*`) is for this path. */
function matchesUrl(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.replace(/(?<!\*)\*+$/, ''));
}

/** Whether one rule allows what is asked for. */
export function ruleAllows(rule: PolicyRule, a: Attributes): boolean {
  if (!has(rule.verbs, a.verb)) return false;
  if (!a.isResource) return (rule.nonResourceURLs ?? []).some((pattern) => matchesUrl(pattern, a.path));
  return has(rule.apiGroups, a.group) && matchesResource(rule, a) && matchesName(rule, a.name);
}

/** A rule about exactly one verb on one thing. */
function* singles(rule: PolicyRule): Generator<PolicyRule> {
  for (const verb of rule.verbs ?? []) {
    for (const url of rule.nonResourceURLs ?? []) yield { verbs: [verb], nonResourceURLs: [url] };
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const single = { verbs: [verb], apiGroups: [group], resources: [resource] };
        const names = rule.resourceNames ?? [];
        if (names.length === 0) yield single;
        for (const name of names) yield { ...single, resourceNames: [name] };
      }
    }
  }
}

const coversResource = (owned: readonly string[] = [], wanted = '') => {
  if (owned.includes('*') || owned.includes(wanted)) return true;
  const slash = wanted.indexOf('/');
  return slash >= 0 && owned.includes(`*${wanted.slice(slash)}`);
};

const coversUrl = (owned: string, wanted: string) => {
  if (owned === '*' || owned === wanted) return true;
  return owned.endsWith('*') && wanted.startsWith(owned.replace(/(?<!\*)\*+$/, ''));
};

/** Whether a rule allows all that a rule about a single thing does. */
function coversSingle(owner: PolicyRule, single: PolicyRule): boolean {
  if (!has(owner.verbs, single.verbs[0] as string)) return false;
  const url = single.nonResourceURLs?.[0];
  if (url !== undefined) return (owner.nonResourceURLs ?? []).some((owned) => coversUrl(owned, url));
  if (!has(owner.apiGroups, single.apiGroups?.[0] as string)) return false;
  if (!coversResource(owner.resources, single.resources?.[0])) return false;
  const owned = owner.resourceNames ?? [];
  return owned.length === 0 || (single.resourceNames ?? []).some((name) => owned.includes(name));
}

/** Whether a rule allows all that another does, each of its single things. */
function coversWhole(owner: PolicyRule, rule: PolicyRule): boolean {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const owned = owner.resourceNames ?? [];
  return (
    verbs.every((verb) => has(owner.verbs, verb)) &&
    nonResourceURLs.every((url) => (owner.nonResourceURLs ?? []).some((held) => coversUrl(held, url))) &&
    apiGroups.every((group) => has(owner.apiGroups, group)) &&
    resources.every((resource) => coversResource(owner.resources, resource)) &&
    (owned.length === 0 || (resourceNames.length > 0 && resourceNames.every((name) => owned.includes(name))))
  );
}

/** The single things that a role may take apart into, and how many that are missing are told of. */
const most = { singles: 50_000, missing: 1000 };

function countSingles(rule: PolicyRule): number {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const named = apiGroups.length * resources.length * Math.max(1, resourceNames.length);
  return verbs.length * (nonResourceURLs.length + named);
}

/**
 * What `wanted` allows and `owned` does not, taken apart into single things. Throws 413 where these are beyond counting: a thousand verbs
 * on a thousand resources of a thousand groups are a small role.
 */
export function missingRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing: PolicyRule[] = [];
  let left = most.singles;
  for (const rule of wanted) {
    if (owned.some((owner) => coversWhole(owner, rule))) continue;
    left -= countSingles(rule);
    if (left < 0) throw tooLarge(`limit is ${most.singles} combinations of verbs and resources`);
    for (const single of singles(rule)) {
      if (!owned.some((owner) => coversSingle(owner, single))) missing.push(single);
      if (missing.length >= most.missing) return missing;
    }
  }
  return missing;
}

/** Puts single rules that differ in their verb alone back together. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const byTarget = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const { verbs, ...target } = rule;
    const key = JSON.stringify(target);
    const known = byTarget.get(key);
    if (known) known.verbs = [...known.verbs, ...verbs.filter((v) => !known.verbs.includes(v))];
    else byTarget.set(key, { ...target, verbs: [...verbs] });
  }
  return [...byTarget.values()];
}

const quotedList = (values: readonly string[]) => `[${values.map(goQuote).join(' ')}]`;

/** A rule as the API server's messages print it. */
export function formatRule(rule: PolicyRule): string {
  const fields: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const parts = fields.filter(([, values]) => values?.length).map(([n, v]) => `${n}:${quotedList(v ?? [])}`);
  return `{${parts.join(', ')}}`;
}

/** Names as the API server's messages print them. */
export const formatNames = quotedList;
