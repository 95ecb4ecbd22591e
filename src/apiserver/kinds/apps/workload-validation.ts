import type { PodTemplateSpec } from '../../../api/core/v1.ts';
import type { IntOrString, LabelSelector } from '../../../api/meta/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { percentOf } from '../../../machinery/int-or-string.ts';
import {
  compileLabelSelector,
  labelSelectorErrors,
  matchesLabels,
} from '../../../machinery/label-selector.ts';
import { percentErrors } from '../../../machinery/names.ts';
import { podTemplateSpec } from '../pod-spec/validation/pod-spec.ts';
import { nonNegative } from '../shared/validate.ts';

/** Whether a selector asks for nothing, so that all match. */
export const isEmpty = ({ matchLabels, matchExpressions }: LabelSelector) =>
  Object.keys(matchLabels ?? {}).length === 0 && !matchExpressions?.length;

/** The selector of a workload: there, well-formed, and not for all pods. */
export function workloadSelector(
  field: string,
  selector: LabelSelector | undefined,
  kind: string,
): readonly FieldError[] {
  if (!selector) return [required(field)];
  const errors = labelSelectorErrors(selector, field);
  return isEmpty(selector)
    ? [...errors, invalid(field, selector, `empty selector is invalid for ${kind}`)]
    : errors;
}

/** Whether selector can be compiled; one that cannot says nothing of the labels of pods. */
export function isReadable(selector: LabelSelector | undefined): boolean {
  try {
    compileLabelSelector(selector);
    return true;
  } catch {
    return false;
  }
}

/** The template of a workload, which is not looked at under a selector that cannot be read. */
export function selectedTemplate(
  field: string,
  template: PodTemplateSpec | undefined,
  selector: LabelSelector | undefined,
): readonly FieldError[] {
  if (!isReadable(selector)) return [invalid('spec.selector', selector, 'invalid label selector')];
  return workloadTemplate(field, template, { selector, kind: 'ReplicaSet' });
}

/** The template of a workload whose pods run until they are told to stop. */
export function workloadTemplate(
  field: string,
  template: PodTemplateSpec | undefined,
  { selector, kind }: { selector: LabelSelector | undefined; kind: string },
): readonly FieldError[] {
  if (!template) return [required(field)];
  return [
    ...templateMatches(field, template, selector),
    ...podTemplateSpec(field, template),
    ...lastingPods(field, template, kind),
  ];
}

/** Pods of a workload are always restarted, and never end by a deadline. */
export function lastingPods(field: string, template: PodTemplateSpec, kind: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? { containers: [] };
  if (restartPolicy !== 'Always') {
    errors.push(notSupported(`${field}.spec.restartPolicy`, restartPolicy ?? '', ['Always']));
  }
  if (activeDeadlineSeconds !== undefined) {
    const why = `activeDeadlineSeconds in ${kind} is not Supported`;
    errors.push(forbiddenField(`${field}.spec.activeDeadlineSeconds`, why));
  }
  return errors;
}

/** Pods made from the template have to be found by the selector; no selector finds none. */
export function templateMatches(
  field: string,
  { metadata }: PodTemplateSpec,
  selector: LabelSelector | undefined,
): readonly FieldError[] {
  if (!isReadable(selector)) return [];
  if (selector && matchesLabels(compileLabelSelector(selector), metadata?.labels)) return [];
  const why = '`selector` does not match template `labels`';
  return [invalid(`${field}.metadata.labels`, metadata?.labels ?? null, why)];
}

/** A way of replacing pods as errors of upstream show it: by the names that Go has for its fields. */
export function shownStrategy(
  type: string,
  rollingUpdate: { maxUnavailable?: IntOrString; maxSurge?: IntOrString } | undefined,
): object {
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  return {
    Type: type,
    RollingUpdate: rollingUpdate ? { MaxUnavailable: maxUnavailable, MaxSurge: maxSurge } : null,
  };
}

/** A count, or a share such as `25%`. */
export function countOrPercent(field: string, value: IntOrString | undefined): readonly FieldError[] {
  if (typeof value === 'string') return invalids(field, value, percentErrors(value));
  return nonNegative(field, value);
}

/** A share of at most the whole. */
export function atMostAll(field: string, value: IntOrString | undefined): readonly FieldError[] {
  const percent = value === undefined ? undefined : percentOf(value);
  return percent !== undefined && percent > 100
    ? [invalid(field, value, 'must not be greater than 100%')]
    : [];
}

/** Whether a count or share is nothing. */
export function isZero(value: IntOrString | undefined): boolean {
  if (value === undefined || typeof value === 'number') return !value;
  return (percentOf(value) ?? (/^[-+]?[0-9]+$/.test(value) ? Number(value) : 0)) === 0;
}

/** Counts of a status that are not negative, and of which none can be more than another, which errors call `said`. */
export function statusCounts(
  status: object | undefined,
  {
    names,
    limits = [],
  }: { names: readonly string[]; limits?: readonly (readonly [less: string, more: string, said?: string])[] },
): readonly FieldError[] {
  const counts = (status ?? {}) as Record<string, number | undefined>;
  const count = (name: string) => counts[name] ?? 0;
  const errors = names.flatMap((name) => nonNegative(`status.${name}`, count(name)));
  const more = limits.filter(([less, limit]) => count(less) > count(limit));
  return [
    ...errors,
    ...more.map(([name, limit, said = limit]) =>
      invalid(`status.${name}`, count(name), `cannot be greater than ${said}`),
    ),
  ];
}

/** The count of name collisions only grows. */
export function collisionCount(
  now: { collisionCount?: number } | undefined,
  before: { collisionCount?: number } | undefined,
): readonly FieldError[] {
  const [count, old] = [now?.collisionCount, before?.collisionCount];
  if (old === undefined || (count !== undefined && count >= old)) return [];
  return [invalid('status.collisionCount', count ?? 0, 'cannot be decremented')];
}
