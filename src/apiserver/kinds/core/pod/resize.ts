import type { Container, Pod, PodSpec, ResourceRequirements } from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { semanticEqual } from '../../../../machinery/equal.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
} from '../../../../machinery/field-error.ts';
import { qosClass } from '../../../../machinery/qos.ts';
import type { PartStrategy } from '../../../registry/kind.ts';
import type { ResourceList } from '../../pod-spec/resource-lists.ts';
import { mirrorKey } from '../../pod-spec/validation/annotations.ts';
import { each } from '../../shared/validate.ts';
import { keepAllBut } from './keep-all-but.ts';
import { changedPodErrors } from './validation.ts';

const containerType = 'io.k8s.api.core.v1.Container';
const resourcesType = 'io.k8s.api.core.v1.ResourceRequirements';
const specType = 'io.k8s.api.core.v1.PodSpec';

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
    keepAllBut(pod, old, {
      containers: resized(containers, old.spec.containers),
      initContainers: initContainers && resized(initContainers, old.spec.initContainers),
      resources,
    });
  },
  validateUpdate: resizeErrors,
};

/** The old containers with their new amounts; one that was not there stays, for validation to find. */
function resized(now: readonly Container[], before: readonly Container[] = []): Container[] {
  return now.map((container) => {
    const { name, resources, resizePolicy } = container;
    const was = before.find((c) => c.name === name);
    return was ? { ...was, resources, resizePolicy } : container;
  });
}

function resizeErrors(pod: Pod, old: Stored<Pod>): readonly FieldError[] {
  if (old.metadata.annotations?.[mirrorKey] !== undefined)
    return [forbiddenField('[]', 'static pods cannot be resized')];
  if (old.spec.os?.name === 'windows') return [forbiddenField('[]', 'windows pods cannot be resized')];
  const [spec, before] = [pod.spec, old.spec];
  const errors = allErrors(changedPodErrors(pod, old), obstacles(pod, old), podLevel(spec, before));
  const moved = allErrors(
    sameContainers('containers', spec.containers, before.containers),
    sameContainers('initContainers', spec.initContainers, before.initContainers),
  );
  if (moved.length > 0) return allErrors(errors, moved);
  const all = allErrors(errors, containerErrors(spec, before));
  if (all.length > 0 || semanticEqual(withOldAmounts(spec, before), before, specType)) return all;
  return [forbiddenField('spec', 'only cpu and memory resources are mutable')];
}

function obstacles({ spec, status }: Pod, old: Stored<Pod>): readonly FieldError[] {
  const sameClass = qosClass(spec) === (old.status?.qosClass || qosClass(old.spec));
  const why = 'Pod QOS Class may not change as a result of resizing';
  const running = old.status?.containerStatuses?.find(({ state }) => state?.running);
  const unable = 'Pod running on node without support for resize';
  return allErrors(
    sameClass ? noErrors : [invalid('spec', status?.qosClass ?? '', why)],
    // A node that resizes tells what its containers have.
    running && !running.resources ? [forbiddenField('spec', unable)] : noErrors,
  );
}

/** What a pod has as a whole comes and changes, but does not go. */
function podLevel({ resources: now }: PodSpec, { resources: before }: PodSpec): readonly FieldError[] {
  const isSet = (r: ResourceRequirements | undefined) =>
    Object.keys({ ...r?.limits, ...r?.requests }).length > 0;
  if (!isSet(now) && !isSet(before)) return noErrors;
  if (!now) return [forbiddenField('spec.resources', 'pod-level resources cannot be removed')];
  const others = withOldResources(now, before);
  const why = 'only cpu and memory resources are mutable at pod-level';
  return allErrors(
    before ? removed('spec.resources', 'pod-level resource', { now, before }) : noErrors,
    semanticEqual(others, before, resourcesType) ? noErrors : [forbiddenField('spec', why)],
  );
}

