import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
  Subject,
} from '../../../api/flowcontrol/v1.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { dns1123LabelErrors } from '../../../machinery/names.ts';
import { dnsLabel, dnsSubdomain, each, repeats, requireValue, supported } from '../shared/validate.ts';
import { mandatorySchemaErrors } from './mandatory.ts';

const maxPrecedence = 10_000;
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

/** What holds for a flow schema at any time. */
export function flowSchemaErrors(schema: FlowSchema): readonly FieldError[] {
  const { metadata, spec, status } = schema;
  const { distinguisherMethod: method, priorityLevelConfiguration: level } = spec;
  return [
    ...precedenceErrors('spec.matchingPrecedence', spec.matchingPrecedence ?? 0, metadata.name),
    ...(method ? supported('spec.distinguisherMethod.type', method.type, ['ByNamespace', 'ByUser']) : []),
    ...(level.name
      ? dnsSubdomain('spec.priorityLevelConfiguration.name', level.name)
      : [required('spec.priorityLevelConfiguration.name', 'must reference a priority level')]),
    ...each('spec.rules', spec.rules, (rule, field) => ruleErrors(field, rule)),
    ...mandatorySchemaErrors(schema),
    ...typedOnce('status.conditions', status?.conditions),
  ];
}

/** Conditions have types, each once; more is not asked of them here. */
export function typedOnce(
  field: string,
  conditions: readonly { type?: string }[] | undefined,
): readonly FieldError[] {
  const repeated = repeats();
  return each(field, conditions, ({ type = '' }, path) => [
    ...(repeated(type) ? [duplicate(`${path}.type`, type)] : []),
    ...requireValue(`${path}.type`, type, 'must not be empty'),
  ]);
}

function precedenceErrors(
  field: string,
  precedence: number,
  name: string | undefined,
): readonly FieldError[] {
  if (precedence <= 0) return [invalid(field, precedence, 'must be a positive value')];
  if (precedence > maxPrecedence) {
    return [invalid(field, precedence, `must not be greater than ${maxPrecedence}`)];
  }
  if (precedence > 1 || name === 'exempt') return [];
  return [invalid(field, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")];
}

function ruleErrors(field: string, rule: PolicyRulesWithSubjects): readonly FieldError[] {
  const { subjects, resourceRules, nonResourceRules } = rule;
  const none = 'at least one of resourceRules and nonResourceRules has to be non-empty';
  return [
    ...(subjects?.length
      ? each(`${field}.subjects`, subjects, (subject, path) => subjectErrors(path, subject))
      : [required(`${field}.subjects`, 'subjects must contain at least one value')]),
    ...(resourceRules?.length || nonResourceRules?.length ? [] : [required(field, none)]),
    ...each(`${field}.resourceRules`, resourceRules, (r, path) => resourceRule(path, r)),
    ...each(`${field}.nonResourceRules`, nonResourceRules, (r, path) => pathRule(path, r)),
  ];
}

const subjectFields = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;
type SubjectKind = keyof typeof subjectFields;

function subjectErrors(field: string, subject: Subject): readonly FieldError[] {
  const kinds = Object.keys(subjectFields) as SubjectKind[];
  const kind = kinds.find((k) => k === subject.kind);
  if (!kind) return [notSupported(`${field}.kind`, subject.kind, [...kinds].sort())];
  const own = subjectFields[kind];
  const given = subject[own];
  const others = kinds.filter((k) => k !== kind && subject[subjectFields[k]] !== undefined);
  return [
    ...(given
      ? namedSubject(`${field}.${own}`, kind, given)
      : [required(`${field}.${own}`, `${own} is required when subject kind is '${kind}'`)]),
    ...others.map((k) =>
      forbiddenField(
        `${field}.${subjectFields[k]}`,
        `${subjectFields[k]} is forbidden when subject kind is not '${k}'`,
      ),
    ),
  ];
}

function namedSubject(field: string, kind: SubjectKind, subject: { name: string }): readonly FieldError[] {
  const errors = [...requireValue(`${field}.name`, subject.name)];
  if (kind !== 'ServiceAccount') return errors;
  const { name, namespace } = subject as ServiceAccountSubject;
  if (name && name !== '*') errors.push(...dnsSubdomain(`${field}.name`, name));
  if (namespace) return [...errors, ...dnsLabel(`${field}.namespace`, namespace)];
  return [...errors, required(`${field}.namespace`, 'must specify namespace for service account')];
}

/** `*` stands alone. */
function lonelyStar(field: string, values: readonly string[], what: string): readonly FieldError[] {
  if (values.length < 2 || !values.includes('*')) return [];
  return [invalid(field, values, `if '*' is present, must not specify other ${what}`)];
}

function verbErrors(field: string, given: readonly string[] = []): readonly FieldError[] {
  if (given.length === 0) return [required(field, 'verbs must contain at least one value')];
  if (given.includes('*')) return lonelyStar(field, given, 'verbs');
  return given.every((verb) => verbs.includes(verb)) ? [] : [notSupported(field, given, verbs)];
}

function resourceRule(field: string, rule: ResourcePolicyRule): readonly FieldError[] {
  const { apiGroups = [], resources = [], clusterScope } = rule;
  const namespaces = rule.namespaces ?? [];
  const needed = (name: string, list: readonly string[], why: string, what: string) =>
    list.length > 0 ? lonelyStar(`${field}.${name}`, list, what) : [required(`${field}.${name}`, why)];
  const everywhere = namespaces.includes('*');
  const noNamespace = 'resource rules that are not cluster scoped must supply at least one namespace';
  return [
    ...verbErrors(`${field}.verbs`, rule.verbs),
    ...needed('apiGroups', apiGroups, 'resource rules must supply at least one api group', 'api groups'),
    ...needed('resources', resources, 'resource rules must supply at least one resource', 'resources'),
    ...(clusterScope && namespaces.length === 0
      ? []
      : needed('namespaces', namespaces, noNamespace, 'namespaces')),
    ...(everywhere
      ? []
      : each(`${field}.namespaces`, namespaces, (name, path) => namespaceErrors(path, name))),
  ];
}

function namespaceErrors(field: string, name: string): readonly FieldError[] {
  const head = "each member of this list must be '*' or a DNS-1123 label; ";
  return dns1123LabelErrors(name).map((why) => invalid(field, name, head + why));
}

function pathRule(
  field: string,
  { verbs: given, nonResourceURLs: paths = [] }: NonResourcePolicyRule,
): readonly FieldError[] {
  const path = `${field}.nonResourceURLs`;
  const errors = verbErrors(`${field}.verbs`, given);
  if (paths.length === 0) {
    return [...errors, required(path, 'nonResourceURLs must contain at least one value')];
  }
  if (paths.includes('*')) return [...errors, ...lonelyStar(path, paths, 'non-resource URLs')];
  const wrong = each(path, paths, (url, p) => {
    const why = urlError(url);
    return why ? [invalid(p, url, why)] : [];
  });
  return [...errors, ...wrong];
}

function urlError(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const star = url.indexOf('*');
  const atEnd = star === url.length - 1 && url.endsWith('/*');
  return star < 0 || atEnd ? undefined : 'wildcard can only do suffix matching';
}
