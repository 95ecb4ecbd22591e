import type { CredentialsFor, WebhookCredentials } from '../apiserver/admission/webhooks/caller.ts';
import { parseYaml } from '../machinery/yaml.ts';
import type { Files } from '../platform/files.ts';
import type { ClientTls } from '../platform/http-client.ts';
import { beside } from './beside.ts';

/** Where a server is and how it is talked to, as a kubeconfig file says it. */
export interface ToldServer {
  url: URL;
  tls: ClientTls;
  /** What shows who asks, where it is no certificate. */
  headers: Record<string, string>;
}

interface Named {
  name?: string;
  cluster?: Record<string, string | boolean | undefined>;
  user?: Record<string, string | undefined>;
  context?: { cluster?: string; user?: string };
}

interface ConfigFile {
  clusters?: Named[];
  users?: Named[];
  contexts?: Named[];
  'current-context'?: string;
}

/** The file that is read, and what reads those that it names. */
interface Origin {
  path: string;
  files: Pick<Files, 'readText'>;
}

/** Reads a kubeconfig file that leads to a server of the user's own. Throws an Error that says what is wrong with it. */
export async function readServerConfig(path: string, files: Pick<Files, 'readText'>): Promise<ToldServer> {
  const config = (parseYaml(await files.readText(path)) ?? {}) as ConfigFile;
  const wanted = config['current-context'] ?? '';
  if (!wanted && !config.contexts?.length)
    throw new Error('invalid configuration: no configuration has been provided');
  const { context } = named(config.contexts, wanted, 'context');
  const { cluster = {} } = named(config.clusters, context?.cluster ?? '', 'cluster');
  const { user = {} } = context?.user ? named(config.users, context.user, 'user') : {};
  if (typeof cluster.server !== 'string') throw new Error('the cluster has no server');
  const from = { path, files };
  const ca = await material(cluster, 'certificate-authority', from);
  const { cert, key, headers } = await credentialsOf(user, from);
  const serverName = cluster['tls-server-name'];
  return {
    url: new URL(cluster.server),
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(typeof serverName === 'string' && { serverName }),
      insecure: cluster['insecure-skip-tls-verify'] === true,
    },
    headers,
  };
}

/** Reads of a kubeconfig file who this server is to each of the servers that it asks. Throws an Error that says what is wrong with it. */
export async function readCredentials(path: string, files: Pick<Files, 'readText'>): Promise<CredentialsFor> {
  const config = (parseYaml(await files.readText(path)) ?? {}) as ConfigFile;
  const from = { path, files };
  const users = new Map<string, WebhookCredentials>();
  for (const { name = '', user = {} } of config.users ?? []) users.set(name, await credentialsOf(user, from));
  const current = config.contexts?.find(({ name }) => name === config['current-context'])?.context?.user;
  const usual = users.get('*') ?? users.get(current ?? '');
  return (target) => {
    const names = namesFor(target).concat(target.endsWith(':443') ? namesFor(target.slice(0, -4)) : []);
    const found = names.find((name) => users.has(name));
    return found === undefined ? usual : users.get(found);
  };
}

/** What a server may be called in such a file: by its name, or by the end of it. */
function namesFor(target: string): string[] {
  const steps = target.split('.');
  return [target, ...steps.slice(1).map((_, i) => `*.${steps.slice(i + 1).join('.')}`)];
}

async function credentialsOf(user: Named['user'] & object, from: Origin): Promise<WebhookCredentials> {
  const [cert, key, token] = await Promise.all([
    material(user, 'client-certificate', from),
    material(user, 'client-key', from),
    user.tokenFile ? from.files.readText(beside(from.path, user.tokenFile)) : user.token,
  ]);
  return {
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    headers: authorization(user, token?.trim()),
  };
}

function named(list: readonly Named[] | undefined, name: string, what: string): Named {
  const found = list?.find((one) => one.name === name);
  if (!found) throw new Error(`there is no ${what} ${JSON.stringify(name)}`);
  return found;
}

/** What stands in the file itself, or in another that it names. */
async function material(
  part: Named['cluster'] & object,
  field: string,
  { path, files }: Origin,
): Promise<string | undefined> {
  const inline = part[`${field}-data`];
  if (typeof inline === 'string' && inline !== '') return Buffer.from(inline, 'base64').toString();
  const file = part[field];
  return typeof file === 'string' && file !== '' ? files.readText(beside(path, file)) : undefined;
}

function authorization(user: Named['user'] & object, token: string | undefined): Record<string, string> {
  if (token) return { authorization: `Bearer ${token}` };
  if (!user.username) return {};
  const pair = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}
