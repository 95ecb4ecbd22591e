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
    const values = await inTurns(subjects, (subject) =>
      rate(inFlight, forMs / turns, () => subject.put(newKey(), value)),
    );
    say({ what: `durable puts of 1 KB, ${inFlight} in flight`, unit: 'a second', values });
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
  let events = 0;
  const stops = await Promise.all(
    Array.from({ length: count }, () => subject.watch('/registry/watched/', () => void events++)),
  );
  const start = performance.now();
  let puts = 0;
  await rate(32, forMs, () => subject.put(`/registry/watched/${puts++ % 100}`, value));
  while (events < puts * count) await new Promise((resolve) => setTimeout(resolve, 1));
  const seconds = (performance.now() - start) / 1000;
  for (const stop of stops) stop();
  return events / seconds;
}

/** From the start of a process, or of the store in this one, to the first answer, with so many keys in it. */
export async function restarts({
  subjects,
  say,
  objects,
}: Given & { objects: number; program: string; dir: string }): Promise<void> {
  for (const subject of subjects) {
    let made = 0;
    const fill = async () => {
      while (made < objects) await subject.put(`/registry/many/${made++}`, value);
    };
    await Promise.all(Array.from({ length: 256 }, fill));
  }
  const values = await inTurns(subjects, (subject) => subject.restart());
  say({ what: `restart with ${objects} objects more`, unit: 'ms', values });
}

const churnedKeys = 1000;
const churnedBytes = 8192;

/** How large the file is against what is live in it, when the same keys have been written again and again. */
export async function churn({ subjects, forMs, say, dir }: Given & { dir: string }): Promise<void> {
  const big = Buffer.alloc(churnedBytes, 'k8ts');
  const live = churnedKeys * churnedBytes;
  // Of its own, so that what was written before does not count; with little history, as etcd is compacted here.
  const own = await embedded(`${dir}/churn`, live);
  const sizes: { name: string; value: number }[] = [];
  for (const subject of [own, ...subjects.filter((s) => s.name === 'etcd')]) {
    const before = subject === own ? 0 : subject.fileBytes();
    let i = 0;
    for (let round = 0; round < 5; round++) {
      await rate(64, forMs / 2, () => subject.put(`/registry/churn/${i++ % churnedKeys}`, big));
      if (subject !== own) await subject.compact();
    }
    sizes.push({ name: subject.name, value: Math.max(0, subject.fileBytes() - before) / live });
    console.log(
      `  ${subject.name}: ${(i / churnedKeys).toFixed(0)} times ${(live / 1e6).toFixed(0)} MB written`,
    );
  }
  await own.stop();
  say({
    what: 'file after churn, with as much history as is live',
    unit: 'times what is live',
    values: sizes,
  });
}
