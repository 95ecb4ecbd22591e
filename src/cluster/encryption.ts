import { checkEncryption, decodeEncryption } from '../apiserver/encryption/configuration.ts';
import { ResourceTransformers, type TransformerSet } from '../apiserver/encryption/resource-transformers.ts';
import type { EncryptionOptions } from '../apiserver/server.ts';
import { serverId as serverIdOf } from '../apiserver/start/identity-lease.ts';
import { parseYaml } from '../machinery/yaml.ts';
import type { Platform } from '../platform/platform.ts';
import { ConfigReload, NotYetUsable } from './config-reload.ts';
import { hostName } from './host-name.ts';
import { UserError } from './user-error.ts';

/** How values are encrypted in the store; the names are those of upstream's flags. */
export interface EncryptionSettings {
  /** An `apiserver.config.k8s.io/v1` EncryptionConfiguration; nothing is encrypted where absent. */
  configFile?: string | undefined;
  /** Whether it is followed while it changes. */
  automaticReload?: boolean | undefined;
}

/** What the API server is told of encryption, and what ends following its configuration. */
export interface Encrypting {
  options?: EncryptionOptions;
  close(): void;
}

type Means = Pick<Platform, 'files' | 'clock' | 'log' | 'random'>;

/** How often upstream looks at the file. */
const reloadPeriodMs = 60_000;

/** Reads the file that the settings name. Throws a UserError where it cannot be used. */
export async function readEncryption(
  { configFile: file, automaticReload = false }: EncryptionSettings,
  platform: Means,
): Promise<Encrypting> {
  if (!file) {
    if (!automaticReload) return { close() {} };
    throw new UserError(
      '--encryption-provider-config-automatic-reload must be set with --encryption-provider-config',
    );
  }
  const serverId = serverIdOf(await hostName(platform));
  const log = platform.log.named('encryption');
  const transformers = new ResourceTransformers({ ...platform, log, serverId });
  const read = (text: string) => transformersOf(text, { file, isFollowed: automaticReload, transformers });
  const readWell = async (text: string) => {
    const made = await read(text);
    await transformers.untilWell(made).catch(({ message }: Error) => {
      throw new NotYetUsable(message);
    });
    return made;
  };
  const telling = ({ message }: Error): never => {
    throw new UserError(message);
  };
  const text = await platform.files.readText(file).catch((error: Error) => telling(unreadable(file, error)));
  transformers.use(await read(text).catch(telling));
  const reload = new ConfigReload(
    {
      about: 'encryption',
      file,
      text,
      periodMs: reloadPeriodMs,
      failure: `error processing encryption config file ${file}`,
      serverId,
    },
    { ...platform, read: readWell },
  );
  if (automaticReload) reload.start((made) => transformers.use(made));
  return {
    options: { transformers, isFollowed: automaticReload, metrics: reload.metrics },
    close() {
      reload.stop();
      transformers.close();
    },
  };
}

/** A start that has failed, with what is wrong with the plugins that hold keys: without them it may well fail. Else the error as it is. */
export async function withKeyHealth(
  error: unknown,
  { encryption }: { encryption?: EncryptionOptions | undefined },
) {
  const health = await encryption?.transformers.keyHealth();
  if (health === undefined || error instanceof UserError) return error;
  return new UserError(
    `the server cannot start: ${(error as Error).message} (${health})`,
    'start what holds the keys first, where --encryption-provider-config says that it is',
  );
}

const unreadable = (file: string, { message }: Error) =>
  new Error(
    `error while parsing file: error while loading file: error reading encryption provider configuration file "${file}": ${message}`,
  );

/** What is wrong is said in upstream's words. */
async function transformersOf(
  text: string,
  {
    file,
    isFollowed,
    transformers,
  }: { file: string; isFollowed: boolean; transformers: ResourceTransformers },
): Promise<TransformerSet> {
  const parsing = 'error while parsing file';
  if (text === '')
    throw new Error(
      `${parsing}: error while loading file: encryption provider configuration file "${file}" is empty`,
    );
  const decoding = `${parsing}: error decoding encryption provider configuration file "${file}"`;
  const configuration = await during(decoding, () => decodeEncryption(parseYaml(text)));
  await during(parsing, () => checkEncryption(configuration, { isFollowed }));
  return during('error while building transformers', () => transformers.make(configuration));
}

/** Says of an error what was being done. */
async function during<T>(what: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
