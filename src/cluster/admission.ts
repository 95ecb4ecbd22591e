import type { AdmissionPlugin } from '../apiserver/admission/admission.ts';
import { checkChoice } from '../apiserver/admission/choose-plugins.ts';
import { defaultAdmission, optionalAdmission } from '../apiserver/admission/plugins.ts';
import { readPodSecurity } from '../apiserver/admission/pod-security/configuration.ts';
import { podSecurityAs } from '../apiserver/admission/pod-security/pod-security.ts';
import type { ApiServerOptions } from '../apiserver/server.ts';
import { parseYaml } from '../machinery/yaml.ts';
import type { Files } from '../platform/files.ts';
import { UserError } from './user-error.ts';

/** Which admission plugins there are, and how they are set; the names are those of upstream's flags. */
export interface AdmissionSettings {
  enable?: readonly string[] | undefined;
  disable?: readonly string[] | undefined;
  /** An `apiserver.config.k8s.io/v1` AdmissionConfiguration. */
  configFile?: string | undefined;
}

type Admission = Pick<ApiServerOptions, 'admission' | 'disabledPlugins'>;

/** The plugins of a server. Throws a UserError where what is wanted cannot be had. */
export async function readAdmission(
  { enable = [], disable = [], configFile }: AdmissionSettings,
  files: Pick<Files, 'readText'>,
): Promise<Admission> {
  const all = [...defaultAdmission, ...optionalAdmission];
  try {
    checkChoice({ enable, disable }, all);
  } catch (error) {
    throw new UserError((error as Error).message);
  }
  const wanted = optionalAdmission.filter(({ name }) => enable.includes(name));
  const configured = configFile ? await configuredBy(configFile, files) : [];
  const told = (plugin: AdmissionPlugin) => configured.find(({ name }) => name === plugin.name) ?? plugin;
  return { admission: [...defaultAdmission, ...wanted].map(told), disabledPlugins: disable };
}

interface PluginConfiguration {
  name?: string;
  path?: string;
  configuration?: unknown;
}

async function configuredBy(file: string, files: Pick<Files, 'readText'>): Promise<AdmissionPlugin[]> {
  try {
    const read = (parseYaml(await files.readText(file)) ?? {}) as {
      apiVersion?: string;
      kind?: string;
      plugins?: PluginConfiguration[];
    };
    if (read.kind !== 'AdmissionConfiguration' || read.apiVersion !== 'apiserver.config.k8s.io/v1')
      throw new Error(`no kind "${read.kind}" is registered for version "${read.apiVersion}"`);
    const dir = file.replace(/[^/]*$/, '');
    return await Promise.all((read.plugins ?? []).map((one) => configured(one, { dir, files })));
  } catch (error) {
    throw new UserError(`admission control configuration ${file}: ${(error as Error).message}`);
  }
}

async function configured(
  { name = '', path, configuration }: PluginConfiguration,
  { dir, files }: { dir: string; files: Pick<Files, 'readText'> },
): Promise<AdmissionPlugin> {
  if (name !== 'PodSecurity') throw new Error(`the plugin "${name}" cannot be configured`);
  const at = path?.startsWith('/') ? path : `${dir}${path}`;
  const said = configuration ?? (path ? parseYaml(await files.readText(at)) : undefined);
  return podSecurityAs(readPodSecurity(said));
}
