import type { Service } from '../../../../api/core/v1.ts';
import { services } from '../../../../api/generated/resources.ts';
import { dns1035LabelErrors } from '../../../../machinery/names.ts';
import type { Kind } from '../../../registry/kind.ts';
import { keepStatus } from '../../shared/status.ts';
import { addressAt, addressRange } from './address-range.ts';
import { allocate, type ServiceRanges } from './allocation.ts';
import { serviceColumns } from './columns.ts';
import { defaultService } from './defaults.ts';
import { decideFamilies } from './families.ts';
import { serviceStatusErrors } from './status-validation.ts';
import { dropUnused, keepAllotted, syncClusterIps } from './type-change.ts';
import { serviceUpdateErrors } from './update-validation.ts';
import { serviceErrors } from './validation.ts';
import { serviceWarnings } from './warnings.ts';

const addresses = [addressRange('10.96.0.0/12')];
/** The first address is the API server's, the tenth that of DNS. */
const reserved = new Set([1, 10].map((offset) => addressAt(addresses[0] as (typeof addresses)[0], offset)));
const ranges: ServiceRanges = { addresses, reserved, nodePorts: { first: 30000, last: 32767 } };
const families = addresses.map((range) => range.family);

export const serviceKind: Kind<Service> = {
  resource: services,
  validateName: dns1035LabelErrors,
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
    keepAllotted(service.spec, old.spec);
    syncClusterIps(service.spec, old.spec);
    dropUnused(service.spec, old.spec);
    decideFamilies(service, old, families);
  },
  validate: serviceErrors,
  validateUpdate: serviceUpdateErrors,
  warnings: (service) => serviceWarnings(service),
  allocate: async (service, old, context) => allocate(service, old, { context, ranges }),
  status: { validateUpdate: serviceStatusErrors },
  streams: { proxy: { kind: 'ServiceProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] } },
  selectableFields: ({ spec }) => ({ 'spec.clusterIP': spec.clusterIP ?? '', 'spec.type': spec.type ?? '' }),
  columns: serviceColumns,
};
