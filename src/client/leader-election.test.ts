import { afterEach, describe, expect, test } from 'vitest';
import type { Lease, LeaseSpec } from '../api/coordination/v1.ts';
import { alreadyExists, conflict, notFound, serviceUnavailable } from '../machinery/status-error.ts';
import type { Clock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { MetricRegistry } from '../platform/metrics/registry.ts';
import { seriesOf } from '../platform/metrics/testing.ts';
import { seededRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { Client } from './client.ts';
import { type ElectionTimes, planElection, released, see, timesError } from './election-plan.ts';
import { EventRecorder } from './event-recorder.ts';
import { LeaderElection } from './leader-election.ts';
import type { ApiRequest, Transport } from './transport.ts';

const times: ElectionTimes = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000 };
const at = (monotonicMs: number) => ({ monotonicMs, wallMs: monotonicMs });
const me = { identity: 'me', times, isAlone: false };
const heldBy = (holderIdentity: string, more: LeaseSpec = {}): LeaseSpec => ({
  holderIdentity,
  leaseDurationSeconds: 15,
  acquireTime: '1970-01-01T00:00:00.000000Z',
  renewTime: '1970-01-01T00:00:00.000000Z',
  leaseTransitions: 3,
  ...more,
});

describe('what a candidate does about a lease', () => {
  test('there is none: it makes one', () => {
    expect(planElection(me, undefined, at(1500))).toEqual({
      do: 'write',
      spec: {
        holderIdentity: 'me',
        leaseDurationSeconds: 15,
        acquireTime: '1970-01-01T00:00:01.500000Z',
        renewTime: '1970-01-01T00:00:01.500000Z',
        leaseTransitions: 0,
      },
    });
  });

  test('another holds it: it waits from when it saw the lease change, whatever the times in it say', () => {
    const sight = see(undefined, heldBy('other', { renewTime: '2090-01-01T00:00:00.000000Z' }), 1000);
    expect(planElection(me, sight, at(2000))).toEqual({ do: 'wait', forMs: 14_000 });
    const same = see(sight, { ...sight.spec }, 9000);
    expect(planElection(me, same, at(15_999))).toEqual({ do: 'wait', forMs: 1 });
    expect(planElection(me, same, at(16_000))).toMatchObject({
      do: 'write',
      spec: { holderIdentity: 'me', leaseTransitions: 4 },
    });
    const renewed = see(same, { ...sight.spec, renewTime: '2090-01-01T00:00:02.000000Z' }, 9000);
    expect(planElection(me, renewed, at(16_000))).toEqual({ do: 'wait', forMs: 8000 });
  });

  test('it holds it: it renews, and changes nothing else', () => {
    const spec = heldBy('me', { strategy: 'OldestEmulationVersion', preferredHolder: 'x' });
    expect(planElection(me, see(undefined, spec, 0), at(2000))).toEqual({
      do: 'write',
      spec: { ...spec, renewTime: '1970-01-01T00:00:02.000000Z' },
    });
  });

  test('nobody else can be alive: it takes it at once', () => {
    const step = planElection({ ...me, isAlone: true }, see(undefined, heldBy('dead'), 0), at(1));
    expect(step).toMatchObject({ do: 'write', spec: { holderIdentity: 'me', leaseTransitions: 4 } });
  });

  test('it was released: it takes it at once', () => {
    const free = released(heldBy('other'), 500);
    expect(free).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 3 });
    expect(planElection(me, see(undefined, free, 0), at(1))).toMatchObject({
      do: 'write',
      spec: { leaseTransitions: 4 },
    });
  });

  test.each<[Partial<ElectionTimes>, string]>([
    [{ retryPeriodMs: 0 }, 'greater than zero'],
    [{ renewDeadlineMs: 2400 }, 'retry period times 1.2'],
    [{ leaseDurationMs: 10_000 }, 'renew deadline'],
  ])('times that cannot work are said: %j', (wrong, why) => {
    expect(timesError(times)).toBeUndefined();
    expect(timesError({ ...times, ...wrong })).toContain(why);
  });
});

/** One lease behind a door that can be shut, be slow, or be disturbed. */
class LeaseServer {
  lease: Lease | undefined;
  readonly events: string[] = [];
  revision = 0;
  writes = 0;

