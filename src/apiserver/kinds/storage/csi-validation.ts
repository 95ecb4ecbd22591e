import type {
  CSIDriver,
  CSINode,
  CSINodeDriver,
  CSIStorageCapacity,
  VolumeAttachment,
  VolumeError,
} from '../../../api/storage/v1.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  required,
  tooLong,
} from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { labelSelectorErrors } from '../../../machinery/label-selector.ts';
import { inclusiveRangeError } from '../../../machinery/names.ts';
import { isQuantity, quantitySign } from '../../../machinery/quantity.ts';
import { inlineVolumeErrors } from '../core/volumes/volume-validation.ts';
import {
  dnsSubdomain,
  each,
  immutable,
  nonNegative,
  notNegativeMessage,
  optionalSupported,
  qualifiedName,
  repeats,
  supported,
} from '../shared/validate.ts';
import { csiDriverName } from './names.ts';

const minTokenSeconds = 600;
const maxTokenSeconds = 2 ** 32;
const minUpdateSeconds = 10;
const maxNodeIdLength = 256;
const maxMetadataBytes = 256 * 1024;
const maxMessageBytes = 1024;

/** What holds for a driver at any time. */
export function driverErrors({ spec }: CSIDriver): readonly FieldError[] {
  const { fsGroupPolicy, nodeAllocatableUpdatePeriodSeconds: period } = spec;
  const { serviceAccountTokenInSecrets: inSecrets } = spec;
  const noTokens = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
  const modes = ['Ephemeral', 'Persistent'];
  const policies = ['File', 'None', 'ReadWriteOnceWithFSType'];
  return [
    ...optionalSupported('spec.fsGroupPolicy', fsGroupPolicy, policies),
    ...tokenErrors(spec.tokenRequests),
    ...(spec.volumeLifecycleModes ?? []).flatMap((mode) =>
      supported('spec.volumeLifecycleModes', mode, modes),
    ),
    ...(period !== undefined && period < minUpdateSeconds
      ? [
          invalid(
            'spec.nodeAllocatableUpdatePeriodSeconds',
            period,
            `must be greater than or equal to ${minUpdateSeconds} seconds`,
          ),
        ]
      : []),
    ...(inSecrets !== undefined && !spec.tokenRequests?.length
      ? [invalid('spec.serviceAccountTokenInSecrets', inSecrets, noTokens)]
      : []),
  ];
}

export function driverUpdateErrors(driver: CSIDriver, old: CSIDriver): readonly FieldError[] {
  const [spec, before] = [driver.spec, old.spec];
  return [
    ...driverErrors(driver),
    ...immutable('spec.attachedRequired', spec.attachRequired, before.attachRequired),
    ...immutable('spec.volumeLifecycleModes', spec.volumeLifecycleModes, before.volumeLifecycleModes),
  ];
}

function tokenErrors(requests: CSIDriver['spec']['tokenRequests']): readonly FieldError[] {
  const repeated = repeats();
  return each('spec.tokenRequests', requests, ({ audience, expirationSeconds: seconds }, field) => {
    if (repeated(audience)) return [duplicate(`${field}.audience`, audience)];
    const errors: FieldError[] = [];
    const path = `${field}.expirationSeconds`;
    if (seconds === undefined) return errors;
    if (seconds < minTokenSeconds) {
      errors.push(invalid(path, seconds, 'may not specify a duration less than 10 minutes'));
    }
    if (seconds > maxTokenSeconds) {
      errors.push(invalid(path, seconds, 'may not specify a duration larger than 2^32 seconds'));
    }
    return errors;
  });
}

/** What holds for the drivers of a node at any time. */
export function csiNodeErrors({ spec }: CSINode): readonly FieldError[] {
  const repeated = repeats();
  return each('spec.drivers', spec.drivers, (driver, field) => {
    const keyRepeated = repeats();
    return [
      ...csiDriverName(`${field}.name`, driver.name),
      ...nodeId(`${field}.nodeID`, driver.nodeID),
      ...nonNegative(`${field}.allocatable.count`, driver.allocatable?.count),
      ...(repeated(driver.name) ? [duplicate(`${field}.name`, driver.name)] : []),
      ...(driver.topologyKeys ?? []).flatMap((key) => [
        ...(keyRepeated(key) ? [duplicate(field, key)] : []),
        ...(key ? qualifiedName(field, key) : [required(field)]),
      ]),
    ];
  });
}

