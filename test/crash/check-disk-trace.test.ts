import { expect, test } from 'vitest';
import { afterPowerLoss, readTrace } from './disk-trace.ts';

const hex = (text: string) =>
  `"${[...Buffer.from(text)].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('')}"`;
const opened = [`1 openat(AT_FDCWD, ${hex('/a/store.mdb')}, O_RDWR|O_CREAT, 0664) = 5`];
const all = () => true;
const none = () => false;

function imageOf(lines: string[], keeps: () => boolean, at = lines.length): string {
  const trace = readTrace(lines.join('\n'), '/store.mdb');
  return afterPowerLoss(trace, at, keeps).toString();
}

test('what is written and not synced is there or not', () => {
  const lines = [...opened, `1 pwrite64(5, ${hex('abc')}, 3, 0) = 3`];
  expect(imageOf(lines, all)).toBe('abc');
  expect(imageOf(lines, none)).toBe('');
});

test('what a sync began after is there', () => {
  const lines = [
    ...opened,
    `1 pwrite64(5, ${hex('abc')}, 3, 0) = 3`,
    '1 fdatasync(5)  = 0',
    '1 close(9) = 0',
  ];
  expect(imageOf(lines, none)).toBe('abc');
  expect(imageOf(lines, none, 2)).toBe('');
});

test('a sync that had begun before the write, or has not returned, counts for nothing', () => {
  const write = `1 pwrite64(5, ${hex('abc')}, 3, 0) = 3`;
  const around = ['2 fdatasync(5 <unfinished ...>', write, '2 <... fdatasync resumed>)  = 0'];
  expect(imageOf([...opened, ...around], none)).toBe('');
  expect(imageOf([...opened, write, '2 fdatasync(5 <unfinished ...>'], none)).toBe('');
  expect(imageOf([...opened, write, '2 fdatasync(5)  = ?'], none)).toBe('');
});

test('what is written to a file that was opened for it is there when the call has returned', () => {
  const open = `1 openat(AT_FDCWD, ${hex('/a/store.mdb')}, O_WRONLY|O_DSYNC|O_CLOEXEC) = 6`;
  const lines = [open, `1 pwrite64(6, ${hex('abc')}, 3, 0 <unfinished ...>`, '2 close(9) = 0'];
  expect(imageOf(lines, none)).toBe('');
  expect(imageOf([...lines, '1 <... pwrite64 resumed>)  = 3'], none, 9)).toBe('abc');
});

test('parts that are written one after the other', () => {
  const parts = `[{iov_base=${hex('ab')}, iov_len=2}, {iov_base=${hex('cd')}, iov_len=2}]`;
  const lines = [
    ...opened,
    '1 lseek(5, 2, SEEK_SET) = 2',
    `1 writev(5, ${parts}, 2) = 4`,
    `1 write(5, ${hex('e')}, 1) = 1`,
  ];
  expect(imageOf(lines, all)).toBe('\0\0abcde');
});

test('half a write may be there, a sector is whole', () => {
  const lines = [...opened, `1 pwrite64(5, ${hex('x'.repeat(1024))}, 1024, 0) = 1024`];
  let sector = 0;
  expect(imageOf(lines, () => sector++ === 1)).toBe('\0'.repeat(512) + 'x'.repeat(512));
});

test('other files do not matter; what is not understood is not passed over', () => {
  const other = `1 openat(AT_FDCWD, ${hex('/a/other')}, O_RDWR) = 7`;
  expect(imageOf([...opened, other, `1 pwrite64(7, ${hex('abc')}, 3, 0) = 3`], all)).toBe('');
  expect(() => imageOf([...opened, '1 msync(5, 1, MS_SYNC) = 0'], all)).toThrow('msync');
});

test('what is said', () => {
  const said = readTrace(
    [...opened, `1 write(1, ${hex('a\nb')}, 3) = 3`, `1 write(1, ${hex('c\n')}, 2) = 2`].join('\n'),
    'x',
  );
  expect(said.said).toEqual([
    { at: 1, line: 'a' },
    { at: 2, line: 'bc' },
  ]);
});
