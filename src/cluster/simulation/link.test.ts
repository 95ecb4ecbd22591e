import { expect, test } from 'vitest';
import type { WatchSink } from '../../client/transport.ts';
import { seededRandom } from '../../platform/random.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { noFaults } from './faults.ts';
import { Life } from './life.ts';
import { Link, type LinkOptions } from './link.ts';

test('what happens may be told late, and is told in its order', async () => {
  const clock = new VirtualClock();
  let tell: WatchSink['onEvent'] = () => {};
  const server = {
    request: async () => ({}),
    watch: async (_: unknown, { onEvent }: WatchSink) => {
      tell = onEvent;
      return { stop() {} };
    },
  };
  const link = new Link({
    life: new Life(),
    server: () => server,
    isSilent: false,
    onServerCrash: () => () => {},
    clock,
    random: seededRandom(1),
    faults: () => ({ ...noFaults, eventDelayMs: 3000 }),
    disturb: async () => {},
    crash: () => {},
  } satisfies LinkOptions);
  const seen: number[] = [];
  const onEvent: WatchSink['onEvent'] = ({ object }) =>
    void seen.push(Number(object.metadata.resourceVersion));
  await link.watch({ method: 'GET', path: '/api/v1/pods' }, { onEvent, onEnd() {} });
  for (let i = 0; i < 2000; i++) {
    tell({ type: 'ADDED', object: { metadata: { name: `p${i}`, resourceVersion: String(i) } } as never });
    // Moments that no number says exactly.
    await clock.advance(0.1 * (i % 7));
  }
  await clock.advance(10_000);
  expect(seen).toEqual(Array.from({ length: 2000 }, (_, i) => i));
});
