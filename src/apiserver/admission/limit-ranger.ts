import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import { limitranges } from '../../api/generated/resources.ts';
import { specSums } from '../../machinery/pod-sums.ts';
import { readSums } from '../../machinery/resource-sums.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { type Amounts, limitErrors } from './limit-errors.ts';
import { isAbout, refuse } from './refuse.ts';

const annotation = 'kubernetes.io/limit-ranger';

/** Gives containers the defaults of their namespace, and holds pods, containers and claims to its limits. */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  admit(attributes) {
    if (!setsAmounts(attributes)) return;
    const ranges = rangesOf(attributes);
    if (ranges.length === 0) return;
    const defaults = containerDefaults(ranges);
    const pod = attributes.object as Pod;
    const { containers, initContainers = [] } = pod.spec;
    const said = [
      ...containers.flatMap((one) => fill(one, defaults).map((set) => `${set} for container ${one.name}`)),
      ...initContainers.flatMap((one) =>
        fill(one, defaults).map((set) => `${set} for init container ${one.name}`),
      ),
    ];
    if (said.length === 0) return;
    const text = `LimitRanger plugin set: ${said.join('; ')}`;
    pod.metadata.annotations = { ...pod.metadata.annotations, [annotation]: text };
  },
  validate(attributes) {
    const isPod = setsAmounts(attributes);
    const isClaim = attributes.operation !== 'DELETE' && isAbout(attributes, 'persistentvolumeclaims');
    if (!isPod && !isClaim) return;
    const ranges = rangesOf(attributes);
    if (ranges.length === 0) return;
    const items = ranges.flatMap(({ spec }) => spec?.limits ?? []);
    const check = isPod ? podErrors : claimErrors;
    const errors = items.flatMap((item) => check(item, attributes.object as never));
    if (errors.length === 1) throw refuse(attributes, errors[0] as string);
    if (errors.length > 1) throw refuse(attributes, `[${[...new Set(errors)].join(', ')}]`);
  },
};

/** Whether a request says what the containers of a pod get: what they got is not looked at again until that changes. */
function setsAmounts(attributes: AdmissionAttributes): boolean {
  const { operation, kind, subresource } = attributes;
  if (operation === 'CREATE') return isAbout(attributes, 'pods');
  const { group, plural } = kind.resource;
  return operation === 'UPDATE' && subresource === 'resize' && plural === 'pods' && group === '';
}

function rangesOf({ context, namespace }: AdmissionAttributes): LimitRange[] {
  return [...context.list(limitranges, namespace)];
}

interface Defaults {
  requests: Record<string, string>;
  limits: Record<string, string>;
}

/** Of several ranges the first has its say, of several items of one the last. */
function containerDefaults(ranges: readonly LimitRange[]): Defaults {
  const items = [...ranges]
    .reverse()
    .flatMap(({ spec }) => spec?.limits ?? [])
    .filter((item) => item.type === 'Container');
  return {
    requests: Object.assign({}, ...items.map((item) => item.defaultRequest ?? {})),
    limits: Object.assign({}, ...items.map((item) => item.default ?? {})),
  };
}

/** Fills in what a container leaves open; what was filled in, in words. */
function fill(container: Container, defaults: Defaults): string[] {
  const set = (part: keyof Defaults) => {
    const given = container.resources?.[part] ?? {};
    const missing = Object.keys(defaults[part])
      .filter((name) => !(name in given))
      .sort();
    if (missing.length === 0) return [];
    const added = Object.fromEntries(missing.map((name) => [name, defaults[part][name] as string]));
    container.resources = { ...container.resources, [part]: { ...given, ...added } };
    return [`${missing.join(', ')} ${part.slice(0, -1)}`];
  };
  return [...set('requests'), ...set('limits')];
}

function podErrors(item: LimitRangeItem, pod: Pod): string[] {
  const { spec } = pod;
  if (item.type === 'Pod') {
    return limitErrors(item, { requests: specSums(spec, 'requests'), limits: specSums(spec, 'limits') });
  }
  if (item.type !== 'Container') return [];
  return [...spec.containers, ...(spec.initContainers ?? [])].flatMap((container) =>
    limitErrors(item, amountsOf(container)),
  );
}

function amountsOf({ resources }: Container): Amounts {
  return { requests: readSums(resources?.requests), limits: readSums(resources?.limits) };
}

function claimErrors(item: LimitRangeItem, { spec }: PersistentVolumeClaim): string[] {
  if (item.type !== 'PersistentVolumeClaim') return [];
  return limitErrors(item, { requests: readSums(spec.resources?.requests), limits: undefined });
}
