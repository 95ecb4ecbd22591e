import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkByRevision } from './check-by-revision.ts';
import { unexplainedKeys } from './check-by-search.ts';
import { checkCourse } from './courses.ts';
import type { Call, Change, Operation, Result, Version } from './operation.ts';

/** Histories that can be, and such that cannot. */

type Planted = { history: Operation[]; log: Change[] };

const version = (revision: number, key = 'a'): Version => ({ key, token: `t${revision}`, revision });
const wrote = (revision: number, key = 'a'): Change => ({ ...version(revision, key), deleted: false });
const took = (revision: number, of: number, key = 'a'): Change => ({
  revision,
  key,
  token: `t${of}`,
  deleted: true,
});

const at = (invoked: number, returned: number, call: Call, result: Result): Operation => ({
  client: 'c',
  call,
  result,
  invoked,
  returned: result.type === 'unknown' ? Number.POSITIVE_INFINITY : returned,
});
const done = (revision: number): Result => ({ type: 'done', version: version(revision) });
const unknown: Result = { type: 'unknown' };
const create = (from: number, to: number, revision: number, result: Result = done(revision)) =>
  at(from, to, { verb: 'create', key: 'a', token: `t${revision}` }, result);
const update = (
  from: number,
  to: number,
  [of, revision]: [number, number],
  result: Result = done(revision),
) => at(from, to, { verb: 'update', key: 'a', token: `t${revision}`, expected: version(of) }, result);
const remove = (from: number, to: number, of: number, result: Result = { type: 'done' }) =>
  at(from, to, { verb: 'delete', key: 'a', expected: version(of) }, result);
const get = (from: number, to: number, revision: number) =>
  at(
    from,
    to,
    { verb: 'get', key: 'a' },
    revision ? { type: 'read', version: version(revision) } : { type: 'missing' },
  );
const list = (from: number, to: number, revision: number, ...versions: Version[]) =>
  at(from, to, { verb: 'list' }, { type: 'listed', revision, versions });

const log = [wrote(1), wrote(2)];
const twoWrites = [create(0, 1, 1), update(2, 3, [1, 2])];

const impossible: Record<string, Planted> = {
  'a read of what had been overwritten': { log, history: [...twoWrites, get(4, 5, 1)] },
  'a read that misses what is there': { log, history: [...twoWrites, get(4, 5, 0)] },
  'a list that misses an acknowledged write': { log, history: [...twoWrites, list(4, 5, 1, version(1))] },
  'a write that is seen, and then not': {
    log,
    history: [create(0, 1, 1), update(2, 99, [1, 2], unknown), get(3, 4, 2), get(5, 6, 1)],
  },
  'a write that is seen before it was asked for': {
    log,
    history: [create(0, 1, 1), get(2, 3, 2), update(4, 5, [1, 2])],
  },
  'a lost update': {
    log: [wrote(1), wrote(2), wrote(3)],
    history: [...twoWrites, update(2.5, 4, [1, 3])],
  },
  'two that create the same': { log, history: [create(0, 1, 1), create(0, 1, 2)] },
  'two that delete the same': {
    log: [wrote(1), took(2, 1)],
    history: [create(0, 1, 1), remove(2, 3, 1), remove(2, 3, 1)],
  },
  'a deleted object that is read': {
    log: [wrote(1), took(2, 1)],
    history: [create(0, 1, 1), remove(2, 3, 1), get(4, 5, 1)],
  },
  'a conflict with nothing': {
    log: [wrote(1)],
    history: [create(0, 1, 1), update(2, 3, [1, 9], { type: 'conflict' })],
  },
  'a refused write that was done': {
    log,
    history: [create(0, 1, 1), update(2, 3, [1, 2], { type: 'conflict' }), get(4, 5, 2)],
  },
};

describe.each(Object.entries(impossible))('%s', (_, { history, log }) => {
  test('does not fit the revisions', () => expect(checkByRevision(history, log)).not.toEqual([]));
  test('is explained by no order', () => expect(unexplainedKeys(history)).toEqual(['a']));
});

