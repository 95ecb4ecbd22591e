import { expect, test } from 'vitest';
import { InFlight, type Leave } from './in-flight.ts';
import { parseRequestInfo } from './request-info.ts';

const limits = { mutating: 1, readOnly: 2, waitingPerUser: 2, waiting: 3 };
const read = parseRequestInfo('GET', '/api/v1/pods', new URLSearchParams());
const write = parseRequestInfo('POST', '/api/v1/pods', new URLSearchParams());
const watch = parseRequestInfo('GET', '/api/v1/pods', new URLSearchParams('watch=1'));
const user = (name: string, ...groups: string[]) => ({ name, groups });

test('so many at once; the rest waits, each user in turn', async () => {
  const inFlight = new InFlight(limits);
  const order: string[] = [];
  const leave = inFlight.enter(write, user('a')) as Leave;
  const wait = (name: string, label: string) =>
    (inFlight.enter(write, user(name)) as Promise<Leave>).then((next) => {
      order.push(label);
      return next;
    });
  const all = [wait('a', 'a1'), wait('a', 'a2'), wait('b', 'b1')];
  expect(() => inFlight.enter(write, user('c'))).toThrow('too many requests, please try again later.');
  leave();
  for (const place of [all[0], all[2], all[1]]) (await (place as Promise<Leave>))();
  expect(order).toEqual(['a1', 'b1', 'a2']);
  expect(typeof inFlight.enter(write, user('a'))).toBe('function');
});

test('one user cannot take all the places of the queue', () => {
  const inFlight = new InFlight({ ...limits, waiting: 100 });
  void inFlight.enter(write, user('a'));
  void inFlight.enter(write, user('a'));
  void inFlight.enter(write, user('a'));
  expect(() => inFlight.enter(write, user('a'))).toThrow('too many requests');
  expect(inFlight.enter(write, user('b'))).toBeInstanceOf(Promise);
});

test('reads have places of their own; administrators and watches need none', () => {
  const inFlight = new InFlight(limits);
  void inFlight.enter(write, user('a'));
  for (let i = 0; i < 2; i++) expect(typeof inFlight.enter(read, user('a'))).toBe('function');
  expect(inFlight.enter(read, user('a'))).toBeInstanceOf(Promise);
  expect(typeof inFlight.enter(write, user('root', 'system:masters'))).toBe('function');
  expect(typeof inFlight.enter(watch, user('a'))).toBe('function');
});
