import { embedded, type Subject } from './subjects.ts';

/** One line of the report. */
export interface Measured {
  what: string;
  unit: string;
  values: { name: string; value: number }[];
}

interface Given {
  subjects: readonly Subject[];
  /** How long one measurement of one subject lasts. */
  forMs: number;
  say(measured: Measured): void;
}

const value = Buffer.alloc(1024, 'k8ts');
/** Every subject is measured this often, in turns, so that what else the machine does hits all alike. */
const turns = 2;
let serial = 0;

/** Keeps so many calls under way for the time, and gives how many came back a second. */
async function rate(inFlight: number, forMs: number, call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let done = 0;
  const worker = async () => {
    while (performance.now() - start < forMs) {
      await call();
      done++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return done / ((performance.now() - start) / 1000);
}

/** The same for all, in turns; the mean of each. */
async function inTurns(subjects: readonly Subject[], measure: (subject: Subject) => Promise<number>) {
  const sums = new Map<string, number>();
  for (let turn = 0; turn < turns; turn++) {
    for (const subject of subjects) {
      sums.set(subject.name, (sums.get(subject.name) ?? 0) + (await measure(subject)));
    }
  }
  return [...sums].map(([name, sum]) => ({ name, value: sum / turns }));
}

const newKey = () => `/registry/pods/default/pod-${serial++}`;

/** Durable puts of new keys. */
export async function puts({ subjects, forMs, say }: Given): Promise<void> {
  for (const inFlight of [1, 32, 256]) {
    const spent = new Map<string, { ms: number; puts: number }>();
    const values = await inTurns(subjects, async (subject) => {
      const { ms, puts } = spent.get(subject.name) ?? { ms: 0, puts: 0 };
      const before = subject.cpuMs();
      let done = 0;
      const put = () => subject.put(newKey(), value).then(() => done++);
      const perSecond = await rate(inFlight, forMs / turns, put);
      spent.set(subject.name, { ms: ms + subject.cpuMs() - before, puts: puts + done });
      return perSecond;
    });
    say({ what: `durable puts of 1 KB, ${inFlight} in flight`, unit: 'a second', values });
    const cpu = [...spent].map(([name, { ms, puts }]) => ({ name, value: (ms * 1000) / puts }));
    say({ what: '  CPU time of the process that stores', unit: 'µs a put', values: cpu });
  }
}

/** Reads of a page, of one key. */
export async function ranges({ subjects, forMs, say }: Given): Promise<void> {
  for (const subject of subjects) {
    await Promise.all(Array.from({ length: 500 }, (_, i) => subject.put(`/registry/read/${i}`, value)));
  }
  for (const [limit, inFlight] of [
    [500, 1],
    [500, 8],
    [1, 32],
  ] as const) {
    const values = await inTurns(subjects, (subject) =>
      rate(inFlight, forMs / turns / 2, () => subject.range('/registry/read/', limit)),
    );
    say({
      what: `reads of ${limit === 1 ? 'a key' : `${limit} keys`}, ${inFlight} in flight`,
      unit: 'a second',
      values,
    });
  }
}

/** Events that reach watchers of the same prefix while it is written to. */
export async function watchers({ subjects, forMs, say }: Given): Promise<void> {
  for (const count of [1, 100]) {
    const values = await inTurns(subjects, (subject) => delivered(subject, count, forMs / turns));
    say({ what: `events to ${count} watchers, 32 puts in flight`, unit: 'a second', values });
  }
}

async function delivered(subject: Subject, count: number, forMs: number): Promise<number> {
  const seen = { events: 0, puts: 0 };
  const stops = await Promise.all(
    Array.from({ length: count }, () => subject.watch('/registry/watched/', () => void seen.events++)),
  );
  const start = performance.now();
  await rate(32, forMs, () => subject.put(`/registry/watched/${seen.puts++ % 100}`, value));
  while (seen.events < seen.puts * count) await new Promise((resolve) => setTimeout(resolve, 1));
  const seconds = (performance.now() - start) / 1000;
  for (const stop of stops) stop();
  return seen.events / seconds;
}

/** How many keys are put at once where only that they are there counts: etcd takes 128. */
const keysAtOnce = 100;

/** From the start of a process, or of the store in this one, to the first answer, with so many keys in it. */
export async function restarts({ subjects, say, objects }: Given & { objects: number }): Promise<void> {
  for (const subject of subjects) {
    await once(Math.ceil(objects / keysAtOnce), 8, (part) => {
      const count = Math.min(keysAtOnce, objects - part * keysAtOnce);
      const keys = Array.from({ length: count }, (_, i) => `/registry/many/${part * keysAtOnce + i}`);
      return subject.putAll(keys, value);
    });
  }
  const values = await inTurns(subjects, (subject) => subject.restart());
  say({ what: `restart with ${objects} objects of 1 KB more`, unit: 'ms', values });
}

const historyRounds = 2;
const historyBytes = 2 ** 40;

/** How long others wait while the past of so many objects is compacted, and while what goes by itself does, beside what they wait anyhow. */
export async function compactions({
  say,
  dir,
  objects,
  forMs,
}: Given & { dir: string; objects: number }): Promise<void> {
  const own = await embedded(`${dir}/compaction`, historyBytes);
  const key = (i: number) => `/registry/past/${i}`;
  for (let round = 0; round < historyRounds; round++) await once(objects, 256, (i) => own.put(key(i), value));
  const writing = async <T>(work: () => Promise<T>) => {
    const state = { over: false };
    const writer = async () => {
      while (!state.over) await own.put(`/registry/others/${serial++ % 1000}`, value);
    };
    const writers = Array.from({ length: 32 }, writer);
    await work();
    state.over = true;
    await Promise.all(writers);
  };
  const sleep = () => new Promise((resolve) => setTimeout(resolve, forMs));
  const measured = [
    { what: 'nothing', turns: await turnsOf(() => writing(sleep)) },
    {
      what: `a compaction of ${objects * historyRounds} changes`,
      turns: await turnsOf(() => writing(() => own.compact())),
    },
  ];
  await once(objects, 256, (i) => own.remove(key(i)));
  measured.push({
    what: `one of ${objects} deletions`,
    turns: await turnsOf(() => writing(() => own.compact())),
  });
  await own.stop();
  for (const { what, turns } of measured) {
    const at = (share: number) => turns[Math.min(turns.length - 1, Math.floor(turns.length * share))] ?? 0;
    const shares = { p50: 0.5, p99: 0.99, 'p99.9': 0.999, longest: 1 };
    const values = Object.entries(shares).map(([name, share]) => ({ name, value: at(share) }));
    say({ what: `a turn with 32 writers and ${what}`, unit: 'ms of CPU', values });
  }
}

/** What the turns of the event loop take meanwhile, in milliseconds of processor time of the whole process, the shortest first. */
async function turnsOf(work: () => Promise<unknown>): Promise<number[]> {
  const turns: number[] = [];
  const state = { over: false };
  let before = process.cpuUsage();
  const turn = () => {
    const { user, system } = process.cpuUsage(before);
    turns.push((user + system) / 1000);
    before = process.cpuUsage();
    if (!state.over) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  state.over = true;
  return turns.sort((a, b) => a - b);
}

const churnedKeys = 1000;
const churnedBytes = 8192;
const churnRounds = 10;
const longestChurnMs = 15_000;

/** How large the file gets when the same keys are written again and again, and their past is forgotten each time. */
export async function churn({ subjects, say, dir }: Given & { dir: string }): Promise<void> {
  const big = Buffer.alloc(churnedBytes, 'k8ts');
  // Of its own, so that what was written before does not count. etcd's was compacted, but keeps its pages.
  const own = await embedded(`${dir}/churn`);
  const values: Measured['values'] = [];
  for (const subject of [own, ...subjects.filter(({ name }) => name !== own.name)]) {
    if (subject !== own) await subject.compact();
    const before = subject === own ? 0 : subject.fileBytes();
    const start = performance.now();
    let round = 0;
    for (; round < churnRounds && performance.now() - start < longestChurnMs; round++) {
      await once(churnedKeys, 64, (i) => subject.put(`/registry/churn/${i}`, big));
      await subject.compact();
    }
    const grown = subject.fileBytes() - before;
    values.push({ name: subject.name, value: grown / (churnedKeys * churnedBytes) });
    if (round < churnRounds)
      console.log(`  ${subject.name}: ${round} rounds of ${churnRounds} in ${longestChurnMs} ms`);
  }
  await own.stop();
  say({ what: `growth of the file, ${churnRounds} times all keys anew`, unit: 'times what is live', values });
}

/** Calls for each number below `count`, so many at a time. */
async function once(count: number, inFlight: number, call: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}
