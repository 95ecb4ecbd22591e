import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { generateToken, nodeTokenGroup, tokenUsages } from '../../cluster/join/bootstrap-token.ts';
import { joinCommand } from '../../cluster/join/join-command.ts';
import { createToken, listTokens } from '../../cluster/join/tokens.ts';
import { type RunningServer, startServer } from '../../cluster/server.ts';
import { systemRandom } from '../../platform/random.ts';
import { type ControlPlaneFlags, controlPlaneOptions } from '../control-plane-flags.ts';
import { print, progress } from '../output.ts';
import { fileLog, platformWith, threads, whenAskedToStop } from '../world.ts';
import { addressOf, makeDataDir, originsOf, ownAddresses } from './shared.ts';

interface ServerFlags extends ControlPlaneFlags {
  dataDir: string;
  store: 'embedded' | 'etcd';
  port?: number;
  bindAddress: string;
  advertiseAddress?: string;
  tlsSan?: string[];
  server?: string[];
  token?: string;
  kubeconfig?: string;
  verbose?: boolean;
}

const dayMs = 86_400_000;

/** Runs a control plane until it is asked to stop. The last line on standard output says that it is ready. */
export async function server(flags: ServerFlags): Promise<void> {
  const dataDir = resolve(flags.dataDir);
  await makeDataDir(dataDir);
  const platform = platformWith(fileLog(`${dataDir}/k8ts.log`, flags.verbose ?? false));
  const stopAsked = whenAskedToStop();
  const { bindAddress } = flags;
  const isAny = bindAddress === '0.0.0.0' || bindAddress === '::';
  const options = {
    dataDir,
    store: flags.store,
    ...controlPlaneOptions(flags),
    port: flags.port,
    bindAddress,
    advertiseAddress: addressOf(
      '--advertise-address',
      flags.advertiseAddress ?? (isAny ? (ownAddresses().find(isIPv4) ?? '127.0.0.1') : bindAddress),
    ),
    names: flags.tlsSan ?? [],
    join: flags.server && originsOf(flags.server),
    token: flags.token,
    kubeconfig: flags.kubeconfig && resolve(flags.kubeconfig),
  };
  const running = await startServer(options, { platform, pid: process.pid, threads });
  const { url, admin } = running.controlPlane;
  await tellHowToJoin(running, { dataDir, store: flags.store });
  const nodes = (await (await import('../../cluster/node-counts.ts')).nodeCounts(admin)).join('/');
  const seconds = ((Date.now() - performance.timeOrigin) / 1000).toFixed(2);
  print(`ready ${url} kubeconfig=${running.kubeconfigPath} nodes=${nodes} in ${seconds} s`);
  progress(`stopping (${await stopAsked})`);
  await running.stop();
  process.exit(0);
}

/** A cluster without tokens is new: it gets its first one. */
async function tellHowToJoin(
  { controlPlane }: RunningServer,
  { dataDir, store }: Pick<ServerFlags, 'dataDir' | 'store'>,
): Promise<void> {
  const { admin } = controlPlane;
  if ((await listTokens(admin)).some(({ groups }) => groups.includes(nodeTokenGroup))) return;
  const token = generateToken(systemRandom);
  await createToken(admin, {
    token,
    expiresMs: Date.now() + dayMs,
    usages: tokenUsages,
    groups: [nodeTokenGroup],
    description: 'made at the first start of a server',
  });
  progress(`machines join within 24 hours with:\n  ${await joinCommand(admin, token)}`);
  // Nobody shares a store that a server keeps by itself.
  if (store !== 'etcd') return;
  progress(
    `further servers join with --server ${controlPlane.url} and the --token in ${dataDir}/server-token`,
  );
}
