import type { AdmissionPlugin } from '../apiserver/admission/admission.ts';
import { checkChoice } from '../apiserver/admission/choose-plugins.ts';
import {
  defaultTolerationSeconds,
  defaultTolerationSecondsOf,
  usualTolerations,
} from '../apiserver/admission/default-toleration-seconds.ts';
import { eventRateLimit, readEventLimits } from '../apiserver/admission/event-rate-limit.ts';
import { readLimitedResources } from '../apiserver/admission/limited-resources.ts';
import { isOn, offeredAdmission } from '../apiserver/admission/plugins.ts';
import { podNodeSelector, readPodNodeSelector } from '../apiserver/admission/pod-node-selector.ts';
import { readPodSecurity } from '../apiserver/admission/pod-security/configuration.ts';
import { podSecurityAs } from '../apiserver/admission/pod-security/pod-security.ts';
import {
  podTolerationRestriction,
  readTolerationConfiguration,
} from '../apiserver/admission/pod-toleration-restriction.ts';
import { resourceQuotaWith } from '../apiserver/admission/resource-quota.ts';
import type { CredentialsFor } from '../apiserver/admission/webhooks/caller.ts';
import { expectKind } from '../machinery/configuration-kind.ts';
import type { ApiServerOptions } from '../apiserver/server.ts';
import { parseYaml } from '../machinery/yaml.ts';
import type { Clock } from '../platform/clock.ts';
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
  /** How long pods stay on a node that is not ready, or has gone silent; 300 each unless given. */
  notReadyTolerationSeconds?: number | undefined;
  unreachableTolerationSeconds?: number | undefined;
}

type Admission = Pick<
  ApiServerOptions,
  'admission' | 'enabledPlugins' | 'disabledPlugins' | 'webhookCredentials'
>;

interface Means {
  files: Pick<Files, 'readText'>;
  clock: Pick<Clock, 'monotonic'>;
}

const tolerating = ({ notReadyTolerationSeconds, unreachableTolerationSeconds }: AdmissionSettings) =>
  defaultTolerationSecondsOf({
    notReadySeconds: notReadyTolerationSeconds ?? usualTolerations.notReadySeconds,
    unreachableSeconds: unreachableTolerationSeconds ?? usualTolerations.unreachableSeconds,
  });

/** The plugins of a server. Throws a UserError where what is wanted cannot be had. */
export async function readAdmission(
  { enable = [], disable = [], configFile, ...tolerations }: AdmissionSettings,
  means: Means,
): Promise<Admission> {
  try {
    checkChoice({ enable, disable }, offeredAdmission);
  } catch (error) {
    throw new UserError((error as Error).message);
  }
  const { plugins, webhookCredentials } = configFile ? await configuredBy(configFile, means) : nothing;
  if (enable.includes('EventRateLimit') && !plugins.has('EventRateLimit'))
    throw new UserError('the admission plugin "EventRateLimit" needs limits: limits: must not be empty');
  return {
    admission: offeredAdmission
      .filter((plugin) => isOn(plugin, enable))
      .map((plugin) => (plugin === defaultTolerationSeconds ? tolerating(tolerations) : plugin))
      .map((plugin) => plugins.get(plugin.name) ?? plugin),
    enabledPlugins: enable,
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
  /** By their names. */
  plugins: Map<string, AdmissionPlugin>;
  webhookCredentials?: Record<string, CredentialsFor>;
}

const nothing: Configured = { plugins: new Map() };

async function configuredBy(file: string, means: Means): Promise<Configured> {
  try {
    const read = parseYaml(await means.files.readText(file));
    expectKind(read, { kind: 'AdmissionConfiguration', apiVersions: ['apiserver.config.k8s.io/v1'] });
    const into: Configured = { plugins: new Map() };
    const { plugins = [] } = read as { plugins?: PluginConfiguration[] };
    for (const one of plugins) await configure(one, { file, means, into });
    return into;
  } catch (error) {
    throw new UserError(`admission control configuration ${file}: ${(error as Error).message}`);
  }
}

const webhookPlugins = ['MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'];

interface Configuring {
  /** The configuration's own. */
  file: string;
  means: Means;
  into: Configured;
}

/** The plugins that can be told something. */
const configurable: Record<string, (told: unknown, clock: Means['clock']) => AdmissionPlugin> = {
  EventRateLimit: (told, clock) => eventRateLimit(readEventLimits(told), clock),
  PodNodeSelector: (told) => podNodeSelector(readPodNodeSelector(told)),
  PodSecurity: (told) => podSecurityAs(readPodSecurity(told)),
  ResourceQuota: (told) => resourceQuotaWith(readLimitedResources(told)),
  PodTolerationRestriction: (told) => podTolerationRestriction(readTolerationConfiguration(told)),
};

async function configure(
  { name = '', path, configuration }: PluginConfiguration,
  { file, means, into }: Configuring,
): Promise<void> {
  const { files, clock } = means;
  const said = configuration ?? (path ? parseYaml(await files.readText(beside(file, path))) : undefined);
  const make = configurable[name];
  if (make) into.plugins.set(name, make(said, clock));
  else if (webhookPlugins.includes(name)) {
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
  const { kind, kubeConfigFile } = (read ?? {}) as Record<string, string | undefined>;
  const known = [...webhookKinds.keys()].find((name) => name === kind) ?? 'WebhookAdmissionConfiguration';
  expectKind(read, { kind: known, apiVersions: [webhookKinds.get(known) as string] });
  if (!kubeConfigFile) throw new Error('kubeConfigFile: Required value');
  if (!kubeConfigFile.startsWith('/'))
    throw new Error(
      `kubeConfigFile: Invalid value: ${JSON.stringify(kubeConfigFile)}: must be an absolute file path`,
    );
  return kubeConfigFile;
}
