import type { Duplex, Readable, Writable } from 'node:stream';
import type {
  Container,
  ContainerFilter,
  ContainerSpec,
  ContainerStats,
  ContainerStatus,
  FilesystemUsage,
  Image,
  LinuxResources,
  PullProgress,
  RegistryAuth,
  RuntimeStatus,
  RuntimeVersion,
  Sandbox,
  SandboxFilter,
  SandboxSpec,
  SandboxStats,
  SandboxStatus,
} from './types.ts';

export interface CallOptions {
  /** Gives up waiting; the runtime may still finish what it began. */
  signal?: AbortSignal;
}

/**
 * What runs the containers of one node. Every method rejects with a `RuntimeError`; every id is the runtime's own.
 * What is removed or stopped twice is no error, nor is removing or stopping what never was.
 */
export interface Runtime {
  version(): Promise<RuntimeVersion>;
  status(): Promise<RuntimeStatus>;
  /** Tells the ranges of which the node's pods get their addresses, one a family; runtimes that configure the network themselves ignore it. */
  setPodCidrs(cidrs: readonly string[]): Promise<void>;
  readonly sandboxes: Sandboxes;
  readonly containers: Containers;
  readonly images: Images;
  /**
   * Calls `listener` for what happens to containers, until the signal aborts. `resync` says that the watch stands now,
   * for the first time or again after the runtime was lost: what happened before has to be listed.
   */
  watch(listener: (event: RuntimeEvent) => void, signal: AbortSignal): void;
  /** Lets go of connections and timers. What runs goes on. */
  close(): Promise<void>;
}

/** What all containers of a pod share: network, names, cgroup. */
export interface Sandboxes {
  /** Makes and starts one; network included. `AlreadyExists` when this attempt of the pod has one. */
  run(spec: SandboxSpec, options?: CallOptions): Promise<string>;
  /** Ends what runs in it, without grace, and gives its network back. Must be repeated until it succeeds. */
  stop(id: string): Promise<void>;
  /** Removes it with its containers. */
  remove(id: string): Promise<void>;
  list(filter?: SandboxFilter): Promise<Sandbox[]>;
  status(id: string): Promise<SandboxStatus>;
  stats(filter?: SandboxFilter): Promise<SandboxStats[]>;
  /** Opens the way to ports of the pod, seen from inside its network. */
  portForward(id: string): Promise<PortForwardSession>;
}

export interface Containers {
  /** `ImageNotFound` when its image is not on the node; `AlreadyExists` when this attempt has a container. */
  create(sandboxId: string, spec: ContainerSpec, sandbox: SandboxSpec): Promise<string>;
  /** An error leaves the container exited, with the reason `StartError` and code 128. */
  start(id: string): Promise<void>;
  /** Sends the stop signal, and SIGKILL after `timeoutSeconds`. Resolves when it has ended. */
  stop(id: string, timeoutSeconds: number, options?: CallOptions): Promise<void>;
  /** Removes it, by force where it runs. */
  remove(id: string): Promise<void>;
  list(filter?: ContainerFilter): Promise<Container[]>;
  status(id: string): Promise<ContainerStatus>;
  stats(filter?: ContainerFilter): Promise<ContainerStats[]>;
  /** Changes the limits of a created or running container. */
  update(id: string, resources: LinuxResources): Promise<void>;
  /** Runs a command to its end. `Timeout` when it took longer; the command is killed then. */
  execSync(id: string, command: string[], options?: { timeoutMs?: number }): Promise<ExecResult>;
  exec(id: string, command: string[], streams: StreamOptions): Promise<StreamSession>;
  /** Joins the streams of the first process: what it prints from now on. */
  attach(id: string, streams: StreamOptions): Promise<StreamSession>;
  /** Opens the log file anew, after it was moved away. */
  reopenLog(id: string): Promise<void>;
}

export interface ExecResult {
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
}

/** Which streams are wanted. A terminal has no stderr of its own. */
export interface StreamOptions {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  tty?: boolean;
}

export interface TerminalSize {
  width: number;
  height: number;
}

/**
 * A command's streams, those that were asked for. Ending `stdin` is a half-close: the command reads end of file while
 * its output goes on. Readers that pause hold the command back.
 */
export interface StreamSession {
  readonly stdin?: Writable;
  readonly stdout?: Readable;
  readonly stderr?: Readable;
  resize(size: TerminalSize): void;
  /** Resolves when the command is over and its output has come, if not yet been read; never rejects. */
  readonly ended: Promise<StreamEnd>;
  /** Lets go: the streams end, the command goes on. Harmless when it is over. */
  close(): void;
}

/** How a session ended: an exit code, or why there is none. */
export type StreamEnd = { exitCode: number; error?: undefined } | { exitCode?: undefined; error: string };

/** Connections to one pod's ports, as many as are asked for, at the same time. */
export interface PortForwardSession {
  connect(port: number): Promise<PortForwardConnection>;
  /** Resolves when the runtime or `close` has ended the session. */
  readonly closed: Promise<void>;
  close(): void;
}

export interface PortForwardConnection {
  readonly data: Duplex;
  /** Resolves when the connection is over: why it failed, or undefined. */
  readonly error: Promise<string | undefined>;
}

export interface Images {
  list(): Promise<Image[]>;
  /** Undefined where the node has no such image. Takes a name or an id. */
  status(image: string): Promise<Image | undefined>;
  /** Fetches an image and gives its id. `ImageNotFound`, `PermissionDenied`, `Unavailable` tell what to answer the user. */
  pull(image: string, options?: PullOptions): Promise<string>;
  /** Removes the image with all its names. */
  remove(image: string): Promise<void>;
  /** What the images take up on disk. */
  usage(): Promise<FilesystemUsage[]>;
  /** Takes in the images of an archive in the OCI layout (a tar file); gives their names. */
  importArchive(path: string): Promise<string[]>;
}

export interface PullOptions extends CallOptions {
  auth?: RegistryAuth;
  /** The pod that needs it, for runtimes whose answer depends on it. */
  sandbox?: SandboxSpec;
  onProgress?(progress: PullProgress): void;
}

/** `exited` is told of containers and of sandboxes; `outOfMemory` comes before the `exited` that it leads to. */
export type RuntimeEvent =
  | { type: 'started'; id: string }
  | { type: 'exited'; id: string; exitCode: number; atMs: number }
  | { type: 'outOfMemory'; id: string }
  | { type: 'resync' };
