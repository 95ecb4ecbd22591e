import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests that wait for processes, containers and time-outs: as many as processors leave these idle for half of the time. */
const waiting = 4;

const shared = { environment: 'node', isolate: false, testTimeout: 20_000, hookTimeout: 60_000 } as const;

/** These take minutes, and wait for most of them. */
const longest = ['/fuzz.test.ts', '/real-cluster.test.ts', '/real-node.test.ts', '/kubectl-versions.test.ts'];

/** What takes longest begins first: last, it would run alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = (file: TestSpecification) => longest.some((name) => file.moduleId.endsWith(name));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './scripts/closing-line-reporter.mjs'],
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: [
            'src/**/*.test.ts',
            'test/{house,reference,integration,conformance}/**/*.test.ts',
            'test/{crash,linearizability}/**/check-*.test.ts',
          ],
          exclude: ['src/**/*.node.test.ts', 'test/conformance/cli/**'],
        },
      },
      {
        // Changed requests against a server; K8TS_FUZZ_SECONDS says for how long.
        test: {
          ...shared,
          name: 'fuzz',
          sequence: { groupOrder: 0 },
          include: ['test/fuzz/**/*.test.ts'],
        },
      },
      {
        // What the fault simulation has found, and finds; see scripts/simulate.mjs.
        test: {
          ...shared,
          name: 'simulation',
          sequence: { groupOrder: 0 },
          include: ['test/simulation/**/*.test.ts'],
          exclude: ['test/simulation/seeds.test.ts'],
        },
      },
      {
        // Random lives of whole clusters on a virtual clock, which take all processors.
        test: {
          ...shared,
          name: 'lives',
          sequence: { groupOrder: 1 },
          include: ['test/simulation/seeds.test.ts'],
        },
      },
      {
        // Real kubectl, helm and other clients; pods are simulated.
        test: {
          ...shared,
          name: 'clients',
          sequence: { groupOrder: 2 },
          maxWorkers: waiting,
          include: ['test/e2e/{kubectl,helm,client}*.test.ts', 'test/conformance/cli/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // Servers in processes of their own, which are killed, cut off and run out of disk.
        test: {
          ...shared,
          name: 'processes',
          sequence: { groupOrder: 2 },
          maxWorkers: waiting,
          include: [
            'src/store/etcd/failover.node.test.ts',
            'test/e2e/command*.test.ts',
            'test/{crash,linearizability}/**/*.test.ts',
          ],
          exclude: ['test/{crash,linearizability}/**/check-*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // Real engines and network namespaces.
        test: {
          ...shared,
          name: 'real',
          sequence: { groupOrder: 2 },
          maxWorkers: waiting,
          include: ['src/**/*.node.test.ts', 'test/e2e/real*.test.ts'],
          exclude: ['src/store/etcd/failover.node.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
