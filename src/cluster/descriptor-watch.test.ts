import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemFiles } from '../platform/files.ts';
import { createLog } from '../platform/log.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { descriptorWatch } from './descriptor-watch.ts';

let clock: VirtualClock;
let lines: string[];
/** Descriptors that are open; a word is the code of the error that counting them ends with. */
let open: number | string;
let abort: AbortController;
let running: Promise<void>;

beforeEach(() => {
  clock = new VirtualClock();
  lines = [];
  open = 10;
  abort = new AbortController();
  const write = ({ level, message }: { level: string; message: string }) =>
    void lines.push(`${level}: ${message}`);
  const files = {
    ...systemFiles,
    readText: async (path: string) =>
      path === '/proc/self/limits'
        ? 'Max open files            100                  200         files\n'
        : '',
    async list() {
      if (typeof open === 'string') throw Object.assign(new Error(open), { code: open });
      return Array.from({ length: open }, (_, i) => `${i}`);
    },
  };
  running = descriptorWatch({ files, clock, log: createLog({ clock, level: 'info', write }) }).run(
    abort.signal,
  );
});
afterEach(async () => {
  abort.abort();
  await running;
});

const nearly = 'warn: nearly all file descriptors are in use: without any, new connections are reset';
const none = 'error: no file descriptor is left: new connections are reset, and files cannot be opened';
const enough = 'info: there are enough file descriptors again';

test('that nearly all are in use is said, and not all the time', async () => {
  await clock.advance(60_000);
  expect(lines).toEqual([]);
  open = 90;
  await clock.advance(300_000);
  expect(lines).toEqual([nearly]);
  await clock.advance(600_000);
  expect(lines).toEqual([nearly, nearly]);
  open = 89;
  await clock.advance(60_000);
  expect(lines).toEqual([nearly, nearly, enough]);
});

test.each(['EMFILE', 'ENFILE', 100])('that none is left is said at once: %s', async (found) => {
  open = 95;
  await clock.advance(10_000);
  open = found;
  await clock.advance(10_000);
  expect(lines).toEqual([nearly, none]);
  open = 95;
  await clock.advance(10_000);
  expect(lines).toEqual([nearly, none]);
  open = 5;
  await clock.advance(10_000);
  expect(lines).toEqual([nearly, none, enough]);
});

test('a system that does not tell is not complained about', async () => {
  open = 'EACCES';
  await clock.advance(60_000);
  expect(lines).toEqual([]);
});
