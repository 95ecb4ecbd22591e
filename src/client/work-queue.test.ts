import { expect, test } from 'vitest';
import { MetricRegistry } from '../platform/metrics/registry.ts';
import { seriesOf } from '../platform/metrics/testing.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { WorkQueue } from './work-queue.ts';

/** A queue, and what its metrics say: the values of the series by their names. */
function measured() {
  const clock = new VirtualClock();
  const meter = new MetricRegistry();
  const queue = new WorkQueue({ clock, measured: { name: 'test', meter } });
  const read = () =>
    Object.fromEntries(
      Object.entries(seriesOf(meter)).map(([name, value]) => [
        name.replace(/^workqueue_|{name="test"}$/g, ''),
        value,
      ]),
    );
  return { clock, queue, read };
}

test('what is added, taken and done is measured', async () => {
  const { clock, queue, read } = measured();
  queue.add('foo');
  expect(read()).toMatchObject({ adds_total: 1, depth: 1, queue_duration_seconds_count: 0 });
  await clock.advance(500);
  // What waits is not added again.
  queue.add('foo');
  expect(read()).toMatchObject({ adds_total: 1, depth: 1 });
  expect(await queue.take()).toBe('foo');
  expect(read()).toMatchObject({
    depth: 0,
    queue_duration_seconds_count: 1,
    queue_duration_seconds_sum: 0.5,
  });
  // What is added while it is worked on waits from then on.
  queue.add('foo');
  expect(read()).toMatchObject({ adds_total: 2, depth: 1 });
  await clock.advance(250);
  queue.add('foo');
  queue.done('foo');
  expect(read()).toMatchObject({
    adds_total: 2,
    depth: 1,
    work_duration_seconds_count: 1,
    work_duration_seconds_sum: 0.25,
  });
  expect(await queue.take()).toBe('foo');
  expect(read()).toMatchObject({
    depth: 0,
    queue_duration_seconds_count: 2,
    queue_duration_seconds_sum: 0.75,
  });
});

test('what hangs is told while it does', async () => {
  const { clock, queue, read } = measured();
  for (const key of ['a', 'b']) {
    queue.add(key);
    await queue.take();
    await clock.advance(1000);
  }
  expect(read()).toMatchObject({ unfinished_work_seconds: 3, longest_running_processor_seconds: 2 });
  queue.done('a');
  expect(read()).toMatchObject({ unfinished_work_seconds: 1, longest_running_processor_seconds: 1 });
  queue.done('b');
  expect(read()).toMatchObject({ unfinished_work_seconds: 0, longest_running_processor_seconds: 0 });
});

test('what comes again after a while is counted when that is said, and added when it comes', async () => {
  const { clock, queue, read } = measured();
  queue.addAfter('a', 100);
  queue.addAfterFailure('b');
  expect(read()).toMatchObject({ retries_total: 2, adds_total: 0, depth: 0 });
  await clock.advance(100);
  expect(read()).toMatchObject({ retries_total: 2, adds_total: 2, depth: 2 });
});

test('a closed queue has nothing', async () => {
  const { queue, read } = measured();
  queue.add('a');
  queue.close();
  expect(read()).toMatchObject({ depth: 0 });
});
