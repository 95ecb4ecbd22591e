import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { flagValues, portRange, sizeBytes, spanMs, wholeNumber } from './arguments.ts';

test('a whole number within its bounds', () => {
  const read = wholeNumber(1, 10);
  expect(read('7')).toBe(7);
  for (const text of ['0', '11', '-1', '1.5', '', 'x', '1e1'])
    expect(() => read(text)).toThrow('from 1 to 10');
});

test.each([
  ['30000-32767', [30_000, 32_767]],
  ['30000+100', [30_000, 30_100]],
  ['65000+2000', [65_000, 65_535]],
  ['30080', [30_080, 30_080]],
])('a range of ports: %s', (text, [first, last]) => expect(portRange(text)).toEqual({ first, last }));

test.each(['', '30000-', '32767-30000', '0-10', '30000-65536', 'a-b', '1-2-3', '-5'])(
  'no range of ports: %j',
  (text) => {
    expect(() => portRange(text)).toThrow('must be a range of ports such as');
  },
);

describe('a time', () => {
  test.each([
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['0s', 0],
    ['0', 0],
    ['1h30m', 5_400_000],
    ['1m0.5s', 60_500],
    ['250ms', 250],
  ])('%s', (text, ms) => expect(spanMs(text)).toBe(ms));

  test.each(['', '24', 'h', '-1h', '1w', '1h30', 'NaNs'])('not %j', (text) => {
    expect(() => spanMs(text)).toThrow('must be a time such as');
  });

  test.each(['36526d', `${'9'.repeat(400)}ms`, '36525d6h1ms'])(
    'no longer than there are dates: %s',
    (text) => {
      expect(spanMs('36525d6h')).toBe(36_525.25 * 86_400_000);
      expect(() => spanMs(text)).toThrow('must be no longer than a century');
    },
  );
});

describe('a size', () => {
  test.each([
    ['1000', 1000],
    ['64Ki', 65_536],
    ['1Gi', 2 ** 30],
    ['1.5G', 1.5e9],
    ['0', 0],
  ])('%s', (text, bytes) => expect(sizeBytes(text)).toBe(bytes));

  test.each(['', 'Gi', '-1Gi', '1gi', '1GiB', '1 Gi'])('not %j', (text) => {
    expect(() => sizeBytes(text)).toThrow('must be a size such as');
  });
});

test('flags are shown under their names, but for what is secret', () => {
  const command = new Command()
    .option('--data-dir <dir>', '', '/data')
    .option('--store <kind>')
    .option('--nodes <n>', '', Number)
    .option('--tls-san <name>', '', (one: string, all: string[] = []) => [...all, one])
    .option('--verbose')
    .option('--token <token>');
  command.parse(['--nodes', '3', '--tls-san', 'a', '--tls-san', 'b', '--verbose', '--token', 'x'], {
    from: 'user',
  });
  expect(flagValues(command)).toEqual({
    'data-dir': '/data',
    store: '',
    nodes: '3',
    'tls-san': 'a,b',
    verbose: 'true',
    token: 'CLASSIFIED',
  });
});
