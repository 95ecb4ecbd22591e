import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemFiles } from './files.ts';

const dir = mkdtempSync(join(tmpdir(), 'k8ts-files-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('a directory is made with those above it, each with the mode, and one that is there stays', async () => {
  const path = join(dir, 'a/b/c');
  await systemFiles.makeDir(path, { mode: 0o700 });
  await systemFiles.makeDir(path, { mode: 0o755 });
  for (const each of ['a', 'a/b', 'a/b/c']) expect(statSync(join(dir, each)).mode & 0o777).toBe(0o700);
  symlinkSync(path, join(dir, 'link'));
  await systemFiles.makeDir(join(dir, 'link/d'));
  expect(statSync(join(path, 'd')).isDirectory()).toBe(true);
});

test('two that make the same directory at once both have it', async () => {
  const path = join(dir, 'x/y/z');
  await Promise.all([1, 2, 3].map(() => systemFiles.makeDir(path)));
  expect(statSync(path).isDirectory()).toBe(true);
});

test('where none can be, that is said at once, also below /proc', async () => {
  writeFileSync(join(dir, 'file'), '');
  await expect(systemFiles.makeDir(join(dir, 'file'))).rejects.toThrow('EEXIST');
  await expect(systemFiles.makeDir(join(dir, 'file/below'))).rejects.toThrow('ENOTDIR');
  await expect(systemFiles.makeDir('/proc/none/below')).rejects.toThrow('ENOENT');
});

describe('a file that is written as a whole', () => {
  const folder = join(dir, 'whole');
  const path = join(folder, 'kubeconfig');
  const half = (n: number) => `${path}.tmp-${process.pid}-${n}`;

  test('is not written through links that others have laid where its first half stands', async () => {
    const theirs = join(dir, 'theirs');
    writeFileSync(theirs, 'theirs');
    mkdirSync(folder);
    for (let n = 0; n < 100; n += 2) symlinkSync(theirs, half(n));
    for (let n = 1; n < 100; n += 2) writeFileSync(half(n), '', { mode: 0o666 });
    for (const text of ['one', 'two']) {
      await systemFiles.writeAtomic(path, text, { mode: 0o600 });
      expect(readFileSync(path, 'utf8')).toBe(text);
      expect(lstatSync(path).mode & 0o777).toBe(0o600);
    }
    expect(readFileSync(theirs, 'utf8')).toBe('theirs');
    rmSync(folder, { recursive: true });
  });

  test('leaves nothing where it cannot be', async () => {
    mkdirSync(path, { recursive: true });
    await expect(systemFiles.writeAtomic(path, 'text')).rejects.toThrow('EISDIR');
    expect(readdirSync(folder)).toEqual(['kubeconfig']);
    const lost = join(dir, 'none', 'kubeconfig');
    await expect(systemFiles.writeAtomic(lost, 'text')).rejects.toThrow(`open '${lost}'`);
  });
});
