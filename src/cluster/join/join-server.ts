import { scrypt } from 'node:crypto';
import { rolebindings, roles, secrets } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import { ignoring, StatusError } from '../../machinery/status-error.ts';
import type { Platform } from '../../platform/platform.ts';
import { isLoopbackUrl } from '../loopback-url.ts';
import type { EtcdOptions, StoreOptions } from '../options.ts';
import { UserError } from '../user-error.ts';
import { type BootstrapToken, formatToken, tokenSecret, tokenUsages } from './bootstrap-token.ts';
import { connect, discoverAuthority, joinError } from './join.ts';
import { seal, unseal } from './shared-pki.ts';

/**
 * How a further server comes to its cluster from nothing but the URL of a running one and the server token. The token is
 * stretched (scrypt) into a join token of a group of its own: by that one `cluster-info` is signed, which pins the authority
 * of the cluster, and its holder may read one Secret, in which the way to the store lies sealed with the server token
 * itself. The identity of the cluster is then in the store. A server token that a person makes up should be long: who reads
 * `cluster-info` can try words against the signature.
 */

/** The way to the store that servers share; PEM. */
interface SharedStore {
  servers: string[];
  ca?: string;
  cert?: string;
  key?: string;
}

const name = 'k8ts-server-join';
const namespace = 'kube-system';
const group = 'system:bootstrappers:k8ts:server';
const cause = { reason: 'further servers can join the cluster' };
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** The join token that belongs to a server token. */
export function serverJoinToken(token: string): Promise<BootstrapToken> {
  const cost = { N: 16_384, r: 8, p: 1 };
  return new Promise((resolve, reject) => {
    // Two bytes a character: what is left of a byte over 36 would favour some of them.
    scrypt(token, 'k8ts server join token', 44, cost, (error, bytes) => {
      if (error) return reject(error);
      const text = Array.from({ length: 22 }, (_, i) => alphabet[bytes.readUInt16BE(i * 2) % 36]).join('');
      resolve({ id: text.slice(0, 6), secret: text.slice(6) });
    });
  });
}

async function ensure<T extends KubernetesObject>(client: Client, resource: Resource<T>, object: T) {
  await client.of(resource).create(object, { cause }).catch(ignoring('AlreadyExists'));
}

async function pem(path: string | undefined, { files }: Pick<Platform, 'files'>) {
  return path === undefined ? undefined : files.readText(path);
}

/** What the servers of this cluster share: nothing but its name where a server keeps the store itself. */
async function sharedStore({ store, etcd }: StoreOptions, world: Pick<Platform, 'files'>): Promise<string> {
  if (store !== 'etcd' || !etcd) return JSON.stringify({ servers: [] } satisfies SharedStore);
  const { servers, caFile, certFile, keyFile } = etcd;
  const [ca, cert, key] = [await pem(caFile, world), await pem(certFile, world), await pem(keyFile, world)];
  return JSON.stringify({ servers: [...servers], ca, cert, key } satisfies SharedStore);
}

/** Lets further servers join by this cluster's server token. */
export async function offerToServers(
  client: Client,
  { token, store }: { token: string; store: StoreOptions },
  world: Pick<Platform, 'files' | 'random'>,
): Promise<void> {
  const metadata = { namespace, name };
  const apiGroup = 'rbac.authorization.k8s.io';
  const rules = [{ apiGroups: [''], resources: ['secrets'], resourceNames: [name], verbs: ['get'] }];
  await ensure(client, roles, { metadata, rules });
  await ensure(client, rolebindings, {
    metadata,
    roleRef: { apiGroup, kind: 'Role', name },
    subjects: [{ kind: 'Group', apiGroup, name: group }],
  });
  const draft = { token: await serverJoinToken(token), usages: tokenUsages, groups: [group] };
  await ensure(
    client,
    secrets,
    tokenSecret({ ...draft, description: 'further servers: k8ts server --server' }),
  );
  const plain = await sharedStore(store, world);
  const found = await client.of(secrets).get(metadata).catch(ignoring('NotFound'));
  const known = await unsealed(found?.data, token);
  if (known === plain) return;
  const sealed = await seal({ store: plain }, token, world);
  const data = { sealed: Buffer.from(sealed).toString('base64') };
  if (found)
    await client.of(secrets).patch(metadata, { data }, { type: 'application/merge-patch+json', cause });
  else await ensure(client, secrets, { metadata, type: 'Opaque', data });
}

