import { resourceslices } from '../../../api/generated/resources.ts';
import type { ResourceSlice, ResourceSliceSpec } from '../../../api/resource/v1.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { formatTime } from '../../../platform/clock.ts';
import { sliceSpecErrors } from './slice-validation.ts';

export const resourceSliceKind: Kind<ResourceSlice> = {
  resource: resourceslices,
  countsGeneration: true,
  prepareForCreate(slice, { platform }) {
    dropDisabled(slice.spec);
    stampTaints(slice.spec, platform.clock.now());
  },
  prepareForUpdate(slice, _old, { platform }) {
    dropDisabled(slice.spec);
    stampTaints(slice.spec, platform.clock.now());
  },
  validate: ({ spec }) => sliceSpecErrors(spec),
  validateUpdate: ({ spec }, old) => sliceSpecErrors(spec, old.spec),
  warnings: ({ spec }) =>
    spec.driver === spec.driver.toLowerCase()
      ? []
      : [
          `spec.driver: driver names should be lowercase; ${JSON.stringify(spec.driver)} contains uppercase characters`,
        ],
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

/** Fields of features that are not switched on in v1.36: lists as attributes, and shares of node resources. */
function dropDisabled({ devices = [] }: ResourceSliceSpec): void {
  for (const device of devices) {
    delete device.nodeAllocatableResourceMappings;
    for (const attribute of Object.values(device.attributes ?? {})) {
      for (const name of ['ints', 'bools', 'strings', 'versions'] as const) delete attribute[name];
    }
  }
}

function stampTaints({ devices = [] }: ResourceSliceSpec, nowMs: number): void {
  for (const { taints = [] } of devices) {
    for (const taint of taints) taint.timeAdded ??= formatTime(nowMs);
  }
}