  transport(door: Door): Transport {
    return {
      request: async (request) => {
        await door.pass(request);
        const answer = this.#serve(request);
        await door.pass(request);
        return answer;
      },
      watch: () => Promise.reject(new Error('nobody watches')),
    };
  }

  /** Somebody else writes into the lease, and leaves its spec. */
  touch(): void {
    if (this.lease)
      this.lease = {
        ...this.lease,
        metadata: { ...this.lease.metadata, resourceVersion: String(++this.revision) },
      };
  }

  #serve({ method, path, body }: ApiRequest): unknown {
    if (path.includes('/events')) return this.events.push((body as { message: string }).message);
    const subject = { group: 'coordination.k8s.io', resource: 'leases', name: 'role' };
    if (method === 'GET') {
      if (!this.lease) throw notFound(subject);
      return this.lease;
    }
    const sent = body as Lease;
    if (method === 'POST' && this.lease) throw alreadyExists(subject);
    if (method === 'PUT' && sent.metadata.resourceVersion !== this.lease?.metadata.resourceVersion)
      throw conflict(subject, 'changed');
    this.writes++;
    const metadata = { ...sent.metadata, resourceVersion: String(++this.revision) };
    this.lease = { ...structuredClone(sent), metadata };
    return this.lease;
  }
}

interface Door {
  pass(request: ApiRequest): Promise<void>;
}

/** A clock that stands still for its process while that is paused; what was due then comes all at once afterwards. */
class PausableClock implements Clock {
  readonly #base: VirtualClock;
  readonly #skewMs: number;
  #held: (() => void)[] | undefined;

  constructor(base: VirtualClock, skewMs: number) {
    this.#base = base;
    this.#skewMs = skewMs;
  }

  now = () => this.#base.now() + this.#skewMs;
  monotonic = () => this.#base.monotonic() + Math.abs(this.#skewMs);
  after(delayMs: number, fn: () => void) {
    return this.#base.after(delayMs, () => (this.#held ? this.#held.push(fn) : fn()));
  }
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return VirtualClock.prototype.sleep.call(this, delayMs, signal);
  }
  pause(): void {
    this.#held = [];
  }
  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const fn of held) fn();
  }
}

