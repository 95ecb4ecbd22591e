import type { EndpointPort, EndpointSlice } from '../../../api/discovery/v1.ts';
import { endpointslices } from '../../../api/generated/resources.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { ipWarnings } from '../../../machinery/ip.ts';
import { nothing } from '../../../machinery/joined.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, firstThree, nameColumn, text } from '../shared/columns.ts';
import { sliceErrors, sliceUpdateErrors } from './validation.ts';

export const endpointSliceKind: Kind<EndpointSlice> = {
  resource: endpointslices,
  countsGeneration: true,
  defaults(slice) {
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  prepareForCreate: (slice) => dropTopology(slice),
  prepareForUpdate(slice, old) {
    if (!deepEqual(slice.endpoints, old.endpoints)) dropTopology(slice);
    if (!deepEqual(slice.metadata.labels ?? {}, old.metadata.labels ?? {}))
      slice.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate: (slice) => sliceErrors(slice),
  validateUpdate: sliceUpdateErrors,
  warnings: (slice, old) => [
    ...(!old && slice.addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
    ...addressAdvice(slice),
  ],
  columns: [
    nameColumn,
    text('AddressType', 'What the addresses are: IPv4, IPv6 or names.', (s) => s.addressType),
    text('Ports', 'Ports of each endpoint.', (s) => firstThree((s.ports ?? []).map(port)) || '<unset>'),
    text(
      'Endpoints',
      'Addresses of the slice.',
      (s) => firstThree((s.endpoints ?? []).flatMap((e) => e.addresses)) || '<unset>',
    ),
    ageColumn,
  ],
};

/** Controllers of slices write addresses as they should be, and many of them: theirs are not looked at. */
const carefulManagers = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];

function addressAdvice({ metadata, endpoints }: EndpointSlice): readonly string[] {
  const manager = metadata.labels?.['endpointslice.kubernetes.io/managed-by'];
  if (manager !== undefined && carefulManagers.includes(manager)) return nothing;
  return (endpoints ?? []).flatMap(({ addresses = [] }, i) =>
    addresses.flatMap((ip, j) => ipWarnings(`endpoints[${i}].addresses[${j}]`, ip)),
  );
}

/** What earlier versions said of places is not taken any longer; what is stored may stay. */
function dropTopology({ endpoints }: EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
}

function port({ port, name }: EndpointPort): string {
  return port === undefined ? (name ?? '*') : String(port);
}
