import { readAbacPolicies } from '../apiserver/auth/authorization/abac.ts';
import type { ConfiguredAuthorizer } from '../apiserver/auth/authorization/chain.ts';
import {
  type AuthorizerConfiguration,
  type AuthorizerType,
  isAuthorizerType,
  readAuthorizationConfiguration,
  usualName,
} from '../apiserver/auth/authorization/configuration.ts';
import { aggregated } from '../machinery/go-text.ts';
import type { AuthorizationOptions } from '../apiserver/auth/security.ts';
import { parseYaml } from '../machinery/yaml.ts';
import type { Files } from '../platform/files.ts';
import { httpPoster } from '../platform/http-post.ts';
import type { Platform } from '../platform/platform.ts';
import { ConfigReload } from './config-reload.ts';
import { readServerConfig } from './server-kubeconfig.ts';
import { UserError } from './user-error.ts';

/** Who is asked what a user may do; the names are those of upstream's flags. */
export interface AuthorizationSettings {
  /** An `apiserver.config.k8s.io` AuthorizationConfiguration. */
  configFile?: string | undefined;
  /** The same in short; nodes' own rules and roles unless given. */
  modes?: readonly string[] | undefined;
  /** What mode ABAC allows, an object a line. */
  policyFile?: string | undefined;
  webhook?: WebhookSettings;
}

interface WebhookSettings {
  /** A kubeconfig that leads to the server that mode Webhook asks. */
  configFile?: string | undefined;
  version?: string | undefined;
  authorizedTtlMs?: number | undefined;
  unauthorizedTtlMs?: number | undefined;
}

/** What the API server is told of authorization, and what ends the calls for it. */
export interface Authorizing {
  options?: AuthorizationOptions;
  close(): void;
}

type Means = Pick<Platform, 'files' | 'clock' | 'log'>;

/** Reads the files that the settings name. Throws a UserError where one cannot be used. */
export async function readAuthorization(
  settings: AuthorizationSettings,
  platform: Means,
): Promise<Authorizing> {
  const { configFile, modes, policyFile } = settings;
  if (configFile) checkAlone(settings);
  else if (!modes && !policyFile && !settings.webhook?.configFile) return { close() {} };
  const text = configFile ? await platform.files.readText(configFile).catch(telling(configFile)) : '';
  const reading = configFile ? readConfigured(text, platform.files) : ofModes(settings);
  const chain = await reading.catch(telling(configFile));
  const servers = new WebhookServers(platform.files);
  const authorizers = await servers.open(chain).catch(telling(configFile));
  const abacPolicies = policyFile && (await readPolicies(policyFile, platform.files));
  const options = { authorizers, ...(abacPolicies && { abacPolicies }) };
  if (abacPolicies === undefined && chain.some(({ type }) => type === 'ABAC')) throw noPolicies();
  if (!configFile) return { options, close: () => servers.close() };
  const wanted = chain.map(({ type }) => type).filter((type) => type !== 'Webhook');
  const reload = new ConfigReload(
    {
      about: 'authorization',
      file: configFile,
      text,
      periodMs: reloadPeriodMs,
      failure: 'reloading authorization config',
    },
    {
      ...platform,
      read: async (now) => servers.open(await readConfigured(now, platform.files, wanted)),
    },
  );
  return {
    options: { ...options, follow: (use) => reload.start(use), metrics: reload.metrics },
    close() {
      reload.stop();
      servers.close();
    },
  };
}

const reloadPeriodMs = 1000;

const noPolicies = () => new UserError("authorization-mode ABAC's authorization policy file not passed");

const telling =
  (file = '') =>
  (error: Error): never => {
    throw new UserError(file ? `authorization configuration ${file}: ${error.message}` : error.message);
  };

function checkAlone({ modes, webhook = {} }: AuthorizationSettings): void {
  if (!modes && Object.values(webhook).every((value) => value === undefined)) return;
  throw new UserError(
    '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
  );
}

/** What is wrong is said in upstream's words. `wanted`: types that may not go missing. */
async function readConfigured(
  text: string,
  files: Pick<Files, 'stat'>,
  wanted?: readonly AuthorizerType[],
): Promise<AuthorizerConfiguration[]> {
  const fileError = async (path: string) => {
    const found = await files.stat(path);
    if (!found) return `error loading file: stat ${path}: no such file or directory`;
    return found.type === 'file' ? undefined : 'must be a regular file';
  };
  const compile = async (expressions: readonly string[], path: string) => {
    if (expressions.length === 0) return { errors: [] };
    const { compileMatchConditions } = await import('../apiserver/auth/authorization/match-conditions.ts');
    return compileMatchConditions(expressions, path);
  };
  return readAuthorizationConfiguration(parseYaml(text), { fileError, compile }, wanted);
}

