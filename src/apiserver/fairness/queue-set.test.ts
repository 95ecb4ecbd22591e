import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Queue, QueueSet } from './queue-set.ts';

const config = { queues: 4, handSize: 1, queueLengthLimit: 50, seats: 1 };

/** A set whose requests each last as long as told, on a clock of its own. */
class Bench {
  nowMs = 0;
  readonly order: string[] = [];
  readonly running: { name: string; queue: Queue | null; seats: number; startMs: number; endMs: number }[] =
    [];
  readonly set: QueueSet;

  constructor(options: Partial<typeof config> = {}) {
    this.set = new QueueSet({ ...config, ...options }, 0);
  }

  /** `at once`, `waits` or `refused`. */
  send(name: string, { card = 0, seats = 1, ms = 10 } = {}): string {
    const start = (queue: Queue | null) => {
      this.order.push(name);
      this.running.push({ name, queue, seats, startMs: this.nowMs, endMs: this.nowMs + ms });
    };
    const queue = this.set.tryStart([card], seats, this.nowMs);
    if (queue !== undefined) {
      start(queue);
      return 'at once';
    }
    const ticket = this.set.enqueue([card], { seats, onDispatch: start }, this.nowMs);
    return ticket ? 'waits' : 'refused';
  }

  /** Ends the request that ends first. */
  step(): boolean {
    this.running.sort((a, b) => a.endMs - b.endMs);
    const next = this.running.shift();
    if (!next) return false;
    this.nowMs = Math.max(this.nowMs, next.endMs);
    this.set.finish(next.queue, next.seats, { startMs: next.startMs, nowMs: this.nowMs });
    return true;
  }

  runOut(): void {
    while (this.step()) {}
  }
}

test('what finds a seat starts, what finds none waits, what finds no place is refused', () => {
  const bench = new Bench({ queueLengthLimit: 1 });
  expect(['a', 'b', 'c'].map((name) => bench.send(name))).toEqual(['at once', 'waits', 'refused']);
  expect(bench.send('d', { card: 1 })).toBe('waits');
  bench.runOut();
  expect(bench.order[0]).toBe('a');
  expect(bench.order).toHaveLength(3);
  expect(bench.set.idle).toBe(true);
});

test('a level without queues refuses what finds no seat', () => {
  const bench = new Bench({ queues: 0, seats: 2 });
  expect(['a', 'b', 'c'].map((name) => bench.send(name))).toEqual(['at once', 'at once', 'refused']);
  bench.step();
  expect(bench.send('d')).toBe('at once');
});

describe('fairness', () => {
  test('one flow with many requests does not hold up one with few', () => {
    const bench = new Bench();
    for (let i = 0; i < 30; i++) bench.send(`many-${i}`, { card: 0 });
    for (let i = 0; i < 3; i++) bench.send(`few-${i}`, { card: 1 });
    bench.runOut();
    expect(bench.order.indexOf('few-2')).toBeLessThan(8);
    expect(bench.order.filter((name) => name.startsWith('many')).map((name) => name.slice(5))).toEqual(
      Array.from({ length: 30 }, (_, i) => String(i)),
    );
  });

  test('it is time that is shared, not the number of requests', () => {
    const bench = new Bench();
    for (let i = 0; i < 20; i++) bench.send(`long-${i}`, { card: 0, ms: 100 });
    for (let i = 0; i < 20; i++) bench.send(`short-${i}`, { card: 1, ms: 10 });
    bench.runOut();
    const half = bench.order.slice(0, 22);
    expect(half.filter((name) => name.startsWith('short')).length).toBeGreaterThan(15);
  });

  test('seats count as work', () => {
    const bench = new Bench({ seats: 4 });
    for (let i = 0; i < 12; i++) bench.send(`wide-${i}`, { card: 0, seats: 4 });
    for (let i = 0; i < 12; i++) bench.send(`slim-${i}`, { card: 1, seats: 1 });
    bench.runOut();
    const slimDone = bench.order.lastIndexOf('slim-11');
    expect(bench.order.slice(0, slimDone).filter((name) => name.startsWith('wide')).length).toBeLessThan(8);
  });

  test('who has been idle has not saved anything up', () => {
    const bench = new Bench();
    for (let i = 0; i < 20; i++) bench.send(`busy-${i}`, { card: 0 });
    for (let i = 0; i < 10; i++) bench.step();
    for (let i = 0; i < 10; i++) bench.send(`late-${i}`, { card: 1 });
    const from = bench.order.length;
    bench.runOut();
    const next = bench.order.slice(from, from + 10);
    const late = next.filter((name) => name.startsWith('late')).length;
    expect(late).toBeGreaterThanOrEqual(4);
    expect(late).toBeLessThanOrEqual(6);
  });
});

