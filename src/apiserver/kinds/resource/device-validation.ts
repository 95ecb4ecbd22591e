import type { NodeSelector } from '../../../api/core/v1.ts';
import type { Counter, Device, DeviceAttribute, DeviceCounterConsumption } from '../../../api/resource/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import {
  type FieldError,
  invalid,
  invalids,
  required,
  tooLong,
  tooMany,
} from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { dns1123SubdomainErrors } from '../../../machinery/names.ts';
import { nodeSelector } from '../pod-spec/validation/affinity.ts';
import { dnsLabel } from '../shared/validate.ts';
import { sharedCapacityErrors, wholeCapacityErrors } from './capacity-validation.ts';
import { eachEntry, eachOnce, eachUpTo } from './collections.ts';
import { attributeName } from './names.ts';
import { bindingConditionErrors, deviceTaintErrors } from './taints-validation.ts';

const maxProperties = 32;
const maxAttributeValues = 48;
const maxValueBytes = 64;
const maxTaints = 16;
const maxCounterSets = 2;
const maxCounters = 32;
/** Longest domain, a slash, longest identifier. */
const maxKeyLength = 63 + 1 + 32;
const maxLabelLength = 63;

/** One device of a slice. What is as it was in `old` is not looked at again where the rules became stricter. */
export function deviceErrors(
  device: Device,
  field: string,
  { old, perDevice }: { old: Device | undefined; perDevice: boolean },
): readonly FieldError[] {
  const capacityErrors = device.allowMultipleAllocations ? sharedCapacityErrors : wholeCapacityErrors;
  const changed = (part: 'capacity' | 'taints') => !old || !deepEqual(old[part], device[part]);
  const capacity = changed('capacity') ? device.capacity : undefined;
  const taints = changed('taints') ? device.taints : undefined;
  const properties = { maxKeyLength, key: attributeName };
  return [
    ...dnsLabel(`${field}.name`, device.name),
    ...numberErrors(device, field),
    ...eachEntry(`${field}.attributes`, device.attributes, { ...properties, value: attributeErrors }),
    ...eachEntry(`${field}.capacity`, capacity, { ...properties, value: capacityErrors }),
    ...eachUpTo(`${field}.taints`, taints, { max: maxTaints, validate: deviceTaintErrors }),
    ...eachOnce(`${field}.consumesCounters`, device.consumesCounters, {
      max: maxCounterSets,
      validate: consumptionErrors,
      key: (consumption) => consumption.counterSet,
    }),
    ...placeErrors(device, field, perDevice),
    ...bindingConditionErrors(device, field),
  ];
}

function numberErrors({ attributes = {}, capacity = {} }: Device, field: string): readonly FieldError[] {
  const values = Object.keys(attributes).length;
  const all = values + Object.keys(capacity).length;
  const limit = (what: string, count: number, max: number) =>
    count > max ? [invalid(field, count, `the total number of ${what} must not exceed ${max}`)] : [];
  return [
    ...limit('attributes and capacities', all, maxProperties),
    ...limit('attribute values', values, maxAttributeValues),
  ];
}

const numeric = '(0|[1-9]\\d*)';
const preRelease = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const build = '[0-9a-zA-Z-]+';
const semanticVersion = new RegExp(
  `^${numeric}\\.${numeric}\\.${numeric}(-${preRelease}(\\.${preRelease})*)?(\\+${build}(\\.${build})*)?$`,
);

function attributeErrors(field: string, attribute: DeviceAttribute): readonly FieldError[] {
  const { int, bool, string, version } = attribute;
  const given = [int, bool, string, version].filter((value) => value !== undefined);
  const tooLarge = (name: string, value: string) =>
    byteLength(value) > maxValueBytes ? [tooLong(`${field}.${name}`, maxValueBytes)] : [];
  const isVersion = version === undefined || (version.length <= 256 && semanticVersion.test(version));
  const shown = given.length === 0 ? '' : asUpstreamShows(attribute);
  return [
    ...(string === undefined ? [] : tooLarge('string', string)),
    ...(isVersion
      ? []
      : [invalid(`${field}.version`, version, 'must be a string compatible with semver.org spec 2.0.0')]),
    ...(version === undefined ? [] : tooLarge('version', version)),
    ...(given.length === 1 ? [] : [invalid(field, shown, 'exactly one value must be specified')]),
  ];
}

function asUpstreamShows({ int, bool, string, version }: DeviceAttribute) {
  return {
    IntValue: int ?? null,
    BoolValue: bool ?? null,
    StringValue: string ?? null,
    VersionValue: version ?? null,
    IntValues: null,
    BoolValues: null,
    StringValues: null,
    VersionValues: null,
  };
}

function consumptionErrors(
  { counterSet, counters }: DeviceCounterConsumption,
  field: string,
): readonly FieldError[] {
  return namedCounterErrors(field, { nameField: 'counterSet', name: counterSet, counters });
}

/** Counters under a name: those of a set, or what a device takes of them. */
export function namedCounterErrors(
  field: string,
  set: { nameField: string; name: string; counters: Readonly<Record<string, Counter>> | undefined },
): readonly FieldError[] {
  const { name, counters = {} } = set;
  const path = `${field}.counters`;
  const count = Object.keys(counters).length;
  const nameField = `${field}.${set.nameField}`;
  const errors = name ? dnsLabel(nameField, name) : [required(nameField)];
  if (count === 0) return [...errors, required(path)];
  if (count > maxCounters) return [...errors, tooMany(path, count, maxCounters)];
  return [...errors, ...eachEntry(path, counters, { maxKeyLength: maxLabelLength, key: dnsLabel })];
}

interface Place {
  nodeName?: string;
  nodeSelector?: NodeSelector;
  allNodes?: boolean;
}

function placeErrors(device: Device, field: string, perDevice: boolean): readonly FieldError[] {
  if (!perDevice) {
    const { nodeName, nodeSelector: nodes, allNodes } = device;
    if ([nodeName, nodes, allNodes].every((value) => value === undefined)) return [];
    const why =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    return [invalid(field, null, why)];
  }
  const { errors, set } = placesErrors(field, device, 'must not be empty');
  const why =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (set.length === 0) return [...errors, required(field, why)];
  return set.length === 1 ? errors : [...errors, invalid(field, `{${set.join(', ')}}`, why)];
}

/** Where devices are: what is wrong with each way of saying it, and which ways were used. */
export function placesErrors(
  field: string,
  { nodeName, nodeSelector: nodes, allNodes }: Place,
  noName: string,
): { errors: FieldError[]; set: string[] } {
  const errors: FieldError[] = [];
  const set: string[] = [];
  if (nodeName) {
    set.push('`nodeName`');
    errors.push(...invalids(`${field}.nodeName`, nodeName, dns1123SubdomainErrors(nodeName)));
  } else if (nodeName !== undefined) errors.push(invalid(`${field}.nodeName`, '', noName));
  if (nodes) {
    set.push('`nodeSelector`');
    errors.push(...nodeSelector(`${field}.nodeSelector`, nodes));
  }
  if (allNodes) set.push('`allNodes`');
  else if (allNodes === false) {
    errors.push(invalid(`${field}.allNodes`, false, 'must be either unset or set to true'));
  }
  return { errors, set };
}
