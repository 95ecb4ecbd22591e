import type { VolumeDevice, VolumeMount } from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  notFoundValue,
} from '../../../../machinery/field-error.ts';
import { each, optionalSupported, repeats, requireValue } from '../../shared/validate.ts';
import type { AnyContainer, SpecContext } from './context.ts';
import { descendingPath, noBacksteps } from './paths.ts';

/** Where a container finds its volumes. */
export function volumeMounts(
  field: string,
  container: AnyContainer,
  context: SpecContext,
): readonly FieldError[] {
  const devices = container.volumeDevices ?? [];
  const repeated = repeats();
  return each(field, container.volumeMounts, (mount, path) => {
    const { name, mountPath = '' } = mount;
    return allErrors(
      requireValue(`${path}.name`, name),
      context.volumes.has(name) ? noErrors : [notFoundValue(`${path}.name`, name ?? '')],
      requireValue(`${path}.mountPath`, mountPath),
      repeated(mountPath) ? [invalid(`${path}.mountPath`, mountPath, 'must be unique')] : noErrors,
      besideDevices(path, mount, devices),
      subPaths(field, path, mount),
      propagation(field, mount, container),
    );
  });
}

function besideDevices(
  field: string,
  { name, mountPath = '' }: VolumeMount,
  devices: readonly VolumeDevice[],
): readonly FieldError[] {
  if (devices.length === 0) return noErrors;
  const errors: FieldError[] = [];
  if (devices.some((d) => d.name === name)) {
    errors.push(invalid(`${field}.name`, name, 'must not already exist in volumeDevices'));
  }
  if (devices.some((d) => d.devicePath === mountPath)) {
    errors.push(
      invalid(`${field}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'),
    );
  }
  return errors;
}

function subPaths(field: string, path: string, { subPath, subPathExpr }: VolumeMount): readonly FieldError[] {
  const both = 'subPathExpr and subPath are mutually exclusive';
  return allErrors(
    subPath ? descendingPath(`${field}.subPath`, subPath) : noErrors,
    subPath && subPathExpr ? [invalid(`${path}.subPathExpr`, subPathExpr, both)] : noErrors,
    subPathExpr ? descendingPath(`${field}.subPathExpr`, subPathExpr) : noErrors,
  );
}

function propagation(field: string, mount: VolumeMount, container: AnyContainer): readonly FieldError[] {
  const { mountPropagation, recursiveReadOnly, readOnly } = mount;
  if (mountPropagation === undefined && recursiveReadOnly === undefined) return noErrors;
  const modes = ['Bidirectional', 'HostToContainer', 'None'];
  const errors = [...optionalSupported(`${field}.mountPropagation`, mountPropagation, modes)];
  if (mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
    const why = 'Bidirectional mount propagation is available only to privileged containers';
    errors.push(forbiddenField(`${field}.mountPropagation`, why));
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return errors;
  const path = `${field}.recursiveReadOnly`;
  const supported = ['Disabled', 'Enabled', 'IfPossible'];
  if (!supported.includes(recursiveReadOnly))
    return allErrors(errors, optionalSupported(path, recursiveReadOnly, supported));
  if (!readOnly) errors.push(forbiddenField(path, 'may only be specified when readOnly is true'));
  if (mountPropagation !== undefined && mountPropagation !== 'None') {
    errors.push(forbiddenField(path, 'may only be specified when mountPropagation is None or not specified'));
  }
  return errors;
}

/** Volumes that a container sees as bare devices. */
export function volumeDevices(
  field: string,
  container: AnyContainer,
  context: SpecContext,
): readonly FieldError[] {
  const mounts = container.volumeMounts ?? [];
  const [repeatedName, repeatedPath] = [repeats(), repeats()];
  return each(field, container.volumeDevices, (device, path) => {
    const { name, devicePath = '' } = device;
    const errors = [...requireValue(`${path}.name`, name)];
    if (name && repeatedName(name)) errors.push(invalid(`${path}.name`, name, 'must be unique'));
    errors.push(
      ...deviceVolume(`${path}.name`, device, context),
      ...requireValue(`${path}.devicePath`, devicePath),
    );
    if (noBacksteps('', devicePath).length > 0) {
      errors.push(invalid(`${path}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    } else if (repeatedPath(devicePath)) {
      errors.push(invalid(`${path}.devicePath`, devicePath, 'must be unique'));
    }
    if (mounts.some((m) => m.name === name)) {
      errors.push(invalid(`${path}.name`, name, 'must not already exist in volumeMounts'));
    }
    if (mounts.some((m) => m.mountPath === devicePath)) {
      errors.push(
        invalid(`${path}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'),
      );
    }
    return errors;
  });
}

function deviceVolume(field: string, { name }: VolumeDevice, context: SpecContext): readonly FieldError[] {
  const volume = context.volumes.get(name);
  if (!volume) return [notFoundValue(field, name ?? '')];
  if (volume.persistentVolumeClaim || volume.ephemeral) return noErrors;
  const why = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
  return [invalid(field, name, why)];
}
