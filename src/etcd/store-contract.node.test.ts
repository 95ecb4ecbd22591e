import { describe } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { systemRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { storeContract } from '../store/contract.ts';
import { openEtcdStore } from '../store/etcd-store.ts';
import type { Store } from '../store/store.ts';
import { TestServer } from './test-server.ts';

describe('on a server of our own', () => {
  storeContract('etcd', {
    persistent: true,
    makeHarness: async () => {
      const server = await TestServer.start({ mostTxnOps: 8192, mostRequestBytes: 10 << 20 });
      const clock = new VirtualClock();
      const stores: Store[] = [];
      const nothing = () => {};
      return {
        clock,
        faults: { hold: nothing, release: nothing, failNext: nothing, flushes: () => 0, busy: () => false },
        async open({ historyMs = 3_600_000 } = {}) {
          const common = { random: systemRandom, log: silentLog, callClock: systemClock };
          const store = await openEtcdStore({
            ...common,
            endpoints: [server.url],
            prefix: '',
            clock,
            historyMs,
          });
          stores.push(store);
          return store;
        },
        async dispose() {
          for (const store of stores) await store.close();
          await server.stop();
        },
      };
    },
    lacks: {
      faults: 'flushes are those of the server',
      clockedLeases: 'the server has a clock of its own',
      historyBytes: 'the server keeps its past until it is told to forget it',
    },
  });
});
