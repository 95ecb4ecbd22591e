import type { Platform } from '../../../platform/platform.ts';
import type { RunningProcess } from '../../../platform/processes.ts';
import type { Runtime } from '../runtime.ts';
import { containerdConfig, filesystemType, lacksSysResource, parseVersion } from './daemon-config.ts';
import { connectCri } from './connect.ts';
import { ensureSandboxImage, sandboxImageName } from './sandbox-image.ts';
import type { StreamConnect } from './streaming.ts';
import { socketIn } from './socket.ts';

export interface ContainerdOptions {
  platform: Pick<Platform, 'clock' | 'files' | 'processes' | 'log'>;
  /** The node's own directory, on a disk: images, snapshots and state lie below. */
  directory: string;
  /** Command prefix that puts a program into the node's namespaces, such as `nsenter --net=… --mount=… --`. */
  entry?: readonly string[];
  cniBinDir: string;
  cniConfDir: string;
  /** HOST/hosts.toml of registries; `directory`/registries unless told. */
  registryDir?: string;
  /** containerd, and beside it ctr; from PATH unless told. */
  command?: string;
  /** `overlayfs` where the directory's file system can carry it, else `native`, which copies. */
  snapshotter?: string;
  streamAddress?: string;
  streamConnect?: StreamConnect;
  readyTimeoutMs?: number;
}

/** A containerd of one node's own. */
export interface ContainerdDaemon {
  readonly pid: number;
  readonly socketPath: string;
  readonly runtime: Runtime;
  /** Resolves when the process has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Ends containerd. Pods live on, and are found again by the next start with the same directory. */
  stop(): Promise<void>;
}

const keptLogLines = 40;
const defaultReadyTimeoutMs = 30_000;
const stopGraceMs = 10_000;

interface Paths {
  config: string;
  log: string;
  root: string;
  state: string;
  socket: string;
  runc: string;
}

function pathsIn(directory: string): Paths {
  const state = `${directory}/state`;
  return {
    config: `${directory}/config.toml`,
    log: `${directory}/containerd.log`,
    root: `${directory}/root`,
    state,
    socket: socketIn(directory),
    runc: `${directory}/runc`,
  };
}

/** The longest path that a socket's address can hold. */
const longestSocketPath = 107;

/** Overlays do not stack: inside another container, snapshots have to be copies. */
async function fittingSnapshotter({ platform, directory }: ContainerdOptions): Promise<string> {
  const type = filesystemType(await platform.files.readText('/proc/self/mountinfo'), directory);
  if (type !== 'overlay') return 'overlayfs';
  platform.log.warn('images are copied for each container: the directory lies on an overlay', { directory });
  return 'native';
}

async function writeConfig(options: ContainerdOptions, paths: Paths, command: string): Promise<void> {
  const { files, processes } = options.platform;
  const printed = await processes.run(command, ['--version']).catch((error: Error) => {
    throw new Error(`containerd cannot be run: ${error.message}; install the package containerd`);
  });
  const registryDir = options.registryDir ?? `${options.directory}/registries`;
  for (const dir of [paths.root, paths.state, paths.runc, options.cniConfDir, registryDir])
    await files.makeDir(dir);
  const config = containerdConfig({
    version: parseVersion(printed.stdout),
    root: paths.root,
    state: paths.state,
    socketPath: paths.socket,
    runcRoot: paths.runc,
    sandboxImage: sandboxImageName,
    cniBinDir: options.cniBinDir,
    cniConfDir: options.cniConfDir,
    registryDir,
    restrictOomScoreAdj: lacksSysResource(await files.readText('/proc/self/status')),
    streamAddress: options.streamAddress ?? '127.0.0.1',
    snapshotter: options.snapshotter ?? (await fittingSnapshotter(options)),
  });
  await files.write(paths.config, config);
}

/** The last lines that a process printed, for when it has to be told why it failed. */
class LogTail {
  #lines: string[] = [];

