import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Clock } from '../platform/clock.ts';
import { createLog, silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { etcdPath, TestEtcd, type TestEtcdTls, whyNoEtcd } from '../store/etcd/test-etcd.ts';
import type { Watcher } from '../store/store.ts';
import { openUrls, serveEtcd } from './serve-etcd.ts';
import { openEtcd } from './etcd.ts';
import { reasonIn } from '../store/etcd/connection.ts';
import type { EtcdOptions } from './options.ts';
import { Pki } from './pki.ts';

const platform = systemPlatform(silentLog);
const limits = { totalMs: 1000 };
const open = (options: EtcdOptions | undefined) => openEtcd(options, { platform, limits });

test.each([
  ['no servers', undefined, 'needs servers'],
  ['an empty list', { servers: [''] }, 'needs servers'],
  ['no URL', { servers: ['localhost:2379'] }, 'not the URL of an etcd server: localhost:2379'],
  ['a certificate without a key', { servers: ['https://127.0.0.1:1'], certFile: 'x' }, 'belong together'],
  ['a file that is not there', { servers: ['https://127.0.0.1:1'], caFile: '/none' }, '/none cannot be read'],
  [
    'nobody at home',
    { servers: ['http://127.0.0.1:1', 'http://127.0.0.1:2'] },
    '(http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1; http://127.0.0.1:2: connect ECONNREFUSED 127.0.0.1:2)',
  ],
])('says what is wrong: %s', async (_what, options, message) => {
  await expect(open(options)).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining(message),
  });
});

test('what OpenSSL says of a connection is said without its places', () => {
  const refused =
    '80ACAA26D07F0000:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/rec_layer_s3.c:1601:SSL alert number 116\n';
  const details = `No connection established. Last error: ${refused} (2026-11-28T18:39:36.528Z). Resolution note: `;
  expect(reasonIn(details)).toBe('TLS: tlsv13 alert certificate required');
});

test('it is known by which URLs everybody comes in', () => {
  const open = (trustedCaFile: string | undefined, ...urls: string[]) =>
    openUrls(urls, { dataDir: '/d', name: 'm', listenClientUrls: '', trustedCaFile });
  expect(open(undefined, 'http://127.0.0.1:1', 'http://[::1]:1', 'http://localhost:1')).toEqual([]);
  const all = ['http://0.0.0.0:2379', 'https://10.0.0.1:2379', 'http://[::]:1'];
  expect(open(undefined, ...all)).toEqual(all);
  expect(open('/ca.pem', ...all)).toEqual([all[0], all[2]]);
});

interface Running {
  servers: readonly string[];
  stop(): Promise<void>;
}

async function realEtcd(tls: TestEtcdTls): Promise<Running> {
  const etcd = await TestEtcd.start({ tls });
  return { servers: etcd.endpoints, stop: () => etcd.stop() };
}

async function ownEtcd({ caFile, certFile, keyFile }: TestEtcdTls, dir: string): Promise<Running> {
  const tls = { certFile, keyFile, trustedCaFile: caFile, clientCertAuth: true };
  const listen = { listenClientUrls: 'https://127.0.0.1:0', name: 'default', dataDir: join(dir, 'data') };
  const { urls: servers, stop } = await serveEtcd({ ...listen, ...tls }, platform);
  return { servers, stop };
}

const path = '/version';

async function overHttp1({ host }: URL, socket: TLSSocket): Promise<string> {
  const request = httpRequest({ path, headers: { host }, createConnection: () => socket }).end();
  const [response] = await once(request, 'response');
  return text(response);
}

async function overHttp2({ origin }: URL, socket: TLSSocket): Promise<string> {
  const session = http2Connect(origin, { createConnection: () => socket });
  const answer = await text(session.request({ ':path': path }));
  session.close();
  return answer;
}

const subjects = [
  { name: `etcd${whyNoEtcd}`, skip: !etcdPath, start: realEtcd },
  { name: 'k8ts etcd', skip: false, start: ownEtcd },
];

