import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectLocal, type LocalListener } from '../platform/local-socket.ts';
import { askControl, type ControlCommand, serveControl } from './control-socket.ts';

let dir: string;
let listener: LocalListener | undefined;
const errors: unknown[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8ts-control-'));
  errors.length = 0;
});
afterEach(async () => {
  await listener?.close();
  await rm(dir, { recursive: true });
});

async function serve(commands: Record<string, ControlCommand>): Promise<void> {
  listener = await serveControl(dir, { commands, onError: (error) => void errors.push(error) });
}

async function answer(command: string, options: Record<string, unknown> = {}): Promise<string> {
  let all = '';
  for await (const piece of askControl(dir, { command, ...options })) all += piece.toString();
  return all;
}

test('a command gets its options and answers in pieces', async () => {
  await serve({
    async greet({ name }, send) {
      await send(Buffer.from('hello '));
      await send(Buffer.from(`${name}\n`));
    },
    async silence() {},
  });
  expect(await answer('greet', { name: 'you' })).toBe('hello you\n');
  expect(await answer('silence')).toBe('');
  expect((await stat(join(dir, 'control.sock'))).mode & 0o777).toBe(0o600);
});

test('what cannot be done is said, and a command that nobody knows', async () => {
  await serve({
    async fail() {
      throw new Error('not today');
    },
  });
  await expect(answer('fail')).rejects.toThrow('not today');
  await expect(answer('other')).rejects.toThrow('does not know other');
  await expect(answer('constructor')).rejects.toThrow('does not know constructor');
  expect(errors).toEqual([]);
});

test('a caller that goes away, or says nothing of sense, harms nobody', async () => {
  let sent = 0;
  await serve({
    async endless(_options, send) {
      for (;;) {
        await send(Buffer.alloc(1 << 16));
        sent++;
      }
    },
    async greet(_options, send) {
      await send(Buffer.from('hello'));
    },
  });
  for await (const piece of askControl(dir, { command: 'endless' })) if (piece.length > 0) break;
  const socket = await connectLocal(join(dir, 'control.sock'));
  socket.on('error', () => {});
  socket.write('{nonsense\n');
  await new Promise((resolve) => socket.once('close', resolve));
  expect(await answer('greet')).toBe('hello');
  expect(sent).toBeLessThan(1000);
  expect(errors.length).toBe(2);
});

test('a socket that a killed process has left is replaced', async () => {
  await serve({ greet: async (_options, send) => send(Buffer.from('one')) });
  const left = listener;
  await serve({ greet: async (_options, send) => send(Buffer.from('two')) });
  expect(await answer('greet')).toBe('two');
  await left?.close();
});
