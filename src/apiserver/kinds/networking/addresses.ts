import { ipaddresses, servicecidrs } from '../../../api/generated/resources.ts';
import type { IPAddress, IPAddressSpec, ServiceCIDR } from '../../../api/networking/v1.ts';
import { ipErrors } from '../../../machinery/ip.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';

export const ipAddressKind: Kind<IPAddress> = {
  resource: ipaddresses,
  validateName: ipErrors,
  defaults(address) {
    address.spec ??= {} as IPAddressSpec;
  },
  columns: [nameColumn, text('ParentRef', 'Whose address it is.', parent), ageColumn],
};

function parent({ spec }: IPAddress): string {
  const ref = spec.parentRef;
  if (!ref) return '<none>';
  const resource = (ref.group ? `${ref.resource}.${ref.group}` : ref.resource).toLowerCase();
  return [resource, ref.namespace, ref.name].filter(Boolean).join('/');
}

export const serviceCidrKind: Kind<ServiceCIDR> = {
  resource: servicecidrs,
  countsGeneration: false,
  defaults(object) {
    object.spec ??= {};
    object.status ??= {};
  },
  prepareForCreate(object) {
    object.status = {};
  },
  prepareForUpdate: keepStatus,
  status: {
    prepareForUpdate(object, old) {
      object.spec = old.spec;
    },
  },
  columns: [
    nameColumn,
    text('CIDRs', 'Ranges that services get addresses from.', (c) => (c.spec.cidrs ?? []).join(',')),
    ageColumn,
  ],
};
