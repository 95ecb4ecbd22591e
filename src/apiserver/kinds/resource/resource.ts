import * as resources from '../../../api/generated/resources.ts';
import type {
  DeviceClass,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
  ResourceSliceSpec,
} from '../../../api/resource/v1.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';
import { immutable } from '../shared/validate.ts';

export const deviceClassKind: Kind<DeviceClass> = {
  resource: resources.deviceclasses,
  countsGeneration: true,
  defaults(object) {
    object.spec ??= {};
  },
  columns: [nameColumn, ageColumn],
};

export const resourceClaimKind: Kind<ResourceClaim> = {
  resource: resources.resourceclaims,
  countsGeneration: false,
  defaults(claim) {
    claim.spec ??= {};
    claim.spec.devices ??= {};
    claim.status ??= {};
    defaultRequests(claim.spec);
  },
  prepareForCreate(claim) {
    claim.status = {};
  },
  prepareForUpdate: keepStatus,
  validateUpdate: (claim, old) => immutable('spec', claim.spec, old.spec),
  status: {},
  columns: [nameColumn, text('State', 'How far the claim has come.', state), ageColumn],
};

export const resourceClaimTemplateKind: Kind<ResourceClaimTemplate> = {
  resource: resources.resourceclaimtemplates,
  defaults(template) {
    template.spec ??= { spec: {} };
    template.spec.metadata ??= {};
    template.spec.spec ??= {};
    template.spec.spec.devices ??= {};
    defaultRequests(template.spec.spec);
  },
  validateUpdate: (template, old) => immutable('spec', template.spec, old.spec),
  columns: [nameColumn, ageColumn],
};

export const resourceSliceKind: Kind<ResourceSlice> = {
  resource: resources.resourceslices,
  countsGeneration: true,
  defaults(slice) {
    slice.spec ??= {} as ResourceSliceSpec;
    slice.spec.pool ??= { name: '', generation: 0, resourceSliceCount: 0 };
  },
  fieldLabels: {
    common: ['metadata.name'],
    refusal: (label) => `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${label}`,
  },
  selectableFields: ({ spec }) => ({ 'spec.nodeName': spec.nodeName ?? '', 'spec.driver': spec.driver }),
  columns: [
    nameColumn,
    text('Node', 'Node that the devices are on.', (s) => s.spec.nodeName ?? ''),
    text('Driver', 'Driver of the devices.', (s) => s.spec.driver),
    text('Pool', 'Pool that the slice is part of.', (s) => s.spec.pool.name),
    ageColumn,
  ],
};

function defaultRequests(spec: ResourceClaim['spec']): void {
  for (const request of spec.devices?.requests ?? []) {
    for (const wanted of [request.exactly, ...(request.firstAvailable ?? [])]) {
      if (!wanted) continue;
      wanted.allocationMode ||= 'ExactCount';
      if (wanted.allocationMode === 'ExactCount') wanted.count ||= 1;
      for (const toleration of wanted.tolerations ?? []) toleration.operator ||= 'Equal';
    }
  }
}

function state({ metadata, status }: ResourceClaim): string {
  const gone = metadata.deletionTimestamp ? ['deleted'] : [];
  if (!status?.allocation) return gone[0] ?? 'pending';
  return [...gone, 'allocated', ...(status.reservedFor?.length ? ['reserved'] : [])].join(',');
}
