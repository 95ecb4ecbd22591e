import type { Endpoints, EndpointSubset } from '../../../api/core/v1.ts';
import { endpoints } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, firstThree, nameColumn, text } from '../shared/columns.ts';

export const endpointsKind: Kind<Endpoints> = {
  resource: endpoints,
  defaults(object) {
    for (const subset of object.subsets ?? []) {
      for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
    }
  },
  columns: [
    nameColumn,
    text('Endpoints', 'Addresses that take traffic.', ({ subsets }) =>
      subsets?.length ? firstThree(subsets.flatMap(addresses)) : '<none>',
    ),
    ageColumn,
  ],
};

const host = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip);

/** A headless service may have no ports; its addresses stand alone. */
function addresses(subset: EndpointSubset): string[] {
  const ips = (subset.addresses ?? []).map((a) => a.ip);
  if (!subset.ports?.length) return ips;
  return subset.ports.flatMap((port) => ips.map((ip) => `${host(ip)}:${port.port}`));
}
