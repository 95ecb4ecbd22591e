import type { PodSchedulingGate, Toleration, TopologySpreadConstraint } from '../../../../api/core/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  invalid,
  noErrors,
  notSupported,
  ratcheted,
  required,
} from '../../../../machinery/field-error.ts';
import { labelSelectorErrors } from '../../../../machinery/label-selector.ts';
import { labelValueErrors } from '../../../../machinery/names.ts';
import { each, optionalSupported, qualifiedName, repeats, supported } from '../../shared/validate.ts';
import { labelKeys } from './affinity.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** What a taint does to pods that do not tolerate it. */
export function taintEffect(field: string, effect: string | undefined): readonly FieldError[] {
  if (!effect) return [required(field)];
  return effects.includes(effect) ? noErrors : [notSupported(field, effect, effects)];
}

/** Taints that a pod puts up with. */
export function tolerations(field: string, list: readonly Toleration[] | undefined): readonly FieldError[] {
  return each(field, list, (toleration, path) => {
    const { key, operator = '', effect, tolerationSeconds } = toleration;
    const errors = [...(key ? qualifiedName(`${path}.key`, key) : noErrors)];
    if (!key && operator !== 'Exists') {
      const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalid(`${path}.operator`, operator, why));
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      const why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      errors.push(invalid(`${path}.effect`, effect ?? '', why));
    }
    errors.push(...tolerationValue(`${path}.operator`, toleration));
    return effect ? allErrors(errors, taintEffect(`${path}.effect`, effect)) : errors;
  });
}

function tolerationValue(field: string, { operator = '', value = '' }: Toleration): readonly FieldError[] {
  if (operator === '' || operator === 'Equal') {
    const errors = labelValueErrors(value);
    return errors.length ? [invalid(field, value, errors.join(';'))] : noErrors;
  }
  if (operator !== 'Exists') return [notSupported(field, operator, operatorsBeside(operator))];
  return value ? [invalid(field, value, "value must be empty when `operator` is 'Exists'")] : noErrors;
}

/** Upstream names comparisons among what is supported where one is asked for, though their gate is shut. */
const operatorsBeside = (operator: string): string[] =>
  operator === 'Lt' || operator === 'Gt' ? ['Equal', 'Exists', 'Lt', 'Gt'] : ['Equal', 'Exists'];

/** What holds a pod back from being scheduled. */
export function schedulingGates(
  field: string,
  gates: readonly PodSchedulingGate[] | undefined,
): readonly FieldError[] {
  const repeated = repeats();
  return each(field, gates, ({ name = '' }, path) =>
    allErrors(qualifiedName(path, name), repeated(name) ? [duplicate(path, name)] : noErrors),
  );
}

/** What no two constraints of a pod have alike. */
const pairOf = ({ topologyKey = '', whenUnsatisfiable = '' }: TopologySpreadConstraint) =>
  `{${topologyKey}, ${whenUnsatisfiable}}`;

/** How pods spread over nodes and zones. */
export function spreadConstraints(
  field: string,
  list: readonly TopologySpreadConstraint[] | undefined,
): readonly FieldError[] {
  const last = new Map(list?.map((constraint, i) => [pairOf(constraint), i]));
  return each(field, list, (constraint, path, i) => {
    const { maxSkew = 0, topologyKey, whenUnsatisfiable = '' } = constraint;
    const errors: FieldError[] = [];
    if (maxSkew <= 0) errors.push(invalid(`${path}.maxSkew`, maxSkew, 'must be greater than zero'));
    if (!topologyKey) errors.push(required(`${path}.topologyKey`, 'can not be empty'));
    errors.push(
      ...supported(`${path}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']),
    );
    const pair = pairOf(constraint);
    if (last.get(pair) !== i) errors.push(duplicate(`${path}.{topologyKey, whenUnsatisfiable}`, pair));
    return allErrors(errors, spreadDetails(path, constraint));
  });
}

function spreadDetails(field: string, constraint: TopologySpreadConstraint): readonly FieldError[] {
  const { minDomains, whenUnsatisfiable, labelSelector, matchLabelKeys } = constraint;
  const errors: FieldError[] = [];
  if (minDomains !== undefined) {
    if (minDomains <= 0) errors.push(invalid(`${field}.minDomains`, minDomains, 'must be greater than zero'));
    const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
    if (whenUnsatisfiable !== 'DoNotSchedule') errors.push(invalid(`${field}.minDomains`, minDomains, why));
  }
  const policies = ['Honor', 'Ignore'];
  return allErrors(
    errors,
    optionalSupported(`${field}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, policies),
    optionalSupported(`${field}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, policies),
    ratcheted('keysOfSpread', labelKeys(field, { labelSelector, matchLabelKeys })),
    ratcheted('selectorOfSpread', labelSelectorErrors(labelSelector, `${field}.labelSelector`)),
  );
}
