import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog, silentLog } from '../platform/log.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { systemPlatform } from '../platform/platform.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { followPem, type Pem, readPem } from './pem-files.ts';
import { Pki } from './pki.ts';

const paths = { caFile: '/ca.crt', certFile: '/c.crt', keyFile: '/c.key' };
let files: MemoryFiles;
let clock: VirtualClock;
let lines: string[];
let used: Pem[];
let abort: AbortController;
let running: Promise<void>;

const pki = new Pki('/pki', { ...systemPlatform(silentLog), files: new MemoryFiles() });
const pair = (name: string) => pki.pair(name, { commonName: name, hosts: [], usages: ['client'] });

beforeEach(async () => {
  files = new MemoryFiles();
  clock = new VirtualClock();
  lines = [];
  used = [];
  abort = new AbortController();
  const { certificate, key } = await pair('first');
  await files.write('/ca.crt', (await pki.authority()).certificate);
  await files.write('/c.crt', certificate);
  await files.write('/c.key', key);
  const log = createLog({
    clock,
    level: 'info',
    write: ({ message, fields }) => void lines.push(`${message}: ${(fields.error as Error)?.message ?? ''}`),
  });
  const first = await readPem(paths, { files });
  const use = (pem: Pem) => void used.push(pem);
  running = followPem('it', { paths, first, use }, { files, clock, log }).run(abort.signal);
});
afterEach(async () => {
  abort.abort();
  await running;
});

test('what stays the same is not handed on', async () => {
  await clock.advance(60_000);
  expect([used, lines]).toEqual([[], []]);
});

test('a pair of which one file has been replaced is not used before the other is', async () => {
  const { certificate, key } = await pair('second');
  await files.write('/c.crt', certificate);
  await clock.advance(10_000);
  expect([used, lines]).toEqual([[], []]);
  await files.write('/c.key', key);
  await clock.advance(10_000);
  expect(used).toMatchObject([{ cert: certificate, key }]);
  expect(lines).toEqual(['certificates renewed: ']);
});

test('what cannot be used is told about where it stays, once', async () => {
  await files.write('/c.key', (await pair('third')).key);
  await clock.advance(60_000);
  await files.write('/ca.crt', 'nothing of the kind');
  await clock.advance(60_000);
  expect(used).toEqual([]);
  expect(lines).toEqual([
    'certificates could not be renewed yet: the key is not that of the certificate',
    expect.stringMatching(/^certificates could not be renewed yet: .+/),
  ]);
});
