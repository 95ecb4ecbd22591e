import type {
  Affinity,
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from '../../../../api/core/v1.ts';
import type { LabelSelector } from '../../../../api/meta/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  ratcheted,
  required,
} from '../../../../machinery/field-error.ts';
import { labelSelectorErrors } from '../../../../machinery/label-selector.ts';
import { dns1123LabelErrors, dns1123SubdomainErrors, labelValueErrors } from '../../../../machinery/names.ts';
import { each, qualifiedName } from '../../shared/validate.ts';

/** Where a pod wants to be. */
export function affinity(
  field: string,
  { nodeAffinity, podAffinity, podAntiAffinity }: Affinity,
): readonly FieldError[] {
  return allErrors(
    nodeAffinity ? toNodes(`${field}.nodeAffinity`, nodeAffinity) : noErrors,
    podAffinity ? toPods(`${field}.podAffinity`, podAffinity) : noErrors,
    podAntiAffinity ? toPods(`${field}.podAntiAffinity`, podAntiAffinity) : noErrors,
  );
}

const always = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

function weight(field: string, weight: number): readonly FieldError[] {
  return weight > 0 && weight <= 100
    ? noErrors
    : [invalid(`${field}.weight`, weight ?? 0, 'must be in the range 1-100')];
}

function toNodes(field: string, rules: NodeAffinity): readonly FieldError[] {
  return allErrors(
    rules[always] ? nodeSelector(`${field}.${always}`, rules[always]) : noErrors,
    each(`${field}.${preferred}`, rules[preferred], (term, path) =>
      allErrors(
        weight(path, term.weight),
        nodeSelectorTerm(`${path}.preference`, term.preference ?? {}, false),
      ),
    ),
  );
}

/** A choice of nodes. */
export function nodeSelector(field: string, { nodeSelectorTerms }: NodeSelector): readonly FieldError[] {
  const path = `${field}.nodeSelectorTerms`;
  if (!nodeSelectorTerms?.length) return [required(path, 'must have at least one node selector term')];
  return each(path, nodeSelectorTerms, (term, termPath) => nodeSelectorTerm(termPath, term, true));
}

/** A term as errors of upstream show it: by the names that Go has for its fields. */
export function shownTerm({ matchExpressions, matchFields }: NodeSelectorTerm): object {
  const shown = (list: NodeSelectorRequirement[] | undefined) =>
    list?.map(({ key, operator, values }) => ({ Key: key, Operator: operator, Values: values ?? null })) ??
    null;
  return { MatchExpressions: shown(matchExpressions), MatchFields: shown(matchFields) };
}

/** Values of a mere preference need not be values of labels. */
function nodeSelectorTerm(
  field: string,
  term: NodeSelectorTerm,
  checkValues: boolean,
): readonly FieldError[] {
  return allErrors(
    each(`${field}.matchExpressions`, term.matchExpressions, (r, path) =>
      nodeRequirement(path, r, checkValues),
    ),
    each(`${field}.matchFields`, term.matchFields, (r, path) => nodeFieldRequirement(path, r)),
  );
}

function nodeRequirement(
  field: string,
  { key = '', operator, values = [] }: NodeSelectorRequirement,
  checkValues: boolean,
) {
  const path = `${field}.values`;
  const errors: FieldError[] = [];
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      errors.push(required(path, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    if (values.length > 0) errors.push(forbiddenField(path, why));
  } else if (operator === 'Gt' || operator === 'Lt') {
    const why = "must be specified single value when `operator` is 'Lt' or 'Gt'";
    if (values.length !== 1) errors.push(required(path, why));
  } else {
    errors.push(invalid(`${field}.operator`, operator ?? '', 'not a valid selector operator'));
  }
  errors.push(...qualifiedName(`${field}.key`, key));
  return checkValues
    ? [
        ...errors,
        ...ratcheted(
          'valuesOfNodes',
          each(path, values, (v, p) => invalids(p, v, labelValueErrors(v))),
        ),
      ]
    : errors;
}

function nodeFieldRequirement(
  field: string,
  { key, operator, values = [] }: NodeSelectorRequirement,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(invalid(`${field}.operator`, operator ?? '', 'not a valid selector operator'));
  } else if (values.length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(required(`${field}.values`, why));
  }
  if (key !== 'metadata.name')
    return [...errors, invalid(`${field}.key`, key ?? '', 'not a valid field selector key')];
  return allErrors(
    errors,
    each(`${field}.values`, values, (v, path) => invalids(path, v, dns1123SubdomainErrors(v))),
  );
}

function toPods(field: string, rules: PodAffinity): readonly FieldError[] {
  return allErrors(
    each(`${field}.${always}`, rules[always], (term, path) => podTerm(path, term)),
    each(`${field}.${preferred}`, rules[preferred], (term, path) =>
      allErrors(weight(path, term.weight), podTerm(`${path}.podAffinityTerm`, term.podAffinityTerm ?? {})),
    ),
  );
}

function podTerm(field: string, term: PodAffinityTerm): readonly FieldError[] {
  const { topologyKey = '' } = term;
  return allErrors(
    labelSelectorErrors(term.labelSelector, `${field}.labelSelector`, 'valuesOfPods'),
    labelSelectorErrors(term.namespaceSelector, `${field}.namespaceSelector`, 'valuesOfPods'),
    (term.namespaces ?? []).flatMap((n) => invalids(`${field}.namespace`, n, dns1123LabelErrors(n))),
    labelKeys(field, term),
    topologyKey ? noErrors : [required(`${field}.topologyKey`, 'can not be empty')],
    qualifiedName(`${field}.topologyKey`, topologyKey),
  );
}

/** Keys whose values come from the pod's own labels: none that the selector names by itself. */
export function labelKeys(
  field: string,
  term: Pick<PodAffinityTerm, 'labelSelector' | 'matchLabelKeys' | 'mismatchLabelKeys'>,
): readonly FieldError[] {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  if (matchLabelKeys.length === 0 && mismatchLabelKeys.length === 0) return noErrors;
  const both = matchLabelKeys.flatMap((key, i) => {
    if (!mismatchLabelKeys.includes(key)) return noErrors;
    return [
      invalid(`${field}.matchLabelKeys[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'),
    ];
  });
  return allErrors(
    keysOfSelector(`${field}.matchLabelKeys`, matchLabelKeys, labelSelector),
    keysOfSelector(`${field}.mismatchLabelKeys`, mismatchLabelKeys, labelSelector),
    keysInSelector(field, matchLabelKeys, labelSelector),
    both,
  );
}

function keysOfSelector(
  field: string,
  keys: readonly string[],
  selector: LabelSelector | undefined,
): readonly FieldError[] {
  if (keys.length === 0) return noErrors;
  if (!selector) return [forbiddenField(field, 'must not be specified when labelSelector is not set')];
  return each(field, keys, (key, path) => qualifiedName(path, key));
}

/** The keys have become expressions by now; a key that is there twice was there before. */
function keysInSelector(
  field: string,
  keys: readonly string[],
  selector: LabelSelector | undefined,
): readonly FieldError[] {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  return (selector?.matchExpressions ?? []).flatMap(({ key }) => {
    const index = keys.indexOf(key);
    const again = index >= 0 && seen.has(key);
    seen.add(key);
    return again
      ? [invalid(`${field}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector')]
      : noErrors;
  });
}
