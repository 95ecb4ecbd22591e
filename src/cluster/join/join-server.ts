import { scrypt } from 'node:crypto';
import { rolebindings, roles, secrets } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import { ignoring, StatusError } from '../../machinery/status-error.ts';
import type { Platform } from '../../platform/platform.ts';
import { isLoopbackUrl } from '../loopback-url.ts';
import type { EtcdOptions } from '../options.ts';
import { UserError } from '../user-error.ts';
import { type BootstrapToken, formatToken, tokenSecret, tokenUsages } from './bootstrap-token.ts';
import { connect, discoverAuthority, joinError } from './join.ts';
import { keepStore, type SharedStore, toldStore, wayToStore } from './shared-store.ts';

/**
 * How a further server comes to its cluster from nothing but the URL of a running one and the server token. The token is
 * stretched (scrypt) into a join token of a group of its own: by that one `cluster-info` is signed, which pins the authority
 * of the cluster, and its holder may read one Secret, in which the way to the store lies sealed with the server token
 * itself. The identity of the cluster is then in the store. A server token that a person makes up should be long: who reads
 * `cluster-info` can try words against the signature.
 */

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

/** Lets further servers join by this cluster's server token, which opens what `shareStore` tells. */
export async function ensureServersMayJoin(client: Client, token: string): Promise<void> {
  const metadata = wayToStore;
  const apiGroup = 'rbac.authorization.k8s.io';
  const rules = [{ apiGroups: [''], resources: ['secrets'], resourceNames: [metadata.name], verbs: ['get'] }];
  await ensure(client, roles, { metadata, rules });
  await ensure(client, rolebindings, {
    metadata,
    roleRef: { apiGroup, kind: 'Role', name: metadata.name },
    subjects: [{ kind: 'Group', apiGroup, name: group }],
  });
  const draft = { token: await serverJoinToken(token), usages: tokenUsages, groups: [group] };
  await ensure(
    client,
    secrets,
    tokenSecret({ ...draft, description: 'further servers: k8ts server --server' }),
  );
}

export interface FindStoreOptions {
  /** URLs of running servers. */
  servers: readonly string[];
  token: string;
  dataDir: string;
  platform: Platform;
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
  return keepStore(store, options);
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
    const store = await toldStore(client, token);
    if (store === undefined) throw wrong;
    return store;
  } catch (error) {
    const isRefused = error instanceof StatusError && (error.code === 401 || error.code === 403);
    throw isRefused ? wrong : joinError(error as Error, '');
  } finally {
    close();
  }
}
