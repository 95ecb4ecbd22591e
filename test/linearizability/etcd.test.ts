import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpTransport } from '../../src/client/http-transport.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { openEtcdStore } from '../../src/store/etcd-store.ts';
import { etcdPath, TestEtcd, whyNoEtcd } from '../../src/store/etcd/test-etcd.ts';
import type { StoreEvent } from '../../src/store/store.ts';
import { Server } from '../crash/server.ts';
import { TestDirs } from '../crash/support.ts';
import { eventually } from '../e2e/support/commands.ts';
import { checkByRevision } from './check-by-revision.ts';
import { unexplainedKeys } from './check-by-search.ts';
import { writeMarker } from './log.ts';
import type { Change, Operation } from './operation.ts';
import { record } from './record.ts';

const seed = Number(process.env.K8TS_CRASH_SEED ?? Math.floor(Math.random() * 1e9));
const dirs = new TestDirs();
let etcd: TestEtcd;
const servers: Server[] = [];
const transports: HttpTransport[] = [];

beforeAll(async () => {
  if (!etcdPath) return;
  etcd = await TestEtcd.start({ members: 3 });
  const args = ['--store', 'etcd', '--etcd-servers', etcd.endpoints.join(',')];
  // One after the other: both make what every cluster has.
  for (let i = 0; i < 2; i++) {
    const server = new Server({ dataDir: dirs.make(), args });
    servers.push(server);
    for (let n = 0; n < 2; n++) transports.push((await server.transport()) as HttpTransport);
  }
});
afterAll(async () => {
  for (const transport of transports) transport.close();
  for (const server of servers) await server.kill();
  if (etcdPath) await etcd.stop();
  dirs.remove();
});

const prefix = '/registry/configmaps/default/';

/** What etcd itself says happened, up to a revision. */
async function logOf(until: number, keys: readonly string[]): Promise<Change[]> {
  const store = await openEtcdStore({
    endpoints: etcd.endpoints,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const changes: Change[] = [];
  let newest = 0;
  await store.watch(prefix, 1, {
    onBatch: ({ revision, events }) => {
      newest = revision;
      changes.push(...events.map(changeOf).filter(({ key }) => keys.includes(key)));
    },
    onEnd: () => {},
  });
  await eventually(() => newest >= until || undefined, { everyMs: 5 });
  await store.close();
  return changes;
}

function changeOf(event: StoreEvent): Change {
  const { key, value } = event.type === 'put' ? event.entry : event.previous;
  const { data } = JSON.parse(Buffer.from(value).toString()) as { data?: { token?: string } };
  const revision = event.type === 'put' ? event.entry.revision : event.revision;
  return {
    revision,
    key: key.slice(prefix.length),
    token: data?.token ?? '',
    deleted: event.type === 'delete',
  };
}

const faults: Record<string, { harm(member: number): Promise<void> | void; mend(member: number): void }> = {
  killed: { harm: (member) => etcd.killMember(member), mend: (member) => etcd.startMember(member) },
  paused: {
    harm: (member) => etcd.signal(member, 'SIGSTOP'),
    mend: (member) => etcd.signal(member, 'SIGCONT'),
  },
};

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Each member in turn is harmed for a while, until it is over. */
async function harmInTurn(how: string, isOver: () => boolean): Promise<number> {
  const { harm, mend } = faults[how] as (typeof faults)[string];
  let count = 0;
  for (let member = 0; !isOver(); member = (member + 1) % 3) {
    await harm(member);
    count++;
    await after(1200);
    mend(member);
    await etcd.ready();
  }
  return count;
}

const name = `two servers on three members of etcd, each ${'%s'} in turn, answer in the order of revisions (seed ${seed})`;

describe.skipIf(!etcdPath)(`etcd${whyNoEtcd}`, () => {
  test.each(Object.keys(faults))(name, async (how) => {
    const keys = [1, 2, 3, 4].map((n) => `${how}-${n}`);
    const runMs = 8000;
    let over = false;
    const harming = harmInTurn(how, () => over);
    const until = performance.now() + runMs;
    const done = () => performance.now() > until;
    const history = await record({ transports, clients: 16, keys, seed, name: how, done });
    over = true;
    expect(await harming).toBeGreaterThanOrEqual(3);
    const end = await eventually(() =>
      writeMarker(transports[0] as HttpTransport, how).catch(() => undefined),
    );
    const log = await logOf(end, keys);
    const count = (type: string) => history.filter(({ result }) => result.type === type).length;
    console.log(
      `${how}: ${history.length} operations, ${count('done')} writes, ${count('unknown')} of unknown outcome`,
    );
    expect(checkByRevision(history, log)).toEqual([]);
    expect(count('done')).toBeGreaterThan(15);
  });

  test(`small histories on two servers are explained by some order (seed ${seed})`, async () => {
    const enough = (history: readonly Operation[]) => history.length >= 50;
    for (let i = 0; i < 5; i++) {
      const keys = [`s-${i}-1`, `s-${i}-2`];
      const history = await record({
        transports,
        clients: 4,
        keys,
        seed: seed + i,
        name: `s-${i}`,
        done: enough,
      });
      expect(unexplainedKeys(history)).toEqual([]);
    }
  });
});
