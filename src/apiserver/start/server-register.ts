import type { Transport } from '../../client/transport.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Store, WatchHandle } from '../../store/store.ts';
import { publishServers, type ServerPlace } from './kubernetes-service.ts';

/** Upstream's prefix and times: `pkg/controlplane/reconcilers/lease.go`. */
const prefix = '/registry/masterleases/';
const leaseSeconds = 15;
const renewEveryMs = 10_000;
const retryMs = 1000;
/** How long a server that stops tries to say so; its lease ends by itself. */
const farewellMs = 2000;

export interface ServerRegisterOptions {
  platform: Pick<Platform, 'clock' | 'log'>;
  transport: Transport;
  store: Store;
  /** This server. */
  place: ServerPlace;
  /** Nobody else serves from the store: no lease is needed to know who is there. */
  isAlone: boolean;
}

/**
 * Makes the service `kubernetes` lead to all API servers of the store that live. Each keeps a lease there, and follows those of the others: one that
 * comes is published at once, one that stops as well, and one that is killed when its lease ends.
 */
export class ServerRegister {
  readonly #options: ServerRegisterOptions;
  readonly #abort = new AbortController();
  #watch: WatchHandle | undefined;
  #living = new Map<string, ServerPlace>();
  #working: Promise<void> = Promise.resolve();

  constructor(options: ServerRegisterOptions) {
    this.#options = options;
  }

  /** Resolves when this server has been published. */
  async start(): Promise<void> {
    const { isAlone, place, transport } = this.#options;
    if (isAlone) return publishServers(transport, [place]);
    await this.#renew();
    await this.#look();
    void this.#run();
  }

  /** Takes this server out of the service. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#watch?.stop();
    const { isAlone, store, platform } = this.#options;
    if (isAlone) return;
    const leave = async () => {
      await this.#working.catch(() => {});
      await store.commit({ writes: [{ type: 'delete', key: this.#ownKey }] });
      this.#living.delete(this.#ownKey);
      await this.#publish();
    };
    await Promise.race([leave().catch(() => {}), platform.clock.sleep(farewellMs)]);
  }

  get #ownKey(): string {
    return keyOf(this.#options.place);
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options.platform;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        if (!this.#watch) await this.#look();
        await clock.sleep(renewEveryMs, signal);
        await this.#renew();
        await this.#publish();
      } catch (error) {
        if (signal.aborted) return;
        log.warn('the list of API servers could not be kept', { error: String(error) });
        await clock.sleep(retryMs, signal).catch(() => {});
      }
    }
  }

  async #renew(): Promise<void> {
    const value = Buffer.from(JSON.stringify(leaseOf(this.#options.place)));
    await this.#options.store.commit({ writes: [{ type: 'put', key: this.#ownKey, value, leaseSeconds }] });
  }

  /** Reads who is there, publishes it, and follows it from there on. */
  async #look(): Promise<void> {
    const { store } = this.#options;
    const { entries, revision } = await store.list(prefix);
    this.#living = new Map(entries.flatMap(({ key, value }) => placed(key, value)));
    await this.#publish();
    this.#watch = await store.watch(prefix, revision, {
      onBatch: ({ events }) => {
        const before = [...this.#living.keys()].sort().join();
        for (const event of events) {
          if (event.type === 'delete') this.#living.delete(event.key);
          else
            for (const [key, place] of placed(event.entry.key, event.entry.value))
              this.#living.set(key, place);
        }
        if ([...this.#living.keys()].sort().join() !== before) void this.#publish().catch(() => {});
      },
      onEnd: () => {
        this.#watch = undefined;
      },
    });
    if (this.#abort.signal.aborted) this.#watch.stop();
  }

  /** One after the other, each of what is known when its turn comes. */
  #publish(): Promise<void> {
    const work = () => publishServers(this.#options.transport, this.#ofOwnFamily());
    this.#working = this.#working.then(work, work);
    return this.#working;
  }

  /** The service has the addresses of one family. */
  #ofOwnFamily(): ServerPlace[] {
    const isV6 = ({ address }: ServerPlace) => address.includes(':');
    const own = isV6(this.#options.place);
    return [...this.#living.values()].filter((place) => isV6(place) === own);
  }
}

/** With the port, which upstream's keys do not have: servers may share an address. */
const keyOf = ({ address, port }: ServerPlace) => `${prefix}${address}:${port}`;

/** What upstream keeps under such a key, too. */
const leaseOf = ({ address, port }: ServerPlace) => ({
  kind: 'Endpoints',
  apiVersion: 'v1',
  metadata: {},
  subsets: [{ addresses: [{ ip: address }], ports: [{ port }] }],
});

function placed(key: string, value: Uint8Array): [string, ServerPlace][] {
  try {
    const { subsets } = JSON.parse(Buffer.from(value).toString()) as ReturnType<typeof leaseOf>;
    const [address, port] = [subsets[0]?.addresses[0]?.ip, subsets[0]?.ports[0]?.port];
    return address && port ? [[key, { address, port }]] : [];
  } catch {
    // Somebody else's.
    return [];
  }
}
