import type { AdmissionPlugin } from '../apiserver/admission/admission.ts';
import { checkChoice } from '../apiserver/admission/choose-plugins.ts';
import { defaultAdmission, optionalAdmission } from '../apiserver/admission/plugins.ts';
import { readPodSecurity } from '../apiserver/admission/pod-security/configuration.ts';
import { podSecurityAs } from '../apiserver/admission/pod-security/pod-security.ts';
import type { CredentialsFor } from '../apiserver/admission/webhooks/caller.ts';
import type { ApiServerOptions } from '../apiserver/server.ts';
import { parseYaml } from '../machinery/yaml.ts';
import type { Files } from '../platform/files.ts';
import { beside } from './beside.ts';
import { readCredentials } from './server-kubeconfig.ts';
import { UserError } from './user-error.ts';

/** Which admission plugins there are, and how they are set; the names are those of upstream's flags. */
export interface AdmissionSettings {
  enable?: readonly string[] | undefined;
  disable?: readonly string[] | undefined;
  /** An `apiserver.config.k8s.io/v1` AdmissionConfiguration. */
  configFile?: string | undefined;
}

type Admission = Pick<ApiServerOptions, 'admission' | 'disabledPlugins' | 'webhookCredentials'>;

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
  const { podSecurity, webhookCredentials }: Configured = configFile
    ? await configuredBy(configFile, files)
    : {};
  const told = (plugin: AdmissionPlugin) => (plugin.name === podSecurity?.name ? podSecurity : plugin);
  return {
    admission: [...defaultAdmission, ...wanted].map(told),
    disabledPlugins: disable,
    ...(webhookCredentials && { webhookCredentials }),
  };
}

interface PluginConfiguration {
  name?: string;
  path?: string;
  configuration?: unknown;
}

/** What a configuration changes. */
interface Configured {
  podSecurity?: AdmissionPlugin;
  webhookCredentials?: Record<string, CredentialsFor>;
}

async function configuredBy(file: string, files: Pick<Files, 'readText'>): Promise<Configured> {
  try {
    const read = (parseYaml(await files.readText(file)) ?? {}) as {
      apiVersion?: string;
      kind?: string;
      plugins?: PluginConfiguration[];
    };
    if (read.kind !== 'AdmissionConfiguration' || read.apiVersion !== 'apiserver.config.k8s.io/v1')
      throw new Error(`no kind "${read.kind}" is registered for version "${read.apiVersion}"`);
    const into: Configured = {};
    for (const one of read.plugins ?? []) await configure(one, { file, files, into });
    return into;
  } catch (error) {
    throw new UserError(`admission control configuration ${file}: ${(error as Error).message}`);
  }
}

const webhookPlugins = ['MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'];

interface Configuring {
  /** The configuration's own. */
  file: string;
  files: Pick<Files, 'readText'>;
  into: Configured;
}

async function configure(
  { name = '', path, configuration }: PluginConfiguration,
  { file, files, into }: Configuring,
): Promise<void> {
  const said = configuration ?? (path ? parseYaml(await files.readText(beside(file, path))) : undefined);
  if (name === 'PodSecurity') {
    into.podSecurity = podSecurityAs(readPodSecurity(said));
  } else if (webhookPlugins.includes(name)) {
    const file = kubeconfigOf(said);
    const credentials = await readCredentials(file, files);
    into.webhookCredentials = { ...into.webhookCredentials, [name]: credentials };
  } else throw new Error(`the plugin "${name}" cannot be configured`);
}

/** Of the two names of the kind, the first is that of old. */
const webhookKinds = new Map([
  ['WebhookAdmission', 'apiserver.config.k8s.io/v1alpha1'],
  ['WebhookAdmissionConfiguration', 'apiserver.config.k8s.io/v1'],
]);

function kubeconfigOf(read: unknown): string {
  const { apiVersion, kind, kubeConfigFile } = (read ?? {}) as Record<string, string | undefined>;
  if (apiVersion === undefined || webhookKinds.get(kind ?? '') !== apiVersion)
    throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
  if (!kubeConfigFile) throw new Error('kubeConfigFile: Required value');
  if (!kubeConfigFile.startsWith('/'))
    throw new Error(
      `kubeConfigFile: Invalid value: ${JSON.stringify(kubeConfigFile)}: must be an absolute file path`,
    );
  return kubeConfigFile;
}
