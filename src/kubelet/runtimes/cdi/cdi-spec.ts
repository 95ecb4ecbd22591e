import { parseYaml } from '../../../machinery/yaml.ts';

/*
 * Files in which vendors say what containers need to use a device: the Container Device Interface (github.com/cncf-tags/container-device-interface).
 */

export interface CdiDeviceNode {
  /** In the container. */
  path: string;
  /** On the node; the same where absent. */
  hostPath?: string;
  /** Any of `r`, `w`, `m`; all where absent. */
  permissions?: string;
}

export interface CdiMount {
  hostPath: string;
  containerPath: string;
  type?: string;
  /** As those of `mount`, such as `ro`, `rbind`. */
  options?: string[];
}

/** What is to be changed of a container. */
export interface CdiEdits {
  /** Each `NAME=value`. */
  env?: string[];
  deviceNodes?: CdiDeviceNode[];
  mounts?: CdiMount[];
  additionalGids?: number[];
  hooks?: unknown[];
  netDevices?: unknown[];
  intelRdt?: unknown;
}

/** One file. */
export interface CdiSpec {
  /** `vendor/class`, in front of the names of its devices. */
  kind: string;
  /** For each container that has any device of the file. */
  edits: CdiEdits;
  /** By name. */
  devices: ReadonlyMap<string, CdiEdits>;
}

const kindPattern = /^[A-Za-z](?:[\w.-]*[A-Za-z0-9])?\/[A-Za-z](?:[\w.-]*[A-Za-z0-9])?$/;
const devicePattern = /^[A-Za-z0-9](?:[\w.:-]*[A-Za-z0-9])?$/;

interface Written {
  cdiVersion?: unknown;
  kind?: unknown;
  containerEdits?: CdiEdits;
  devices?: { name?: unknown; containerEdits?: CdiEdits }[];
}

/** Reads a file, which is JSON or YAML. Throws where it is no such specification. */
export function parseCdiSpec(text: string): CdiSpec {
  const written = parseYaml(text) as Written | null | undefined;
  const { cdiVersion, kind, containerEdits = {}, devices = [] } = written ?? {};
  if (typeof cdiVersion !== 'string' || !/^\d+\.\d+\.\d+$/.test(cdiVersion))
    throw new Error(`invalid CDI version ${JSON.stringify(cdiVersion)}`);
  if (typeof kind !== 'string' || !kindPattern.test(kind))
    throw new Error(`invalid CDI kind ${JSON.stringify(kind)}`);
  if (devices.length === 0) throw new Error('no devices');
  const byName = new Map<string, CdiEdits>();
  for (const { name, containerEdits: edits = {} } of devices) {
    if (typeof name !== 'string' || !devicePattern.test(name))
      throw new Error(`invalid name of a device: ${JSON.stringify(name)}`);
    if (byName.has(name)) throw new Error(`multiple devices with the name ${name}`);
    byName.set(name, edits);
  }
  return { kind, edits: containerEdits, devices: byName };
}
