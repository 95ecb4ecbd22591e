import { ipaddresses, servicecidrs } from '../../../api/generated/resources.ts';
import type { IPAddress, ParentReference, ServiceCIDR } from '../../../api/networking/v1.ts';
import { type FieldError, invalid, invalids, required } from '../../../machinery/field-error.ts';
import { cidrErrors, ipErrors, legacyCidrErrors } from '../../../machinery/ip.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { keepMeta } from '../shared/meta.ts';
import { keepStatus } from '../shared/status.ts';
import { dnsSubdomain, each, immutable, immutableMessage, pathSegment } from '../shared/validate.ts';

export const ipAddressKind: Kind<IPAddress> = {
  resource: ipaddresses,
  validateName: ipErrors,
  validate: ({ spec }) => parentErrors(spec.parentRef),
  validateUpdate: ({ spec }, old) => [
    ...parentErrors(spec.parentRef),
    ...immutable('spec.parentRef', spec.parentRef, old.spec.parentRef),
  ],
  columns: [nameColumn, text('ParentRef', 'Whose address it is.', parent), ageColumn],
};

function parentErrors(ref: ParentReference | undefined): readonly FieldError[] {
  const field = 'spec.parentRef';
  if (!ref) return [required(field)];
  return [
    ...(ref.group ? dnsSubdomain(`${field}.group`, ref.group) : []),
    ...pathSegment(`${field}.resource`, ref.resource),
    ...pathSegment(`${field}.name`, ref.name),
    ...(ref.namespace ? pathSegment(`${field}.namespace`, ref.namespace) : []),
  ];
}

function parent({ spec }: IPAddress): string {
  const ref = spec.parentRef;
  if (!ref) return '<none>';
  const resource = (ref.group ? `${ref.resource}.${ref.group}` : (ref.resource ?? '')).toLowerCase();
  return [resource, ref.namespace, ref.name].filter(Boolean).join('/');
}

export const serviceCidrKind: Kind<ServiceCIDR> = {
  resource: servicecidrs,
  countsGeneration: false,
  prepareForCreate(object) {
    object.status = {};
  },
  prepareForUpdate: keepStatus,
  validate: ({ spec }) => rangeErrors(spec.cidrs),
  validateUpdate: ({ spec }, old) => rangeChange(spec.cidrs, old.spec.cidrs),
  status: {
    resets: ['spec', 'metadata'],
    prepareForUpdate: ({ metadata }, old) => keepMeta(metadata, old.metadata),
  },
  columns: [
    nameColumn,
    text('CIDRs', 'Ranges that services get addresses from.', (c) => (c.spec.cidrs ?? []).join(',')),
    ageColumn,
  ],
};

const ranges = 'spec.cidrs';

function rangeErrors(cidrs: readonly string[] = []): readonly FieldError[] {
  if (cidrs.length === 0) return [required(ranges, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalid(ranges, { cidrs }, 'may only hold up to 2 values')];
  const families = new Set(cidrs.map((cidr) => cidr.includes(':')));
  const wrong = cidrs.some((cidr) => legacyCidrErrors(cidr).length > 0);
  if (cidrs.length === 2 && (wrong || families.size < 2)) {
    const why = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
    return [invalid(ranges, { cidrs }, why)];
  }
  return each(ranges, cidrs, (cidr, field) => invalids(field, cidr, cidrErrors(cidr)));
}

/** A range stays; one of the other family may join it. */
function rangeChange(cidrs: readonly string[] = [], old: readonly string[] = []): readonly FieldError[] {
  const grows = old.length === 1 && cidrs.length === 2;
  if (!grows && old.length !== cidrs.length) return [invalid(ranges, cidrs, immutableMessage)];
  const changed = each(ranges, old, (cidr, field, i) =>
    cidr === cidrs[i] ? [] : [invalid(field, cidrs[i], immutableMessage)],
  );
  return grows ? [...changed, ...rangeErrors(cidrs)] : changed;
}
