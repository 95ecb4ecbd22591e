import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpTransport } from '../../src/client/http-transport.ts';
import { Server } from '../crash/server.ts';
import { TestDirs } from '../crash/support.ts';
import { eventually } from '../e2e/support/commands.ts';
import { checkByRevision } from './check-by-revision.ts';
import { unexplainedKeys } from './check-by-search.ts';
import { followLog, writeMarker } from './log.ts';
import type { Operation } from './operation.ts';
import { record } from './record.ts';

const seed = Number(process.env.K8TS_CRASH_SEED ?? Math.floor(Math.random() * 1e9));
const dirs = new TestDirs();
let server: Server;
let transports: HttpTransport[];

beforeAll(async () => {
  server = new Server({ dataDir: dirs.make() });
  await server.transport();
  // A connection for each: what one of them waits for does not hold up the others.
  transports = await Promise.all([1, 2, 3, 4].map(async () => (await server.transport()) as HttpTransport));
});
afterAll(async () => {
  for (const transport of transports) transport.close();
  await server.kill();
  dirs.remove();
});

const enough = (count: number) => (history: readonly Operation[]) => history.length >= count;

test(`2,000 operations of 12 clients on 4 objects happen in the order of their revisions (seed ${seed})`, async () => {
  const [first] = transports as [HttpTransport];
  const following = await followLog(first, 'r');
  const keys = ['r-1', 'r-2', 'r-3', 'r-4'];
  const history = await record({ transports, clients: 12, keys, seed, name: 'r', done: enough(2000) });
  const end = await writeMarker(first, 'r');
  await eventually(() => following.log.some(({ revision }) => revision === end) || undefined, { everyMs: 5 });
  following.stop();
  expect(
    checkByRevision(
      history,
      following.log.filter(({ revision }) => revision < end),
    ),
  ).toEqual([]);
  const count = (type: string) => history.filter(({ result }) => result.type === type).length;
  expect(count('done')).toBeGreaterThan(150);
  expect(count('conflict')).toBeGreaterThan(50);
  expect(count('listed')).toBeGreaterThan(50);
  expect(count('unknown')).toBe(0);
});

test(`small histories are explained by some order (seed ${seed})`, async () => {
  for (let i = 0; i < 10; i++) {
    const keys = [`s-${i}-1`, `s-${i}-2`];
    const history = await record({
      transports,
      clients: 5,
      keys,
      seed: seed + i,
      name: `s-${i}`,
      done: enough(60),
    });
    expect(unexplainedKeys(history)).toEqual([]);
  }
});
