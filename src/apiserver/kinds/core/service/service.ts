import type { Service } from '../../../../api/core/v1.ts';
import { services } from '../../../../api/generated/resources.ts';
import { dns1035LabelErrors } from '../../../../machinery/names.ts';
import type { Kind } from '../../../registry/kind.ts';
import { keepStatus } from '../../shared/status.ts';
import { serviceColumns } from './columns.ts';
import { defaultService } from './defaults.ts';

export function serviceKind(): Kind<Service> {
  return {
    resource: services,
    validateName: dns1035LabelErrors,
    countsGeneration: false,
    defaults: defaultService,
    prepareForCreate(service) {
      service.status = { loadBalancer: {} };
    },
    prepareForUpdate: keepStatus,
    status: {
      prepareForUpdate(service, old) {
        service.spec = old.spec;
      },
    },
    selectableFields: ({ spec }) => ({
      'spec.clusterIP': spec.clusterIP ?? '',
      'spec.type': spec.type ?? '',
    }),
    columns: serviceColumns,
  };
}