describe('a read of what is not older than a revision', () => {
  const since = (notOlderThan: number, operation: Operation): Operation => ({
    ...operation,
    call: { verb: 'get', key: 'a', notOlderThan },
  });
  test('may tell what had been overwritten, and nothing older', () => {
    for (const asked of [0, 1])
      expect(checkByRevision([...twoWrites, since(asked, get(4, 5, 1))], log)).toEqual([]);
    expect(checkByRevision([...twoWrites, since(0, get(4, 5, 0))], log)).toEqual([]);
    expect(checkByRevision([...twoWrites, since(2, get(4, 5, 1))], log)).not.toEqual([]);
    expect(checkByRevision([...twoWrites, since(1, get(4, 5, 0))], log)).not.toEqual([]);
  });
  test('tells nothing that nobody has asked for yet', () => {
    const [first, second] = twoWrites as [Operation, Operation];
    expect(checkByRevision([first, since(0, get(1.2, 1.5, 2)), second], log)).not.toEqual([]);
  });
  test('is of no interest to a search for an order of what is newest', () => {
    expect(unexplainedKeys([...twoWrites, since(0, get(4, 5, 1))])).toEqual([]);
  });
});

describe('a watcher', () => {
  const happened = [wrote(1), wrote(2), took(3, 2), wrote(4)];
  const [one, two, three, four] = happened as [Change, Change, Change, Change];
  test.each([
    ['is told of everything', 0, [one, two, three, four]],
    ['is told of what comes after its list', 2, [three, four]],
    ['is late', 1, [two, three]],
    ['is told of nothing', 0, []],
  ])('may be one that %s', (_, from, told) => {
    expect(checkCourse({ watcher: 'w', from, told }, happened)).toEqual([]);
  });
  test.each([
    ['misses something', 0, [one, three, four]],
    ['misses the first', 0, [two, three, four]],
    ['is told twice', 0, [one, two, two, three]],
    ['is told in another order', 0, [one, three, two]],
    ['is told again of what it began with', 1, [one, two]],
    ['is told of what never was', 3, [four, wrote(5)]],
    ['is told of a deletion as a write', 2, [{ ...three, deleted: false }]],
  ])('must not be one that %s', (_, from, told) => {
    expect(checkCourse({ watcher: 'w', from, told }, happened)).not.toEqual([]);
  });
});

describe('the order of revisions says more:', () => {
  test('a list of two keys as they never were together', () => {
    const b: Operation = at(
      2,
      3,
      { verb: 'create', key: 'b', token: 't2' },
      { type: 'done', version: version(2, 'b') },
    );
    const torn = list(0, 9, 2, version(2, 'b'));
    expect(checkByRevision([create(0, 1, 1), b, torn], [wrote(1), wrote(2, 'b')])).not.toEqual([]);
  });

  test('a write that is nobody’s, and one that is not in the log', () => {
    expect(checkByRevision([create(0, 1, 1)], log)).toEqual(['nobody wrote a=t2 @2']);
    expect(checkByRevision(twoWrites, [wrote(1)]).join()).toContain('not in the log');
  });

  test('revisions against the order of calls', () => {
    const b = (from: number, to: number): Operation =>
      at(from, to, { verb: 'create', key: 'b', token: 't2' }, { type: 'done', version: version(2, 'b') });
    expect(checkByRevision([create(5, 6, 1), b(0, 1)], [wrote(1), wrote(2, 'b')])).not.toEqual([]);
    expect(checkByRevision([create(5, 6, 1), b(5, 6)], [wrote(1), wrote(2, 'b')])).toEqual([]);
  });
});

