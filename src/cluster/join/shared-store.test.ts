import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { secrets } from '../../api/generated/resources.ts';
import { startApiServer, type TestApiServer } from '../../apiserver/testing-api-server.ts';
import { Client } from '../../client/client.ts';
import { createLog, silentLog } from '../../platform/log.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import { systemPlatform } from '../../platform/platform.ts';
import { systemRandom } from '../../platform/random.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { Pki } from '../pki.ts';
import { keepStore, keptStore, shareStore, toldStore, wayToStore } from './shared-store.ts';

const token = 'a token of servers';
const dataDir = '/data';
const pki = new Pki('/pki', { ...systemPlatform(silentLog), files: new MemoryFiles() });
const pair = (name: string) => pki.pair(name, { commonName: name, hosts: [], usages: ['client'] });

let api: TestApiServer;
let client: Client;
let servers: Server[];

beforeAll(async () => {
  api = await startApiServer();
  client = new Client(api.api.transportFor({ name: 'root', groups: ['system:masters'] }));
});
afterAll(() => api.stop());
beforeEach(() => {
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.stop();
  await client.of(secrets).delete(wayToStore, { cause: { reason: 'test' } });
});

/** A server on a machine of its own, as far as the way to the store goes. */
class Server {
  readonly files: MemoryFiles;
  readonly clock = new VirtualClock();
  readonly lines: string[] = [];
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(files = new MemoryFiles()) {
    this.files = files;
    servers.push(this);
  }

  async start(paths: { certFile: string; keyFile: string }, { isTold = false } = {}): Promise<void> {
    const log = createLog({
      clock: this.clock,
      level: 'error',
      write: ({ message }) => void this.lines.push(message),
    });
    const store = { store: 'etcd', etcd: { servers: ['https://etcd:2379'], ...paths } } as const;
    const options = { client, token, dataDir, store, isTold };
    const world = { files: this.files, clock: this.clock, random: systemRandom, log };
    this.#running = (await shareStore(options, world)).run(this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }
}

const given = { certFile: '/c.crt', keyFile: '/c.key' };
const taken = { certFile: `${dataDir}/etcd/client.pem`, keyFile: `${dataDir}/etcd/client-key.pem` };

async function renew(files: MemoryFiles, name: string): Promise<string> {
  const { certificate, key } = await pair(name);
  await files.write(given.certFile, certificate);
  await files.write(given.keyFile, key);
  return certificate;
}

/** One that was started with the files, and one that was told of them. */
async function two() {
  const first = new Server();
  const certificate = await renew(first.files, 'first');
  await first.start(given);
  const second = new Server();
  const store = await toldStore(client, token);
  expect(store?.cert).toBe(certificate);
  if (store) await keepStore(store, { dataDir, platform: second });
  await second.start(taken, { isTold: true });
  return { first, second };
}

const told = async () => (await toldStore(client, token))?.cert;
const until = async (server: Server, condition: () => Promise<boolean>) => {
  for (let looks = 0; looks < 200; looks++) {
    if (await condition()) return;
    await server.clock.advance(60_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it never came so');
};

test('certificates that are renewed where they were given come to those who were told of them', async () => {
  const { first, second } = await two();
  const certificate = await renew(first.files, 'renewed');
  await until(first, async () => (await told()) === certificate);
  await until(second, async () => (await second.files.readText(taken.certFile)) === certificate);
  expect(await second.files.readText(taken.keyFile)).toBe(await first.files.readText(given.keyFile));
  expect(await keptStore(dataDir, second)).toMatchObject(taken);
  expect([...first.lines, ...second.lines]).toEqual([]);
});

test('what a server was told once, and is older, it does not tell', async () => {
  const { first, second } = await two();
  const certificate = await renew(first.files, 'newer');
  await until(first, async () => (await told()) === certificate);
  await second.stop();
  const again = new Server(second.files);
  await again.start(taken, { isTold: true });
  expect(await told()).toBe(certificate);
  await until(again, async () => (await again.files.readText(taken.certFile)) === certificate);
});

test('what nobody tells any more is told by whoever knows it', async () => {
  const { second } = await two();
  const certificate = await told();
  await client.of(secrets).delete(wayToStore, { cause: { reason: 'test' } });
  await second.stop();
  await new Server(second.files).start(taken, { isTold: true });
  expect(await told()).toBe(certificate);
});

test('of a pair that is half replaced nobody is told', async () => {
  const { first } = await two();
  const before = await told();
  const { certificate } = await pair('half');
  await first.files.write(given.certFile, certificate);
  await until(first, async () => first.lines.length > 0);
  expect(first.lines[0]).toBe('certificates could not be renewed yet');
  expect(await told()).toBe(before);
});
