import type { Lease } from '../api/coordination/v1.ts';
import { leases } from '../api/generated/resources.ts';
import type { Stored } from '../api/resource.ts';
import { ignoring, serviceUnavailable } from '../machinery/status-error.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Meter } from '../platform/metrics/meter.ts';
import type { Random } from '../platform/random.ts';
import type { Client } from './client.ts';
import {
  type Candidate,
  type ElectionTimes,
  jitterFactor,
  planElection,
  released,
  see,
  type Sight,
} from './election-plan.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { Transport } from './transport.ts';

export interface LeaderElectionOptions {
  client: Client;
  clock: Clock;
  random: Random;
  log: Log;
  meter: Meter;
  /** Told who became leader. */
  events: EventRecorder;
  /** The lease, such as `kube-scheduler` in `kube-system`. */
  lease: { namespace: string; name: string };
  /** Told from all others, also from this candidate's own earlier lives. */
  identity: string;
  times: ElectionTimes;
  /** Nobody else can be alive who would hold the lease. */
  isAlone?: boolean;
}

const status = (meter: Meter) =>
  meter.gauge({
    name: 'leader_election_master_status',
    help: 'Whether this process holds the lease of this name.',
    stability: 'ALPHA',
    labels: ['name'],
  });

/**
 * One candidate for a role that only one may have at a time. Who holds the lease leads, as with client-go: time is
 * measured from when this process saw the lease change, so clocks that differ do no harm.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #candidate: Candidate;
  #sight: Sight | undefined;
  /** The lease as this candidate last read or wrote it. */
  #lease: Stored<Lease> | undefined;
  /** When the renewal that last succeeded was begun; undefined while somebody else leads. */
  #renewedAtMs: number | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    const { identity, times, isAlone = false } = options;
    this.#candidate = { identity, times, isAlone };
    status(options.meter)
      .with(options.lease.name)
      .follow(() => Number(this.isLeading));
  }

  /**
   * Whether what acts in the leader's name may do so now. Asked of the clock, not of a timer, so that the answer is
   * right at once in a process that has slept.
   */
  get isLeading(): boolean {
    return this.#renewedAtMs !== undefined && this.#leftMs(this.#renewedAtMs) > 0;
  }

  /** How long who renewed then may go on acting. One who is alone may for ever: nobody begins beside it. */
  #leftMs(renewedAtMs: number): number {
    const { clock, times } = this.#options;
    if (this.#candidate.isAlone) return Number.POSITIVE_INFINITY;
    return renewedAtMs + times.renewDeadlineMs - clock.monotonic();
  }

  /** The way to the server for what may only act while this candidate leads: its writes are refused otherwise. */
  guard(transport: Transport): Transport {
    return {
      request: (request) => {
        if (request.method === 'GET' || this.isLeading) return transport.request(request);
        const { name } = this.#options.lease;
        return Promise.reject(serviceUnavailable(`this process does not lead ${name} any longer`));
      },
      watch: (request, sink) => transport.watch(request, sink),
    };
  }

  /**
   * Runs `lead` whenever this candidate leads, until the signal is aborted. Its own signal is aborted when leading
   * ends; only when it has resolved is the lease let go, or tried for again.
   */
  async run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await this.#acquire(signal);
      if (!signal.aborted) await this.#term(signal, lead);
      else if (this.isLeading) await this.#release();
    }
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    const { clock, random, times, log, identity, events } = this.#options;
    while (!signal.aborted) {
      const waitMs = await this.#attempt();
      if (waitMs === undefined) {
        log.info('became leader', { lease: this.#options.lease.name, identity });
        const note = {
          type: 'Normal',
          reason: 'LeaderElection',
          message: `${identity} became leader`,
        } as const;
        if (this.#lease) events.record(this.#lease, note);
        return;
      }
      const jitteredMs = times.retryPeriodMs * (1 + random.next() * jitterFactor);
      await clock.sleep(Math.min(waitMs, jitteredMs), signal).catch(() => {});
    }
  }

  /** Leads until leadership is lost or no longer wanted. */
  async #term(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { log, lease, identity } = this.#options;
    const term = new AbortController();
    const end = () => term.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const work = { isOver: new AbortController() };
    const leading = lead(term.signal)
      .catch((error) => log.error('leading failed', { lease: lease.name, error }))
      .finally(() => work.isOver.abort());
    await this.#keep(work.isOver.signal);
    end();
    await leading;
    signal.removeEventListener('abort', end);
    if (this.isLeading) await this.#release();
    else log.warn('lost the lead', { lease: lease.name, identity });
    this.#renewedAtMs = undefined;
  }

  /** Renews until leadership is lost, or what is done with it is over. */
  async #keep(isOver: AbortSignal): Promise<void> {
    const { clock, times } = this.#options;
    while (!isOver.aborted && this.isLeading) {
      const leftMs = this.#leftMs(this.#renewedAtMs as number);
      await clock.sleep(Math.min(times.retryPeriodMs, leftMs), isOver).catch(() => {});
      if (!isOver.aborted && this.isLeading) await this.#attempt();
    }
  }

  /** One try to take or renew the lease; undefined: it is ours. Otherwise how long to wait at most. */
  async #attempt(): Promise<number | undefined> {
    const { clock, times } = this.#options;
    const startMs = clock.monotonic();
    const limit = new AbortController();
    const leftMs = this.isLeading ? this.#leftMs(this.#renewedAtMs as number) : Number.POSITIVE_INFINITY;
    const limitMs = Math.min(times.renewDeadlineMs, leftMs);
    const late = clock.sleep(limitMs, limit.signal).then(
      () => Promise.reject(new Error(`no answer within ${limitMs} ms`)),
      () => undefined,
    );
    try {
      return await Promise.race([this.#tryLease(startMs, limit.signal), late]);
    } catch (error) {
      // Whatever was under way may still come to pass: only what stands in the store tells.
      this.#lease = undefined;
      const { log, lease } = this.#options;
      log.debug('the lease was not written', { lease: lease.name, error: String(error) });
      return times.retryPeriodMs * (1 + jitterFactor);
    } finally {
      limit.abort();
    }
  }

  async #tryLease(startMs: number, signal: AbortSignal): Promise<number | undefined> {
    if (!this.isLeading || !this.#lease) await this.#read(signal);
    const step = this.#plan();
    if (step.do === 'wait') {
      this.#renewedAtMs = undefined;
      return step.forMs;
    }
    await this.#write(step.spec, signal);
    this.#renewedAtMs = startMs;
    return undefined;
  }

  #plan() {
    const { clock } = this.#options;
    return planElection(this.#candidate, this.#sight, {
      monotonicMs: clock.monotonic(),
      wallMs: clock.now(),
    });
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { client, lease, clock } = this.#options;
    const found = await client.of(leases).get(lease, { signal }).catch(ignoring('NotFound'));
    signal.throwIfAborted();
    this.#lease = found || undefined;
    this.#sight = found ? see(this.#sight, found.spec ?? {}, clock.monotonic()) : undefined;
  }

  async #write(spec: Lease['spec'], signal: AbortSignal): Promise<void> {
    const { client, lease, clock, identity } = this.#options;
    const api = client.of(leases);
    const options = { cause: { reason: `${identity} stands for election` }, signal };
    const old = this.#lease;
    const written = old
      ? await api.update({ ...old, spec }, options)
      : await api.create(
          { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...lease }, spec },
          options,
        );
    // Nobody waits for it any more; the next try begins with what stands.
    signal.throwIfAborted();
    this.#lease = written;
    this.#sight = { spec: written.spec, atMs: clock.monotonic() };
  }

  /** Lets the lease go, so that nobody has to wait for its end. */
  async #release(): Promise<void> {
    const { clock, log, times } = this.#options;
    const limit = new AbortController();
    const late = clock.sleep(times.renewDeadlineMs, limit.signal).catch(() => {});
    const letGo = async () => {
      await this.#read(limit.signal);
      if (this.#lease?.spec?.holderIdentity !== this.#options.identity) return;
      await this.#write(released(this.#lease.spec, clock.now()), limit.signal);
    };
    this.#renewedAtMs = undefined;
    await Promise.race([
      letGo().catch((error) => log.warn('the lease was not released', { error: String(error) })),
      late,
    ]);
    limit.abort();
  }
}
