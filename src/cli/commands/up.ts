import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { ClusterOptions } from '../../cluster/options.ts';
import { type Cluster, up as startCluster } from '../../cluster/up.ts';
import { UserError } from '../../cluster/user-error.ts';
import type { Platform } from '../../platform/platform.ts';
import { type ControlPlaneFlags, controlPlaneOptions } from '../control-plane-flags.ts';
import { print, progress, stepDone } from '../output.ts';
import { fileLog, platformWith, program, threads, whenAskedToStop } from '../world.ts';
import { makeDataDir } from './shared.ts';

interface UpFlags extends ControlPlaneFlags {
  nodes: number;
  runtime: ClusterOptions['runtime'];
  dataDir: string;
  port?: number;
  kubeconfig?: string;
  store: ClusterOptions['store'];
  uplink: ClusterOptions['uplink'];
  detach?: boolean;
  example?: string;
  verbose?: boolean;
}

/** Runs a cluster until it is asked to stop. The last line on standard output says that it is ready. */
export async function up(flags: UpFlags): Promise<void> {
  if (flags.detach) return upInBackground();
  const startMs = performance.timeOrigin;
  const dataDir = resolve(flags.dataDir);
  await makeDataDir(dataDir);
  const platform = platformWith(fileLog(`${dataDir}/k8ts.log`, flags.verbose ?? false));
  const stopAsked = whenAskedToStop();
  const starting = startCluster({
    options: {
      nodes: flags.nodes,
      runtime: flags.runtime,
      dataDir,
      port: flags.port,
      kubeconfig: flags.kubeconfig && resolve(flags.kubeconfig),
      store: flags.store,
      ...controlPlaneOptions(flags),
      uplink: flags.uplink,
    },
    platform,
    program,
    pid: process.pid,
    threads,
    onStep: stepDone,
    interrupted: stopAsked,
  });
  const cluster = await starting;
  if (flags.example) await withExample(resolve(flags.example), { cluster, platform, stopAsked });
  const { nodes } = cluster;
  const seconds = ((Date.now() - startMs) / 1000).toFixed(2);
  const count = `${nodes.length}/${nodes.length}`;
  print(
    `ready ${cluster.controlPlane.url} kubeconfig=${cluster.kubeconfigPath} nodes=${count} in ${seconds} s`,
  );
  const signal = await stopAsked;
  progress(`stopping (${signal})`);
  await cluster.stop();
  process.exit(0);
}

/** A cluster whose example fails, or is not waited for, goes as it came. */
async function withExample(
  dir: string,
  { cluster, platform, stopAsked }: { cluster: Cluster; platform: Platform; stopAsked: Promise<unknown> },
): Promise<void> {
  const { applyExample } = await import('./example.ts');
  let isInterrupted = false;
  const interrupted = stopAsked.then(() => {
    isInterrupted = true;
  });
  try {
    await Promise.race([applyExample(dir, { cluster, platform }), interrupted]);
    if (!isInterrupted) return;
  } catch (error) {
    await cluster.stop();
    if (!isInterrupted) throw error;
  }
  await cluster.stop();
  throw new UserError('interrupted before the example was there');
}

/** Starts the same command as a process of its own and returns when that is ready. */
async function upInBackground(): Promise<void> {
  const args = [...process.execArgv, ...process.argv.slice(1).filter((arg) => arg !== '--detach')];
  // Pipes of its own: whoever waits for this process's output must not wait for the cluster's end.
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
  let output = '';
  const ready = new Promise<string>((done, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
      if (/^ready .*\n/m.test(output)) done(output);
    });
    child.on('exit', (code) => failed(new UserError(`the cluster did not come up (exit code ${code})`)));
  });
  process.stdout.write(await ready);
  child.unref();
  process.exit(0);
}