function nodeId(field: string, id: string): readonly FieldError[] {
  if (!id) return [required(field)];
  return id.length > maxNodeIdLength
    ? [invalid(field, id, `must be ${maxNodeIdLength} characters or less`)]
    : [];
}

/** A driver comes and goes as a whole; how many volumes it takes may be found out later. */
export function csiNodeUpdateErrors(node: CSINode, old: CSINode): readonly FieldError[] {
  const fixed = ({ allocatable: _, ...driver }: CSINodeDriver) => driver;
  const pairs = (old.spec.drivers ?? []).flatMap((before) =>
    (node.spec.drivers ?? []).filter((d) => d.name === before.name).map((now) => [now, before] as const),
  );
  const changes = pairs.flatMap(([now, before]) => immutable('spec.drivers', fixed(now), fixed(before)));
  return [...csiNodeErrors(node), ...changes];
}

/** What holds for a report of room at any time. */
export function capacityErrors(object: CSIStorageCapacity): readonly FieldError[] {
  const { nodeTopology, storageClassName, capacity, maximumVolumeSize } = object;
  const amounts = Object.entries({ capacity, maximumVolumeSize });
  return [
    ...labelSelectorErrors(nodeTopology, 'nodeTopology'),
    ...dnsSubdomain('storageClassName', storageClassName ?? ''),
    ...amounts.flatMap(([name, amount]) =>
      amount !== undefined && isQuantity(amount) && quantitySign(amount) < 0
        ? [invalid(name, amount, notNegativeMessage)]
        : [],
    ),
  ];
}

export function capacityUpdateErrors(
  object: CSIStorageCapacity,
  old: CSIStorageCapacity,
): readonly FieldError[] {
  return [
    ...capacityErrors(object),
    ...immutable('nodeTopology', object.nodeTopology, old.nodeTopology),
    ...immutable('storageClassName', object.storageClassName, old.storageClassName),
  ];
}

/** What holds for an attachment at any time. */
export function attachmentErrors({ spec, status }: VolumeAttachment): readonly FieldError[] {
  const metadata = Object.entries(status?.attachmentMetadata ?? {});
  const size = metadata.reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0);
  return [
    ...csiDriverName('spec.attacher', spec.attacher),
    ...sourceErrors('spec.source', spec.source),
    ...dnsSubdomain('spec.nodeName', spec.nodeName ?? ''),
    ...(size > maxMetadataBytes ? [tooLong('status.attachmentMetadata', maxMetadataBytes)] : []),
    ...volumeError('status.attachError', status?.attachError),
    ...volumeError('status.detachError', status?.detachError),
  ];
}

export function attachmentUpdateErrors(
  attachment: VolumeAttachment,
  old: VolumeAttachment,
): readonly FieldError[] {
  return [...attachmentErrors(attachment), ...immutable('spec', attachment.spec, old.spec)];
}

function sourceErrors(field: string, source: VolumeAttachment['spec']['source']): readonly FieldError[] {
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = source;
  const why = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (inline === undefined && name === undefined) return [required(field, why)];
  if (inline !== undefined && name !== undefined) return [forbiddenField(field, why)];
  if (inline !== undefined) return inlineVolumeErrors(`${field}.inlineVolumeSpec`, inline);
  const path = `${field}.persistentVolumeName`;
  if (name === '') return [required(path, 'must specify non empty persistentVolumeName')];
  return name === undefined ? [] : dnsSubdomain(path, name);
}

function volumeError(field: string, error: VolumeError | undefined): readonly FieldError[] {
  const { message = '', errorCode = 0 } = error ?? {};
  const path = `${field}.errorCode`;
  return [
    ...(byteLength(message) > maxMessageBytes ? [tooLong(`${field}.message`, maxMetadataBytes)] : []),
    ...(errorCode < 0 ? [invalid(path, errorCode, inclusiveRangeError(0, 2 ** 31 - 1))] : []),
  ];
}
