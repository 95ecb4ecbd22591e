import { expect, test } from 'vitest';
import type { Transport } from '../../client/transport.ts';
import { systemClock } from '../../platform/clock.ts';
import { createLog, type LogLine } from '../../platform/log.ts';
import { schedulerInThread, ThreadMetrics } from './scheduler-in-thread.ts';

const silent: Transport = { request: () => new Promise(() => {}), watch: () => new Promise(() => {}) };

/** A thread's program in one line, which has its ends as `control` and `channel`. */
const program = (code: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(
      `import { parentPort as control, workerData } from 'node:worker_threads'; const { data, channel } = workerData; ${code}`,
    )}`,
  );

function inThread(code: string, transport = silent) {
  const lines: LogLine[] = [];
  const log = createLog(
    { clock: systemClock, level: 'info', write: (line) => lines.push(line) },
    'scheduler',
  );
  const measured = new ThreadMetrics();
  const task = { host: 'here', configuration: undefined };
  const component = schedulerInThread({
    program: program(code),
    task,
    transport,
    log,
    clock: systemClock,
    measured,
  });
  const abort = new AbortController();
  return { running: component.run(abort.signal), stop: () => abort.abort(), lines, measured };
}

test('it ends when it is told to', async () => {
  const { running, stop } = inThread(
    `control.on('message', ({ type }) => { if (type === 'stop') { control.close(); channel.close(); } });`,
  );
  stop();
  await running;
});

test('a thread that fails or ends by itself fails the component, which is then started again', async () => {
  await expect(inThread(`throw new Error('no more')`).running).rejects.toThrow('no more');
  await expect(inThread('channel.close(); control.unref();').running).rejects.toThrow('its thread has ended');
});

test('what it logs is logged here, and what it asks is asked by its transport', async () => {
  const asked: unknown[] = [];
  const transport: Transport = {
    ...silent,
    async request(request) {
      asked.push(request);
      return {};
    },
  };
  const { running, stop, lines } = inThread(
    `control.postMessage({ type: 'log', level: 'warn', component: 'part', message: data.host, fields: { a: 1 } });
     channel.on('message', () => { channel.close(); control.close(); });
     channel.postMessage([{ type: 'request', id: 0, request: { method: 'GET', path: '/x' }, mayEnd: false }]);`,
    transport,
  );
  await expect(running).rejects.toThrow('its thread has ended');
  stop();
  expect(asked).toEqual([{ method: 'GET', path: '/x' }]);
  expect(lines).toMatchObject([
    { level: 'warn', component: 'scheduler/part', message: 'here', fields: { a: 1 } },
  ]);
});

test('what it has measured is asked for when somebody looks, and stays when it is gone', async () => {
  const { running, stop, measured } = inThread(
    `let n = 0;
     control.on('message', ({ type, id }) => {
       if (type === 'stop') { channel.close(); control.close(); return; }
       const values = [{ labels: {}, value: ++n }];
       control.postMessage({ type: 'measured', id, metrics: [{ name: 'decisions', type: 'counter', help: 'So many.', values }] });
     });`,
  );
  const read = async () =>
    [...(await measured.metrics())].map(({ name, values }) => [name, values()[0]?.value]);
  expect(await read()).toEqual([['decisions', 1]]);
  const [first] = await measured.metrics();
  const [second] = await measured.metrics();
  expect(second).toBe(first);
  stop();
  await running;
  expect(await read()).toEqual([['decisions', 3]]);
});
