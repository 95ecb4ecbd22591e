import * as dnsPacket from 'dns-packet';
import { describe, expect, test } from 'vitest';
import type { Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import { seededRandom } from '../platform/random.ts';
import { ownAnswer, readQuery } from './answer.ts';
import { type ClusterView, isOurs, resolve } from './records.ts';

const services: Service[] = [
  {
    metadata: { namespace: 'default', name: 'web' },
    spec: { clusterIP: '10.96.1.1', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  },
  {
    metadata: { namespace: 'default', name: 'db' },
    spec: { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] },
  },
  {
    metadata: { namespace: 'default', name: 'both' },
    spec: { clusterIP: 'fd00::7', clusterIPs: ['fd00::7', '10.96.1.7'], ports: [{ name: 'http', port: 80 }] },
  },
  {
    metadata: { namespace: 'default', name: 'pair' },
    spec: { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] },
  },
  {
    metadata: { namespace: 'default', name: 'six' },
    spec: { clusterIP: 'fd00::8', clusterIPs: ['fd00::8'], ports: [{ name: 'http', port: 80 }] },
  },
  {
    metadata: { namespace: 'default', name: 'out' },
    spec: { type: 'ExternalName', externalName: 'example.com' },
  },
];

const slices: EndpointSlice[] = [
  {
    metadata: { namespace: 'default', name: 'db-1', labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['10.244.1.2'], hostname: 'db-0' },
      { addresses: ['10.244.1.3'] },
      { addresses: ['10.244.1.4'], hostname: 'db-2', conditions: { ready: false } },
    ],
  },
];

/** Of a Service with endpoints of both families, one of which has both. */
const pair = (addressType: string, first: string, second: string): EndpointSlice => ({
  metadata: {
    namespace: 'default',
    name: `pair-${addressType}`,
    labels: { 'kubernetes.io/service-name': 'pair' },
  },
  addressType,
  ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  endpoints: [{ addresses: [first], hostname: 'one' }, { addresses: [second] }],
});
slices.push(pair('IPv4', '10.244.2.2', '10.244.2.3'), pair('IPv6', 'fd00:1::2', 'fd00:1::3'));

const view: ClusterView = {
  domain: 'cluster.local',
  service: (namespace, name) =>
    services.find((s) => s.metadata.namespace === namespace && s.metadata.name === name),
  slices: (_, name) => slices.filter((s) => s.metadata.labels?.['kubernetes.io/service-name'] === name),
  hasNamespace: (namespace) => namespace === 'default',
  serviceByAddress: (address) =>
    services.find(({ spec }) => (spec.clusterIPs ?? [spec.clusterIP]).includes(address)),
  slicesByAddress: (address) => slices.filter((s) => s.endpoints?.some((e) => e.addresses.includes(address))),
};

const ask = (name: string, type = 'A') => {
  const { exists, answers } = resolve(name, type, view);
  return exists ? answers.map((a) => a.data) : 'NXDOMAIN';
};

