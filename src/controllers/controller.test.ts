import { expect, test } from 'vitest';
import { silentLog } from '../platform/log.ts';
import { silentMeter } from '../platform/metrics/meter.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { type ControllerContext, createController } from './controller.ts';

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
