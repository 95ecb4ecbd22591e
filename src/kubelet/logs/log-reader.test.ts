import { describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../platform/memory-files.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { parseCriLine } from './cri-line.ts';
import { LogQueryError, parseLogQuery } from './log-query.ts';
import { readLog } from './log-reader.ts';
import { readTail } from './tail.ts';

const at = (second: number) => `2026-01-01T00:00:0${second}.123456789Z`;
const line = (second: number, text: string, stream = 'stdout', tag = 'F') =>
  `${at(second)} ${stream} ${tag} ${text}\n`;

class Log {
  readonly files = new MemoryFiles();
  readonly clock = new VirtualClock();
  readonly abort = new AbortController();
  text = '';
  running = false;

  async write(...lines: string[]): Promise<void> {
    await this.files.makeDir('/logs');
    await this.files.append('/logs/0.log', lines.join(''));
  }

  read(params: string): Promise<void> {
    return readLog({
      files: this.files,
      clock: this.clock,
      path: '/logs/0.log',
      query: parseLogQuery(new URLSearchParams(params), Date.parse('2026-01-01T00:00:10Z')),
      isRunning: async () => this.running,
      write: async (bytes) => void (this.text += bytes.toString()),
      signal: this.abort.signal,
    });
  }

  async shows(params: string): Promise<string> {
    await this.read(params);
    return this.text;
  }
}

async function logOf(...lines: string[]): Promise<Log> {
  const log = new Log();
  await log.write(...lines);
  return log;
}

test('a line in parts has one time, and one that never ends is not kept', async () => {
  const log = await logOf(line(1, 'one ', 'stdout', 'P'), line(2, 'and two'), line(3, 'three'));
  expect(await log.shows('timestamps=true')).toBe(`${at(1)} one and two\n${at(3)} three\n`);
  const broken = await logOf('x'.repeat(3 << 20), '\n', line(4, 'four'));
  expect(await broken.shows('')).toBe('four\n');
});

describe('lines in the CRI format', () => {
  test('are taken apart', () => {
    const parsed = parseCriLine(Buffer.from(line(1, 'hello world').trimEnd()));
    expect(parsed).toMatchObject({ time: at(1), stream: 'stdout', partial: false });
    expect(parsed?.content.toString()).toBe('hello world\n');
  });

  test('may be empty, or parts of a line', () => {
    expect(parseCriLine(Buffer.from(`${at(1)} stderr F`))?.content.toString()).toBe('\n');
    expect(parseCriLine(Buffer.from(`${at(1)} stderr P half`))?.content.toString()).toBe('half');
  });

  test('are nothing where they are not', () => {
    expect(parseCriLine(Buffer.from('{"log":"docker"}'))).toBeUndefined();
  });
});

describe('reading a log', () => {
  const three = [line(1, 'one'), line(2, 'two', 'stderr'), line(3, 'three')];

  test('whole, and joined from parts', async () => {
    expect(await (await logOf(...three)).shows('')).toBe('one\ntwo\nthree\n');
    expect(await (await logOf(line(1, 'lo', 'stdout', 'P'), line(1, 'ng'))).shows('')).toBe('long\n');
  });

  test('the last lines, from a time on, one stream', async () => {
    expect(await (await logOf(...three)).shows('tailLines=2')).toBe('two\nthree\n');
    expect(await (await logOf(...three)).shows('tailLines=0')).toBe('');
    expect(await (await logOf(...three)).shows('tailLines=9')).toBe('one\ntwo\nthree\n');
    expect(await (await logOf(...three)).shows('sinceSeconds=8')).toBe('two\nthree\n');
    expect(await (await logOf(...three)).shows(`sinceTime=${at(3)}`)).toBe('three\n');
    expect(await (await logOf(...three)).shows('stream=Stderr')).toBe('two\n');
  });

  test('with times, and no more bytes than asked for', async () => {
    expect(await (await logOf(line(1, 'one'))).shows('timestamps=true')).toBe(`${at(1)} one\n`);
    expect(await (await logOf(...three)).shows('limitBytes=6')).toBe('one\ntw');
  });

  test('follows until the container ends', async () => {
    const log = await logOf(line(1, 'one'));
    log.running = true;
    const reading = log.read('follow=true');
    await log.clock.advance(500);
    expect(log.text).toBe('one\n');
    await log.write(line(2, 'two'));
    await log.clock.advance(500);
    expect(log.text).toBe('one\ntwo\n');
    log.running = false;
    await log.clock.advance(500);
    await reading;
  });

  test('follows through a rotation without losing or repeating a line', async () => {
    const log = await logOf(line(1, 'one'));
    log.running = true;
    const reading = log.read('follow=true');
    await log.clock.advance(500);
    await log.write(line(2, 'two'));
    await log.files.rename('/logs/0.log', '/logs/0.log.old');
    await log.write(line(3, 'three'));
    await log.clock.advance(500);
    expect(log.text).toBe('one\ntwo\nthree\n');
    log.abort.abort();
    await log.clock.advance(500);
    await reading;
  });

  test('that is not there is empty', async () => {
    expect(await new Log().shows('')).toBe('');
  });

  test('its end, as text', async () => {
    const log = await logOf(...three);
    expect(await readTail(log.files, '/logs/0.log', { lines: 2, bytes: 100 })).toBe('two\nthree\n');
    expect(await readTail(log.files, '/logs/0.log', { lines: 2, bytes: 4 })).toBe('ree\n');
  });
});

test.each([
  'tailLines=-1',
  'tailLines=x',
  'limitBytes=0',
  'sinceSeconds=0',
  'sinceTime=yesterday',
  'sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
  'tailLines=1&stream=Stdout',
])('%s is no way to ask for logs', (params) => {
  expect(() => parseLogQuery(new URLSearchParams(params), 0)).toThrow(LogQueryError);
});
