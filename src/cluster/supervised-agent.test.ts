import { beforeEach, expect, test } from 'vitest';
import { createLog } from '../platform/log.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { SupervisedAgent } from './supervised-agent.ts';

/** A process that a test ends. */
interface Run {
  atMs: number;
  end(text: string): void;
}

let clock: VirtualClock;
let runs: Run[];
let log: string[];
let failing: boolean;
let endings: string[];
let agent: SupervisedAgent;

beforeEach(() => {
  clock = new VirtualClock();
  runs = [];
  log = [];
  endings = [];
  failing = false;
  const write = ({ message, fields }: { message: string; fields: object }) =>
    void log.push(`${message} ${JSON.stringify(fields)}`);
  const random = { next: () => 0 } as never;
  const startMs = clock.monotonic();
  agent = new SupervisedAgent({
    node: 'node-1',
    platform: { clock, random, log: createLog({ clock, level: 'info', write }) },
    async launch(onEnd) {
      if (failing) throw new Error('no such program');
      runs.push({ atMs: clock.monotonic() - startMs, end: onEnd });
      return { pid: runs.length, ended: new Promise(() => {}), kill() {} };
    },
    async endAll() {
      runs.at(-1)?.end('killed');
    },
    onEnd: (text) => void endings.push(text),
  });
});

const startedAt = () => runs.map(({ atMs }) => atMs);

test('an agent that was killed is started again, later each time it does not last', async () => {
  await agent.start();
  for (const afterMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const before = runs.length;
    runs.at(-1)?.end('Killed');
    await clock.advance(afterMs - 1);
    expect(runs.length).toBe(before);
    await clock.advance(1);
    expect(runs.length).toBe(before + 1);
  }
  await clock.advance(60_000);
  const before = runs.length;
  runs.at(-1)?.end('Killed');
  await clock.advance(1000);
  expect(runs.length).toBe(before + 1);
  expect(log[0]).toBe(
    'the agent of a node has ended; it is started again {"node":"node-1","afterMs":1000,"text":"Killed"}',
  );
  expect(endings[0]).toBe('Killed');
});

test('one that was stopped on purpose stays away until somebody starts it', async () => {
  await agent.start();
  await agent.stop();
  await clock.advance(3_600_000);
  expect([startedAt(), log, endings]).toEqual([[0], [], []]);
  await agent.start();
  expect(startedAt()).toEqual([0, 3_600_000]);
  runs.at(-1)?.end('Killed');
  await clock.advance(1000);
  expect(runs).toHaveLength(3);
});

test('one that is stopped while its next start is awaited is not started', async () => {
  await agent.start();
  runs[0]?.end('Killed');
  await agent.stop();
  await clock.advance(60_000);
  expect(runs).toHaveLength(1);
});

test('who does not want to wait for the next start has it at once, and once', async () => {
  await agent.start();
  await expect(agent.start()).rejects.toThrow('node-1 runs already');
  runs[0]?.end('Killed');
  await agent.start();
  expect(startedAt()).toEqual([0, 0]);
  await clock.advance(60_000);
  expect(runs).toHaveLength(2);
});

test('a start that fails is tried again, but for the first', async () => {
  failing = true;
  await expect(agent.start()).rejects.toThrow('no such program');
  failing = false;
  await agent.start();
  failing = true;
  runs[0]?.end('Killed');
  await clock.advance(1000);
  expect(endings).toEqual(['Killed', 'Error: no such program']);
  failing = false;
  await clock.advance(2000);
  expect(startedAt()).toEqual([0, 3000]);
});

test('one that is let be is not started again', async () => {
  await agent.start();
  await agent.release();
  runs[0]?.end('Killed');
  await clock.advance(60_000);
  expect([runs.length, endings]).toEqual([1, []]);
});
