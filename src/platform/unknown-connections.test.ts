import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { hasShownToken, UnknownConnections } from './unknown-connections.ts';

function setUp() {
  let now = 0;
  const connections = new UnknownConnections({ most: 2, graceMs: 10, nowMs: () => now });
  const add = () => {
    const socket = new PassThrough();
    connections.add(socket);
    return socket;
  };
  const later = (ms: number) => {
    now += ms;
  };
  return { connections, add, later };
}

test('of too many those go that have been idle for longest', () => {
  const { add, later } = setUp();
  const all = [add(), add()];
  later(10);
  all.push(add(), add());
  expect(all.map(({ destroyed }) => destroyed)).toEqual([true, true, false, false]);
});

test('those that have just come stay, and go once they have had their time', () => {
  const { add, later } = setUp();
  const all = [add(), add(), add(), add()];
  expect(all.some(({ destroyed }) => destroyed)).toBe(false);
  later(10);
  all.push(add());
  expect(all.map(({ destroyed }) => destroyed)).toEqual([true, true, true, false, false]);
});

test('one that is in use or has just been stays, and one that is known does not count', () => {
  const { connections, add, later } = setUp();
  const [used, known, before] = [add(), add(), add()];
  connections.begin(used);
  connections.begin(used);
  connections.end(used);
  connections.know(known);
  later(10);
  add();
  expect([used, known, before].map(({ destroyed }) => destroyed)).toEqual([false, false, true]);
  connections.end(used);
  add();
  expect(used.destroyed).toBe(false);
  later(10);
  add();
  expect([used.destroyed, known.destroyed]).toEqual([true, false]);
});

test('one that ends by itself makes room', async () => {
  const { add, later } = setUp();
  const [first, second] = [add(), add()];
  second.destroy();
  await new Promise((resolve) => second.once('close', resolve));
  later(10);
  add();
  expect(first.destroyed).toBe(false);
});

test.each([
  ['Bearer abc', 200, true],
  ['bearer abc', 404, true],
  ['Bearer abc', 401, false],
  ['Bearer abc', undefined, false],
  ['Bearer ', 200, false],
  ['Basic abc', 200, false],
  [undefined, 200, false],
])('whether a token has been shown: %s answered %s: %s', (authorization, status, shown) => {
  expect(hasShownToken(authorization, status)).toBe(shown);
});
