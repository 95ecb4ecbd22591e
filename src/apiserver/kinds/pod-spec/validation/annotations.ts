import type { AppArmorProfile, PodSpec, SeccompProfile, Toleration } from '../../../../api/core/v1.ts';
import type { ObjectMeta } from '../../../../api/meta/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  ratcheted,
} from '../../../../machinery/field-error.ts';
import { goJsonList } from '../../../../machinery/go-json.ts';
import { containersWithPaths } from './context.ts';
import { descendingPath } from './paths.ts';
import { tolerations } from './scheduling.ts';

export const mirrorKey = 'kubernetes.io/config.mirror';
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const tolerationsKey = 'scheduler.alpha.kubernetes.io/tolerations';
const deletionCostKey = 'controller.kubernetes.io/pod-deletion-cost';
const seccompPodKey = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainerPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const localhost = 'localhost/';

/** Annotations that mean something to Kubernetes. */
export function podAnnotations(
  field: string,
  meta: ObjectMeta | undefined,
  spec: PodSpec,
): readonly FieldError[] {
  const annotations = meta?.annotations ?? {};
  const errors: FieldError[] = [];
  const mirror = annotations[mirrorKey];
  if (mirror !== undefined && !spec.nodeName) {
    errors.push(
      invalid(`${field}[${mirrorKey}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set'),
    );
  }
  const tolerated = annotations[tolerationsKey];
  if (tolerated) errors.push(...tolerationsAnnotation(field, tolerated));
  const cost = annotations[deletionCostKey];
  if (cost !== undefined && !isDeletionCost(cost)) {
    const wrong = [invalid(`${field}[${deletionCostKey}]`, cost, 'must be a 32bit integer')];
    errors.push(...ratcheted('deletionCost', wrong));
  }
  for (const [key, value] of Object.entries(annotations)) {
    if (key === seccompPodKey || key.startsWith(seccompContainerPrefix))
      errors.push(...seccomp(`${field}.${key}`, value));
    if (key.startsWith(appArmorPrefix)) errors.push(...appArmor(`${field}[${key}]`, key, { value, spec }));
  }
  return errors;
}

/** What a pod tolerated before there was a field for it: nothing reads it, but what it says is looked at. */
function tolerationsAnnotation(field: string, text: string): readonly FieldError[] {
  const read = goJsonList<Toleration>(text, 'core.Toleration', {
    Key: 'string',
    Operator: 'string',
    Value: 'string',
    Effect: 'string',
    TolerationSeconds: 'int64',
  });
  if (read.error !== undefined) return [invalid(field, tolerationsKey, read.error)];
  return tolerations(`${field}.${tolerationsKey}`, read.value);
}

/** A whole number of 32 bits, without a plus sign or zeros in front. */
function isDeletionCost(text: string): boolean {
  const value = Number(text);
  return /^(0|-?[1-9][0-9]*)$/.test(text) && value >= -(2 ** 31) && value < 2 ** 31;
}

function seccomp(field: string, profile: string): readonly FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return noErrors;
  if (profile.startsWith(localhost)) return descendingPath(field, profile.slice(localhost.length));
  return [invalid(field, profile, 'must be a valid seccomp profile')];
}

function appArmor(
  field: string,
  key: string,
  { value, spec }: { value: string; spec: PodSpec },
): readonly FieldError[] {
  const name = key.slice(appArmorPrefix.length);
  const known = containersWithPaths(spec, '').some((c) => c.container.name === name);
  const errors = known ? noErrors : [invalid(field, name, 'container not found')];
  if (['', 'runtime/default', 'unconfined'].includes(value) || value.startsWith(localhost)) return errors;
  return [...errors, invalid(field, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`)];
}

type Profile = SeccompProfile | AppArmorProfile;

/** Where an annotation of old and the field that took its place are both given, they have to say the same. */
export function profilesMatchAnnotations(
  field: string,
  meta: ObjectMeta | undefined,
  spec: PodSpec,
): readonly FieldError[] {
  const annotations = meta?.annotations;
  if (!annotations) return noErrors;
  const ofPod = spec.securityContext;
  const errors = match(`${field}.securityContext.seccompProfile`, ofPod?.seccompProfile, {
    annotation: annotations[seccompPodKey],
    word: 'seccomp',
  });
  const containers = containersWithPaths(spec, field).flatMap(({ container, field: path }) => {
    const own = container.securityContext;
    return match(`${path}.securityContext.seccompProfile`, own?.seccompProfile, {
      annotation: annotations[`${seccompContainerPrefix}${container.name}`],
      word: 'seccomp',
    });
  });
  if (spec.os?.name === 'windows') return allErrors(errors, containers);
  const armored = containersWithPaths(spec, field).flatMap(({ container, field: path }) =>
    match(
      `${path}.securityContext.appArmorProfile`,
      container.securityContext?.appArmorProfile ?? ofPod?.appArmorProfile,
      {
        annotation: annotations[`${appArmorPrefix}${container.name}`],
        word: 'apparmor',
      },
    ),
  );
  return allErrors(errors, containers, armored);
}

function match(
  field: string,
  profile: Profile | undefined,
  { annotation, word }: { annotation: string | undefined; word: 'seccomp' | 'apparmor' },
): readonly FieldError[] {
  if (!profile || annotation === undefined) return noErrors;
  const wrongType = [forbiddenField(`${field}.type`, `${word} type in annotation and field must match`)];
  const same = annotation === 'runtime/default' || (word === 'seccomp' && annotation === 'docker/default');
  if (profile.type === 'Unconfined') return annotation === 'unconfined' ? noErrors : wrongType;
  if (profile.type === 'RuntimeDefault') return same ? noErrors : wrongType;
  if (profile.type !== 'Localhost') return noErrors;
  if (!annotation.startsWith(localhost)) return wrongType;
  if (annotation.slice(localhost.length) === profile.localhostProfile) return noErrors;
  return [forbiddenField(`${field}.localhostProfile`, `${word} profile in annotation and field must match`)];
}
