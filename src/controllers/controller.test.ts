import { expect, test } from 'vitest';
import { silentLog } from '../platform/log.ts';
import { silentMeter } from '../platform/metrics/meter.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { type ControllerContext, createController, done } from './controller.ts';

test('a controller whose informers never get their lists ends when it is told to', async () => {
  const informers = { synced: () => new Promise<void>(() => {}) };
  const context = { clock: new VirtualClock(), meter: silentMeter, log: silentLog, informers };
  const controller = createController({
    name: 'test',
    queueName: 'test',
    context: context as unknown as ControllerContext,
    setup: () => async () => ({ type: 'done' }),
  });
  const abort = new AbortController();
  const running = controller.run(abort.signal);
  abort.abort();
  await expect(running).resolves.toBeUndefined();
});

test('a controller with many keys and nothing to wait for gives others their turn between them', async () => {
  const context = { clock: new VirtualClock(), meter: silentMeter, log: silentLog };
  const informers = { synced: async () => {} };
  const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
  let [worked, inTurn, most] = [0, 0, 0];
  const controller = createController({
    name: 'test',
    queueName: 'test',
    context: { ...context, informers } as unknown as ControllerContext,
    setup({ queue }) {
      for (const key of keys) queue.add(key);
      return async () => {
        if (inTurn === 0) setImmediate(() => (inTurn = 0));
        most = Math.max(most, ++inTurn);
        worked++;
        return done;
      };
    },
  });
  const abort = new AbortController();
  const running = controller.run(abort.signal);
  while (worked < keys.length) await new Promise(setImmediate);
  abort.abort();
  await running;
  expect(most).toBeLessThanOrEqual(30);
});
