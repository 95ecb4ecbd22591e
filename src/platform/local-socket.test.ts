import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectLocal, listenLocal } from './local-socket.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-local-socket-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('sockets whose paths begin alike and are too long are two, each where it belongs, and go when they are closed', async () => {
  const folder = join(dir, 'x'.repeat(100));
  const paths = ['one', 'two'].map((name) => join(folder, name, 'control.sock'));
  const listeners = [];
  for (const [i, path] of paths.entries()) {
    mkdirSync(join(path, '..'), { recursive: true });
    listeners.push(await listenLocal(path, (socket) => socket.end(String(i))));
  }
  expect(readdirSync(dir)).toEqual(['x'.repeat(100)]);
  for (const [i, path] of paths.entries()) {
    expect(existsSync(path)).toBe(true);
    expect(await text(await connectLocal(path))).toBe(String(i));
  }
  for (const listener of listeners) await listener.close();
  expect(paths.map((path) => existsSync(path))).toEqual([false, false]);
  await expect(connectLocal(paths[0] as string)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a name that is too long is refused', async () => {
  const path = join(dir, 'x'.repeat(150));
  await expect(listenLocal(path, () => {})).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  await expect(connectLocal(path)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  expect(readdirSync(dir)).toEqual([]);
});