for (const { name: subject, skip, start } of subjects)
  describe.skipIf(skip)(`${subject} with certificates`, () => {
    let dir: string;
    const file = (name: string, text: string) => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    };
    let etcd: Running;
    let client: TestEtcdTls;
    let servers: readonly string[];

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'k8ts-etcd-tls-'));
      const pki = new Pki(join(dir, 'pki'), platform);
      const caFile = file('ca.crt', (await pki.authority()).certificate);
      const pair = async (name: string, usages: readonly ('client' | 'server')[]) => {
        const { certificate, key } = await pki.pair(name, { commonName: name, hosts: ['127.0.0.1'], usages });
        return { caFile, certFile: file(`${name}.crt`, certificate), keyFile: file(`${name}.key`, key) };
      };
      client = await pair('client', ['client']);
      etcd = await start(await pair('etcd', ['server', 'client']), dir);
      servers = etcd.servers;
    });
    afterAll(async () => {
      await etcd.stop();
      rmSync(dir, { recursive: true });
    });

    test('a client that shows one is served, without a word on standard error', async () => {
      const warnings: string[] = [];
      const hear = (warning: Error) => warnings.push(warning.message);
      process.on('warning', hear);
      const store = await open({ servers, ...client });
      await store.commit({ writes: [{ type: 'put', key: '/a', value: Buffer.from('1') }] });
      expect(Buffer.from((await store.get('/a'))?.value as Uint8Array).toString()).toBe('1');
      await store.close();
      process.off('warning', hear);
      expect(warnings).toEqual([]);
    });

    test('the JSON gateway answers who speaks HTTP/1.1 and HTTP/2, in that which the server takes', async () => {
      const { caFile, certFile, keyFile } = client;
      const [ca, cert, key] = [caFile, certFile, keyFile].map((path) => readFileSync(path));
      const url = new URL(servers[0] as string);
      const socket = tlsConnect({
        ...{ host: url.hostname, port: Number(url.port), ca, cert, key },
        ALPNProtocols: ['h2', 'http/1.1'],
      });
      await once(socket, 'secureConnect');
      const answer = await (socket.alpnProtocol === 'h2' ? overHttp2 : overHttp1)(url, socket);
      expect(JSON.parse(answer)).toMatchObject({ etcdserver: expect.any(String) });
    });

    test('a client that shows none is not, and says so in time', async () => {
      const { caFile } = client;
      await expect(open({ servers, caFile })).rejects.toMatchObject({
        name: 'UserError',
        hint: expect.stringContaining('give --etcd-certfile and --etcd-keyfile'),
      });
    });

    test('a client whose certificate stands on another authority is not', async () => {
      const strange = new Pki(join(dir, 'strange'), platform);
      const wanted = { commonName: 'client', hosts: [], usages: ['client'] as const };
      const { certificate, key } = await strange.pair('client', wanted);
      const pair = { certFile: file('strange.crt', certificate), keyFile: file('strange.key', key) };
      await expect(open({ servers, caFile: client.caFile, ...pair })).rejects.toMatchObject({
        name: 'UserError',
      });
    });

    test('a server whose certificate stands on another authority is not believed', async () => {
      const other = (await new Pki(join(dir, 'other'), platform).authority()).certificate;
      const mistaken = { servers, ...client, caFile: file('other.crt', other) };
      await expect(open(mistaken)).rejects.toThrow(/certificate/);
    });

    test('a server whose certificate is for another address is not believed', async () => {
      const elsewhere = (servers[0] as string).replace('127.0.0.1', 'localhost');
      await expect(open({ servers: [elsewhere], ...client })).rejects.toThrow(/altnames/);
    });
  });

test('k8ts etcd and its clients take certificates of another authority while they run, and what is watched goes on', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-etcd-renewed-'));
  const lines: string[] = [];
  const log = createLog({
    clock: platform.clock,
    level: 'info',
    write: ({ message, fields }) => void lines.push(`${message} ${fields.of}`),
  });
  // Files are looked at all the time.
  const sleep: Clock['sleep'] = (ms, signal) => platform.clock.sleep(Math.min(ms, 50), signal);
  const quick = { ...platform, log, clock: { ...platform.clock, sleep } };
  const write = async (authority: string, to: string) => {
    const pki = new Pki(join(dir, authority), platform);
    writeFileSync(join(dir, `${to}-ca.crt`), (await pki.authority()).certificate);
    for (const name of ['server', 'client'] as const) {
      const { certificate, key } = await pki.pair(name, {
        ...{ commonName: name, hosts: ['127.0.0.1'], usages: [name] },
      });
      writeFileSync(join(dir, `${to}-${name}.crt`), certificate);
      writeFileSync(join(dir, `${to}-${name}.key`), key);
    }
  };
  const files = (of: string, name: 'server' | 'client') => ({
    certFile: join(dir, `${of}-${name}.crt`),
    keyFile: join(dir, `${of}-${name}.key`),
  });
  await write('first', 'first');
  await write('first', 'now');
  const serve = (listenClientUrls: string) =>
    serveEtcd(
      {
        ...{ listenClientUrls, name: 'default', dataDir: join(dir, 'data') },
        ...{ ...files('now', 'server'), trustedCaFile: join(dir, 'now-ca.crt') },
      },
      quick,
    );
  let etcd = await serve('https://127.0.0.1:0');
  const options = (of: string) => ({
    ...{ servers: etcd.urls, caFile: join(dir, `${of}-ca.crt`) },
    ...files(of, 'client'),
  });
  const store = await openEtcd(options('now'), { platform: quick, limits });
  try {
    const seen: string[] = [];
    const onBatch: Watcher['onBatch'] = ({ events: [event] }) =>
      void (event?.type === 'put' && seen.push(event.entry.key));
    const onEnd = ({ message }: Error) => void seen.push(message);
    await store.watch('/', (await store.status()).revision, { onBatch, onEnd });
    const put = (key: string) => store.commit({ writes: [{ type: 'put', key, value: Buffer.from('1') }] });
    await put('/1');
    await write('second', 'now');
    await vi.waitFor(
      () =>
        expect(new Set(lines)).toEqual(
          new Set(['certificates renewed etcd-client', 'certificates renewed etcd-server']),
        ),
      15_000,
    );
    await put('/2');
    await vi.waitFor(() => expect(seen).toEqual(['/1', '/2']));
    await expect(open(options('first'))).rejects.toMatchObject({ name: 'UserError' });
    await (await open(options('now'))).close();
    // What was connected before has to be connected anew.
    const [url = ''] = etcd.urls;
    await etcd.stop();
    etcd = await serve(url);
    await put('/3');
    await vi.waitFor(() => expect(seen).toEqual(['/1', '/2', '/3']));
  } finally {
    await store.close();
    await etcd.stop();
    rmSync(dir, { recursive: true });
  }
});
