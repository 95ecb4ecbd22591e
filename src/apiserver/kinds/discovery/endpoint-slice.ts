import type { EndpointPort, EndpointSlice } from '../../../api/discovery/v1.ts';
import { endpointslices } from '../../../api/generated/resources.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, firstThree, nameColumn, text } from '../shared/columns.ts';
import { sliceErrors, sliceUpdateErrors } from './validation.ts';

export const endpointSliceKind: Kind<EndpointSlice> = {
  resource: endpointslices,
  countsGeneration: true,
  defaults(slice) {
    slice.endpoints ??= [];
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
    for (const endpoint of slice.endpoints) endpoint.conditions ??= {};
  },
  prepareForCreate: (slice) => dropTopology(slice),
  prepareForUpdate(slice, old) {
    if (!deepEqual(slice.endpoints, old.endpoints)) dropTopology(slice);
  },
  validate: (slice) => sliceErrors(slice),
  validateUpdate: sliceUpdateErrors,
  warnings: ({ addressType }) =>
    addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : [],
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

/** What earlier versions said of places is not taken any longer; what is stored may stay. */
function dropTopology({ endpoints = [] }: EndpointSlice): void {
  for (const endpoint of endpoints) delete endpoint.deprecatedTopology;
}

function port({ port, name }: EndpointPort): string {
  return port === undefined ? (name ?? '*') : String(port);
}
