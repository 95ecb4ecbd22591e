import type { Service } from '../../../../api/core/v1.ts';
import { servicecidrs, services } from '../../../../api/generated/resources.ts';
import type { ServiceCIDR } from '../../../../api/networking/v1.ts';
import type { HookContext, Kind } from '../../../registry/kind.ts';
import { labelNameErrors } from '../../../registry/object-meta.ts';
import { keepStatus } from '../../shared/status.ts';
import { type AddressRange, addressAt, addressRange, isAllottable } from './address-range.ts';
import { allocate } from './allocation.ts';
import { serviceColumns } from './columns.ts';
import { defaultService } from './defaults.ts';
import { decideFamilies } from './families.ts';
import type { PortRange } from './port-range.ts';
import { serviceStatusErrors } from './status-validation.ts';
import { dropUnused, keepAllotted, syncClusterIps } from './type-change.ts';
import { serviceUpdateErrors } from './update-validation.ts';
import { serviceErrors } from './validation.ts';
import { balancerWarnings, serviceWarnings } from './warnings.ts';

/** Ranges that services get addresses from without anybody saying so. */
export const serviceCidrs: readonly string[] = ['10.96.0.0/12'];
/** The ServiceCIDR of them. */
export const defaultRangeName = 'kubernetes';
const addresses = serviceCidrs.map(addressRange);
/** The first address is the API server's, the tenth that of DNS. */
const reserved = new Set([1, 10].map((offset) => addressAt(addresses[0] as (typeof addresses)[0], offset)));
const usualNodePorts: PortRange = { first: 30000, last: 32767 };
const families = addresses.map((range) => range.family);

/** How services get what is allotted to them, with node ports of this range. */
export const allottingFrom =
  (nodePorts: PortRange): NonNullable<Kind<Service>['allocate']> =>
  async (service, old, context) =>
    allocate(service, old, { context, ranges: { reserved, nodePorts, addresses: rangesNow(context) } });

export const serviceKind: Kind<Service> = {
  resource: services,
  validateName: labelNameErrors,
  allowCreateOnUpdate: true,
  countsGeneration: false,
  returnsDeleted: true,
  defaults: defaultService,
  prepareForCreate(service) {
    service.status = { loadBalancer: {} };
    syncClusterIps(service.spec, undefined);
    decideFamilies(service, undefined, families);
  },
  prepareForUpdate(service, old) {
    keepStatus(service, old);
    if (service.spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} };
    keepAllotted(service.spec, old.spec);
    syncClusterIps(service.spec, old.spec);
    dropUnused(service.spec, old.spec);
    decideFamilies(service, old, families);
  },
  validate: (service) => serviceErrors(service),
  validateUpdate: serviceUpdateErrors,
  warnings: (service) => serviceWarnings(service),
  allocate: allottingFrom(usualNodePorts),
  status: { validateUpdate: serviceStatusErrors, warnings: balancerWarnings },
  streams: { proxy: { kind: 'ServiceProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] } },
  selectableFields: ({ spec }) => ({ 'spec.clusterIP': spec.clusterIP ?? '', 'spec.type': spec.type ?? '' }),
  columns: serviceColumns,
};

/**
 * The ranges that there are objects of, save those that are about to go or are not ready; the server's own first. That one
 * is in use as well while its object has not been made.
 */
function rangesNow(context: HookContext): readonly AddressRange[] {
  const objects = [...context.list(servicecidrs)];
  const inUse = new Set(objects.filter(isInUse).flatMap(({ spec }) => spec.cidrs ?? []));
  const isMade = objects.some(({ metadata }) => metadata.name === defaultRangeName);
  const own = isMade ? addresses.filter(({ cidr }) => inUse.has(cidr)) : addresses;
  const others = [...inUse].filter((cidr) => !serviceCidrs.includes(cidr) && isAllottable(cidr));
  return [...own, ...others.map(addressRange)];
}

/** One of which nobody has said whether it is ready counts as ready. */
const isInUse = ({ metadata, status }: ServiceCIDR) =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'True') === 'True';
