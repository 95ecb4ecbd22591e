import * as dnsPacket from 'dns-packet';
import { afterEach, expect, test } from 'vitest';
import { Client } from '../client/client.ts';
import { Informers } from '../client/informers.ts';
import { ListedObjects, type Written } from '../client/testing-lists.ts';
import { systemClock } from '../platform/clock.ts';
import { deferred } from '../platform/deferred.ts';
import { type DnsServer, forwardDns, listenDns } from '../platform/dns-socket.ts';
import { type Log, silentLog } from '../platform/log.ts';
import { systemRandom } from '../platform/random.ts';
import { createDns } from './dns.ts';

const host = '127.0.0.1';
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => void (await Promise.all(stops.splice(0).map((stop) => stop()))));

type Record = { type: 'A' | 'AAAA' | 'CNAME'; name: string; data: string };
const a = (name: string, data: string): Record => ({ type: 'A', name, data });
const cname = (name: string, data: string): Record => ({ type: 'CNAME', name, data });

/** Another server that knows some names, and notes what it is asked; 600 addresses of `many.example.com` fit into no packet. */
async function other(known: readonly Record[] = []) {
  const asked: string[] = [];
  const many = Array.from({ length: 600 }, (_, i) => a('many.example.com', `203.0.${i >> 8}.${i & 255}`));
  const socket = await listenDns({
    address: host,
    port: 0,
    onQuery: async (message, over) => {
      const { id, questions = [] } = dnsPacket.decode(message);
      const [{ name, type } = { name: '', type: 'A' }] = questions;
      asked.push(`${type} ${name} ${over}`);
      const found = name === 'many.example.com' ? many : known;
      const isCutOff = found === many && over === 'udp';
      const flags = isCutOff ? dnsPacket.TRUNCATED_RESPONSE : 0;
      return dnsPacket.encode({
        type: 'response',
        id,
        flags,
        questions,
        answers: isCutOff ? [] : [...found],
      });
    },
  });
  stops.push(() => socket.close());
  return { asked, server: { address: host, port: socket.port } };
}

const service = (name: string, spec: object): Written => ({
  metadata: { name, namespace: 'default', resourceVersion: '1' },
  spec,
});
const alias = (name: string, externalName: string) => service(name, { type: 'ExternalName', externalName });

async function clusterDns(services: Written[], upstreams: readonly DnsServer[]) {
  const informers = new Informers({
    client: new Client(new ListedObjects({ services })),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const abort = new AbortController();
  const ready = deferred<number>();
  const log: Log = { ...silentLog, info: (_, fields) => ready.resolve(Number(fields?.port)) };
  const random = systemRandom;
  const dns = createDns({
    informers,
    log,
    random,
    addresses: [host],
    port: 0,
    domain: 'cluster.local',
    upstreams,
  });
  const ended = dns.run(abort.signal);
  informers.start(abort.signal);
  stops.push(async () => {
    abort.abort();
    await ended;
    await informers.stopped();
  });
  const server = { address: host, port: await ready.promise };
  return async (name: string, type: dnsPacket.StringRecordType = 'A', whole = false) => {
    const query = dnsPacket.encode({ type: 'query', id: 7, questions: [{ name, type }] });
    const reply = dnsPacket.decode(await forwardDns(query, server, { timeoutMs: 5000, whole }));
    const answers = (reply.answers ?? []) as Record[];
    return { ...reply, told: answers.map((r) => `${r.name} ${r.type} ${r.data}`) };
  };
}

const out = 'out.default.svc.cluster.local';

test('who asks for the addresses of an external name gets them with the alias, as resolvers do not ask twice', async () => {
  const { asked, server } = await other([
    cname('foo.example.com', 'bar.example.com'),
    a('bar.example.com', '203.0.113.7'),
  ]);
  const ask = await clusterDns([alias('out', 'foo.example.com.')], [server]);
  const { told, rcode } = (await ask(out)) as Awaited<ReturnType<typeof ask>> & { rcode: string };
  expect(rcode).toBe('NOERROR');
  expect(told).toEqual([
    `${out} CNAME foo.example.com`,
    'foo.example.com CNAME bar.example.com',
    'bar.example.com A 203.0.113.7',
  ]);
  expect((await ask(out, 'CNAME')).told).toEqual([`${out} CNAME foo.example.com`]);
  expect(asked).toEqual(['A foo.example.com udp']);
});

test('an alias of names in the cluster leads to their addresses, also from one to the next, and in no circle', async () => {
  const { asked, server } = await other();
  const ask = await clusterDns(
    [
      alias('out', 'next.default.svc.cluster.local'),
      alias('next', 'Web.default.svc.cluster.local'),
      service('web', { clusterIP: '10.96.1.1', ports: [{ port: 80 }] }),
      alias('round', 'round.default.svc.cluster.local'),
      alias('lost', 'nobody.default.svc.cluster.local'),
    ],
    [server],
  );
  expect((await ask(out)).told).toEqual([
    `${out} CNAME next.default.svc.cluster.local`,
    'next.default.svc.cluster.local CNAME Web.default.svc.cluster.local',
    'web.default.svc.cluster.local A 10.96.1.1',
  ]);
  const lost = 'lost.default.svc.cluster.local';
  expect((await ask(lost)).told).toEqual([`${lost} CNAME nobody.default.svc.cluster.local`]);
  const round = 'round.default.svc.cluster.local';
  expect(new Set((await ask(round)).told)).toEqual(new Set([`${round} CNAME ${round}`]));
  expect(asked).toEqual([]);
});

test.each([
  ['nobody else is asked', async () => []],
  ['the other server knows nothing', async () => [(await other()).server]],
] as const)('the alias alone is told where %s', async (_, servers) => {
  const ask = await clusterDns([alias('out', 'foo.example.com')], await servers());
  expect((await ask(out)).told).toEqual([`${out} CNAME foo.example.com`]);
});

test('names of others are asked of others; an answer that is too long for a packet is for TCP', async () => {
  const { asked, server } = await other([a('foo.example.com', '203.0.113.7')]);
  const ask = await clusterDns([alias('out', 'many.example.com')], [server]);
  expect((await ask('foo.example.com')).told).toEqual(['foo.example.com A 203.0.113.7']);
  const cut = await ask('many.example.com');
  expect([cut.flag_tc, cut.told]).toEqual([true, []]);
  expect((await ask('many.example.com', 'A', true)).told).toHaveLength(600);
  expect(asked.filter((question) => question.includes('many'))).toEqual([
    'A many.example.com udp',
    'A many.example.com udp',
    'A many.example.com udp',
    'A many.example.com tcp',
  ]);
  const aliased = await ask(out, 'A', true);
  expect(aliased.told).toHaveLength(601);
  expect(aliased.told[0]).toBe(`${out} CNAME many.example.com`);
});

test('other names are refused where nobody else is asked', async () => {
  const ask = await clusterDns([], []);
  expect(await ask('foo.example.com')).toMatchObject({ rcode: 'REFUSED', told: [] });
});
