import type { ElectionTimes } from '../client/election-plan.ts';
import type { Platform } from '../platform/platform.ts';
import type { Store } from '../store/store.ts';
import type { ApiServerSettings } from './api-server-settings.ts';
import { answerCommands } from './answer-commands.ts';
import { clusterId } from './cluster-id.ts';
import { type ControlPlane, startControlPlane, type Threads } from './control-plane.ts';
import { type ControlPlaneMeans, readControlPlaneSettings } from './control-plane-means.ts';
import { ensureNetworkRights } from './network-rights.ts';
import { ensureJoinObjects } from './join/join-objects.ts';
import { withKeyHealth } from './encryption.ts';
import { ensureServersMayJoin, findStore } from './join/join-server.ts';
import { keptStore, shareStore } from './join/shared-store.ts';
import { hasIdentity, keepServerToken, serverToken, shareIdentity } from './join/shared-pki.ts';
import { keepKubeconfig, refuseOtherKubeconfig } from './kubeconfig.ts';
import { openStore } from './open-store.ts';
import { defaultPort, type EtcdOptions, type StoreOptions } from './options.ts';
import { Pki } from './pki.ts';
import { cidrsOf, type PodNetworkSettings } from './pod-network.ts';
import { runComponents } from './run-components.ts';
import { refuseHalfRestored } from './snapshots/restore.ts';
import { refuseSecond } from './refuse-second.ts';
import { knownProcess, removeState, writeState } from './state.ts';
import { claimStore } from './stored-version.ts';
import { UserError } from './user-error.ts';

/** A control plane on a machine of its own. */
export interface ServerOptions extends StoreOptions {
  dataDir: string;
  /** 0 picks a free one. */
  port?: number;
  bindAddress: string;
  /** Where nodes, pods and the administrator find the server. */
  advertiseAddress: string;
  /** Further names and addresses it is called by. */
  names: readonly string[];
  /** URLs of running servers of the cluster to join; where they keep it is asked of them. */
  join?: readonly string[];
  /** What opens the identity that the servers of a cluster share. */
  token?: string;
  kubeconfig?: string;
  /** How controllers and scheduler find out who acts, where not as usual. */
  leaderElection?: Partial<ElectionTimes>;
  /** A `KubeSchedulerConfiguration` file that says how the scheduler decides. */
  schedulerConfig?: string;
  apiServer?: ApiServerSettings;
  /** Where pods have their addresses. */
  pods?: PodNetworkSettings;
}

export interface RunningServer {
  controlPlane: ControlPlane;
  kubeconfigPath: string;
  stop(): Promise<void>;
}

/** What a server runs in. */
interface ServerProcess {
  platform: Platform;
  pid: number;
  threads?: Threads;
}

/** Starts API server, controllers and scheduler; resolves when the API answers and machines can join. */
export async function startServer(options: ServerOptions, process: ServerProcess): Promise<RunningServer> {
  const { dataDir } = options;
  const { platform } = process;
  const { files } = platform;
  await refuseSecond(files, dataDir);
  await refuseHalfRestored(files, dataDir);
  if (options.kubeconfig) await refuseOtherKubeconfig(options.kubeconfig, files);
  await files.makeDir(dataDir, { mode: 0o700 });
  const token = await serverToken(dataDir, options.token, platform);
  const place = await withFoundStore(options, { token, platform });
  const means = await readControlPlaneSettings(
    { ...place, sharedStore: place.store === 'etcd' },
    { platform, publicAddresses: () => [options.advertiseAddress] },
  );
  let store: Store | undefined;
  try {
    store = await openPlace(place, { token, platform });
    const isReplaced = place.store === 'etcd' && (await hasIdentity(`${dataDir}/pki`, platform));
    await claimStore(store, { mostOlder: isReplaced ? 1 : 0 });
    await shareIdentity({ store, dir: `${dataDir}/pki`, token }, platform);
    await keepServerToken(dataDir, token, platform);
    return await serve(place, { ...process, store, token, means });
  } catch (error) {
    await Promise.allSettled([store?.close(), means.apiServer.close()]);
    throw error;
  }
}

/** Where a server keeps objects. */
interface Place extends ServerOptions {
  /** It is where the other servers say. */
  isTold: boolean;
}

