import { join } from 'node:path';
import type { HttpTransport } from '../../src/client/http-transport.ts';
import { type Random, seededRandom } from '../../src/platform/random.ts';
import { checkLedger, type Violation } from './check-ledger.ts';
import { type Beliefs, LedgerWatcher, create, listAll, writeUntilGone } from './clients.ts';
import { Ledger } from './ledger.ts';
import { Server, type Trap } from './server.ts';

/** When a server is killed: while it starts or while it works, after a time or at a call of the system. */
interface Death {
  during: 'start' | 'work';
  afterMs: number;
  trap?: Trap;
}

/**
 * Calls of the system around a commit, and up to the how-manieth one of a thread there is while a server starts, and
 * while it works. `pwrite64` writes the pages of a commit and what says that they count, the latter on disk when
 * the call returns; `write` and `writev` carry answers and events to clients.
 */
const calls: Record<Death['during'], readonly (readonly [syscall: string, most: number])[]> = {
  start: [
    ['ftruncate', 1],
    ['pwrite64', 24],
    ['fdatasync', 8],
    ['fsync', 6],
    ['rename', 3],
  ],
  work: [
    ['pwrite64', 50],
    ['fdatasync', 10],
    ['write', 80],
    ['writev', 25],
  ],
};

/** At a call that does not come in this time, a server is killed as it is. */
const longestMs = 600;
const writers = 6;
const keys = Array.from({ length: 24 }, (_, i) => `key-${i}`);

function planDeath(random: Random, strace: boolean): Death {
  const during = random.next() < 0.2 ? 'start' : 'work';
  if (strace && random.next() < 0.6) {
    const among = calls[during];
    const [syscall, most] = among[random.int(among.length)] as (typeof among)[number];
    return { during, afterMs: longestMs, trap: { syscall, when: 1 + random.int(most) } };
  }
  return { during, afterMs: during === 'start' ? random.int(450) : 10 + random.int(400) };
}

export interface RoundOptions {
  /** An empty directory. */
  dir: string;
  seed: number;
  cycles: number;
  /** Whether there is strace, to kill at calls of the system. */
  strace: boolean;
  /** A server other than `k8ts up`: a script and its arguments. */
  script?: readonly string[];
}

export interface RoundReport {
  kills: Record<string, number>;
  acknowledged: number;
  unanswered: number;
  refused: number;
  events: number;
  lists: number;
  resumed: number;
  expired: number;
  violations: Violation[];
}

/** Starts a server on the same data over and over, kills it under load each time, and checks what clients saw. */
export async function crashRound(options: RoundOptions): Promise<RoundReport> {
  const round = new Round(options);
  for (let cycle = 0; cycle < options.cycles; cycle++) await round.cycle();
  await round.finish();
  return round.report();
}

class Round {
  readonly #options: RoundOptions;
  readonly #random: Random;
  readonly #ledger = new Ledger();
  readonly #watchers: LedgerWatcher[];
  readonly #kills: Record<string, number> = {};
  #beliefs: Beliefs = new Map();
  #epoch = 0;
  #tokens = 0;

  constructor(options: RoundOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#watchers = ['first watcher', 'second watcher'].map((name) => new LedgerWatcher(name, this.#ledger));
  }

  async cycle(): Promise<void> {
    const death = planDeath(this.#random, this.#options.strace);
    const how = death.during === 'start' ? await this.#dieStarting(death) : await this.#dieWorking(death);
    this.#kills[how] = (this.#kills[how] ?? 0) + 1;
    this.#ledger.add({ type: 'crash' });
    this.#epoch++;
  }

  async #dieStarting({ trap, afterMs }: Death): Promise<string> {
    const server = this.#start(trap);
    const dead = server.running.ended.then(() => true);
    const trapped = trap && (await Promise.race([dead, server.transport().then((found) => !found)]));
    if (!trap) await Promise.race([after(afterMs), dead]);
    await server.kill();
    return trapped ? `starting, at ${trap.syscall}` : 'starting';
  }

  async #dieWorking({ trap, afterMs }: Death): Promise<string> {
    const server = this.#start();
    const transport = await server.transport();
    if (!transport) throw new Error('The server was not there to be killed');
    await this.#begin(transport);
    if (trap) await server.trap(trap);
    const stop = new AbortController();
    const working = this.#work(transport, stop.signal);
    const trapped = await Promise.race([
      after(afterMs).then(() => false),
      server.running.ended.then(() => true),
    ]);
    await server.kill();
    stop.abort();
    await working;
    transport.close();
    return trapped && trap ? `at ${trap.syscall}` : 'working';
  }

  /** A last server, that nobody kills while something is under way: watchers come to the end of what there is. */
  async finish(): Promise<void> {
    const server = this.#start();
    const transport = (await server.transport()) as HttpTransport;
    await this.#begin(transport);
    const marker = await this.#put(transport);
    while (this.#watchers.some(({ after: seen }) => seen < marker)) await after(5);
    const askedAt = this.#ledger.entries.length;
    this.#ledger.add({ type: 'list', ...(await listAll(transport)), askedAt });
    transport.close();
    await server.kill();
  }

  report(): RoundReport {
    const { entries } = this.#ledger;
    const count = (type: string) => entries.filter((entry) => entry.type === type).length;
    const sum = (of: (watcher: LedgerWatcher) => number) => this.#watchers.reduce((n, w) => n + of(w), 0);
    const [invoked, acknowledged, refused] = [count('invoke'), count('ack'), count('refused')];
    return {
      kills: this.#kills,
      acknowledged,
      refused,
      unanswered: invoked - acknowledged - refused,
      events: count('event'),
      lists: count('list') + count('restart'),
      resumed: sum((w) => w.resumed),
      expired: sum((w) => w.expired),
      violations: checkLedger(entries),
    };
  }

  #start(trap?: Trap): Server {
    const { dir, script } = this.#options;
    return new Server({ dataDir: join(dir, 'data'), trap, script });
  }

  /** What stands after the restart, some of the past, and watchers that go on. */
  async #begin(transport: HttpTransport): Promise<void> {
    const before = this.#ledger.newest;
    const state = await listAll(transport);
    this.#ledger.add({ type: 'restart', ...state });
    for (const watcher of this.#watchers) await watcher.follow(transport);
    for (const revision of this.#pastOf(Math.min(before, state.revision))) {
      this.#ledger.add({ type: 'list', ...(await listAll(transport, revision)) });
    }
    this.#beliefs = new Map(state.versions.map((version) => [version.key, version]));
  }

  /** The last revisions, and some before. */
  #pastOf(newest: number): number[] {
    const ago = [0, 1, 2, this.#random.int(20), this.#random.int(200)];
    return ago.map((n) => newest - n).filter((revision) => revision > 1);
  }

  async #work(transport: HttpTransport, signal: AbortSignal): Promise<void> {
    const random = seededRandom(this.#random.int(2 ** 31));
    const options = {
      transport,
      random,
      beliefs: this.#beliefs,
      keys,
      ledger: this.#ledger,
      token: () => this.#token(),
    };
    await Promise.all(Array.from({ length: writers }, () => writeUntilGone(options, signal)));
  }

  #token(): string {
    return `server-${this.#epoch}-write-${this.#tokens++}`;
  }

  /** Writes a key of its own. */
  async #put(transport: HttpTransport): Promise<number> {
    const [token, key] = [this.#token(), 'marker'];
    const op = this.#ledger.invoke({ verb: 'create', key, token });
    const version = await create(transport, { key, token });
    this.#ledger.add({ type: 'ack', op, version });
    return version.revision;
  }
}

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
