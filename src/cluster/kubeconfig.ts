import { parseYaml } from '../machinery/yaml.ts';
import type { Files } from '../platform/files.ts';
import type { Platform } from '../platform/platform.ts';
import type { KeyPair } from './pki.ts';
import { UserError } from './user-error.ts';

/** What a kubeconfig leads to. */
export interface KubeconfigOptions {
  /** Name of the cluster, user and context. */
  name: string;
  server: string;
  /** The cluster's authority, PEM. */
  authority: string;
  client: KeyPair;
  /** The name that is asked for, where the server has another certificate for its own. */
  serverName?: string | undefined;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A kubeconfig with everything inline, as YAML (JSON is YAML, and needs no library to write). */
export function kubeconfig(options: KubeconfigOptions): string {
  const { name, server, authority, client, serverName } = options;
  const cluster = {
    server,
    'certificate-authority-data': base64(authority),
    ...(serverName !== undefined && { 'tls-server-name': serverName }),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [
      {
        name: `${name}-admin`,
        user: {
          'client-certificate-data': base64(client.certificate),
          'client-key-data': base64(client.key),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: `${name}-admin` } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/**
 * Throws a `UserError` where the file that is to be a cluster's kubeconfig is another, which would be lost with all the clusters that it leads
 * to. One that was written here is known by its names, also after kubectl has changed it.
 */
export async function refuseOtherKubeconfig(path: string, files: Pick<Files, 'readText'>): Promise<void> {
  const text = await files.readText(path).catch(() => '');
  if (text.trim() === '' || isOwn(text)) return;
  throw new UserError(
    `${path} holds something else, which would be lost`,
    'give --kubeconfig another file; kubectl reads several with KUBECONFIG=one:other',
  );
}

/**
 * Writes a cluster's kubeconfig. Where one of the same cluster stands, what a person has made of it stays: the namespace
 * somebody works in, further contexts, clusters and users, and what was added to the entries.
 */
export async function writeKubeconfig(
  path: string,
  text: string,
  files: Pick<Files, 'readText' | 'writeAtomic'>,
): Promise<void> {
  const kept = parsed(await files.readText(path).catch(() => ''));
  await files.writeAtomic(path, kept ? withOthersOf(kept, text) : text, { mode: 0o600 });
}

/** What a kubeconfig is made of, which may change while it is kept. */
export interface KubeconfigSource {
  /** The kubeconfig as it is now, as written here. */
  readonly kubeconfig: string;
  /** Told whenever certificates have been renewed; called again later where it rejects. */
  onRenewed(listener: () => Promise<void>): void;
}

/** Writes a cluster's kubeconfig, and its certificate again whenever that is renewed. */
export async function keepKubeconfig(
  path: string,
  source: KubeconfigSource,
  { files, log }: Pick<Platform, 'files' | 'log'>,
): Promise<void> {
  let written = source.kubeconfig;
  await writeKubeconfig(path, written, files);
  source.onRenewed(async () => {
    const now = source.kubeconfig;
    if (now === written) return;
    const isOurs = await renewKubeconfig(path, { was: written, now }, files);
    written = now;
    if (isOurs) log.info('the kubeconfig has a new certificate', { path });
    else log.warn('the kubeconfig is left as it is: it shows another certificate by now', { path });
  });
}

/**
 * Puts the user's new certificate in the place of the old one, and changes nothing else. Tells whether the old one was there: what
 * shows another is somebody's own, and whoever may read the file had the old key already.
 */
async function renewKubeconfig(
  path: string,
  { was, now }: { was: string; now: string },
  files: Pick<Files, 'readText' | 'writeAtomic' | 'stat'>,
): Promise<boolean> {
  const [before, after] = [was, now].map((text) => (JSON.parse(text) as ConfigFile).users?.[0]);
  const kept = parsed(await files.readText(path).catch(() => ''));
  const user = kept && named(kept.users, after?.name)?.user;
  if (!kept || user?.['client-key-data'] !== before?.user?.['client-key-data']) return false;
  Object.assign(user ?? {}, after?.user);
  const { mode, uid, gid } = (await files.stat(path)) ?? {};
  await files.writeAtomic(path, textOf(kept), { mode: mode ?? 0o600, uid, gid });
  return true;
}

const textOf = (config: ConfigFile) => `${JSON.stringify(config, undefined, 2)}\n`;

function withOthersOf(kept: ConfigFile, text: string): string {
  const fresh = JSON.parse(text) as Required<ConfigFile>;
  const [cluster, user] = [fresh.clusters[0] as Named, fresh.users[0] as Named];
  if (!named(kept.clusters, cluster.name) || !named(kept.users, user.name)) return text;
  const contexts = kept.contexts?.length ? kept.contexts : fresh.contexts;
  const current = named(contexts, kept['current-context']) ?? contexts[0];
  const clusters = kept.clusters?.map((one) => (one.name === cluster.name ? joined(one, cluster) : one));
  const users = kept.users?.map((one) => (one.name === user.name ? joined(one, user) : one));
  return textOf({ ...kept, ...{ clusters, users, contexts }, 'current-context': current?.name });
}

/** An entry with what a person has added to it. */
const joined = (kept: Named, fresh: Named): Named => ({
  ...kept,
  ...(fresh.cluster && { cluster: { ...kept.cluster, ...fresh.cluster } }),
  ...(fresh.user && { user: { ...kept.user, ...fresh.user } }),
});

const named = (list: readonly Named[] | undefined, name: unknown): Named | undefined =>
  list?.find((one) => one.name === name);

interface ConfigFile {
  clusters?: Named[];
  users?: Named[];
  contexts?: Named[];
  'current-context'?: unknown;
}

interface Named {
  name?: unknown;
  cluster?: Record<string, unknown>;
  user?: Record<string, unknown>;
}

/** A kubeconfig, with its lists for what they are; undefined where the text is none. */
function parsed(text: string): ConfigFile | undefined {
  try {
    const config = parseYaml(text) as ConfigFile | null;
    const lists = [config?.clusters, config?.users, config?.contexts];
    const areLists = lists.every((list) => list == null || (Array.isArray(list) && list.every(isNamed)));
    return config && typeof config === 'object' && areLists ? config : undefined;
  } catch {
    return undefined;
  }
}

const isNamed = (one: unknown) => typeof one === 'object' && one !== null;

/** Whether a kubeconfig was written here, also where kubectl has changed it, and leads nowhere else. */
function isOwn(text: string): boolean {
  const { clusters, users } = parsed(text) ?? {};
  return clusters?.length === 1 && users?.length === 1 && users[0]?.name === `${clusters[0]?.name}-admin`;
}
