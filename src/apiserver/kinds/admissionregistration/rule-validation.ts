import type {
  MatchCondition,
  NamedRuleWithOperations,
  Rule,
  RuleWithOperations,
} from '../../../api/admissionregistration/v1.ts';
import {
  duplicate,
  type FieldError,
  invalid,
  invalids,
  required,
  tooMany,
} from '../../../machinery/field-error.ts';
import { pathSegmentNameErrors } from '../../../machinery/names.ts';
import {
  each,
  optionalSupported,
  qualifiedName,
  repeats,
  requireValue,
  supported,
} from '../shared/validate.ts';

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const maxConditions = 64;

/** Which requests are asked about. */
export function ruleErrors(field: string, rule: RuleWithOperations): readonly FieldError[] {
  return [
    ...needed(`${field}.operations`, rule.operations),
    ...lonelyStar(`${field}.operations`, rule.operations, 'operations'),
    ...each(`${field}.operations`, rule.operations, (operation, p) => supported(p, operation, operations)),
    ...plainRule(field, rule),
  ];
}

/** As {@link ruleErrors}, for objects of certain names. */
export function namedRuleErrors(field: string, rule: NamedRuleWithOperations): readonly FieldError[] {
  const repeated = repeats();
  const names = each(`${field}.resourceNames`, rule.resourceNames, (name, path) => [
    ...invalids(path, name, pathSegmentNameErrors(name)),
    ...(repeated(name) ? [duplicate(path, name)] : []),
  ]);
  return [...names, ...ruleErrors(field, rule)];
}

const needed = (field: string, list: readonly string[] | undefined) =>
  list?.length ? [] : [required(field)];

function lonelyStar(field: string, values: readonly string[] = [], what: string): readonly FieldError[] {
  if (values.length < 2 || !values.includes('*')) return [];
  return [invalid(field, values, `if '*' is present, must not specify other ${what}`)];
}

function plainRule(field: string, { apiGroups, apiVersions, resources, scope }: Rule): readonly FieldError[] {
  return [
    ...needed(`${field}.apiGroups`, apiGroups),
    ...lonelyStar(`${field}.apiGroups`, apiGroups, 'API groups'),
    ...needed(`${field}.apiVersions`, apiVersions),
    ...lonelyStar(`${field}.apiVersions`, apiVersions, 'API versions'),
    ...each(`${field}.apiVersions`, apiVersions, (version, path) => requireValue(path, version)),
    ...resourceErrors(`${field}.resources`, resources ?? []),
    ...optionalSupported(`${field}.scope`, scope, ['*', 'Cluster', 'Namespaced']),
  ];
}

/** Resources and their subresources; what a wildcard names already is not named again. */
function resourceErrors(field: string, resources: readonly string[]): readonly FieldError[] {
  const wholes = new Set<string>();
  const errors = resources.length > 0 ? [] : [required(field)];
  resources.forEach((text, i) => {
    const path = `${field}[${i}]`;
    if (text === '') errors.push(required(path));
    const slash = text.indexOf('/');
    if (slash < 0) return;
    const [resource, sub] = [text.slice(0, slash), text.slice(slash + 1)];
    for (const whole of [`${resource}/*`, `*/${sub}`]) {
      if (!wholes.has(whole)) continue;
      errors.push(invalid(path, text, `if '${whole}' is present, must not specify ${text}`));
    }
    if (sub === '*' || resource === '*') wholes.add(text);
  });
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(invalid(field, resources, "if '*/*' is present, must not specify other resources"));
  }
  const plain = resources.some((text) => text !== '*' && text !== '' && !text.includes('/'));
  if (resources.includes('*') && plain) {
    const why = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalid(field, resources, why));
  }
  return errors;
}

/** Conditions on requests, each with a name of its own. */
export function matchConditionErrors(
  field: string,
  conditions: readonly MatchCondition[] | undefined,
): readonly FieldError[] {
  const count = conditions?.length ?? 0;
  const repeated = repeats();
  const errors = each(field, conditions, ({ name, expression }, path) => [
    ...requireValue(`${path}.expression`, expression?.trim()),
    ...(name ? qualifiedName(`${path}.name`, name) : [required(`${path}.name`)]),
    ...(name && repeated(name) ? [duplicate(`${path}.name`, name)] : []),
  ]);
  return count > maxConditions ? [tooMany(field, count, maxConditions), ...errors] : errors;
}
