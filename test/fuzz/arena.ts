import { performance } from 'node:perf_hooks';
import { createAuthority, createTokenKey, issue } from '../../src/cluster/pki.ts';
import { defaultAdmission } from '../../src/apiserver/admission/plugins.ts';
import { readAbacPolicies } from '../../src/apiserver/auth/authorization/abac.ts';
import { usualAuthorizers } from '../../src/apiserver/auth/authorization/chain.ts';
import { allKinds } from '../../src/apiserver/kinds/kinds.ts';
import type { Kind } from '../../src/apiserver/registry/kind.ts';
import { type ApiServer, createApiServer } from '../../src/apiserver/server.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { listenHttps } from '../../src/platform/http-server.ts';
import { createLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { collectionPath, objectOf, served } from './corpus.ts';
import { localNetwork } from './local-channel.ts';
import { token } from './make-request.ts';
import { http1Channel, http2Channel } from './network-channel.ts';
import type { Channel, WireReply, WireRequest } from './request.ts';

const user = { name: 'fuzz', groups: ['system:authenticated'] };
/** May do everything, and is nobody special otherwise: system:masters are spared some steps. */
const authorization = {
  authorizers: [{ type: 'ABAC', name: 'abac' } as const, ...usualAuthorizers],
  abacPolicies: readAbacPolicies(JSON.stringify({ user: user.name }), 'policies'),
};

/** A server in memory with an object of each kind, and what it did behind the answers. */
export interface Arena {
  channel: Channel;
  /** Keys that were written by requests, not by the server itself, since the last call. */
  takeWrites(): string[];
  /** What the server logged as unexpected since the last call. */
  takeErrors(): string[];
  stop(): Promise<void>;
}

export type Way = 'local' | 'http1' | 'http2';

/** Who writes on behalf of the server. */
const isOwn = (actor: string | undefined) =>
  actor === undefined || actor.startsWith('system:apiserver') || actor === 'apiserver';

function watched(store: Store, onWrite: (key: string) => void): Store {
  const commit: Store['commit'] = async (given) => {
    const before = (await store.status()).revision;
    const revision = await store.commit(given);
    if (!isOwn(given.cause?.actor) && revision > before) for (const { key } of given.writes) onWrite(key);
    return revision;
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'commit') return commit;
      const member = Reflect.get(target, name) as unknown;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

interface Noise {
  writes: string[];
  errors: string[];
}

async function startServer(noise: Noise, kinds: readonly Kind[]): Promise<ApiServer> {
  const log = createLog({
    clock: systemClock,
    level: 'error',
    write: ({ message, fields }) => {
      const error = fields.error as Error | undefined;
      noise.errors.push(`${message}: ${error?.stack ?? String(error)}`);
    },
  });
  return createApiServer({
    platform: { clock: systemClock, random: systemRandom, log },
    store: watched(createMemoryStore({ clock: systemClock }), (key) => noise.writes.push(key)),
    kinds,
    admission: defaultAdmission,
    serviceAccounts: { issuer: 'https://kubernetes.default.svc', keys: [await createTokenKey()] },
    staticTokens: [{ token, user }],
    authorization,
    version: '0.1.0',
    freeze: true,
  });
}

async function openChannel(api: ApiServer, way: Way): Promise<{ channel: Channel; close(): void }> {
  if (way === 'local') {
    const { listen, channel } = localNetwork();
    await api.listen({ listen, host: '127.0.0.1', port: 0, tls: { cert: '', key: '' } });
    return { channel, close: () => {} };
  }
  const platform = { clock: systemClock, random: systemRandom };
  const authority = await createAuthority(platform);
  const pair = await issue(
    authority,
    { commonName: 'kube-apiserver', hosts: ['127.0.0.1'], usages: ['server'] },
    platform,
  );
  const tls = { cert: pair.certificate, key: pair.key };
  const { port } = await api.listen({ listen: listenHttps, host: '127.0.0.1', port: 0, tls });
  const origin = `https://127.0.0.1:${port}`;
  const channel =
    way === 'http1'
      ? http1Channel(origin, authority.certificate)
      : http2Channel(origin, authority.certificate);
  return { channel, close: () => channel.close() };
}

/** A plain request as JSON. */
export function ask(channel: Channel, method: string, target: string, body?: unknown): Promise<WireReply> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const bytes = body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body));
  return channel.send({ method, target, headers, body: bytes });
}

async function seed(channel: Channel): Promise<void> {
  // Pods need it, and no controller runs here that would make it.
  const account = { metadata: { name: 'default' } };
  await ask(channel, 'POST', '/api/v1/namespaces/default/serviceaccounts', account);
  const definitions = served.filter(({ plural }) => plural === 'customresourcedefinitions');
  for (const of of [...definitions, ...served.filter((of) => !definitions.includes(of))]) {
    const reply = await ask(channel, 'POST', collectionPath(of), objectOf(of, 0, 'seed'));
    if (reply.code >= 300 && reply.code !== 409) {
      throw new Error(`${of.plural}.${of.group} ${of.version}: ${reply.code} ${reply.body.toString()}`);
    }
  }
}

/** Starts a server and the way to it. `kinds` are all unless given. */
export async function openArena(way: Way, kinds: readonly Kind[] = allKinds): Promise<Arena> {
  const noise: Noise = { writes: [], errors: [] };
  const api = await startServer(noise, kinds);
  const { channel, close } = await openChannel(api, way);
  await seed(channel);
  noise.writes = [];
  const take = <K extends keyof Noise>(what: K): Noise[K] => noise[what].splice(0);
  return {
    channel,
    takeWrites: () => take('writes'),
    takeErrors: () => take('errors'),
    stop: async () => {
      close();
      await api.stop();
    },
  };
}

/** How long the process was busy with what went on meanwhile; others on the machine do not count. */
export async function busyMs<T>(
  work: () => Promise<T>,
): Promise<{ value: T; cpuMs: number; wallMs: number }> {
  const startMs = performance.now();
  const before = process.cpuUsage();
  const value = await work();
  const { user: userUs, system: systemUs } = process.cpuUsage(before);
  return { value, cpuMs: (userUs + systemUs) / 1000, wallMs: performance.now() - startMs };
}

export type { WireRequest };