  add(chunk: Buffer): void {
    const more = chunk
      .toString()
      .split('\n')
      .filter((line) => line !== '');
    this.#lines = [...this.#lines, ...more].slice(-keptLogLines);
  }

  /** What looks like the reason, or else everything kept. */
  toString(): string {
    const telling = this.#lines.filter((line) => /level=(error|fatal)|panic|^containerd:/.test(line));
    return (telling.length > 0 ? telling.slice(-5) : this.#lines).join('\n');
  }
}

/** Why the runtime cannot be used yet; undefined once it can. Networks may still have to be configured then. */
async function whyNotReady(runtime: Runtime): Promise<string | undefined> {
  try {
    const { conditions } = await runtime.status();
    const ready = conditions.find((condition) => condition.type === 'RuntimeReady');
    return ready?.status ? undefined : (ready?.message ?? 'it tells no condition RuntimeReady');
  } catch (error) {
    return (error as Error).message;
  }
}

interface Starting {
  runtime: Runtime;
  socketPath: string;
  hasEnded(): boolean;
}

async function untilReady(starting: Starting, options: ContainerdOptions): Promise<void> {
  const { clock, files } = options.platform;
  const deadlineMs = clock.monotonic() + (options.readyTimeoutMs ?? defaultReadyTimeoutMs);
  for (;;) {
    if (starting.hasEnded()) throw new Error('containerd ended while it was starting');
    // A connection tried before the socket stands would only be tried again after a while.
    const listens = await files.exists(starting.socketPath);
    const why = listens ? await whyNotReady(starting.runtime) : 'it does not listen yet';
    if (!why) return;
    if (clock.monotonic() > deadlineMs) throw new Error(`containerd did not become ready in time: ${why}`);
    await clock.sleep(5);
  }
}

/** Asks a process to end, and ends it when it does not. */
async function endProcess(
  child: RunningProcess,
  clock: ContainerdOptions['platform']['clock'],
): Promise<void> {
  child.kill('SIGTERM');
  const tooLong = clock.after(stopGraceMs, () => child.kill('SIGKILL'));
  await child.ended;
  tooLong.cancel();
}

/**
 * Starts a containerd for one node and waits until it can run pods; what it prints goes to `directory`/containerd.log.
 * Fails with containerd's own words for why it did not start.
 */
export async function startContainerd(options: ContainerdOptions): Promise<ContainerdDaemon> {
  const { platform, directory, entry = [], command = 'containerd' } = options;
  const paths = pathsIn(directory);
  if (Buffer.byteLength(paths.socket) > longestSocketPath - '.ttrpc'.length) {
    throw new Error(`${directory} is too long a path for containerd's sockets`);
  }
  await platform.files.makeDir(directory);
  await platform.files.remove(paths.socket);
  await writeConfig(options, paths, command);
  const tail = new LogTail();
  let written: Promise<unknown> = Promise.resolve();
  const onOutput = (chunk: Buffer) => {
    tail.add(chunk);
    written = written.then(() => platform.files.append(paths.log, chunk)).catch(() => {});
  };
  const [program = command, ...args] = [...entry, command, '--config', paths.config];
  const child = await platform.processes.start(program, args, { onOutput });
  let over = false;
  const ended = child.ended.then(() => {
    over = true;
  });
  const runtime = await connectCri({
    socketPath: paths.socket,
    platform,
    sandboxImage: sandboxImageName,
    ctr: command.replace(/containerd$/, 'ctr'),
    streamConnect: options.streamConnect,
  });
  const stop = async () => {
    await runtime.close();
    if (!over) await endProcess(child, platform.clock);
  };
  try {
    await untilReady({ runtime, socketPath: paths.socket, hasEnded: () => over }, options);
    await ensureSandboxImage(runtime, platform.files, directory);
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}\n${tail}`.trim(), { cause: error });
  }
  return { pid: child.pid, socketPath: paths.socket, runtime, ended, stop };
}
