import type { Files } from '../../../platform/files.ts';
import type { Log } from '../../../platform/log.ts';
import { type CdiEdits, type CdiSpec, parseCdiSpec } from './cdi-spec.ts';

/** Where runtimes look for specifications; a later folder wins over those before. */
export const cdiDirs: readonly string[] = ['/etc/cdi', '/var/run/cdi'];

/** A device, with the file that it is in. */
export interface CdiDevice {
  name: string;
  spec: CdiSpec;
  edits: CdiEdits;
}

/** The CDI devices that there are on the node. */
export class CdiRegistry {
  readonly #dirs: readonly string[];
  readonly #platform: { files: Files; log: Log };

  constructor(dirs: readonly string[], platform: { files: Files; log: Log }) {
    this.#dirs = dirs;
    this.#platform = platform;
  }

  /** Devices by their full names, `vendor/class=name`. Rejects where one is not there, or is there twice, or lacks what it mounts. */
  async find(names: readonly string[]): Promise<CdiDevice[]> {
    const known = await this.#read();
    const missing = names.filter((name) => !known.has(name));
    if (missing.length > 0)
      throw new Error(`CDI device injection failed: unresolvable CDI devices ${missing.join(', ')}`);
    const devices = names.map((name) => known.get(name) as CdiDevice);
    for (const device of devices) await this.#checkMounts(device);
    return devices;
  }

  /** Runtimes would make a folder of what is not there. */
  async #checkMounts({ name, spec, edits }: CdiDevice): Promise<void> {
    for (const { hostPath, type = '' } of [...(spec.edits.mounts ?? []), ...(edits.mounts ?? [])]) {
      if ((type !== '' && type !== 'bind') || (await this.#platform.files.exists(hostPath))) continue;
      throw new Error(`CDI device injection failed: ${hostPath}, which device ${name} needs, does not exist`);
    }
  }

  /** Read anew each time: drivers write a file for each claim. */
  async #read(): Promise<Map<string, CdiDevice>> {
    const known = new Map<string, CdiDevice>();
    for (const dir of this.#dirs) {
      const inDir = new Map<string, CdiDevice>();
      const twice = new Set<string>();
      for (const spec of await this.#specsIn(dir))
        for (const [device, edits] of spec.devices) {
          const name = `${spec.kind}=${device}`;
          if (inDir.has(name)) twice.add(name);
          inDir.set(name, { name, spec, edits });
        }
      for (const [name, device] of inDir) known.set(name, device);
      // Nobody knows which of them is meant.
      for (const name of twice) known.delete(name);
    }
    return known;
  }

  /** One that cannot be understood keeps nobody from the others. */
  async #specsIn(dir: string): Promise<CdiSpec[]> {
    const { files, log } = this.#platform;
    const specs: CdiSpec[] = [];
    for (const name of await files.list(dir)) {
      if (!/\.(json|yaml)$/.test(name)) continue;
      try {
        specs.push(parseCdiSpec(await files.readText(`${dir}/${name}`)));
      } catch (error) {
        log.warn('specification of devices not read', {
          file: `${dir}/${name}`,
          error: (error as Error).message,
        });
      }
    }
    return specs;
  }
}
