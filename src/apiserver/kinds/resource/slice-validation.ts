import type { NodeSelectorTerm } from '../../../api/core/v1.ts';
import type { CounterSet, Device, ResourcePool, ResourceSliceSpec } from '../../../api/resource/v1.ts';
import { type FieldError, invalid, required } from '../../../machinery/field-error.ts';
import { immutable } from '../shared/validate.ts';
import { eachOnce } from './collections.ts';
import { deviceErrors, namedCounterErrors, placesErrors } from './device-validation.ts';
import { driverName, poolName } from './names.ts';

const maxDevices = 128;
/** Where some device has taints or draws from counters. */
const maxComplexDevices = 64;
const maxCounterSets = 8;

/** What a driver says of its devices. `old`: what it said before. */
export function sliceSpecErrors(spec: ResourceSliceSpec, old?: ResourceSliceSpec): readonly FieldError[] {
  const { devices, sharedCounters } = spec;
  const isComplex = devices?.some((d) => d.taints?.length || d.consumesCounters?.length);
  const perDevice = spec.perDeviceNodeSelection === true;
  const before = new Map((old?.devices ?? []).map((device) => [device.name, device]));
  return [
    ...driverName('spec.driver', spec.driver),
    ...poolErrors('spec.pool', spec.pool),
    ...(old ? fixedErrors(spec, old) : []),
    ...placeErrors(spec),
    ...(sharedCounters && devices
      ? [invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed')]
      : []),
    ...eachOnce<Device>('spec.devices', devices, {
      max: isComplex ? maxComplexDevices : maxDevices,
      validate: (device, path) => deviceErrors(device, path, { old: before.get(device.name), perDevice }),
      key: (device) => device.name,
    }),
    ...eachOnce<CounterSet>('spec.sharedCounters', sharedCounters, {
      max: maxCounterSets,
      validate: ({ name, counters }, path) => namedCounterErrors(path, { nameField: 'name', name, counters }),
      key: (set) => set.name,
    }),
  ];
}

function poolErrors(field: string, { name, generation, resourceSliceCount: slices }: ResourcePool) {
  const positive = 'must be greater than zero';
  return [
    ...poolName(`${field}.name`, name),
    ...(slices <= 0 ? [invalid(`${field}.resourceSliceCount`, slices, positive)] : []),
    ...(generation < 0
      ? [invalid(`${field}.generation`, generation, 'must be greater than or equal to zero')]
      : []),
  ];
}

function fixedErrors(spec: ResourceSliceSpec, old: ResourceSliceSpec): readonly FieldError[] {
  return [
    ...immutable('spec.pool.name', spec.pool.name, old.pool.name),
    ...immutable('spec.driver', spec.driver, old.driver),
    ...immutable('spec.nodeName', spec.nodeName, old.nodeName),
  ];
}

function placeErrors(spec: ResourceSliceSpec): readonly FieldError[] {
  const noName = 'must be either unset or set to a non-empty string';
  const { nodeSelector, perDeviceNodeSelection: perDevice, allNodes } = spec;
  const { errors, set } = placesErrors('spec', { ...spec, allNodes: undefined }, noName);
  const terms = nodeSelector?.nodeSelectorTerms ?? [];
  if (nodeSelector && terms.length !== 1) {
    const why = 'must have exactly one node selector term';
    errors.push(invalid('spec.nodeSelector.nodeSelectorTerms', terms.map(asUpstreamShows), why));
  }
  for (const [name, value] of Object.entries({ allNodes, perDeviceNodeSelection: perDevice })) {
    if (value) set.push(`\`${name}\``);
    else if (value === false) {
      errors.push(invalid(`spec.${name}`, false, 'must be either unset or set to true'));
    }
  }
  const why = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (set.length === 0) return [...errors, required('spec', why)];
  if (set.length === 1) return errors;
  return [...errors, invalid('spec', `{${set.join(', ')}}`, `${why}, but multiple fields are set`)];
}

function asUpstreamShows({ matchExpressions, matchFields }: NodeSelectorTerm) {
  const shown = (list: NodeSelectorTerm['matchFields']) =>
    list?.map(({ key, operator, values }) => ({ Key: key, Operator: operator, Values: values ?? null })) ??
    null;
  return { MatchExpressions: shown(matchExpressions), MatchFields: shown(matchFields) };
}
