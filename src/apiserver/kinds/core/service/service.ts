import type { Service } from '../../../../api/core/v1.ts';
import { ipaddresses, servicecidrs, services } from '../../../../api/generated/resources.ts';
import type { ServiceCIDR } from '../../../../api/networking/v1.ts';
import type { Metric } from '../../../../platform/metrics/metric.ts';
import type { ObjectReader } from '../../../auth/object-reader.ts';
import type { HookContext, Kind } from '../../../registry/kind.ts';
import { labelNameErrors } from '../../../registry/object-meta.ts';
import { keepStatus } from '../../shared/status.ts';
import { addressesOf } from '../../networking/service-address.ts';
import { type AddressRange, addressAt, addressRange, isAllottable } from './address-range.ts';
import type { AllocationCounts } from './allocation-counts.ts';
import { allocate } from './allocation.ts';
import { serviceColumns } from './columns.ts';
import { defaultService } from './defaults.ts';
import { decideFamilies } from './families.ts';
import type { PortRange } from './port-range.ts';
import { serviceStatusErrors } from './status-validation.ts';
import { dropInternalPolicy, dropUnused, keepAllotted, syncClusterIps } from './type-change.ts';
import { serviceUpdateErrors } from './update-validation.ts';
import { serviceErrors } from './validation.ts';
import { balancerWarnings, serviceWarnings } from './warnings.ts';

/** Ranges of addresses that services get theirs from where nobody says so. */
export const usualServiceCidrs: readonly string[] = ['10.96.0.0/12'];
/** The ServiceCIDR of the server's own ranges. */
export const defaultRangeName = 'kubernetes';
/** The ports of nodes that services get where nobody says so. */
export const usualNodePorts: PortRange = { first: 30000, last: 32767 };

/** What an administrator says of what services are allotted. */
export interface ServiceSettings {
  /** One range or two of different families; services have the family of the first unless they say. */
  cidrs?: readonly string[] | undefined;
  /** The ports of nodes. */
  nodePorts?: PortRange | undefined;
  /** Told what is given away, and what could not be. */
  counts?: AllocationCounts | undefined;
}

/** How services come to their families, addresses and ports of nodes. */
export function allottingFrom({
  cidrs = usualServiceCidrs,
  nodePorts = usualNodePorts,
  counts,
}: ServiceSettings): Pick<Kind<Service>, 'prepareForCreate' | 'prepareForUpdate' | 'allocate'> {
  const own = cidrs.map(addressRange);
  const families = own.map(({ family }) => family.name);
  // The first address is the API server's, the tenth that of DNS.
  const reserved = new Set(own.slice(0, 1).flatMap((range) => [addressAt(range, 1), addressAt(range, 10)]));
  return {
    prepareForCreate(service) {
      service.status = { loadBalancer: {} };
      syncClusterIps(service.spec, undefined);
      dropInternalPolicy(service.spec);
      decideFamilies(service, undefined, families);
    },
    prepareForUpdate(service, old) {
      keepStatus(service, old);
      if (service.spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} };
      keepAllotted(service.spec, old.spec);
      syncClusterIps(service.spec, old.spec);
      dropUnused(service.spec, old.spec);
      dropInternalPolicy(service.spec);
      decideFamilies(service, old, families);
    },
    async allocate(service, old, context) {
      const ranges = { reserved, nodePorts, counts, addresses: rangesNow(context, own) };
      return allocate(service, old, { context, ranges });
    },
  };
}

/** What is counted of that, where anything is; `reader` knows what there is. */
export function allottedMetrics(
  { cidrs = usualServiceCidrs, nodePorts = usualNodePorts, counts }: ServiceSettings,
  reader: Pick<ObjectReader, 'list'>,
): Metric[] {
  const own = cidrs.map(addressRange);
  return counts?.metrics(reader, () => ({ nodePorts, addresses: rangesNow(reader, own) })) ?? [];
}

export const serviceKind: Kind<Service> = {
  resource: services,
  validateName: labelNameErrors,
  allowCreateOnUpdate: true,
  countsGeneration: false,
  returnsDeleted: true,
  defaults: defaultService,
  ...allottingFrom({}),
  validate: (service) => serviceErrors(service),
  validateUpdate: serviceUpdateErrors,
  warnings: (service) => serviceWarnings(service),
  attached: (service) => addressesOf(service).map((object) => ({ resource: ipaddresses, object })),
  status: { validateUpdate: serviceStatusErrors, warnings: balancerWarnings },
  streams: { proxy: { kind: 'ServiceProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] } },
  selectableFields: ({ spec }) => ({ 'spec.clusterIP': spec.clusterIP ?? '', 'spec.type': spec.type ?? '' }),
  columns: serviceColumns,
};

/**
 * The ranges that there are objects of, save those that are about to go or are not ready; the server's own first. That one
 * is in use as well while its object has not been made.
 */
function rangesNow(
  context: Pick<HookContext, 'list'>,
  own: readonly AddressRange[],
): readonly AddressRange[] {
  const objects = [...context.list(servicecidrs)];
  const inUse = new Set(objects.filter(isInUse).flatMap(({ spec }) => spec.cidrs ?? []));
  const isMade = objects.some(({ metadata }) => metadata.name === defaultRangeName);
  const first = isMade ? own.filter(({ cidr }) => inUse.has(cidr)) : own;
  const others = [...inUse].filter((cidr) => !own.some((one) => one.cidr === cidr) && isAllottable(cidr));
  return [...first, ...others.map(addressRange)];
}

/** One of which nobody has said whether it is ready counts as ready. */
const isInUse = ({ metadata, status }: ServiceCIDR) =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'True') === 'True';