/** A server that joins, or has joined, keeps objects where the others do. */
async function withFoundStore(
  options: ServerOptions,
  { token, platform }: { token: string; platform: Platform },
): Promise<Place> {
  const { dataDir, join } = options;
  const asTold = (etcd: EtcdOptions): Place => ({ ...options, store: 'etcd', etcd, isTold: true });
  if (options.store === 'etcd') return { ...options, isTold: false };
  const kept = await keptStore(dataDir, platform);
  if (kept) return asTold(kept);
  if (!join) return { ...options, isTold: false };
  if (options.token === undefined)
    throw new UserError(
      'to join a cluster a server needs --token beside --server',
      'it stands in the file server-token in the data directory of a running server',
    );
  if (await platform.files.exists(`${dataDir}/store`))
    throw new UserError(
      `${dataDir} holds a cluster of its own, which would not be joined but left`,
      'give this server another --data-dir',
    );
  return asTold(await findStore({ servers: join, token, dataDir, platform }));
}

/** Opens the store. A server that has been away may have been told of certificates that have ended since: then it asks once more. */
async function openPlace(place: Place, { token, platform }: { token: string; platform: Platform }) {
  try {
    return await openStore(place, platform);
  } catch (error) {
    const { isTold, join, dataDir } = place;
    if (!isTold || !join) throw error;
    const etcd = await findStore({ servers: join, token, dataDir, platform }).catch(() => {
      throw error;
    });
    return openStore({ ...place, etcd }, platform);
  }
}

/** What stands before a control plane, and what it is started in. */
interface Serving extends ServerProcess {
  store: Store;
  token: string;
  means: ControlPlaneMeans;
}

async function serve(
  options: Place,
  { platform, pid, threads, store, token, means }: Serving,
): Promise<RunningServer> {
  const { dataDir, isTold, advertiseAddress, bindAddress, names, port = defaultPort } = options;
  const { files, clock } = platform;
  const pki = new Pki(`${dataDir}/pki`, platform);
  const controlPlane = await startControlPlane({
    platform,
    store,
    pki,
    threads,
    port,
    sharedStore: options.store === 'etcd',
    means,
    volumeDir: `${dataDir}/volumes`,
    addresses: [bindAddress],
    host: advertiseAddress,
    names: [advertiseAddress, ...names],
    // Nobody else finds a server on this machine's own loopback: the Service `kubernetes` does not lead there.
    advertiseAddresses: isLoopback(advertiseAddress) ? [] : [advertiseAddress],
  }).catch((error) => {
    throw listenError(error, { bindAddress, port });
  });
  const authority = (await pki.authority()).certificate;
  await ensureNetworkRights(controlPlane.admin);
  const { ranges: serviceRanges } = controlPlane.services;
  await ensureJoinObjects(controlPlane.admin, {
    server: controlPlane.url,
    authority,
    serviceRanges,
    podRanges: cidrsOf(controlPlane.pods),
  });
  const { admin: client } = controlPlane;
  await ensureServersMayJoin(client, token).catch(async (error) => {
    throw await withKeyHealth(error, means.apiServer.options);
  });
  const sharing = await shareStore({ client, token, dataDir, store: options, isTold }, platform);
  const running = runComponents([sharing], platform);
  const kubeconfigPath = options.kubeconfig ?? `${dataDir}/kubeconfig`;
  await keepKubeconfig(kubeconfigPath, controlPlane, platform);
  await writeState(files, dataDir, {
    ...(await knownProcess(files, pid)),
    id: clusterId(dataDir),
    server: controlPlane.url,
    kubeconfig: kubeconfigPath,
    runtime: 'none',
    startedMs: clock.now(),
    nodes: [],
  });
  const control = await answerCommands(store, { platform, dataDir });
  return {
    controlPlane,
    kubeconfigPath,
    async stop() {
      await control?.close();
      await running.stop();
      await controlPlane.stop();
      await removeState(files, dataDir);
    },
  };
}

const isLoopback = (address: string) => address.startsWith('127.') || address === '::1';

function listenError(error: Error, { bindAddress, port }: { bindAddress: string; port: number }): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new UserError(`port ${port} of ${bindAddress} is taken`, 'choose another with --port');
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new UserError(`this machine has no address ${bindAddress}`, 'choose another with --bind-address');
  return error;
}
