import { parseYaml, YamlError } from '../machinery/yaml.ts';
import type { Files } from '../platform/files.ts';
import { parseConfiguration, type SchedulerConfiguration } from '../scheduler/configuration/configuration.ts';
import { ConfigurationError } from '../scheduler/configuration/reading.ts';
import { UserError } from './user-error.ts';

/** How the scheduler decides: what a `KubeSchedulerConfiguration` file says, and where that stands. */
export interface ConfiguredBy {
  file: string;
  configuration: SchedulerConfiguration;
}

/** Reads a `KubeSchedulerConfiguration` file, YAML or JSON. Throws a UserError that says what is wrong with it. */
export async function readSchedulerConfiguration(
  file: string,
  files: Pick<Files, 'readText'>,
): Promise<ConfiguredBy> {
  const text = await files.readText(file).catch((error: Error) => {
    throw wrong(file, error.message);
  });
  return { file, configuration: inFile(file, () => parseConfiguration(parseYaml(text))) };
}

/** What `read` gives; what it finds wrong is wrong with the file. */
export function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigurationError || error instanceof YamlError) throw wrong(file, error.message);
    throw error;
  }
}

const wrong = (file: string, why: string) =>
  new UserError(`the scheduler configuration ${file} cannot be used: ${why}`);
