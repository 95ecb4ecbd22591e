import { defaultAdmission } from '../../apiserver/admission/plugins.ts';
import { allKinds } from '../../apiserver/kinds/kinds.ts';
import type { Kind, MeasuredUsage, UserInfo } from '../../apiserver/registry/kind.ts';
import { type ApiServer, createApiServer } from '../../apiserver/server.ts';
import type { Transport } from '../../client/transport.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import type { Store } from '../../store/store.ts';
import { network } from '../options.ts';
import { Life, mortal, mortalClock } from './life.ts';

export interface SimulatedApiOptions {
  store: Store;
  clock: Clock;
  random: Random;
  log: Log;
  /** What it serves; all there is unless given. */
  kinds?: readonly Kind[] | undefined;
  /** What nodes and pods use. */
  usage(): Promise<MeasuredUsage>;
}

/** Nobody outside ever sees these tokens, so they are not signed: that would take real time, and real chance. */
const unsigned = (claims: object) => `unsigned.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;

/** The API server of a simulation: one incarnation at a time, on a store that outlives them all. */
export class SimulatedApi {
  readonly #options: SimulatedApiOptions;
  readonly #crashed = new Set<() => void>();
  #life = new Life();
  #server: ApiServer | undefined;
  /** The ways to it, by user. */
  #transports = new WeakMap<UserInfo, Transport>();
  #isUp = false;

  constructor(options: SimulatedApiOptions) {
    this.#options = options;
  }

  /** The server that answers now, if one does. */
  get server(): ApiServer | undefined {
    return this.#server;
  }

  /** Starts a server where none runs. Resolves when it answers. */
  async start(): Promise<void> {
    if (this.#isUp) return;
    this.#isUp = true;
    const { store, clock, random, log, usage, kinds = allKinds } = this.#options;
    const life = new Life();
    this.#life = life;
    const server = await createApiServer({
      platform: { clock: mortalClock(clock, life), random, log: log.named('apiserver') },
      store: mortal(store, life),
      kinds,
      admission: defaultAdmission,
      serviceAccounts: {
        issuer: `https://kubernetes.default.svc.${network.domain}`,
        keys: [],
        sign: unsigned,
      },
      version: '0.0.0',
      usage,
      // Watches last until something breaks them: to open them again costs time, and finds nothing.
      limits: { minWatchMs: 30 * 24 * 3_600_000 },
    });
    if (!life.isOver) this.#server = server;
  }

  /** Kills the server: requests under way are never answered, and all connections break. */
  crash(): void {
    this.#isUp = false;
    this.#server = undefined;
    this.#transports = new WeakMap();
    this.#life.end();
    for (const fn of this.#crashed) fn();
  }

  /** Calls `fn` whenever the server has died. Gives what takes that back. */
  onCrash(fn: () => void): () => void {
    this.#crashed.add(fn);
    return () => this.#crashed.delete(fn);
  }

  /** The way to the server that answers now; undefined while none does. */
  transportFor(user: UserInfo): Transport | undefined {
    const known = this.#server && this.#transports.get(user);
    if (known) return known;
    const transport = this.#server?.transportFor(user);
    if (transport) this.#transports.set(user, transport);
    return transport;
  }
}