describe('names of the specification', () => {
  test.each([
    ['web.default.svc.cluster.local', 'A', ['10.96.1.1']],
    ['web.default.svc.cluster.local', 'AAAA', []],
    ['db.default.svc.cluster.local', 'A', ['10.244.1.2', '10.244.1.3']],
    ['both.default.svc.cluster.local', 'A', ['10.96.1.7']],
    ['both.default.svc.cluster.local', 'AAAA', ['fd00::7']],
    ['both.default.svc.cluster.local', 'ANY', ['fd00::7', '10.96.1.7']],
    ['six.default.svc.cluster.local', 'A', []],
    ['six.default.svc.cluster.local', 'AAAA', ['fd00::8']],
    ['pair.default.svc.cluster.local', 'A', ['10.244.2.2', '10.244.2.3']],
    ['pair.default.svc.cluster.local', 'AAAA', ['fd00:1::2', 'fd00:1::3']],
    ['one.pair.default.svc.cluster.local', 'A', ['10.244.2.2']],
    ['db-0.db.default.svc.cluster.local', 'A', ['10.244.1.2']],
    ['one.pair.default.svc.cluster.local', 'AAAA', ['fd00:1::2']],
    ['fd00-1--3.pair.default.svc.cluster.local', 'AAAA', ['fd00:1::3']],
    ['fd00-1--3.pair.default.svc.cluster.local', 'A', []],
    ['10-244-1-3.db.default.svc.cluster.local', 'A', ['10.244.1.3']],
    ['out.default.svc.cluster.local', 'A', ['example.com']],
    ['default.svc.cluster.local', 'A', []],
    ['svc.cluster.local', 'A', []],
    ['cluster.local', 'A', []],
    ['dns-version.cluster.local', 'TXT', ['1.1.0']],
    ['10-244-1-9.default.pod.cluster.local', 'A', ['10.244.1.9']],
    ['fd00-1--9.default.pod.cluster.local', 'AAAA', ['fd00:1::9']],
    ['fd00-1--9.default.pod.cluster.local', 'A', []],
    [`8.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`, 'PTR', ['six.default.svc.cluster.local']],
    [`2.${'0.'.repeat(23)}1.0.0.0.0.0.d.f.ip6.arpa`, 'PTR', ['one.pair.default.svc.cluster.local']],
    ['1.1.96.10.in-addr.arpa', 'PTR', ['web.default.svc.cluster.local']],
    ['2.1.244.10.in-addr.arpa', 'PTR', ['db-0.db.default.svc.cluster.local']],
  ])('%s %s', (name, type, expected) => expect(ask(name, type)).toEqual(expected));

  test.each([
    'missing.default.svc.cluster.local',
    'web.other.svc.cluster.local',
    'other.svc.cluster.local',
    'db-2.db.default.svc.cluster.local',
    'web.default.cluster.local',
    'x.web.default.svc.cluster.local',
    '_http._udp.web.default.svc.cluster.local',
    'nonsense.default.pod.cluster.local',
  ])('%s does not exist', (name) => expect(ask(name)).toBe('NXDOMAIN'));

  test('ports are found by name', () => {
    expect(ask('_http._tcp.web.default.svc.cluster.local', 'SRV')).toEqual([
      { target: 'web.default.svc.cluster.local', port: 80, priority: 0, weight: 100 },
    ]);
    const found = resolve('_sql._tcp.db.default.svc.cluster.local', 'SRV', view);
    expect(found.answers).toHaveLength(2);
    expect(found.additionals.map((a) => [a.name, a.data])).toEqual([
      ['db-0.db.default.svc.cluster.local', '10.244.1.2'],
      ['10-244-1-3.db.default.svc.cluster.local', '10.244.1.3'],
    ]);
  });

  test('ports of endpoints of both families are said once for each name, with the addresses of both', () => {
    const { answers, additionals } = resolve('_sql._tcp.pair.default.svc.cluster.local', 'SRV', view);
    const names = ['one', '10-244-2-3', 'fd00-1--3'].map((name) => `${name}.pair.default.svc.cluster.local`);
    expect(answers.map(({ data }) => (data as { target: string }).target)).toEqual(names);
    expect(additionals.map(({ type, name, data }) => [type, name, data])).toEqual([
      ['A', names[0], '10.244.2.2'],
      ['A', names[1], '10.244.2.3'],
      ['AAAA', names[0], 'fd00:1::2'],
      ['AAAA', names[2], 'fd00:1::3'],
    ]);
  });

  test('the port of a Service is said with all its addresses', () => {
    const { additionals } = resolve('_http._tcp.both.default.svc.cluster.local', 'SRV', view);
    expect(additionals.map(({ type, data }) => [type, data])).toEqual([
      ['AAAA', 'fd00::7'],
      ['A', '10.96.1.7'],
    ]);
  });

  test('other names are not ours', () => {
    expect(isOurs('example.com', view)).toBe(false);
    expect(isOurs('mycluster.local', view)).toBe(false);
    expect(isOurs('8.8.8.8.in-addr.arpa', view)).toBe(false);
    expect(isOurs('cluster.local', view)).toBe(true);
  });
});

