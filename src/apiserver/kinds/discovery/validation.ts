import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '../../../api/discovery/v1.ts';
import {
  duplicate,
  type FieldError,
  invalid,
  invalids,
  required,
  tooMany,
} from '../../../machinery/field-error.ts';
import { ipFamily, legacyIpErrors } from '../../../machinery/ip.ts';
import { dns1123SubdomainErrors, labelValueErrors } from '../../../machinery/names.ts';
import { labelsErrors } from '../../../machinery/label-selector.ts';
import { specialAddress } from '../core/special-address.ts';
import { protocols } from '../pod-spec/validation/ports.ts';
import {
  dnsLabel,
  dnsSubdomain,
  each,
  immutable,
  qualifiedName,
  repeats,
  requireSupported,
} from '../shared/validate.ts';

const maxEndpoints = 1000;
const maxAddresses = 100;
const maxPorts = 20_000;
const maxTopologyLabels = 16;
const maxHints = 8;

/** What holds for a slice at any time. */
export function sliceErrors({ addressType, endpoints, ports }: EndpointSlice): readonly FieldError[] {
  return [
    ...requireSupported('addressType', addressType, ['FQDN', 'IPv4', 'IPv6']),
    ...endpointErrors('endpoints', endpoints ?? [], addressType),
    ...portErrors('ports', ports ?? []),
  ];
}

/** Whoever watches slices of one family goes on doing so. */
export function sliceUpdateErrors(slice: EndpointSlice, old: EndpointSlice): readonly FieldError[] {
  return [...sliceErrors(slice), ...immutable('addressType', slice.addressType, old.addressType)];
}

function endpointErrors(
  field: string,
  endpoints: readonly Endpoint[],
  addressType: string,
): readonly FieldError[] {
  if (endpoints.length > maxEndpoints) return [tooMany(field, endpoints.length, maxEndpoints)];
  const errorsOfAddress = Object.hasOwn(addressErrors, addressType) ? addressErrors[addressType] : undefined;
  return each(field, endpoints, (endpoint, path) => {
    const { addresses = [], deprecatedTopology: topology, hostname, nodeName, hints } = endpoint;
    const labels = Object.keys(topology ?? {}).length;
    return [
      ...addressCount(`${path}.addresses`, addresses.length),
      ...each(`${path}.addresses`, addresses, (a, p) => errorsOfAddress?.(p, a) ?? []),
      ...(nodeName === undefined ? [] : dnsSubdomain(`${path}.nodeName`, nodeName)),
      ...(labels > maxTopologyLabels
        ? [tooMany(`${path}.deprecatedTopology`, labels, maxTopologyLabels)]
        : []),
      ...labelsErrors(topology, `${path}.deprecatedTopology`),
      ...(hostname === undefined ? [] : dnsLabel(`${path}.hostname`, hostname)),
      ...(hints ? hintErrors(`${path}.hints`, hints) : []),
    ];
  });
}

function addressCount(field: string, count: number): readonly FieldError[] {
  if (count === 0) return [required(field, 'must contain at least 1 address')];
  return count > maxAddresses ? [tooMany(field, count, maxAddresses)] : [];
}

const addressErrors: Record<string, (field: string, address: string) => readonly FieldError[]> = {
  IPv4: (field, address) => ipAddress(field, address, 4),
  IPv6: (field, address) => ipAddress(field, address, 6),
  FQDN: fullName,
};

function ipAddress(field: string, address: string, family: 4 | 6): readonly FieldError[] {
  const errors = [...invalids(field, address, legacyIpErrors(address))];
  if (errors.length === 0 && ipFamily(address) !== family) {
    errors.push(invalid(field, address, `must be a valid IPv${family} address`));
  }
  return [...errors, ...specialAddress(field, address)];
}

function fullName(field: string, name: string): readonly FieldError[] {
  if (!name) return [required(field)];
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  const errors = dns1123SubdomainErrors(bare);
  if (errors.length > 0) return [invalid(field, bare, errors.join(','))];
  if (bare.split('.').length >= 2) return [];
  return [invalid(field, bare, 'should be a domain with at least two segments separated by dots')];
}

function hintErrors(field: string, hints: EndpointHints): readonly FieldError[] {
  return Object.entries({ forZones: hints.forZones, forNodes: hints.forNodes }).flatMap(
    ([name, list = []]) => {
      if (list.length > maxHints) return [tooMany(`${field}.${name}`, list.length, maxHints)];
      const repeated = repeats();
      return each(`${field}.${name}`, list, (hint, path) => [
        ...(repeated(hint.name) ? [duplicate(`${path}.name`, hint.name)] : []),
        ...(name === 'forZones'
          ? invalids(`${path}.name`, hint.name, labelValueErrors(hint.name))
          : dnsSubdomain(`${path}.name`, hint.name)),
      ]);
    },
  );
}

function portErrors(field: string, ports: readonly EndpointPort[]): readonly FieldError[] {
  if (ports.length > maxPorts) return [tooMany(field, ports.length, maxPorts)];
  const repeated = repeats();
  return each(field, ports, ({ name = '', protocol, appProtocol }, path) => [
    ...(name ? dnsLabel(`${path}.name`, name) : []),
    ...(repeated(name) ? [duplicate(`${path}.name`, name)] : []),
    ...requireSupported(`${path}.protocol`, protocol, protocols),
    ...(appProtocol === undefined ? [] : qualifiedName(`${path}.appProtocol`, appProtocol)),
  ]);
}
