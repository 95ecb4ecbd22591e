import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset } from '../../../api/core/v1.ts';
import { endpoints } from '../../../api/generated/resources.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { allErrors, type FieldError, invalids, noErrors, required } from '../../../machinery/field-error.ts';
import { ipWarnings, legacyIpErrors } from '../../../machinery/ip.ts';
import type { Kind } from '../../registry/kind.ts';
import { portNumber, protocols } from '../pod-spec/validation/ports.ts';
import { ageColumn, firstThree, nameColumn, text } from '../shared/columns.ts';
import { dnsLabel, dnsSubdomain, each, qualifiedName, requireSupported } from '../shared/validate.ts';
import { specialAddress } from './special-address.ts';

export const endpointsKind: Kind<Endpoints> = {
  resource: endpoints,
  allowCreateOnUpdate: true,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  defaults(object) {
    for (const subset of object.subsets ?? []) {
      for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
    }
  },
  validate: ({ subsets }) => each('subsets', subsets, subsetErrors),
  // Subsets that do not change are not looked at again: they were right by the rules of their time.
  validateUpdate({ subsets }, old) {
    const errors = each('subsets', subsets, subsetErrors);
    return errors.length > 0 && deepEqual(subsets ?? [], old.subsets ?? []) ? noErrors : errors;
  },
  warnings: ({ subsets }) => (subsets ?? []).flatMap((subset, i) => subsetWarnings(`subsets[${i}]`, subset)),
  columns: [
    nameColumn,
    text('Endpoints', 'Addresses that take traffic.', ({ subsets }) =>
      subsets?.length ? firstThree(subsets.flatMap(addresses)) : '<none>',
    ),
    ageColumn,
  ],
};

function subsetWarnings(field: string, subset: EndpointSubset): string[] {
  return (['addresses', 'notReadyAddresses'] as const).flatMap((name) =>
    (subset[name] ?? []).flatMap(({ ip }, i) => ipWarnings(`${field}.${name}[${i}].ip`, ip)),
  );
}

const host = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip);

/** A headless service may have no ports; its addresses stand alone. */
function addresses(subset: EndpointSubset): string[] {
  const ips = (subset.addresses ?? []).map((a) => a.ip);
  if (!subset.ports?.length) return ips;
  return subset.ports.flatMap((port) => ips.map((ip) => `${host(ip)}:${port.port}`));
}

function subsetErrors(subset: EndpointSubset, field: string): readonly FieldError[] {
  const { addresses, notReadyAddresses, ports } = subset;
  const none = !addresses?.length && !notReadyAddresses?.length;
  return allErrors(
    none ? [required(field, 'must specify `addresses` or `notReadyAddresses`')] : noErrors,
    each(`${field}.addresses`, addresses, addressErrors),
    each(`${field}.notReadyAddresses`, notReadyAddresses, addressErrors),
    each(`${field}.ports`, ports, (port, path) => portErrors(port, path, (ports ?? []).length > 1)),
  );
}

function addressErrors({ ip, hostname, nodeName }: EndpointAddress, field: string): readonly FieldError[] {
  return allErrors(
    invalids(`${field}.ip`, ip, legacyIpErrors(ip)),
    hostname ? dnsLabel(`${field}.hostname`, hostname) : noErrors,
    nodeName === undefined ? noErrors : dnsSubdomain(`${field}.nodeName`, nodeName),
    specialAddress(`${field}.ip`, ip),
  );
}

function portErrors(
  { name, port, protocol, appProtocol }: EndpointPort,
  field: string,
  isOneOfMany: boolean,
): readonly FieldError[] {
  return allErrors(
    name ? dnsLabel(`${field}.name`, name) : isOneOfMany ? [required(`${field}.name`)] : noErrors,
    portNumber(`${field}.port`, port),
    requireSupported(`${field}.protocol`, protocol, protocols),
    appProtocol === undefined ? noErrors : qualifiedName(`${field}.appProtocol`, appProtocol),
  );
}
