// The process that is measured: API server on the durable store and scheduler, as they stand in a cluster. Its parent loads it.
import { defaultAdmission } from '../../src/apiserver/admission/plugins.ts';
import { allKinds } from '../../src/apiserver/kinds/kinds.ts';
import { createApiServer } from '../../src/apiserver/server.ts';
import { Client } from '../../src/client/client.ts';
import { Informers } from '../../src/client/informers.ts';
import { scheduler, systemUser } from '../../src/cluster/components.ts';
import { createAuthority, createTokenKey, issue } from '../../src/cluster/pki.ts';
import { schedulerInThread, ThreadMetrics } from '../../src/cluster/scheduler-thread/scheduler-in-thread.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemFiles } from '../../src/platform/files.ts';
import type { ClientTls } from '../../src/platform/http-client.ts';
import type { UserInfo } from '../../src/apiserver/registry/kind.ts';
import { listenHttps } from '../../src/platform/http-server.ts';
import { silentLog } from '../../src/platform/log.ts';
import { MetricRegistry } from '../../src/platform/metrics/registry.ts';
import { systemRandom } from '../../src/platform/random.ts';
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
async function schedule(
  { server }: Awaited<ReturnType<typeof startServer>>,
  { signal, thread }: { signal: AbortSignal; thread: URL | undefined },
) {
  const transportFor = (user: UserInfo) => server.transportFor(user);
  const transport = transportFor(systemUser('kube-scheduler'));
  if (thread) {
    const measured = new ThreadMetrics();
    const task = { host: 'bench', configuration: undefined };
    const component = schedulerInThread({ program: thread, task, transport, ...platform, measured });
    const running = component.run(signal);
    await hasSeenAll(measured);
    return { stopped: () => running };
  }
  const informers = new Informers({ client: new Client(transport), ...platform });
  informers.start(signal);
  const running = scheduler(
    { ...platform, transportFor, informers, meter: new MetricRegistry() },
    'bench',
  ).run(signal);
  await informers.synced();
  return { stopped: () => running };
}

/** Resolves when the scheduler knows nodes and has not come to know more for a while. */
async function hasSeenAll(measured: ThreadMetrics): Promise<void> {
  for (let [before, now] = [0, 0]; now === 0 || now !== before; ) {
    await systemClock.sleep(500);
    before = now;
    for (const { name, values } of await measured.metrics())
      if (name === 'scheduler_cache_size') now = values().reduce((sum, { value }) => sum + value, 0);
  }
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, peakMb: process.resourceUsage().maxRSS / 1024 };
}

/** Serves what is kept at `path`, until told to stop; `thread` is the program of one that schedules. */
export async function serve(path: string, thread: URL | undefined): Promise<void> {
  const started = await startServer(path);
  const abort = new AbortController();
  let running: { stopped(): Promise<void> } | undefined;
  const orders: Record<Order, () => Promise<unknown> | unknown> = {
    schedule: async () => {
      running = await schedule(started, { signal: abort.signal, thread });
    },
    usage,
    stop: async () => {
      abort.abort();
      await running?.stopped();
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