function sameContainers(
  name: 'containers' | 'initContainers',
  now: readonly Container[] = [],
  before: readonly Container[] = [],
): readonly FieldError[] {
  const field = `spec.${name}`;
  if (now.length !== before.length)
    return [forbiddenField(field, `${name} may not be added or removed on resize`)];
  return each(field, before, (container, path, i) =>
    now[i]?.name === container.name
      ? noErrors
      : [forbiddenField(`${path}.name`, `${name} may not be renamed or reordered on resize`)],
  );
}

/** Of containers nothing else changes than what they take of cpu and memory, and none of that goes. */
function containerErrors(spec: PodSpec, old: PodSpec): readonly FieldError[] {
  const lost = (path: string, now: Container, before: Container | undefined) =>
    removed(`${path}.resources`, 'resource', { now: now.resources, before: before?.resources });
  return allErrors(
    each('spec.initContainers', spec.initContainers, (c, path, i) => lost(path, c, old.initContainers?.[i])),
    each('spec.containers', spec.containers, (c, path, i) => lost(path, c, old.containers[i])),
    each('spec.containers', spec.containers, (c, _, i) =>
      changesMore(c, old.containers[i])
        ? [forbiddenField('spec', 'only cpu and memory resources are mutable')]
        : noErrors,
    ),
    each('spec.initContainers', spec.initContainers, (c, path, i) =>
      initErrors(path, c, old.initContainers?.[i]),
    ),
  );
}

function initErrors(field: string, now: Container, before: Container | undefined): readonly FieldError[] {
  const why = 'only cpu and memory resources for init or sidecar containers are mutable';
  const errors = changesMore(now, before) ? [forbiddenField(field, why)] : noErrors;
  if (now.restartPolicy === 'Always' || semanticEqual(now, before, containerType)) return errors;
  const restarts = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';
  const policies = now.resizePolicy?.filter(({ restartPolicy }) => restartPolicy === 'RestartContainer');
  return allErrors(errors, policies?.map(() => forbiddenField(field, restarts)) ?? noErrors);
}

const changesMore = (now: Container, before: Container | undefined): boolean =>
  !semanticEqual(withOldContainer(now, before), before, containerType);

/** Upstream leaves out the claims of a container here: one that has any cannot be resized. */
function withOldContainer(now: Container, before: Container | undefined): Container {
  const { limits, requests } = withOldResources(now.resources ?? {}, before?.resources) ?? {};
  return { ...now, resources: { limits, requests } };
}

/** The spec with the amounts of cpu and memory as they were. */
function withOldAmounts(spec: PodSpec, old: PodSpec): PodSpec {
  return {
    ...spec,
    containers: spec.containers.map((c, i) => withOldContainer(c, old.containers[i])),
    initContainers: spec.initContainers?.map((c, i) => withOldContainer(c, old.initContainers?.[i])),
    resources: spec.resources && withOldResources(spec.resources, old.resources),
  };
}

function withOldResources(
  now: ResourceRequirements,
  before: ResourceRequirements | undefined,
): ResourceRequirements | undefined {
  const limits = withOldList(now.limits, before?.limits);
  const requests = withOldList(now.requests, before?.requests);
  const isLeft = before || now.claims?.length || Object.keys({ ...limits, ...requests }).length > 0;
  return isLeft ? { ...now, limits, requests } : undefined;
}

function withOldList(now: ResourceList = {}, before: ResourceList = {}): ResourceList {
  const { cpu: _cpu, memory: _memory, ...rest } = now;
  const { cpu, memory } = before;
  return { ...rest, ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
}

function removed(
  field: string,
  what: string,
  { now, before }: Record<'now' | 'before', ResourceRequirements | undefined>,
): readonly FieldError[] {
  const check = (name: 'requests' | 'limits') => {
    const lost = Object.keys(before?.[name] ?? {}).some((key) => now?.[name]?.[key] === undefined);
    return lost ? [forbiddenField(`${field}.${name}`, `${what} ${name} cannot be removed`)] : noErrors;
  };
  return allErrors(check('requests'), check('limits'));
}
