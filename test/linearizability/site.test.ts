import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../../src/platform/random.ts';
import { whyNoEtcd } from '../../src/store/etcd/test-etcd.ts';
import { bundle, TestDirs } from '../crash/support.ts';
import { members, Rig, servers } from './rig.ts';
import type { ClientsOptions, ClientsReport } from './site-clients.ts';

const minutes = Number(process.env.K8TS_LINEARIZABILITY_MINUTES ?? 0);
const seed = Number(process.env.K8TS_CRASH_SEED ?? Math.floor(Math.random() * 1e9));

const isRoot = process.getuid?.() === 0;
const whyNot = whyNoEtcd || (isRoot ? '' : ' (skipped: network namespaces need root)');

const dirs = new TestDirs();
let rig: Rig;
let program: Awaited<ReturnType<typeof bundle>>;

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const without = (member: string) => members.filter((other) => other !== member);

type Fault = (random: Random) => Promise<void>;

/** What is done to the machines; each ends with all as it was, but for what `mend` of the site undoes. */
const faults: Record<string, Fault> = {
  async 'a member is killed'(random) {
    const member = random.int(4) ? pick(random) : await rig.leader();
    await rig.kill(member);
    await after(1500);
    rig.startMember(member);
  },
  async 'a member is paused'(random) {
    const member = random.int(2) ? pick(random) : await rig.leader();
    rig.signal(member, 'SIGSTOP');
    await after(1000 + random.int(4000));
    rig.signal(member, 'SIGCONT');
  },
  /** It takes itself for the leader still, and both servers can ask it. */
  async 'the leader is cut off from the other members'() {
    const leader = await rig.leader();
    await rig.site.cut([leader], without(leader));
    await after(3000);
  },
  async 'a member is unplugged'(random) {
    await rig.site.unplug(random.int(2) ? pick(random) : await rig.leader());
    await after(2500);
  },
  async 'a server is cut off from a member'(random) {
    const server = servers[random.int(2)] as string;
    await rig.site.cut([server], [random.int(2) ? pick(random) : await rig.leader()]);
    await after(2500);
  },
  /** One server is left with the leader of before, the other with those that elect a new one. */
  async 'the network falls into halves'(random) {
    await halve(random, 3000);
  },
};

async function halve(random: Random, ms: number): Promise<void> {
  const leader = await rig.leader();
  const [near, far] = random.int(2) ? servers : [...servers].reverse();
  await rig.site.cut([leader, near as string], [...without(leader), far as string]);
  await after(ms);
}

const pick = (random: Random) => members[random.int(3)] as string;

/** Lets clients read and write while one fault after the other is made, and gives what they say at the end. */
async function underFaults(
  course: readonly Fault[],
  { random, ...options }: { name: string; random: Random; planted?: boolean },
): Promise<ClientsReport> {
  const { access, endpoints } = rig;
  const about: ClientsOptions = { access, endpoints, seed: random.int(2 ** 31), ...options };
  const clients = rig.client(process.execPath, [program.path, JSON.stringify(about)]);
  await clients.shows(/recording/, 30_000);
  for (const fault of course) {
    await fault(random);
    await rig.site.mend();
    await rig.ready();
  }
  clients.endInput();
  const { code, stdout, stderr } = await clients.ended;
  if (code !== 0) throw new Error(`the clients ended with ${code}:\n${stderr}`);
  return JSON.parse(stdout) as ClientsReport;
}

function shuffled(names: readonly string[], random: Random): string[] {
  const left = [...names];
  return names.map(() => left.splice(random.int(left.length), 1)[0] as string);
}

describe.skipIf(whyNot)(`two servers on three members of etcd, each on a machine of its own${whyNot}`, () => {
  beforeAll(async () => {
    program = await bundle('test/linearizability/site-clients.ts');
    rig = await Rig.start(dirs.make());
  });
  afterAll(async () => {
    await rig?.close();
    program?.remove();
    dirs.remove();
  });

  test(
    `answer in the order of revisions, whatever becomes of members and network (seed ${seed})`,
    async () => {
      const until = performance.now() + minutes * 60_000;
      for (let round = 0; round === 0 || performance.now() < until; round++) {
        const random = seededRandom(seed + round);
        const order = shuffled(Object.keys(faults), random);
        const course = order.map((fault) => faults[fault] as Fault);
        const { found, figures } = await underFaults(course, { name: `r${round}`, random });
        const told = Object.entries(figures).map(([what, n]) => `${what} ${n}`);
        console.log(`seed ${seed}, round ${round}: ${told.join(', ')}`);
        expect(found, `seed ${seed + round}: ${order.join(', ')}`).toEqual([]);
        expect(figures.done).toBeGreaterThan(30);
        expect(figures.smallRecords).toBeGreaterThan(1);
      }
    },
    180_000 + minutes * 60_000,
  );

  test('clients that ask for older states where they ought to ask for the newest are found out', async () => {
    const random = seededRandom(seed);
    // Halves for longer than a client waits: all that ask the one behind soon hang in writes there, and only
    // those that gave them up read again. In a quick round still nobody may have happened to.
    const halves: Fault[] = [(random) => halve(random, 9000)];
    const all: string[] = [];
    for (let round = 0; round < 5 && !all.join().includes('not at any revision'); round++) {
      const options = { name: `planted${round}`, random, planted: true };
      all.push(...(await underFaults(halves, options)).found);
    }
    expect(all.join('\n')).toContain('not at any revision');
  }, 180_000);
});
