import {
  type FieldError,
  invalid,
  notSupported,
  renderErrors,
  required,
} from '../../machinery/field-error.ts';
import { dns1123SubdomainErrors } from '../../machinery/names.ts';
import { parseYaml } from '../../machinery/yaml.ts';
import { levels, stages } from './event.ts';
import type { AuditPolicy, AuditRule, GroupResources } from './policy.ts';

/** Reads an audit policy, YAML or JSON. Throws an Error that says what is wrong with it. */
export function readAuditPolicy(text: string): AuditPolicy {
  const read = parseYaml(text);
  const { kind, apiVersion, ...policy } = object(read, 'policy') as {
    kind?: string;
    apiVersion?: string;
  } & Partial<AuditPolicy>;
  if (kind !== 'Policy' || apiVersion !== 'audit.k8s.io/v1')
    throw new Error(`unknown group version field ${apiVersion ?? ''}, Kind=${kind ?? ''} in policy`);
  checkShape(policy);
  const errors = policyErrors(policy);
  if (errors.length > 0) throw new Error(renderErrors(errors));
  if (!policy.rules?.length) throw new Error('loaded illegal policy with 0 rules');
  return policy as AuditPolicy;
}

function object(value: unknown, path: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Error(`${path} must be an object`);
}

const textLists = ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs', 'omitStages'] as const;

/** Throws where something is not of the type that it must have. */
function checkShape(policy: Partial<AuditPolicy>): void {
  checkTexts(policy, ['omitStages'], '');
  checkFlag(policy, '');
  for (const [i, rule] of list(policy, 'rules', '').entries()) {
    const path = `rules[${i}]`;
    const one = object(rule, path) as AuditRule;
    checkTexts(one, textLists, `${path}.`);
    checkFlag(one, `${path}.`);
    for (const [j, group] of list(one, 'resources', `${path}.`).entries()) {
      const below = `${path}.resources[${j}]`;
      checkTexts(object(group, below), ['resources', 'resourceNames'], `${below}.`);
    }
  }
}

function list(parent: object, key: string, path: string): unknown[] {
  const value = (parent as Record<string, unknown>)[key] ?? [];
  if (!Array.isArray(value)) throw new Error(`${path}${key} must be a list`);
  return value;
}

function checkTexts(parent: object, keys: readonly string[], path: string): void {
  for (const key of keys) {
    const isText = (value: unknown) => typeof value === 'string';
    if (!list(parent, key, path).every(isText)) throw new Error(`${path}${key} must be a list of strings`);
  }
}

function checkFlag({ omitManagedFields = false }: Partial<AuditPolicy>, path: string): void {
  if (typeof omitManagedFields !== 'boolean')
    throw new Error(`${path}omitManagedFields must be true or false`);
}

function policyErrors({ omitStages, rules = [] }: Partial<AuditPolicy>): FieldError[] {
  return [
    ...stageErrors(omitStages, 'omitStages'),
    ...rules.flatMap((rule, i) => ruleErrors(rule, `rules[${i}]`)),
  ];
}

function ruleErrors(rule: AuditRule, path: string): FieldError[] {
  const { level, nonResourceURLs = [], resources = [], namespaces = [], omitStages } = rule;
  const errors = [
    ...levelErrors(level, `${path}.level`),
    ...nonResourceURLs.flatMap((url, i) => urlErrors(url, `${path}.nonResourceURLs[${i}]`)),
    ...resources.flatMap((group) => groupErrors(group, `${path}.resources`)),
    ...stageErrors(omitStages, `${path}.omitStages`),
  ];
  if (nonResourceURLs.length > 0 && resources.length + namespaces.length > 0) {
    const why = 'rules cannot apply to both regular resources and non-resource URLs';
    errors.push(invalid(`${path}.nonResourceURLs`, nonResourceURLs, why));
  }
  return errors;
}

function levelErrors(level: string | undefined, field: string): FieldError[] {
  if (!level) return [required(field)];
  return (levels as readonly string[]).includes(level) ? [] : [notSupported(field, level, levels)];
}

function urlErrors(url: string, field: string): FieldError[] {
  if (url === '*') return [];
  const errors: FieldError[] = [];
  if (!url.startsWith('/'))
    errors.push(invalid(field, url, "non-resource URL rules must begin with a '/' character"));
  if (url.slice(0, -1).includes('*')) {
    const why = "non-resource URL wildcards '*' must be the final character of the rule";
    errors.push(invalid(field, url, why));
  }
  return errors;
}

function groupErrors({ group = '', resources = [], resourceNames = [] }: GroupResources, path: string) {
  const errors: FieldError[] = [];
  const wrong = group === '' || group === '*' ? [] : dns1123SubdomainErrors(group);
  if (wrong.length > 0) errors.push(invalid(`${path}.group`, group, wrong.join(',')));
  if (resourceNames.length > 0 && resources.length === 0) {
    const why = 'using resourceNames requires at least one resource';
    errors.push(invalid(`${path}.resourceNames`, resourceNames, why));
  }
  return errors;
}

function stageErrors(omitted: readonly string[] = [], path: string): FieldError[] {
  const isKnown = (stage: string) => (stages as readonly string[]).includes(stage);
  return omitted.flatMap((stage, i) =>
    isKnown(stage) ? [] : [invalid(`${path}[${i}]`, stage, `allowed stages are ${stages.join(',')}`)],
  );
}