describe('messages', () => {
  const exchange = (name: string, type: dnsPacket.RecordType, v = view, over: 'udp' | 'tcp' = 'udp') => {
    const message = dnsPacket.encode({
      type: 'query',
      id: 7,
      flags: dnsPacket.RECURSION_DESIRED,
      questions: [{ name, type }],
    });
    const query = readQuery(message);
    if (!query) throw new Error('not a query');
    const answer = ownAnswer(query, v, { over, random: seededRandom(1) });
    return { bytes: answer.length, ...dnsPacket.decode(answer) };
  };

  test('an answer carries the id, the question and the address', () => {
    const reply = exchange('WEB.default.svc.cluster.local', 'A');
    expect(reply).toMatchObject({ id: 7, type: 'response', rcode: 'NOERROR', flag_aa: true, flag_tc: false });
    expect(reply.answers?.[0]).toMatchObject({ type: 'A', data: '10.96.1.1', ttl: 5 });
  });

  test('an address of IPv6 is carried as such', () => {
    const reply = exchange('six.default.svc.cluster.local', 'AAAA');
    expect(reply.answers?.[0]).toMatchObject({ type: 'AAAA', data: 'fd00::8', ttl: 5 });
  });

  test('what does not exist is said with the authority', () => {
    const reply = exchange('missing.default.svc.cluster.local', 'A');
    expect(reply).toMatchObject({ rcode: 'NXDOMAIN' });
    expect(reply.authorities?.[0]?.type).toBe('SOA');
  });

  const withEndpoints = (count: number): ClusterView => {
    const endpoints = Array.from({ length: count }, (_, i) => ({
      addresses: [`10.244.${i >> 8}.${i & 255}`],
    }));
    return { ...view, slices: () => [{ ...(slices[0] as EndpointSlice), endpoints }] };
  };

  test.each([
    ['A', 'db.default.svc.cluster.local', 60, 'udp', 512],
    ['A', 'db.default.svc.cluster.local', 5000, 'tcp', 65_535],
    ['SRV', '_sql._tcp.db.default.svc.cluster.local', 60, 'udp', 512],
    ['SRV', '_sql._tcp.db.default.svc.cluster.local', 5000, 'tcp', 65_535],
  ] as const)(
    'an answer of %s to %s with %i endpoints has what fits over %s, and says so',
    (type, name, count, over, most) => {
      const reply = exchange(name, type, withEndpoints(count), over);
      expect(reply.flag_tc).toBe(true);
      expect(reply.bytes).toBeLessThanOrEqual(most);
      const [one] = reply.answers ?? [];
      const bytesOfOne = dnsPacket.encodingLength({ answers: [one as dnsPacket.Answer] }) - 12;
      expect(most - reply.bytes).toBeLessThan(bytesOfOne);
    },
  );

  test('what is only additional is there as a whole or not at all', () => {
    const name = '_sql._tcp.db.default.svc.cluster.local';
    expect(exchange(name, 'SRV', withEndpoints(2)).additionals).toHaveLength(2);
    const lean = exchange(name, 'SRV', withEndpoints(4));
    expect([lean.flag_tc, lean.answers?.length, lean.additionals]).toEqual([false, 4, []]);
  });

  test.each([
    ['a label of more than 63 bytes', `${'a'.repeat(64)}.example.com`],
    ['more than 253 bytes', Array.from({ length: 5 }, () => 'a'.repeat(60)).join('.')],
  ])('a Service that leads to a name with %s has no answer', (_, externalName) => {
    const out: Service = {
      metadata: { namespace: 'default', name: 'out' },
      spec: { type: 'ExternalName', externalName },
    };
    const reply = exchange('out.default.svc.cluster.local', 'A', { ...view, service: () => out });
    expect(reply).toMatchObject({ rcode: 'SERVFAIL', answers: [] });
  });

  test('a question of bytes that are no text is not sent back as another one', () => {
    const odd = Buffer.alloc(60, 0xff);
    const message = dnsPacket.encode({
      type: 'query',
      id: 7,
      questions: [{ name: `${'x'.repeat(60)}.cluster.local`, type: 'A' }],
    });
    odd.copy(message, 13);
    const query = readQuery(message);
    if (!query) throw new Error('not a query');
    const answer = ownAnswer(query, view, { over: 'udp', random: seededRandom(1) });
    expect(dnsPacket.decode(answer)).toMatchObject({ id: 7, rcode: 'FORMERR', questions: [], answers: [] });
  });

  test.each(['', '\0', 'garbage', '\0\x07\x81\x80'])('%j is not answered', (text) => {
    expect(readQuery(Buffer.from(text, 'latin1'))).toBeUndefined();
  });
});