const step = fc.record({
  client: fc.nat(3).map(String),
  verb: fc.constantFrom('create', 'update', 'update', 'delete', 'get', 'list'),
  key: fc.constantFrom('a', 'b'),
  /** How long before and after its moment it is called and answered. */
  before: fc.constantFrom(1, 3, 20, 40),
  after: fc.constantFrom(1, 3, 20, 40),
  /** Whether it expects what stands there, where it can. */
  isFresh: fc.constantFrom(true, true, true, false),
  outcome: fc.constantFrom('answered', 'answered', 'answered', 'done, unanswered', 'not done'),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A store as it should be. Each step happens at one moment. */
class Model {
  readonly log: Change[] = [];
  readonly history: Operation[] = [];
  readonly #stands = new Map<string, Version>();
  readonly #known: Version[] = [];
  #revision = 0;

  take(given: Step, moment: number): void {
    const call = this.#callOf(given);
    const isRead = call.verb === 'get' || call.verb === 'list';
    const result = given.outcome === 'not done' && !isRead ? unknown : this.#answer(call);
    const answered = given.outcome === 'answered' || isRead;
    const [from, to] = [moment - given.before, moment + given.after];
    this.history.push({ ...at(from, to, call, answered ? result : unknown), client: given.client });
  }

  #callOf({ verb, key, isFresh }: Step): Call {
    const token = `t${this.history.length}`;
    const known = this.#known.filter((version) => version.key === key);
    const expected = isFresh ? this.#stands.get(key) : known[0];
    if (verb === 'list') return { verb };
    if (verb === 'update' && expected) return { verb, key, token, expected };
    if (verb === 'delete' && expected) return { verb, key, expected };
    return verb === 'get' ? { verb, key } : { verb: 'create', key, token };
  }

  #answer(call: Call): Result {
    if (call.verb === 'list')
      return { type: 'listed', revision: this.#revision, versions: [...this.#stands.values()] };
    const stands = this.#stands.get(call.key);
    if (call.verb === 'get') return stands ? { type: 'read', version: stands } : { type: 'missing' };
    const expected = call.verb === 'create' ? undefined : call.expected;
    if (stands?.revision !== expected?.revision) return { type: stands ? 'conflict' : 'missing' };
    const revision = ++this.#revision;
    if (call.verb === 'delete') {
      this.#stands.delete(call.key);
      this.log.push({ revision, key: call.key, token: call.expected.token, deleted: true });
      return { type: 'done' };
    }
    const version = { key: call.key, token: call.token, revision };
    this.#stands.set(call.key, version);
    this.#known.push(version);
    this.log.push({ ...version, deleted: false });
    return { type: 'done', version };
  }
}

test('whatever a store that is as it should be answers fits, and is explained', () => {
  let writes = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const model = new Model();
      for (const [i, given] of steps.entries()) model.take(given, i * 10);
      writes += model.log.length;
      expect(checkByRevision(model.history, model.log)).toEqual([]);
      expect(unexplainedKeys(model.history)).toEqual([]);
    }),
    { numRuns: 300 },
  );
  expect(writes).toBeGreaterThan(200);
});

/** Tries every order. */
function hasSomeOrder(history: readonly Operation[]): boolean {
  const explains = (left: readonly Operation[], stands: string | undefined): boolean => {
    const must = left.filter(({ result }) => result.type !== 'unknown');
    if (must.length === 0) return true;
    const first = Math.min(...left.map(({ returned }) => returned));
    return left.some((operation) => {
      if (operation.invoked > first) return false;
      const rest = left.filter((other) => other !== operation);
      const { call, result } = operation;
      const expected = 'expected' in call ? call.expected.token : undefined;
      const isRead = call.verb === 'get' || call.verb === 'list';
      const next = 'token' in call ? call.token : undefined;
      const works = !isRead && stands === expected;
      if (result.type === 'unknown') return explains(rest, stands) || (works && explains(rest, next));
      if (result.type === 'read') return stands === result.version.token && explains(rest, stands);
      if (result.type === 'missing') return stands === undefined && explains(rest, stands);
      if (result.type === 'conflict') return stands !== undefined && !works && explains(rest, stands);
      return works && explains(rest, next);
    });
  };
  return explains(history, undefined);
}

test('the search finds an order where there is one, and none where there is none', () => {
  const verdicts = { true: 0, false: 0 };
  const swap = fc.record({
    steps: fc.array(step, { minLength: 3, maxLength: 7 }),
    from: fc.nat(6),
    to: fc.nat(6),
  });
  fc.assert(
    fc.property(swap, ({ steps, from, to }) => {
      const model = new Model();
      const single = steps
        .map((given) => ({ ...given, key: 'a' }) as Step)
        .filter(({ verb }) => verb !== 'list');
      for (const [i, given] of single.entries()) model.take(given, i * 10);
      // An answer that belongs to another call, or to the same one at another time.
      const [x, y] = [model.history[from], model.history[to]];
      if (x && y && x.result.type !== 'unknown' && y.result.type !== 'unknown') {
        [x.invoked, y.invoked] = [y.invoked, x.invoked];
        [x.returned, y.returned] = [y.returned, x.returned];
      }
      const isExplained = unexplainedKeys(model.history).length === 0;
      expect(isExplained).toBe(hasSomeOrder(model.history));
      // What fits the revisions is explained by their order.
      if (checkByRevision(model.history, model.log).length === 0) expect(isExplained).toBe(true);
      verdicts[`${isExplained}`]++;
    }),
    { numRuns: 2000 },
  );
  expect(verdicts.true).toBeGreaterThan(30);
  expect(verdicts.false).toBeGreaterThan(30);
});
