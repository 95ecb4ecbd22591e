import type { Container, Pod, PodSpec, Toleration } from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { clone } from '../../../../machinery/clone.ts';
import { deepEqual, semanticEqual } from '../../../../machinery/equal.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  required,
  withoutOldFaults,
} from '../../../../machinery/field-error.ts';
import { inclusiveRangeError } from '../../../../machinery/names.ts';
import { appArmorPrefix, mirrorKey, podAnnotations } from '../../pod-spec/validation/annotations.ts';
import { tolerations } from '../../pod-spec/validation/scheduling.ts';
import { goDiff } from '../../shared/go-diff.ts';
import { each } from '../../shared/validate.ts';
import { takeGatedFields } from './gated-update.ts';
import { changedPodErrors } from './validation.ts';

const specType = 'io.k8s.api.core.v1.PodSpec';
const maxInt32 = 2 ** 31 - 1;

const mutable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

/** What an update of a pod may do: little; most of a pod is fixed when it is made. */
export function podUpdateErrors(pod: Pod, old: Stored<Pod>): readonly FieldError[] {
  const errors = [...changedPodErrors(pod, old), ...annotationChanges(pod, old)];
  for (const name of ['containers', 'initContainers'] as const) {
    const found = imageErrors(`spec.${name}`, pod.spec[name], old.spec[name]);
    errors.push(...found.errors);
    if (found.stop) return errors;
  }
  const deadline = deadlineErrors(pod.spec, old.spec);
  errors.push(...deadline.errors);
  if (deadline.stop) return errors;
  errors.push(...tolerationChanges(pod.spec, old.spec), ...gateChanges(pod.spec, old.spec));
  if (semanticEqual(pod.spec, old.spec, specType)) return errors;
  return allErrors(errors, otherChanges(pod.spec, old.spec));
}

/** Annotations that may not come, change or go; what holds for them at any time is said again, as upstream does. */
export function annotationChanges(pod: Pod, old: Stored<Pod>): readonly FieldError[] {
  const [now, before] = [pod.metadata.annotations ?? {}, old.metadata.annotations ?? {}];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (key) => now[key] !== before[key],
  );
  const changes = keys.flatMap((key) => {
    const what = key.startsWith(appArmorPrefix)
      ? 'AppArmor annotations'
      : key === mirrorKey
        ? 'mirror pod annotation'
        : '';
    const verb = Object.hasOwn(before, key) ? 'remove or update' : 'add';
    return what ? [forbiddenField(`metadata.annotations[${key}]`, `may not ${verb} ${what}`)] : noErrors;
  });
  const said = (p: Pod) => podAnnotations('metadata.annotations', p.metadata, p.spec);
  return allErrors(
    changes,
    withoutOldFaults(said(pod), () => said(old)),
  );
}

interface Found {
  errors: readonly FieldError[];
  /** Whether it makes no sense to look further. */
  stop: boolean;
}

function imageErrors(
  field: string,
  now: readonly Container[] = [],
  before: readonly Container[] = [],
): Found {
  if (now.length !== before.length) {
    return { errors: [forbiddenField(field, 'pod updates may not add or remove containers')], stop: true };
  }
  const errors = each(field, now, ({ image = '' }, path) => {
    if (!image) return [required(`${path}.image`)];
    const padded = image.trim() !== image;
    return padded ? [invalid(`${path}.image`, image, 'must not have leading or trailing whitespace')] : [];
  });
  return { errors, stop: false };
}

/** A deadline may come, and come closer. */
function deadlineErrors(
  { activeDeadlineSeconds: now }: PodSpec,
  { activeDeadlineSeconds: before }: PodSpec,
): Found {
  const field = 'spec.activeDeadlineSeconds';
  if (now === undefined) {
    const why = 'must not update from a positive integer to nil value';
    return { errors: before === undefined ? [] : [invalid(field, null, why)], stop: false };
  }
  if (now < 0 || now > maxInt32)
    return { errors: [invalid(field, now, inclusiveRangeError(0, maxInt32))], stop: true };
  if (before === undefined || now <= before) return { errors: [], stop: false };
  return { errors: [invalid(field, now, 'must be less than or equal to previous value')], stop: true };
}

function tolerationChanges(
  { tolerations: now = [] }: PodSpec,
  { tolerations: before = [] }: PodSpec,
): readonly FieldError[] {
  const lasting = ({ tolerationSeconds: _, ...rest }: Toleration) => rest;
  const kept = before.every((old) => now.some((t) => deepEqual(lasting(t), lasting(old))));
  if (kept) return tolerations('spec.tolerations', now);
  return [
    forbiddenField(
      'spec.tolerations',
      'existing toleration can not be modified except its tolerationSeconds',
    ),
  ];
}

function gateChanges(
  { schedulingGates: now }: PodSpec,
  { schedulingGates: before = [] }: PodSpec,
): readonly FieldError[] {
  return each('spec.schedulingGates', now, ({ name }, path) => {
    if (before.some((gate) => gate.name === name)) return noErrors;
    return [
      forbiddenField(`${path}.name`, `only deletion is allowed, but found new scheduling gate '${name}'`),
    ];
  });
}

/** Takes what may change from the old spec, and complains about what is left. */
function otherChanges(spec: PodSpec, old: PodSpec): readonly FieldError[] {
  const rest = clone(spec);
  for (const name of ['containers', 'initContainers'] as const) {
    rest[name]?.forEach((container, i) => {
      container.image = old[name]?.[i]?.image;
    });
  }
  rest.activeDeadlineSeconds = old.activeDeadlineSeconds;
  rest.schedulingGates = old.schedulingGates;
  rest.tolerations = old.tolerations;
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && rest.terminationGracePeriodSeconds === 1) {
    rest.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  }
  const errors = old.schedulingGates?.length ? takeGatedFields(rest, old) : noErrors;
  if (semanticEqual(rest, old, specType)) return errors;
  const why = `pod updates may not change fields other than ${mutable}\n${goDiff('core.PodSpec', old, rest)}`;
  return [...errors, forbiddenField('spec', why)];
}