describe('a Service of thousands of endpoints', () => {
  /** A view of one Service with so many endpoints, and how often these were looked at. */
  function large(count: number) {
    const reads = { count: 0 };
    const service = { ...services[1] } as Service;
    const endpoint = (i: number) => ({
      hostname: `db-${i}`,
      get addresses() {
        reads.count++;
        return [`10.244.${i >> 8}.${i & 255}`];
      },
    });
    const endpoints = Array.from({ length: count }, (_, i) => endpoint(i));
    const told = { slices: [{ ...slices[0], endpoints } as EndpointSlice] };
    const seen: ClusterView = { ...view, service: () => service, slices: () => [...told.slices] };
    return { reads, told, seen };
  }

  const questions = [
    ['db.default.svc.cluster.local', 'A'],
    ['db.default.svc.cluster.local', 'AAAA'],
    ['db-7.db.default.svc.cluster.local', 'A'],
    ['nobody.db.default.svc.cluster.local', 'A'],
    ['_sql._tcp.db.default.svc.cluster.local', 'SRV'],
    ['_none._tcp.db.default.svc.cluster.local', 'SRV'],
  ] as const;

  test('has them looked at once, whatever is asked of it and how often', () => {
    const { reads, seen } = large(2000);
    const first = questions.map(([name, type]) => resolve(name, type, seen));
    expect(first.map(({ answers }) => answers.length)).toEqual([2000, 0, 1, 0, 2000, 0]);
    expect(reads.count).toBe(2000);
    expect(questions.map(([name, type]) => resolve(name, type, seen))).toEqual(first);
    expect(reads.count).toBe(2000);
  });

  test('is answered by what stands there once they change', () => {
    const { told, seen } = large(3);
    const addresses = () => resolve(questions[0][0], 'A', seen).answers.map(({ data }) => data);
    expect(addresses()).toEqual(['10.244.0.0', '10.244.0.1', '10.244.0.2']);
    told.slices = [{ ...slices[0], endpoints: [{ addresses: ['10.244.9.9'] }] } as EndpointSlice];
    expect(addresses()).toEqual(['10.244.9.9']);
    expect(resolve('db-1.db.default.svc.cluster.local', 'A', seen).exists).toBe(false);
  });

  test('has no more of them mixed than are sent, each of them first at times', () => {
    const { seen } = large(2000);
    const drawn = { count: 0 };
    const seeded = seededRandom(1);
    const random = { ...seeded, int: (bound: number) => (drawn.count++, seeded.int(bound)) };
    const message = dnsPacket.encode({
      type: 'query',
      id: 1,
      questions: [{ name: questions[0][0], type: 'A' }],
    });
    const sent = Array.from({ length: 50 }, () => {
      const query = readQuery(message);
      return dnsPacket.decode(ownAnswer(query!, seen, { over: 'udp', random })).answers ?? [];
    });
    const all = sent.flat().map((answer) => (answer as { data: string }).data);
    expect(drawn.count).toBeLessThanOrEqual(all.length + sent.length);
    for (const answers of sent)
      expect(new Set(answers.map((a) => JSON.stringify(a))).size).toBe(answers.length);
    expect(new Set(sent.map(([first]) => JSON.stringify(first))).size).toBeGreaterThan(40);
  });
});
