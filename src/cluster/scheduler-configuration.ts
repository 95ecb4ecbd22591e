import { parseYaml, YamlError } from '../machinery/yaml.ts';
import type { Files } from '../platform/files.ts';
import {
  configurationKind,
  parseConfiguration,
  type SchedulerConfiguration,
} from '../scheduler/configuration/configuration.ts';
import { ConfigurationError } from '../scheduler/configuration/reading.ts';
import type { Registry } from '../scheduler/configuration/registry.ts';
import { UserError } from './user-error.ts';

/** How the scheduler decides. */
export interface Scheduling {
  configuration: SchedulerConfiguration;
  /** Beside the scheduler's own, by their names. */
  plugins?: Registry;
  /** Where the configuration stands, for messages. */
  file?: string;
}

/** What a test says of the scheduler. */
export interface ToldScheduling {
  /** What a `KubeSchedulerConfiguration` file holds; `apiVersion` and `kind` may be left out. Upstream's default unless given. */
  configuration?: object;
  /** Plugins of your own, by the names under which the configuration turns them on. */
  plugins?: Registry;
}

/** Reads a `KubeSchedulerConfiguration` file, YAML or JSON. Throws a UserError that says what is wrong with it. */
export async function readScheduling(file: string, files: Pick<Files, 'readText'>): Promise<Scheduling> {
  const text = await files.readText(file).catch((error: Error) => {
    throw unusable(error.message, file);
  });
  return { file, configuration: tellingWhere(() => parseConfiguration(parseYaml(text)), file) };
}

/** Throws a UserError that says what is wrong with the configuration. */
export function toldScheduling({ configuration = {}, plugins }: ToldScheduling): Scheduling {
  const object = { ...configurationKind, ...configuration };
  return { configuration: tellingWhere(() => parseConfiguration(object)), plugins };
}

/** What `read` gives; what it finds wrong is wrong with the configuration. */
export function tellingWhere<T>(read: () => T, file?: string): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigurationError || error instanceof YamlError)
      throw unusable(error.message, file);
    throw error;
  }
}

const unusable = (why: string, file?: string) =>
  new UserError(`the scheduler configuration ${file === undefined ? '' : `${file} `}cannot be used: ${why}`);
