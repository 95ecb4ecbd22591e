import { createAuthority, createTokenKey, issue, type KeyPair } from '../cluster/pki.ts';
import { systemClock } from '../platform/clock.ts';
import { listenHttps } from '../platform/http-server.ts';
import { silentLog } from '../platform/log.ts';
import { systemRandom } from '../platform/random.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { defaultAdmission } from './admission/plugins.ts';
import { allKinds } from './kinds/kinds.ts';
import { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts';

const platform = { clock: systemClock, random: systemRandom, log: silentLog };

/** A whole API server over a store in memory, listening on loopback. */
export interface TestApiServer {
  api: ApiServer;
  origin: string;
  ca: string;
  /** A client certificate. */
  client(commonName: string, ...organizations: string[]): Promise<{ cert: string; key: string; ca: string }>;
  stop(): Promise<void>;
}

export async function startApiServer(options: Partial<ApiServerOptions> = {}): Promise<TestApiServer> {
  const authority: KeyPair = await createAuthority(platform);
  const api = await createApiServer({
    platform,
    store: createMemoryStore({ clock: systemClock }),
    kinds: allKinds,
    admission: defaultAdmission,
    serviceAccounts: {
      issuer: 'https://kubernetes.default.svc.cluster.local',
      keys: [await createTokenKey()],
    },
    version: '0.1.0',
    freeze: true,
    ...options,
  });
  const serving = await issue(
    authority,
    { commonName: 'kube-apiserver', hosts: ['127.0.0.1', 'localhost'], usages: ['server'] },
    platform,
  );
  const ca = authority.certificate;
  const tls = { cert: serving.certificate, key: serving.key, clientCa: ca };
  const { port } = await api.listen({ listen: listenHttps, host: '127.0.0.1', port: 0, tls });
  return {
    api,
    origin: `https://127.0.0.1:${port}`,
    ca,
    async client(commonName, ...organizations) {
      const pair = await issue(authority, { commonName, organizations, usages: ['client'] }, platform);
      return { cert: pair.certificate, key: pair.key, ca };
    },
    stop: () => api.stop(),
  };
}