/** What a webhook is by the flags: upstream's defaults. */
const ofFlags = { timeoutMs: 30_000, failurePolicy: 'NoOpinion' } as const;
const usualTtls = { authorizedTtlMs: 300_000, unauthorizedTtlMs: 30_000 };

async function ofModes(settings: AuthorizationSettings): Promise<AuthorizerConfiguration[]> {
  const { modes = ['Node', 'RBAC'], webhook = {} } = settings;
  const errors = modeErrors(modes, settings);
  if (errors.length > 0) throw new Error(aggregated(errors));
  const { configFile, version = 'v1beta1', authorizedTtlMs, unauthorizedTtlMs } = webhook;
  return (modes as AuthorizerType[]).map((type) =>
    type === 'Webhook'
      ? {
          type,
          name: 'default',
          webhook: {
            ...ofFlags,
            authorizedTtlMs: authorizedTtlMs ?? usualTtls.authorizedTtlMs,
            unauthorizedTtlMs: unauthorizedTtlMs ?? usualTtls.unauthorizedTtlMs,
            subjectAccessReviewVersion: version,
            kubeConfigFile: configFile,
          },
        }
      : { type, name: usualName(type) },
  );
}

function modeErrors(modes: readonly string[], { policyFile, webhook = {} }: AuthorizationSettings): string[] {
  const { configFile, version = 'v1beta1' } = webhook;
  const has = (mode: string) => modes.includes(mode);
  const wrong: [boolean, string][] = [
    [modes.length === 0, 'at least one authorization-mode must be passed'],
    ...modes.map((mode): [boolean, string] => [
      !isAuthorizerType(mode),
      `authorization-mode "${mode}" is not a valid mode`,
    ]),
    [has('ABAC') && !policyFile, noPolicies().message],
    [has('Webhook') && !configFile, "authorization-mode Webhook's authorization config file not passed"],
    [!!policyFile && !has('ABAC'), 'cannot specify --authorization-policy-file without mode ABAC'],
    [
      !!configFile && !has('Webhook'),
      'cannot specify --authorization-webhook-config-file without mode Webhook',
    ],
    [
      new Set(modes).size < modes.length,
      `authorization-mode ["${modes.join('" "')}"] has mode specified more than once`,
    ],
    [
      version !== 'v1' && version !== 'v1beta1',
      `unsupported webhook authorizer version "${version}", supported versions are "v1", "v1beta1"`,
    ],
  ];
  return wrong.flatMap(([isWrong, why]) => (isWrong ? [why] : []));
}

async function readPolicies(file: string, files: Pick<Files, 'readText'>) {
  try {
    return readAbacPolicies(await files.readText(file), file);
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}

/** The ways to the servers of webhooks. */
class WebhookServers {
  readonly #files: Pick<Files, 'readText'>;
  #open: { close(): void }[] = [];
  /** Of the configuration before, which may still be asked. */
  #old: { close(): void }[] = [];

  constructor(files: Pick<Files, 'readText'>) {
    this.#files = files;
  }

  /** Those of one configuration; what was open for the one before the last is closed. */
  async open(chain: readonly AuthorizerConfiguration[]): Promise<ConfiguredAuthorizer[]> {
    const opened: { close(): void }[] = [];
    const authorizers: ConfiguredAuthorizer[] = [];
    for (const one of chain) {
      if (!one.webhook) authorizers.push(one);
      else {
        const { url, tls, headers } = await this.#told(one.webhook.kubeConfigFile);
        const poster = httpPoster(tls);
        opened.push(poster);
        authorizers.push({ ...one, server: { url, headers, poster } });
      }
    }
    for (const poster of this.#old) poster.close();
    this.#old = this.#open;
    this.#open = opened;
    return authorizers;
  }

  #told(file: string | undefined) {
    if (file) return readServerConfig(file, this.#files);
    throw new Error(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    );
  }

  close(): void {
    for (const poster of [...this.#old, ...this.#open]) poster.close();
  }
}
