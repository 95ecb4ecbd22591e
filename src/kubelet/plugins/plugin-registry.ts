import type { Platform } from '../../platform/platform.ts';

/** A plugin that has made itself known. */
export interface Plugin {
  name: string;
  /** The socket on which it does its work. */
  endpoint: string;
  /** Of its interface that it speaks, such as `1.0.0`. */
  versions: readonly string[];
}

/** What takes in plugins of a type. */
export interface PluginHandler {
  /** Rejects, with what the plugin is told, where it cannot be taken in now; it is tried again. */
  register(plugin: Plugin): Promise<void>;
  /** The plugin's socket is gone. One of the same name may have been registered since. */
  deregister(plugin: Plugin): Promise<void>;
}

export interface PluginRegistryOptions {
  /** Where plugins put their sockets; `/var/lib/kubelet/plugins_registry` on a plain machine. */
  dir: string;
  platform: Pick<Platform, 'files' | 'clock' | 'log'>;
  /** By the type that plugins say they are, such as `CSIPlugin`. */
  handlers: Readonly<Record<string, PluginHandler>>;
}

/** A socket as it was seen; whoever starts again makes another at the same path. */
interface Seen {
  mark: string;
  /** What was taken in of it. */
  taken?: { handler: PluginHandler; plugin: Plugin };
  retryAtMs: number;
  pauseMs: number;
}

const answerWithinMs = 10_000;
const firstPauseMs = 500;
const longestPauseMs = 122_000;

/** Knows the plugins of a node by the sockets that they put into a folder, as upstream's plugin watcher does. */
export class PluginRegistry {
  readonly #options: PluginRegistryOptions;
  readonly #seen = new Map<string, Seen>();

  constructor(options: PluginRegistryOptions) {
    this.#options = options;
  }

  /** Looks into the folder; takes in who is new, and lets go of who has gone. */
  async scan(): Promise<void> {
    const found = await this.#sockets();
    for (const [path, seen] of this.#seen) if (found.get(path) !== seen.mark) await this.#letGo(path, seen);
    for (const [path, mark] of found) {
      const seen = this.#seen.get(path) ?? { mark, retryAtMs: 0, pauseMs: firstPauseMs };
      this.#seen.set(path, seen);
      if (!seen.taken && this.#options.platform.clock.monotonic() >= seen.retryAtMs)
        await this.#take(path, seen);
    }
  }

  /** Sockets by their path, with what tells one from its successor. */
  async #sockets(): Promise<Map<string, string>> {
    const { dir, platform } = this.#options;
    const found = new Map<string, string>();
    for (const name of await platform.files.list(dir)) {
      const path = `${dir}/${name}`;
      const stat = name.startsWith('.') ? undefined : await platform.files.stat(path);
      if (stat?.type === 'socket') found.set(path, `${stat.inode} ${stat.modifiedMs}`);
    }
    return found;
  }

  async #take(path: string, seen: Seen): Promise<void> {
    const { clock, log } = this.#options.platform;
    try {
      seen.taken = await this.#ask(path);
    } catch (error) {
      log.warn('plugin not registered', { socket: path, error: (error as Error).message });
      seen.retryAtMs = clock.monotonic() + seen.pauseMs;
      seen.pauseMs = Math.min(longestPauseMs, seen.pauseMs * 2);
    }
  }

  async #ask(path: string): Promise<Seen['taken']> {
    // gRPC costs a twentieth of a second, and most nodes have no plugins.
    const [{ pluginChannel }, { Registration }] = await Promise.all([
      import('./plugin-channel.ts'),
      import('./generated/pluginregistration/registration_pb.js'),
    ]);
    const channel = pluginChannel(path, this.#options.platform.clock);
    const { getInfo, notifyRegistrationStatus } = Registration.method;
    const within = { timeoutMs: answerWithinMs };
    try {
      const { type, name, endpoint, supportedVersions } = await channel.call(getInfo, {}, within);
      const tell = (error?: string) =>
        channel.call(notifyRegistrationStatus, { pluginRegistered: error === undefined, error }, within);
      try {
        const handler = this.#options.handlers[type];
        if (!handler) throw new Error(`no handler registered for plugin type: ${type} at socket ${path}`);
        const plugin = { name, endpoint: endpoint || path, versions: supportedVersions };
        await handler.register(plugin);
        await tell();
        return { handler, plugin };
      } catch (error) {
        await tell((error as Error).message).catch(() => {});
        throw error;
      }
    } finally {
      channel.close();
    }
  }

  async #letGo(path: string, { taken }: Seen): Promise<void> {
    this.#seen.delete(path);
    if (!taken) return;
    await taken.handler.deregister(taken.plugin).catch((error: Error) => {
      this.#options.platform.log.warn('plugin not deregistered', {
        plugin: taken.plugin.name,
        error: error.message,
      });
    });
  }
}
