import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
  ResourceClaimStatus,
} from '../../../api/resource/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  tooLong,
  tooMany,
} from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { interfaceAddressErrors } from '../../../machinery/ip.ts';
import { nodeSelector } from '../pod-spec/validation/affinity.ts';
import { conditionErrors } from '../shared/conditions.ts';
import { dnsLabel, each, immutable, requireSupported, requireValue } from '../shared/validate.ts';
import { eachOnce, eachUpTo } from './collections.ts';
import { deviceConfigurationErrors, rawObjectErrors } from './configuration-validation.ts';
import {
  maxConfigurations,
  maxRequests,
  type RequestNames,
  requestNames,
  requestReference,
  requestReferenceErrors,
} from './device-claim-validation.ts';
import { driverName, poolName, shareId } from './names.ts';
import { bindingConditionErrors, deviceTolerationErrors } from './taints-validation.ts';

const maxConsumers = 256;
const maxConditions = 8;
const maxAddresses = 16;
const maxInterfaceBytes = 256;
const maxHardwareBytes = 128;

/** Driver, pool and device, and the share of it. */
const keyOf = ({
  driver,
  pool,
  device,
  shareID = '',
}: AllocatedDeviceStatus | DeviceRequestAllocationResult) => [driver, pool, device, shareID].join('/');

/** As upstream shows such a key: its parts are of a type that JSON cannot look into. */
const shownKey = { Driver: {}, Pool: {}, Device: {}, ShareID: {} };

/** What may become of the status of a claim. */
export function claimStatusErrors(claim: ResourceClaim, old: ResourceClaim): readonly FieldError[] {
  const { reservedFor, devices, allocation } = claim.status ?? {};
  const given = new Set((allocation?.devices?.results ?? []).map(keyOf));
  return [
    ...eachOnce('status.reservedFor', reservedFor, {
      max: maxConsumers,
      validate: consumerErrors,
      key: (consumer) => consumer.uid,
    }),
    ...eachOnce('status.devices', devices, {
      max: Number.POSITIVE_INFINITY,
      validate: (device, path) => deviceStatusErrors(device, path, given),
      key: keyOf,
      shown: () => shownKey,
    }),
    ...reservationErrors(claim, old.status ?? {}),
    ...allocationChange(claim, old),
  ];
}

function consumerErrors(consumer: ResourceClaimConsumerReference, field: string): readonly FieldError[] {
  return (['resource', 'name', 'uid'] as const).flatMap((part) =>
    requireValue(`${field}.${part}`, consumer[part]),
  );
}

function reservationErrors(
  { metadata, status = {} }: ResourceClaim,
  old: ResourceClaimStatus,
): readonly FieldError[] {
  const field = 'status.reservedFor';
  if (!status.reservedFor?.length) return [];
  if (!status.allocation) return [forbiddenField(field, 'may not be specified when `allocated` is not set')];
  if (!metadata.deletionTimestamp) return [];
  const key = (c: ResourceClaimConsumerReference) => [c.apiGroup ?? '', c.resource, c.name, c.uid].join('/');
  const before = new Set((old.reservedFor ?? []).map(key));
  if (status.reservedFor.every((consumer) => before.has(key(consumer)))) return [];
  const why = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
  return [forbiddenField(field, why)];
}

function allocationChange({ spec, status }: ResourceClaim, old: ResourceClaim): readonly FieldError[] {
  const field = 'status.allocation';
  if (!status?.allocation) return [];
  if (old.status?.allocation) return immutable(field, status.allocation, old.status.allocation);
  return allocationErrors(field, status.allocation, requestNames(spec.devices ?? {}));
}

function allocationErrors(
  field: string,
  { devices = {}, nodeSelector: nodes }: AllocationResult,
  names: RequestNames,
): readonly FieldError[] {
  return [
    ...eachUpTo(`${field}.devices.results`, devices.results, {
      max: maxRequests,
      validate: (result, path) => resultErrors(result, path, names),
    }),
    ...eachUpTo(`${field}.devices.config`, devices.config, {
      max: 2 * maxConfigurations,
      validate: (config, path) => givenConfigurationErrors(config, path, names),
    }),
    ...(nodes ? nodeSelector(`${field}.nodeSelector`, nodes) : []),
  ];
}

function resultErrors(
  result: DeviceRequestAllocationResult,
  field: string,
  names: RequestNames,
): readonly FieldError[] {
  return [
    ...requestReference(`${field}.request`, result.request, names),
    ...driverName(`${field}.driver`, result.driver),
    ...poolName(`${field}.pool`, result.pool),
    ...dnsLabel(`${field}.device`, result.device),
    ...bindingConditionErrors(result, field),
    ...each(`${field}.tolerations`, result.tolerations, deviceTolerationErrors),
    ...(result.shareID === undefined ? [] : shareId(`${field}.shareID`, result.shareID)),
  ];
}

function givenConfigurationErrors(
  config: DeviceAllocationConfiguration,
  field: string,
  names: RequestNames,
): readonly FieldError[] {
  return [
    ...requireSupported(`${field}.source`, config.source, ['FromClaim', 'FromClass']),
    ...requestReferenceErrors(`${field}.requests`, config.requests, names),
    ...deviceConfigurationErrors(config, field, false),
  ];
}

function deviceStatusErrors(
  device: AllocatedDeviceStatus,
  field: string,
  given: ReadonlySet<string>,
): readonly FieldError[] {
  const { data, networkData } = device;
  const conditions = device.conditions ?? [];
  return [
    ...driverName(`${field}.driver`, device.driver),
    ...poolName(`${field}.pool`, device.pool),
    ...dnsLabel(`${field}.device`, device.device),
    ...(device.shareID === undefined ? [] : shareId(`${field}.shareID`, device.shareID)),
    ...(given.has(keyOf(device))
      ? []
      : [invalid(field, shownKey, 'must be an allocated device in the claim')]),
    ...(conditions.length > maxConditions
      ? [tooMany(`${field}.conditions`, conditions.length, maxConditions)]
      : []),
    ...conditionErrors(`${field}.conditions`, conditions),
    ...(data === undefined || data === null ? [] : rawObjectErrors(`${field}.data`, data, false)),
    ...(networkData ? networkErrors(`${field}.networkData`, networkData) : []),
  ];
}

function networkErrors(
  field: string,
  { interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData,
): readonly FieldError[] {
  const limited = (name: string, value: string, max: number) =>
    byteLength(value) > max ? [tooLong(`${field}.${name}`, max)] : [];
  return [
    ...limited('interfaceName', interfaceName, maxInterfaceBytes),
    ...limited('hardwareAddress', hardwareAddress, maxHardwareBytes),
    ...eachOnce(`${field}.ips`, ips, {
      max: maxAddresses,
      validate: (ip, path) => invalids(path, ip, interfaceAddressErrors(ip)),
      key: (ip) => ip,
    }),
  ];
}
