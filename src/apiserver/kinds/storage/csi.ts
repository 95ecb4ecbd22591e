import {
  csidrivers,
  csinodes,
  csistoragecapacities,
  volumeattachments,
} from '../../../api/generated/resources.ts';
import type {
  CSIDriver,
  CSIDriverSpec,
  CSINode,
  CSIStorageCapacity,
  VolumeAttachment,
  VolumeAttachmentSpec,
} from '../../../api/storage/v1.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, flag, integer, nameColumn, text } from '../shared/columns.ts';
import { nodeSelectorWarnings } from '../pod-spec/node-labels.ts';
import { keepMeta } from '../shared/meta.ts';
import { keepStatus } from '../shared/status.ts';
import {
  attachmentErrors,
  attachmentUpdateErrors,
  capacityErrors,
  capacityUpdateErrors,
  csiNodeErrors,
  csiNodeUpdateErrors,
  driverErrors,
  driverUpdateErrors,
} from './csi-validation.ts';

export const csiDriverKind: Kind<CSIDriver> = {
  resource: csidrivers,
  allowUnconditionalUpdate: false,
  countsGeneration: true,
  defaults(driver) {
    driver.spec ??= {};
    driver.spec.attachRequired ??= true;
    driver.spec.podInfoOnMount ??= false;
    driver.spec.storageCapacity ??= false;
    driver.spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    driver.spec.requiresRepublish ??= false;
    driver.spec.seLinuxMount ??= false;
    if (!driver.spec.volumeLifecycleModes?.length) driver.spec.volumeLifecycleModes = ['Persistent'];
  },
  prepareForCreate: ({ spec }) => dropGatedFields(spec, {}),
  prepareForUpdate: ({ spec }, old) => dropGatedFields(spec, old.spec),
  validate: (driver) => driverErrors(driver),
  validateUpdate: driverUpdateErrors,
  columns: [
    nameColumn,
    flag(
      'AttachRequired',
      'Whether volumes are attached before they are mounted.',
      (d) => d.spec.attachRequired ?? true,
    ),
    flag('PodInfoOnMount', 'Whether the driver is told about the pod.', (d) => d.spec.podInfoOnMount),
    flag('StorageCapacity', 'Whether pods are placed where there is room.', (d) => d.spec.storageCapacity),
    text(
      'TokenRequests',
      'Audiences of the tokens that the driver gets.',
      (d) => d.spec.tokenRequests?.map((t) => t.audience).join(',') ?? '<unset>',
    ),
    flag(
      'RequiresRepublish',
      'Whether mounted volumes are published again from time to time.',
      (d) => d.spec.requiresRepublish,
    ),
    text(
      'Modes',
      'Lifecycles that volumes of the driver can have.',
      (d) => d.spec.volumeLifecycleModes?.join(',') || '<none>',
    ),
    ageColumn,
  ],
};

/** Takes out what upstream 1.36 has behind a gate that is shut (VolumeLimitScaling), unless it was there. */
function dropGatedFields(spec: CSIDriverSpec, old: CSIDriverSpec): void {
  if (old.preventPodSchedulingIfMissing === undefined) delete spec.preventPodSchedulingIfMissing;
}

export const csiNodeKind: Kind<CSINode> = {
  resource: csinodes,
  allowUnconditionalUpdate: false,
  defaults(node) {
    node.spec ??= { drivers: [] };
  },
  validate: (node) => csiNodeErrors(node),
  validateUpdate: csiNodeUpdateErrors,
  columns: [
    nameColumn,
    integer('Drivers', 'Number of drivers on the node.', (n) => n.spec.drivers?.length),
    ageColumn,
  ],
};

export const csiStorageCapacityKind: Kind<CSIStorageCapacity> = {
  resource: csistoragecapacities,
  allowUnconditionalUpdate: false,
  validate: (object) => capacityErrors(object),
  validateUpdate: capacityUpdateErrors,
  warnings: ({ nodeTopology }) => nodeSelectorWarnings('nodeTopology', nodeTopology),
  columns: [
    nameColumn,
    text('StorageClassName', 'The class that the room is for.', (c) => c.storageClassName),
    text('Capacity', 'How much room there is.', (c) => c.capacity ?? '<unset>'),
  ],
};

export const volumeAttachmentKind: Kind<VolumeAttachment> = {
  resource: volumeattachments,
  allowUnconditionalUpdate: false,
  countsGeneration: false,
  defaults(attachment) {
    attachment.spec ??= {} as VolumeAttachmentSpec;
    attachment.spec.source ??= {};
    attachment.status ??= { attached: false };
  },
  prepareForCreate(attachment) {
    attachment.status = { attached: false };
  },
  prepareForUpdate: keepStatus,
  validate: (attachment) => attachmentErrors(attachment),
  validateUpdate: attachmentUpdateErrors,
  status: {
    resets: ['spec', 'metadata'],
    prepareForUpdate: ({ metadata }, old) => keepMeta(metadata, old.metadata),
    validateUpdate: attachmentUpdateErrors,
  },
  columns: [
    nameColumn,
    {
      ...text<VolumeAttachment>('Attacher', 'Driver that attaches the volume.', (a) => a.spec.attacher),
      format: 'name',
    },
    text('PV', 'The volume.', (a) => a.spec.source.persistentVolumeName ?? ''),
    text('Node', 'The node.', (a) => a.spec.nodeName),
    flag('Attached', 'Whether the volume is attached.', (a) => a.status?.attached),
    ageColumn,
  ],
};
