import type { Container, Pod, PodSpec, ResourceRequirements } from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { clone } from '../../../../machinery/clone.ts';
import { semanticEqual } from '../../../../machinery/equal.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
} from '../../../../machinery/field-error.ts';
import type { PartStrategy } from '../../../registry/kind.ts';
import type { ResourceList } from '../../pod-spec/resource-lists.ts';
import { mirrorKey } from '../../pod-spec/validation/annotations.ts';
import { goDiff } from '../../shared/go-diff.ts';
import { keepMeta } from '../../shared/meta.ts';
import { keepStatus } from '../../shared/status.ts';
import { each } from '../../shared/validate.ts';
import { countGeneration } from './generation.ts';
import { qosClass } from '../../../../machinery/qos.ts';
import { annotationChanges } from './update-validation.ts';
import { podErrors } from './validation.ts';

const containerType = 'io.k8s.api.core.v1.Container';
const specType = 'io.k8s.api.core.v1.PodSpec';

function keepAllBut(pod: Pod, old: Stored<Pod>, changed: Partial<Pod['spec']>): void {
  pod.spec = { ...old.spec, ...changed };
  keepStatus(pod, old);
  keepMeta(pod.metadata, old.metadata);
  countGeneration(pod, old);
}

/** `/ephemeralcontainers`: adds containers to look into a pod. */
export const ephemeralContainersPart: PartStrategy<Pod> = {
  sets: ['spec.ephemeralContainers'],
  prepareForUpdate(pod, old) {
    keepAllBut(pod, old, { ephemeralContainers: pod.spec.ephemeralContainers });
  },
  validateUpdate(pod, old) {
    if (old.metadata.annotations?.[mirrorKey] !== undefined) {
      return [forbiddenField('', 'static pods do not support ephemeral containers')];
    }
    return [...podErrors(pod), ...annotationChanges(pod, old), ...ephemeralChanges(pod, old)];
  },
};

/** Those that are there stay as they are. */
function ephemeralChanges({ spec }: Pod, old: Stored<Pod>): readonly FieldError[] {
  const field = 'spec.ephemeralContainers';
  return (old.spec.ephemeralContainers ?? []).flatMap((before) => {
    const now = spec.ephemeralContainers?.find((c) => c.name === before.name);
    const what = `existing ephemeral containers ${JSON.stringify(before.name)} may not be`;
    if (!now) return [forbiddenField(field, `${what} removed\n`)];
    if (semanticEqual(now, before, 'io.k8s.api.core.v1.EphemeralContainer')) return noErrors;
    return [forbiddenField(field, `${what} changed\n${goDiff('core.EphemeralContainer', before, now)}`)];
  });
}

/** `/resize`: changes what running containers request and are limited to. */
export const resizePart: PartStrategy<Pod> = {
  sets: [
    'spec.resources',
    'spec.containers.*.resources',
    'spec.containers.*.resizePolicy',
    'spec.initContainers.*.resources',
    'spec.initContainers.*.resizePolicy',
  ],
  prepareForUpdate(pod, old) {
    const { containers, initContainers, resources } = pod.spec;
    const sameLists =
      containers.length === old.spec.containers.length &&
      (initContainers?.length ?? 0) === (old.spec.initContainers?.length ?? 0);
    if (!sameLists) return;
    const changed = {
      containers: resized(containers, old.spec.containers),
      ...(initContainers && { initContainers: resized(initContainers, old.spec.initContainers ?? []) }),
    };
    keepAllBut(pod, old, { ...changed, resources });
  },
  validateUpdate: resizeErrors,
};

/** The old containers with their new amounts; the new ones where they are others, for validation to find. */
function resized(now: Container[], before: readonly Container[]): Container[] {
  if (now.some((c, i) => c.name !== before[i]?.name)) return now;
  return now.map(({ resources, resizePolicy }, i) => ({
    ...(before[i] as Container),
    resources,
    resizePolicy,
  }));
}

function resizeErrors(pod: Pod, old: Stored<Pod>): readonly FieldError[] {
  if (old.metadata.annotations?.[mirrorKey] !== undefined)
    return [forbiddenField('', 'static pods cannot be resized')];
  if (old.spec.os?.name === 'windows') return [forbiddenField('', 'windows pods cannot be resized')];
  const errors = [...podErrors(pod)];
  const [spec, before] = [pod.spec, old.spec];
  if (qosClass(spec) !== (old.status?.qosClass || qosClass(before))) {
    errors.push(
      invalid('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'),
    );
  }
  errors.push(
    ...each('spec.initContainers', spec.initContainers, (c, path, i) =>
      removed(path, c, before.initContainers?.[i]),
    ),
    ...each('spec.containers', spec.containers, (c, path, i) => removed(path, c, before.containers[i])),
    ...otherChanges(spec, before),
  );
  if (errors.length > 0 || semanticEqual(withoutAmounts(spec), withoutAmounts(before), specType))
    return errors;
  return [forbiddenField('spec', 'only cpu and memory resources are mutable')];
}

/** Containers of which something else is to change than what they take of cpu and memory. */
function otherChanges(spec: PodSpec, old: PodSpec): readonly FieldError[] {
  const changed = (now: Container, was: Container | undefined) => {
    const [a, b] = [clone(now), clone(was)];
    dropAmounts(a);
    if (b) dropAmounts(b);
    return !semanticEqual(a, b, containerType);
  };
  const refused = (now: Container, was: Container | undefined, of = '') =>
    changed(now, was) ? [forbiddenField('spec', `only cpu and memory resources ${of}are mutable`)] : noErrors;
  return allErrors(
    spec.containers.flatMap((c, i) => refused(c, old.containers[i])),
    (spec.initContainers ?? []).flatMap((c, i) => {
      const of = c.restartPolicy === 'Always' ? 'for sidecar containers ' : '';
      return refused(c, old.initContainers?.[i], of);
    }),
  );
}

function dropAmounts({ resources }: { resources?: ResourceRequirements }): void {
  for (const list of [resources?.limits, resources?.requests]) {
    delete list?.cpu;
    delete list?.memory;
  }
}

/** The spec without what a resize may change. */
function withoutAmounts(spec: PodSpec): PodSpec {
  const rest = clone(spec);
  for (const holder of [rest, ...rest.containers, ...(rest.initContainers ?? [])]) dropAmounts(holder);
  const left = [rest.resources?.limits, rest.resources?.requests].some(
    (l) => Object.keys(l ?? {}).length > 0,
  );
  if (!left) delete rest.resources;
  return rest;
}

function removed(field: string, now: Container, before: Container | undefined): readonly FieldError[] {
  const lost = (a: ResourceList = {}, b: ResourceList = {}) =>
    Object.keys(b).some((name) => a[name] === undefined);
  const check = (name: 'requests' | 'limits') =>
    lost(now.resources?.[name], before?.resources?.[name])
      ? [forbiddenField(`${field}.resources.${name}`, `resource ${name} cannot be removed`)]
      : noErrors;
  return allErrors(check('requests'), check('limits'));
}
