import { afterAll, beforeAll, describe } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { systemRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { storeContract } from './contract.ts';
import { newerEtcd, TestEtcd, usualEtcd } from './etcd/test-etcd.ts';
import { openEtcdStore } from './etcd-store.ts';
import type { Store } from './store.ts';
import type { Harness } from './test-support.ts';

let etcd: TestEtcd;
let prefixes = 0;

/** A store of its own below a prefix of its own: what other tests wrote is not seen. */
function etcdHarness(): Harness {
  const clock = new VirtualClock();
  const prefix = `/test-${prefixes++}`;
  const stores: Store[] = [];
  const nothing = () => {};
  return {
    clock,
    faults: { hold: nothing, release: nothing, failNext: nothing, flushes: () => 0, busy: () => false },
    async open({ historyMs = 3_600_000 } = {}) {
      const { endpoints } = etcd;
      // On a busy machine nothing is lost, only late: a write that is given up takes further revisions.
      const limits = { readMs: 10_000, writeMs: 20_000, totalMs: 60_000 };
      const common = { random: systemRandom, log: silentLog, callClock: systemClock, limits };
      const store = await openEtcdStore({ ...common, endpoints, prefix, clock, historyMs });
      stores.push(store);
      return store;
    },
    async dispose() {
      for (const store of stores) await store.close();
    },
  };
}

for (const programs of [usualEtcd, newerEtcd]) {
  describe.skipIf(programs.whyNot)(`on real ${programs.name}${programs.whyNot}`, () => {
    beforeAll(async () => {
      const args = ['--max-txn-ops', '8192', '--max-request-bytes', '10485760'];
      etcd = await TestEtcd.start({ args, programs });
    });
    afterAll(() => etcd.stop());

    storeContract('etcd', {
      makeHarness: async () => etcdHarness(),
      persistent: true,
      lacks: {
        faults: 'nobody can hold the flushes of a real etcd',
        clockedLeases: 'a real etcd has a clock of its own',
        historyBytes: 'etcd bounds its size by a quota',
      },
    });
  });
}
