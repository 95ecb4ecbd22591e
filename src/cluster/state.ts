import type { Files } from '../platform/files.ts';
import type { Platform } from '../platform/platform.ts';

/** What is written down about a running cluster, so that other commands find it. */
export interface ClusterState {
  /** Process of the control plane. */
  pid: number;
  /** When that process was started, in clock ticks since boot: tells it from a later one with the same id. */
  startTicks: string;
  /** The boot since which those are counted. */
  bootId?: string;
  /** Id of everything the cluster has on this machine. */
  id: string;
  /** Its URL; empty while the cluster is starting. */
  server: string;
  kubeconfig: string;
  runtime: string;
  startedMs: number;
  nodes: { name: string; address: string; agentPid?: number; runtimeSocket?: string }[];
}

const statePath = (dataDir: string) => `${dataDir}/state.json`;

/** The same until the machine starts anew; undefined where the system does not say. */
const bootIdOf = (files: Files) =>
  files.readText('/proc/sys/kernel/random/boot_id').then(
    (text) => text.trim(),
    () => undefined,
  );

/** Field 22 of /proc/PID/stat; undefined where the process has ended or the system has no /proc. */
async function startTicksOf(files: Files, pid: number): Promise<string | undefined> {
  const text = await files.readText(`/proc/${pid}/stat`).catch(() => undefined);
  // The command in parentheses may hold spaces: count from behind it.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  // What nobody has waited for yet keeps its entry, but runs no more.
  return fields && !['Z', 'X'].includes(fields[0] ?? '') ? fields[19] : undefined;
}

export async function readState(files: Files, dataDir: string): Promise<ClusterState | undefined> {
  if (!(await files.exists(statePath(dataDir)))) return undefined;
  try {
    return JSON.parse(await files.readText(statePath(dataDir))) as ClusterState;
  } catch {
    // Half a file is what a killed process of old leaves: nothing runs that it could describe.
    return undefined;
  }
}

export async function writeState(files: Files, dataDir: string, state: ClusterState): Promise<void> {
  await files.makeDir(dataDir, { mode: 0o700 });
  await files.writeAtomic(statePath(dataDir), `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
}

export async function removeState(files: Files, dataDir: string): Promise<void> {
  await files.remove(statePath(dataDir));
}

/** What tells a process from a later one with the same id. */
export type KnownProcess = Pick<ClusterState, 'pid' | 'startTicks' | 'bootId'>;

/** What is written down of a process that runs. */
export async function knownProcess(files: Files, pid: number): Promise<KnownProcess> {
  return { pid, startTicks: (await startTicksOf(files, pid)) ?? '', bootId: await bootIdOf(files) };
}

/** Whether the process still runs that wrote this down. After another boot none does, whatever has its id. */
export async function isRunning(files: Files, { pid, startTicks, bootId }: KnownProcess): Promise<boolean> {
  const found = await startTicksOf(files, pid);
  if (found === undefined || found !== startTicks) return false;
  return bootId === undefined || bootId === (await bootIdOf(files));
}

const stopTimeoutMs = 30_000;

/** Asks a process to stop, and kills it where it does not; gives whether it ran. */
export async function stopProcess(
  { files, processes, clock }: Pick<Platform, 'files' | 'processes' | 'clock'>,
  known: KnownProcess,
): Promise<boolean> {
  if (!(await isRunning(files, known))) return false;
  const pid = String(known.pid);
  await processes.run('kill', ['-TERM', pid]);
  const deadlineMs = clock.monotonic() + stopTimeoutMs;
  while ((await isRunning(files, known)) && clock.monotonic() < deadlineMs) await clock.sleep(20);
  if (await isRunning(files, known)) await processes.run('kill', ['-KILL', pid]);
  return true;
}
