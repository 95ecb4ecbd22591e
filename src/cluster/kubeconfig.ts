import { parseYaml } from '../machinery/yaml.ts';
import type { Files } from '../platform/files.ts';
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
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A kubeconfig with everything inline, as YAML (JSON is YAML, and needs no library to write). */
export function kubeconfig(options: KubeconfigOptions): string {
  const { name, server, authority, client } = options;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(authority) } }],
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
  if (text.trim() === '' || ownConfig(text)) return;
  throw new UserError(
    `${path} holds something else, which would be lost`,
    'give --kubeconfig another file; kubectl reads several with KUBECONFIG=one:other',
  );
}

/**
 * Writes a cluster's kubeconfig. Where one of the same cluster stands, what kubectl has made of its contexts stays: the
 * namespace that somebody works in, and further contexts.
 */
export async function writeKubeconfig(
  path: string,
  text: string,
  files: Pick<Files, 'readText' | 'writeAtomic'>,
): Promise<void> {
  const kept = ownConfig(await files.readText(path).catch(() => ''));
  await files.writeAtomic(path, kept ? withContextsOf(kept, text) : text, { mode: 0o600 });
}

function withContextsOf(before: ConfigFile, text: string): string {
  const fresh = JSON.parse(text) as ConfigFile;
  const { contexts } = before;
  const isSame = before.clusters[0]?.name === fresh.clusters[0]?.name;
  if (!isSame || !Array.isArray(contexts) || contexts.length === 0) return text;
  const current = contexts.find(({ name }) => name === before['current-context']) ?? contexts[0];
  const config = { ...fresh, contexts, 'current-context': current?.name };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

interface ConfigFile {
  clusters: Named[];
  users: Named[];
  contexts?: Named[];
  'current-context'?: unknown;
}

interface Named {
  name?: unknown;
}

/** A kubeconfig that was written here, also after kubectl has changed it; undefined where the text is another. */
function ownConfig(text: string): ConfigFile | undefined {
  try {
    const config = parseYaml(text) as ConfigFile;
    const { clusters, users } = config;
    const hasOne = clusters.length === 1 && users.length === 1;
    return hasOne && users[0]?.name === `${clusters[0]?.name}-admin` ? config : undefined;
  } catch {
    return undefined;
  }
}