test('a request for more seats than there are runs alone', () => {
  const bench = new Bench({ seats: 2 });
  expect(bench.send('small')).toBe('at once');
  expect(bench.send('huge', { seats: 5, card: 1 })).toBe('waits');
  bench.step();
  expect(bench.order).toEqual(['small', 'huge']);
  expect(bench.send('next', { card: 2 })).toBe('waits');
  bench.runOut();
  expect(bench.order.at(-1)).toBe('next');
});

test('who leaves the queue makes room for the next', () => {
  const set = new QueueSet({ ...config, seats: 2 }, 0);
  const started: string[] = [];
  const waiting = (name: string, seats: number) => ({ seats, onDispatch: () => void started.push(name) });
  set.tryStart([0], 1, 0);
  const wide = set.enqueue([0], waiting('wide', 2), 0);
  set.enqueue([0], waiting('slim', 1), 0);
  expect(started).toEqual([]);
  expect(set.cancel(wide as NonNullable<typeof wide>, 5)).toBe(true);
  expect(started).toEqual(['slim']);
  expect(set.cancel(wide as NonNullable<typeof wide>, 6)).toBe(false);
});

test('more seats let more through at once, and queues that are gone are used up', () => {
  const bench = new Bench();
  for (const card of [0, 1, 2, 3]) bench.send(`r${card}`, { card });
  expect(bench.order).toHaveLength(1);
  bench.set.configure({ ...config, queues: 1, seats: 3 }, 1);
  expect(bench.order).toHaveLength(3);
  bench.set.configure({ ...config, queues: 0, seats: 3 }, 2);
  bench.runOut();
  expect(bench.order).toHaveLength(4);
  expect(bench.set.idle).toBe(true);
});

test('whatever comes, seats are never overdrawn, queues keep their order, and nobody is forgotten', () => {
  const request = fc.record({
    card: fc.nat({ max: 3 }),
    seats: fc.integer({ min: 1, max: 5 }),
    ms: fc.integer({ min: 0, max: 50 }),
    steps: fc.nat({ max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (requests, seats) => {
      const bench = new Bench({ seats, queueLengthLimit: 5 });
      const accepted: string[] = [];
      for (const [i, { steps, ...given }] of requests.entries()) {
        const name = `${given.card}-${i}`;
        if (bench.send(name, given) !== 'refused') accepted.push(name);
        for (let n = 0; n < steps; n++) bench.step();
        expect(bench.set.seatsInUse <= seats || bench.set.executing === 1).toBe(true);
      }
      bench.runOut();
      expect([...bench.order].sort()).toEqual([...accepted].sort());
      for (const card of [0, 1, 2, 3]) {
        const ofCard = (names: string[]) => names.filter((name) => name.startsWith(`${card}-`));
        expect(ofCard(bench.order)).toEqual(ofCard(accepted));
      }
      expect([bench.set.seatsInUse, bench.set.seatsWaiting, bench.set.idle]).toEqual([0, 0, true]);
    }),
  );
});
