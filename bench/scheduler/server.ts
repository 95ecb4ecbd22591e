// The process that is measured: API server on the durable store and scheduler, as they stand in a cluster. Its parent loads it.
import { defaultAdmission } from '../../src/apiserver/admission/plugins.ts';
import { allKinds } from '../../src/apiserver/kinds/kinds.ts';
import { createApiServer } from '../../src/apiserver/server.ts';
import { Client } from '../../src/client/client.ts';
import { EventSeriesRecorder } from '../../src/client/series-recorder.ts';
import { Informers } from '../../src/client/informers.ts';
import { createAuthority, createTokenKey, issue } from '../../src/cluster/pki.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemFiles } from '../../src/platform/files.ts';
import type { ClientTls } from '../../src/platform/http-client.ts';
import { listenHttps } from '../../src/platform/http-server.ts';
import { silentLog } from '../../src/platform/log.ts';
import { MetricRegistry } from '../../src/platform/metrics/registry.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { createScheduler } from '../../src/scheduler/scheduler.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';

/** What the parent asks for, one at a time. */
export type Order = 'schedule' | 'usage' | 'stop';

export interface Serving {
  origin: string;
  /** Of an administrator. */
  tls: ClientTls;
}

/** What this process has used since it began. */
export interface Usage {
  cpuUs: number;
  peakMb: number;
}

const platform = { clock: systemClock, random: systemRandom, log: silentLog };

async function startServer(path: string) {
  const store = await openEmbeddedStore({ path, clock: systemClock, files: systemFiles });
  const server = await createApiServer({
    platform,
    store,
    kinds: allKinds,
    admission: defaultAdmission,
    serviceAccounts: { issuer: 'https://bench', keys: [await createTokenKey()] },
    version: '0.0.0',
  });
  const authority = await createAuthority(platform);
  const [serving, admin] = await Promise.all([
    issue(authority, { commonName: 'kube-apiserver', hosts: ['127.0.0.1'], usages: ['server'] }, platform),
    issue(
      authority,
      { commonName: 'admin', organizations: ['system:masters'], usages: ['client'] },
      platform,
    ),
  ]);
  const ca = authority.certificate;
  const tls = { cert: serving.certificate, key: serving.key, clientCa: ca };
  const { port } = await server.listen({ listen: listenHttps, host: '127.0.0.1', port: 0, tls });
  const stop = () => server.stop().then(() => store.close());
  const told: Serving = {
    origin: `https://127.0.0.1:${port}`,
    tls: { ca, cert: admin.certificate, key: admin.key },
  };
  return { server, told, stop };
}

/** Starts the scheduler; resolves when it has seen all that is there. */
async function schedule({ server }: Awaited<ReturnType<typeof startServer>>, signal: AbortSignal) {
  const user = { name: 'system:kube-scheduler', groups: ['system:authenticated'] };
  const client = new Client(server.transportFor(user));
  const informers = new Informers({ client, ...platform });
  informers.start(signal);
  const events = new EventSeriesRecorder({
    client,
    ...platform,
    reporter: 'default-scheduler',
    host: 'bench',
  });
  const running = createScheduler({
    ...platform,
    client,
    informers,
    events,
    meter: new MetricRegistry(),
  }).run(signal);
  await informers.synced();
  return { stopped: () => running.then(() => events.close()) };
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, peakMb: process.resourceUsage().maxRSS / 1024 };
}

/** Serves what is kept at `path`, until told to stop. */
export async function serve(path: string): Promise<void> {
  const started = await startServer(path);
  const abort = new AbortController();
  let scheduler: { stopped(): Promise<void> } | undefined;
  const orders: Record<Order, () => Promise<unknown> | unknown> = {
    schedule: async () => {
      scheduler = await schedule(started, abort.signal);
    },
    usage,
    stop: async () => {
      abort.abort();
      await scheduler?.stopped();
      await started.stop();
    },
  };
  process.on('disconnect', () => process.exit(1));
  process.on('message', async (order: Order) => {
    process.send?.((await orders[order]()) ?? {});
    if (order === 'stop') process.exit(0);
  });
  process.send?.(started.told);
}