describe('an election', () => {
  const base = new VirtualClock();
  const stops: AbortController[] = [];
  afterEach(() => {
    for (const stop of stops) stop.abort();
    stops.length = 0;
  });

  /** One candidate that notes when it acts: a write through its guard each tenth of a second. */
  function candidate(server: LeaseServer, identity: string, { skewMs = 0, isAlone = false } = {}) {
    const clock = new PausableClock(base, skewMs);
    const random = seededRandom(identity.length + identity.charCodeAt(0));
    const state = { isShut: false, slowMs: 0, terms: 0, isActing: false, acts: [] as number[] };
    const transport = server.transport({
      async pass() {
        if (state.slowMs) await clock.sleep(state.slowMs);
        if (state.isShut) throw serviceUnavailable('no way');
      },
    });
    const client = new Client(transport);
    const world = { client, clock, random, log: silentLog };
    const events = new EventRecorder({ ...world, source: { component: 'test' } });
    const lease = { namespace: 'kube-system', name: 'role' };
    const meter = new MetricRegistry();
    const election = new LeaderElection({ ...world, events, meter, lease, identity, times, isAlone });
    const work = election.guard({
      ...transport,
      request: async () => void state.acts.push(base.monotonic()),
    });
    const stop = new AbortController();
    stops.push(stop);
    const done = election.run(stop.signal, async (signal) => {
      state.terms++;
      state.isActing = true;
      while (!signal.aborted) {
        await work.request({ method: 'POST', path: '/' }).catch(() => {});
        await clock.sleep(100, signal).catch(() => {});
      }
      state.isActing = false;
    });
    const leads = () => seriesOf(meter)['leader_election_master_status{name="role"}'];
    return { state, clock, stop: () => (stop.abort(), done), election, leads };
  }

  const span = ({ acts }: { acts: number[] }, fromMs = 0) => acts.filter((ms) => ms >= fromMs);

  test('one of two leads, and is renewed every two seconds; a clean stop hands over at once', async () => {
    const server = new LeaseServer();
    const [a, b] = [candidate(server, 'a'), candidate(server, 'b', { skewMs: 3_600_000 })];
    await base.advance(60_000);
    expect([a.state.terms, b.state.terms]).toEqual([1, 0]);
    expect(server.writes).toBe(31);
    expect(server.events).toEqual(['a became leader']);
    const startMs = base.monotonic();
    await a.stop();
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await base.advance(4500);
    expect(b.state.isActing).toBe(true);
    expect(span(b.state)[0]).toBeLessThan(startMs + 4400);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  test.each([0, 3_600_000, -3_600_000])(
    'a paused leader has stopped before another begins, and says nothing when it comes back (clocks %i ms apart)',
    async (skewMs) => {
      const server = new LeaseServer();
      const a = candidate(server, 'a');
      await base.advance(5000);
      const b = candidate(server, 'b', { skewMs });
      await base.advance(5000);
      const pausedMs = base.monotonic();
      a.clock.pause();
      await base.advance(40_000);
      expect(b.state.isActing).toBe(true);
      expect(span(b.state)[0]).toBeGreaterThan((a.state.acts.at(-1) as number) + 10_000);
      expect(span(b.state)[0]).toBeLessThan(pausedMs + 15_000 + 4400);
      a.clock.resume();
      await base.advance(20_000);
      expect(span(a.state, pausedMs + 1)).toEqual([]);
      expect(a.state.isActing).toBe(false);
      expect(b.state.terms).toBe(1);
    },
  );

  test('a leader that cannot renew stops within the deadline, before another can begin, and leads again later', async () => {
    const server = new LeaseServer();
    const a = candidate(server, 'a');
    await base.advance(5000);
    const cutMs = base.monotonic();
    expect(a.leads()).toBe(1);
    a.state.isShut = true;
    const b = candidate(server, 'b');
    await base.advance(40_000);
    expect([a.leads(), b.leads()]).toEqual([0, 1]);
    expect(Math.max(...a.state.acts)).toBeLessThanOrEqual(cutMs + 10_000);
    expect(Math.min(...b.state.acts)).toBeGreaterThan(Math.max(...a.state.acts));
    a.state.isShut = false;
    await b.stop();
    await base.advance(10_000);
    expect(a.state).toMatchObject({ isActing: true, terms: 2 });
  });

  test('answers that come too late make nobody a leader', async () => {
    const server = new LeaseServer();
    const a = candidate(server, 'a');
    a.state.slowMs = 6000;
    await base.advance(60_000);
    // What it wrote stands, and is found to be its own, each time too late.
    expect(server.lease?.spec?.holderIdentity).toBe('a');
    expect(a.state.acts).toEqual([]);
    a.state.slowMs = 0;
    await base.advance(30_000);
    expect(a.state.isActing).toBe(true);
    expect(server.lease?.spec?.leaseTransitions).toBe(0);
  });

  test('others who write into the lease all the time do not unseat the leader', async () => {
    const server = new LeaseServer();
    const a = candidate(server, 'a');
    const b = candidate(server, 'b');
    for (let i = 0; i < 50; i++) {
      await base.advance(1900);
      server.touch();
    }
    expect([a.state.terms, b.state.terms]).toEqual([1, 0]);
  });

  test('a lease that is taken away by hand ends the lead at once', async () => {
    const server = new LeaseServer();
    const a = candidate(server, 'a');
    await base.advance(5000);
    server.lease = { ...(server.lease as Lease), spec: heldBy('x') };
    server.touch();
    await base.advance(5000);
    expect(a.state.isActing).toBe(false);
    await base.advance(20_000);
    expect(a.state).toMatchObject({ isActing: true, terms: 2 });
  });

  test('who is alone does not wait for one that was killed', async () => {
    const server = new LeaseServer();
    const metadata = { namespace: 'kube-system', name: 'role', resourceVersion: '0' };
    server.lease = { metadata, spec: heldBy('killed') };
    const a = candidate(server, 'a', { isAlone: true });
    await base.advance(1);
    expect(a.state.isActing).toBe(true);
  });
});