async function unsealed(data: Record<string, string> | undefined, token: string) {
  const sealed = data?.sealed;
  if (sealed === undefined) return undefined;
  return (await unseal(Buffer.from(sealed, 'base64').toString(), token).catch(() => undefined))?.store;
}

export interface FindStoreOptions {
  /** URLs of running servers. */
  servers: readonly string[];
  token: string;
  dataDir: string;
  platform: Platform;
}

const keptPath = (dataDir: string) => `${dataDir}/etcd/store.json`;

/** The way to the store that an earlier start of this server was told. */
export async function keptStore(
  dataDir: string,
  { files }: Pick<Platform, 'files'>,
): Promise<EtcdOptions | undefined> {
  const path = keptPath(dataDir);
  return (await files.exists(path)) ? (JSON.parse(await files.readText(path)) as EtcdOptions) : undefined;
}

/** Asks a running server for the way to the store, and keeps it. Throws a `UserError` that says what to do where it cannot be. */
export async function findStore(options: FindStoreOptions): Promise<EtcdOptions> {
  const store = await ask(options);
  const where = options.servers.join(', ');
  if (store.servers.length === 0)
    throw new UserError(
      `the server at ${where} keeps the cluster by itself: no further server can share its store`,
      'move it to an etcd: k8ts migrate --from embedded --to etcd',
    );
  const isFar = !options.servers.some(isLoopbackUrl);
  if (isFar && store.servers.every(isLoopbackUrl))
    throw new UserError(
      `the servers know their etcd by ${store.servers.join(', ')} alone, which leads to this machine from here`,
      'start the first server with --etcd-servers and addresses that other machines reach',
    );
  return keep(store, options);
}

async function ask({ servers, token, platform }: FindStoreOptions): Promise<SharedStore> {
  const wrong = new UserError(
    `the server at ${servers.join(', ')} does not know this server token`,
    'give --token what stands in the file server-token in the data directory of a running server',
  );
  const joinToken = await serverJoinToken(token);
  const authority = await discoverAuthority({ servers, token: joinToken, hashes: [], platform }).catch(
    (error: Error) => {
      throw error.message.includes(` ${joinToken.id}`) ? wrong : error;
    },
  );
  const { client, close } = connect(servers, { tls: { ca: authority }, token: formatToken(joinToken) });
  try {
    const { data } = await client.of(secrets).get({ namespace, name });
    const store = await unsealed(data, token);
    if (store === undefined) throw wrong;
    return JSON.parse(store) as SharedStore;
  } catch (error) {
    const isRefused = error instanceof StatusError && (error.code === 401 || error.code === 403);
    throw isRefused ? wrong : joinError(error as Error, '');
  } finally {
    close();
  }
}

async function keep(store: SharedStore, { dataDir, platform }: FindStoreOptions): Promise<EtcdOptions> {
  const { files } = platform;
  await files.makeDir(`${dataDir}/etcd`, { mode: 0o700 });
  const write = async (file: string, text: string | undefined) => {
    if (text === undefined) return undefined;
    const path = `${dataDir}/etcd/${file}`;
    await files.writeAtomic(path, text, { mode: 0o600 });
    return path;
  };
  const options: EtcdOptions = {
    servers: store.servers,
    caFile: await write('ca.pem', store.ca),
    certFile: await write('client.pem', store.cert),
    keyFile: await write('client-key.pem', store.key),
  };
  await write('store.json', `${JSON.stringify(options, undefined, 2)}\n`);
  return options;
}
