import { namespaces } from '../../api/generated/resources.ts';
import type { LabelSelector } from '../../api/meta/v1.ts';
import type { NamedRuleWithOperations, RuleWithOperations } from '../../api/admissionregistration/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { compileLabelSelector, matchesLabels, type Selector } from '../../machinery/label-selector.ts';
import { notFound, type StatusError } from '../../machinery/status-error.ts';
import type { AdmissionAttributes } from './admission.ts';
import type { Form } from './forms.ts';

/** Which requests somebody wants to hear of. */
export interface Wanted {
  rules: readonly NamedRuleWithOperations[];
  excluded: readonly NamedRuleWithOperations[];
  /** Whether a request in another version of a wanted one counts too. */
  equivalent: boolean;
  namespaceSelector: Selector | undefined;
  objectSelector: Selector | undefined;
}

export interface WantedSource {
  rules?: readonly (RuleWithOperations | NamedRuleWithOperations)[] | undefined;
  excluded?: readonly NamedRuleWithOperations[] | undefined;
  matchPolicy?: string | undefined;
  namespaceSelector?: LabelSelector | undefined;
  objectSelector?: LabelSelector | undefined;
}

export function compileWanted(source: WantedSource): Wanted {
  return {
    rules: source.rules ?? [],
    excluded: source.excluded ?? [],
    equivalent: source.matchPolicy !== 'Exact',
    namespaceSelector: compileLabelSelector(source.namespaceSelector ?? {}),
    objectSelector: compileLabelSelector(source.objectSelector ?? {}),
  };
}

const isNamespace = ({ kind }: AdmissionAttributes) =>
  kind.resource.plural === 'namespaces' && kind.resource.group === '';

/** The name in a request: none where the server makes it up, nor where the request is to delete a collection. */
export const requestName = ({ name, verb, isNameGenerated }: AdmissionAttributes): string =>
  isNameGenerated || verb === 'deletecollection' ? '' : name;

/** The namespace of a request; a namespace stands in itself. */
export const requestNamespace = (attributes: AdmissionAttributes): string =>
  isNamespace(attributes) ? requestName(attributes) : attributes.namespace;

/**
 * The form in which a request is wanted, or undefined where it is not: its own, where a rule names that, else one that the first rule
 * names which names any. Throws where all else fits and its namespace is not there.
 */
export function findWanted(attributes: AdmissionAttributes, wanted: Wanted): Form | undefined {
  if (wanted.rules.length > 0 && !wanted.rules.some((rule) => concerns(rule, attributes))) return undefined;
  const selected = isSelected(attributes, wanted);
  if (selected === false) return undefined;
  const form = ruledForm(attributes, wanted);
  if (form && selected !== true) throw selected;
  return form;
}

function ruledForm(attributes: AdmissionAttributes, wanted: Wanted): Form | undefined {
  if (isExcluded(attributes, wanted)) return undefined;
  const [own, ...others] = attributes.forms() as [Form, ...Form[]];
  if (wanted.rules.some((rule) => matches(rule, attributes, own))) return own;
  if (!wanted.equivalent) return undefined;
  for (const rule of wanted.rules) {
    const form = others.find((other) => matches(rule, attributes, other));
    if (form) return form;
  }
  return undefined;
}

/** Whether the selectors fit; an error where its namespace is not there, which counts only where all else fits. */
function isSelected(attributes: AdmissionAttributes, wanted: Wanted): boolean | StatusError {
  const inIt = inNamespace(attributes, wanted.namespaceSelector);
  return inIt !== false && hasLabels(attributes, wanted.objectSelector) && inIt;
}

function isExcluded(attributes: AdmissionAttributes, { excluded, equivalent }: Wanted): boolean {
  if (excluded.length === 0) return false;
  const forms = attributes.forms();
  const candidates = equivalent ? forms : forms.slice(0, 1);
  return candidates.some((form) => excluded.some((rule) => matches(rule, attributes, form)));
}

/** As {@link findWanted} for a binding: no rules mean no restriction. */
export function isWanted(attributes: AdmissionAttributes, wanted: Wanted): boolean {
  if (wanted.rules.length > 0) return findWanted(attributes, wanted) !== undefined;
  const selected = isSelected(attributes, wanted);
  if (selected === false || isExcluded(attributes, wanted)) return false;
  if (selected !== true) throw selected;
  return true;
}

const includes = (list: readonly string[] | undefined, value: string) =>
  list !== undefined && (list.includes('*') || list.includes(value));

/** The cheap part of a match: what is the same in all versions. */
function concerns(rule: NamedRuleWithOperations, attributes: AdmissionAttributes): boolean {
  const { resource } = attributes.kind;
  return (
    includes(rule.operations, attributes.operation) &&
    attributes.isServedIn(rule.apiGroups) &&
    namesResource(rule, resource.plural, attributes.subresource)
  );
}

function matches(
  rule: NamedRuleWithOperations,
  attributes: AdmissionAttributes,
  { resource }: Form,
): boolean {
  return (
    includes(rule.operations, attributes.operation) &&
    includes(rule.apiGroups, resource.group) &&
    includes(rule.apiVersions, resource.version) &&
    namesResource(rule, resource.resource, attributes.subresource) &&
    inScope(rule, attributes) &&
    namesObject(rule, requestName(attributes))
  );
}

function namesResource(
  { resources = [] }: RuleWithOperations,
  resource: string,
  subresource: string,
): boolean {
  return resources.some((text) => {
    const slash = text.indexOf('/');
    const [main, sub] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)];
    return (main === '*' || main === resource) && (sub === '*' || sub === subresource);
  });
}

function inScope({ scope = '*' }: RuleWithOperations, attributes: AdmissionAttributes): boolean {
  if (scope === '*') return true;
  return (scope === 'Namespaced') === attributes.kind.resource.namespaced;
}

const namesObject = ({ resourceNames = [] }: NamedRuleWithOperations, name: string) =>
  resourceNames.length === 0 || resourceNames.includes(name);

function inNamespace(attributes: AdmissionAttributes, selector: Selector | undefined): boolean | StatusError {
  if (selector?.length === 0) return true;
  const name = requestNamespace(attributes);
  if (name === '' && !isNamespace(attributes)) return true;
  const { object, context, subresource } = attributes;
  // A namespace that is written now counts with the labels it is to have.
  const namespace =
    isNamespace(attributes) && subresource === '' && object ? object : context.get(namespaces, { name });
  if (!namespace) return notFound({ group: '', resource: 'namespaces', name });
  return matchesLabels(selector, namespace.metadata.labels);
}

function hasLabels({ object, old }: AdmissionAttributes, selector: Selector | undefined): boolean {
  if (selector?.length === 0) return true;
  const labelled = (o: KubernetesObject | undefined) =>
    o?.metadata !== undefined && matchesLabels(selector, o.metadata.labels);
  return labelled(object) || labelled(old);
}

const configurations = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]);

/** Whether a request is about the rules of admission themselves, which no rule may lock. */
export function isExempt({ kind: { resource } }: AdmissionAttributes): boolean {
  return resource.group === 'admissionregistration.k8s.io' && configurations.has(resource.kind);
}

/** Whether a request is one that no policy is asked about: nor are they about who may do what. */
export const isBeyondPolicies = (attributes: AdmissionAttributes): boolean =>
  isExempt(attributes) || attributes.kind.review !== undefined;
