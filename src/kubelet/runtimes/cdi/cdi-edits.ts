import type { ContainerSpec, Device, Mount } from '../types.ts';
import type { CdiDevice } from './cdi-registry.ts';
import type { CdiDeviceNode, CdiEdits, CdiMount } from './cdi-spec.ts';

/**
 * A container with what its CDI devices need, for runtimes that know nothing of these. What a file says for all of its devices comes
 * once, before the devices themselves; what is there already by the same name or path gives way. Owners and modes of device nodes
 * are those on the node. Throws where a device needs what a runtime cannot be told.
 */
export function withCdiDevices(container: ContainerSpec, devices: readonly CdiDevice[]): ContainerSpec {
  const { cdiDevices: _, ...rest } = container;
  const seen = new Set<CdiDevice['spec']>();
  return devices.reduce<ContainerSpec>((spec, { name, spec: file, edits }) => {
    const before = seen.has(file) ? spec : withEdits(spec, name, file.edits);
    seen.add(file);
    return withEdits(before, name, edits);
  }, rest);
}

function withEdits(spec: ContainerSpec, name: string, edits: CdiEdits): ContainerSpec {
  const { env = [], deviceNodes = [], mounts = [], additionalGids = [] } = edits;
  const beyond = (['hooks', 'netDevices', 'intelRdt'] as const).filter((key) => hasAny(edits[key]));
  if (beyond.length > 0)
    throw new Error(
      `CDI device injection failed: device ${name} needs ${beyond.join(', ')}, which takes containerd 1.7 or newer`,
    );
  const groups = [...(spec.security.supplementalGroups ?? []), ...additionalGids.filter((gid) => gid !== 0)];
  return {
    ...spec,
    env: replacing(spec.env, env.map(variable), (one) => one.name),
    mounts: replacing(
      spec.mounts,
      mounts.map((mount) => mountOf(name, mount)),
      (one) => one.containerPath,
    ),
    devices: replacing(spec.devices ?? [], deviceNodes.map(deviceOf), (one) => one.containerPath),
    security: { ...spec.security, ...(groups.length > 0 && { supplementalGroups: [...new Set(groups)] }) },
  };
}

const hasAny = (value: unknown) =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;

/** Those of `more` in the place of those with the same key. */
function replacing<T>(all: readonly T[], more: readonly T[], keyOf: (one: T) => string): T[] {
  const byKey = new Map(all.map((one) => [keyOf(one), one]));
  for (const one of more) byKey.set(keyOf(one), one);
  return [...byKey.values()];
}

function variable(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  return at < 0 ? { name: text, value: '' } : { name: text.slice(0, at), value: text.slice(at + 1) };
}

const deviceOf = ({ path, hostPath, permissions }: CdiDeviceNode): Device => ({
  containerPath: path,
  hostPath: hostPath || path,
  permissions: permissions || 'rwm',
});

function mountOf(device: string, { hostPath, containerPath, type = '', options = [] }: CdiMount): Mount {
  if (!['', 'bind', 'none'].includes(type))
    throw new Error(
      `CDI device injection failed: device ${device} needs a mount of type ${type}, which takes containerd 1.7 or newer`,
    );
  const has = (...names: string[]) => options.some((option) => names.includes(option));
  return {
    containerPath,
    hostPath,
    readOnly: has('ro'),
    ...(has('shared', 'rshared') && { propagation: 'Bidirectional' as const }),
    ...(has('slave', 'rslave') && { propagation: 'HostToContainer' as const }),
  };
}
