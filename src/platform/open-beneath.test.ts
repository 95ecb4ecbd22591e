import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBeneath } from './open-beneath.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'beneath-'));
  mkdirSync(join(root, 'volume/dir'), { recursive: true });
  writeFileSync(join(root, 'secret'), 'secret');
  writeFileSync(join(root, 'volume/dir/file'), 'text');
});
afterEach(() => rmSync(root, { recursive: true }));

const open = (path: string, create = false) => openBeneath(join(root, 'volume'), path, { create });

test('what is held stays the same, whatever is put in its place', async () => {
  const held = await open('dir/file');
  expect(held.isDirectory).toBe(false);
  rmSync(join(root, 'volume/dir'), { recursive: true });
  symlinkSync(root, join(root, 'volume/dir'));
  expect(readFileSync(held.path, 'utf8')).toBe('text');
  await held.close();
});

test('links may lead about inside', async () => {
  symlinkSync('dir/file', join(root, 'volume/link'));
  const held = await open('link');
  expect(readFileSync(held.path, 'utf8')).toBe('text');
  await held.close();
});

test.each([
  ['link', '../secret'],
  ['link', '/'],
  ['dir/link', '../../secret'],
])('a link at %s to %s leads nowhere', async (path, target) => {
  symlinkSync(target, join(root, 'volume', path));
  await expect(open(path)).rejects.toThrow(/leads out of its folder/);
  await expect(open(`${path}/new`, true)).rejects.toThrow();
});

test('a path may not climb', async () => {
  await expect(open('dir/../../secret')).rejects.toThrow(/leaves its folder/);
});

test('what is missing is made, as open to others as what is around it', async () => {
  chmodSync(join(root, 'volume'), 0o777);
  const held = await open('a/b', true);
  expect(held.isDirectory).toBe(true);
  await held.close();
  expect(statSync(join(root, 'volume/a/b')).mode & 0o7777).toBe(0o777);
  await expect(open('c/d')).rejects.toThrow(/ENOENT/);
});
