import { createTokenKey } from '../cluster/pki.ts';
import { Client } from '../client/client.ts';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { systemRandom } from '../platform/random.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { Store, Watcher } from '../store/store.ts';
import { defaultAdmission } from './admission/plugins.ts';
import { kindsAs } from './kinds/kinds.ts';
import { type ApiServer, createApiServer } from './server.ts';

/** A server that can be made to hear of changes late. */
export interface SharingServer {
  api: ApiServer;
  client: Client;
  /** From now on the server hears of no change, not even of its own; `catchUp` tells it everything. */
  fallBehind(): void;
  catchUp(): void;
}

/** API servers on one store, each with caches of its own. */
export interface SharingServers {
  store: Store;
  servers: SharingServer[];
  stop(): Promise<void>;
}

const administrator = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };

/** Starts that many servers at once on one store in memory; each with ranges of services of its own where they are given. */
export async function startSharingServers(
  count = 2,
  cidrs: readonly (readonly string[])[] = [],
): Promise<SharingServers> {
  const store = createMemoryStore({ clock: systemClock });
  const key = await createTokenKey();
  const servers = await Promise.all(Array.from({ length: count }, (_, i) => startOne(store, key, cidrs[i])));
  return {
    store,
    servers,
    async stop() {
      await Promise.all(servers.map(({ api }) => api.stop()));
      await store.close();
    },
  };
}

async function startOne(shared: Store, key: string, cidrs?: readonly string[]): Promise<SharingServer> {
  const { store, fallBehind, catchUp } = late(shared);
  const api = await createApiServer({
    platform: { clock: systemClock, random: systemRandom, log: silentLog },
    store,
    kinds: kindsAs({ services: { cidrs } }),
    services: { cidrs },
    admission: defaultAdmission,
    serviceAccounts: { issuer: 'https://kubernetes.default.svc.cluster.local', keys: [key] },
    version: '0.1.0',
    freeze: true,
    freshRevision: async () => (await shared.status()).revision,
  });
  return { api, client: new Client(api.transportFor(administrator)), fallBehind, catchUp };
}

/** A store whose watches can be held back. */
function late(store: Store): { store: Store; fallBehind(): void; catchUp(): void } {
  let held: (() => void)[] | undefined;
  const later = (deliver: () => void) => (held ? void held.push(deliver) : deliver());
  const behind: Store = {
    get: (...args) => store.get(...args),
    newest: (...args) => store.newest(...args),
    list: (...args) => store.list(...args),
    commit: (...args) => store.commit(...args),
    watch: (prefix, from, watcher: Watcher) =>
      store.watch(prefix, from, {
        onBatch: (batch) => later(() => watcher.onBatch(batch)),
        onEnd: (error) => watcher.onEnd(error),
        onProgress: (revision) => later(() => watcher.onProgress?.(revision)),
      }),
    history: (...args) => store.history(...args),
    revisionAt: (...args) => store.revisionAt(...args),
    compact: (...args) => store.compact(...args),
    leases: (...args) => store.leases(...args),
    status: (...args) => store.status(...args),
    check: (...args) => store.check(...args),
    close: (...args) => store.close(...args),
  };
  return {
    store: behind,
    fallBehind: () => void (held ??= []),
    catchUp() {
      const waiting = held ?? [];
      held = undefined;
      for (const deliver of waiting) deliver();
    },
  };
}
