import { describe, expect, test } from 'vitest';
import type { Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import { type AddressFamily, ipv4, ipv6 } from '../machinery/address-family.ts';
import { seededRandom } from '../platform/random.ts';
import { type Contribution, contributionOf } from './contribution.ts';
import { frontsOf } from './fronts.ts';
import type { NodeView } from './node-view.ts';
import { Ruleset } from './ruleset.ts';
import { NftTable } from './testing-table.ts';

const node: NodeView = { name: 'node-1', family: ipv4, addresses: ['198.18.0.2'] };
const httpPort = { name: 'http', port: 80, protocol: 'TCP' };
const address = '10.96.1.1';
const front = `${address} . tcp . 80`;
const sticky = { sessionAffinity: 'ClientIP' } as const;

/** An address of IPv4 as one of a family. */
const as = (family: AddressFamily, address: string) =>
  family === ipv4 ? address : `fd00:${address.split('.').slice(0, 3).join(':')}::${address.split('.')[3]}`;

/** What a Service with these endpoints contributes, at addresses of a family; those of `10.244.2.` are on another node. */
function of(
  addresses: readonly string[],
  spec: Partial<Service['spec']> = {},
  clusterIP = address,
  family = ipv4,
): Contribution {
  const service: Service = {
    metadata: {},
    spec: {
      ...{ ports: [httpPort], ...spec },
      clusterIP: as(family, clusterIP),
      externalIPs: spec.externalIPs?.map((one) => as(family, one)),
    },
  };
  const slice: EndpointSlice = {
    metadata: {},
    addressType: family.name,
    ports: (spec.ports ?? [httpPort]).map((port) => ({ ...port, port: 8080 })),
    endpoints: addresses.map((one) => ({
      addresses: [as(family, one)],
      nodeName: one.startsWith('10.244.2.') ? 'node-2' : 'node-1',
    })),
  };
  const here = { ...node, family, addresses: node.addresses.map((one) => as(family, one)) };
  return contributionOf(frontsOf(service, [slice], here), as(family, clusterIP));
}

const pods = (count: number, first = 0) => Array.from({ length: count }, (_, i) => `10.244.1.${i + first}`);

/** Rules that a table follows. */
class Followed {
  readonly rules: Ruleset;
  readonly table: NftTable;

  constructor(family = ipv4) {
    this.rules = new Ruleset(family, family === ipv4 ? '10.244.0.0/16' : 'fd00:10:244::/48');
    this.table = new NftTable(family.nft);
  }

  /** Sets Services, and gives the lines that make the table follow. */
  set(...changes: readonly (readonly [service: string, contribution: Contribution | undefined])[]): string[] {
    for (const [service, contribution] of changes) this.rules.set(service, contribution);
    const lines = [...this.rules.takeChanges()];
    this.table.apply(lines.join('\n'));
    return lines;
  }
}

describe('changes', () => {
  test('cost the elements of the backends that come and go', () => {
    const { rules, table } = new Followed();
    rules.set('default/web', of(pods(30)));
    table.apply([...rules.takeChanges()].join('\n'));
    rules.set('default/web', of(['10.244.1.200', ...pods(30).slice(1)]));
    const script = [...rules.takeChanges()];
    table.apply(script.join('\n'));
    expect(script.map((line) => line.replaceAll(/0x[0-9a-f]+/g, 'N'))).toEqual([
      'delete element ip k8ts-proxy hairpin { 10.244.1.0 . 10.244.1.0 }',
      'delete element ip k8ts-proxy slots { N }',
      'delete element ip k8ts-proxy choices { N . 0 }',
      'add element ip k8ts-proxy slots { N : 10.244.1.200 . 8080 }',
      'add element ip k8ts-proxy choices { N . 0 : N }',
      'add element ip k8ts-proxy hairpin { 10.244.1.200 . 10.244.1.200 }',
    ]);
    expect(table.backendsOf(front)).toEqual(
      ['10.244.1.200', ...pods(30).slice(1)].map((pod) => `${pod} . 8080`).sort(),
    );
    rules.set('default/web', of(['10.244.1.200', ...pods(30).slice(1)]));
    expect([...rules.takeChanges()]).toEqual([]);
  });

  test('an element that two Services share stays until both are gone', () => {
    const followed = new Followed();
    const shared = '10.244.1.2 . 10.244.1.2';
    followed.set(['a', of(['10.244.1.2'])], ['b', of(['10.244.1.2'], {}, '10.96.1.2')]);
    followed.set(['a', undefined]);
    expect([...followed.table.elements('hairpin').keys()]).toEqual([shared]);
    followed.set(['b', undefined]);
    expect(followed.table.size).toBe(0);
  });

  test('what passes from one Service to another does so at once, whichever is told first', () => {
    const [mine, other] = [of(['10.244.1.2']), of(['10.244.1.3', '10.244.1.4'])];
    for (const isGoneFirst of [true, false]) {
      const followed = new Followed();
      followed.set(['a', mine], ['z', of([], {}, '10.96.9.9')]);
      const [gone, come] = [['a', undefined] as const, ['b', other] as const];
      const lines = isGoneFirst ? followed.set(gone, come) : followed.set(come, gone);
      expect(lines.join()).not.toContain('delete table');
      expect(followed.table.backendsOf(front)).toEqual(['10.244.1.3 . 8080', '10.244.1.4 . 8080']);
    }
  });

  test('more backends than any Service had before need no new table, and their chains go with them', () => {
    const followed = new Followed();
    followed.set(['web', of(['10.244.1.2'])]);
    for (const count of [40, 200, 3]) {
      expect(followed.set(['web', of(pods(count))]).join()).not.toContain('table');
      expect(followed.table.backendsOf(front)).toHaveLength(count);
      expect([...followed.table.chains.keys()]).toEqual([`spread-${count}`]);
    }
  });

  test('several of one Service before they are taken come to the last', () => {
    const followed = new Followed();
    followed.set(['web', of(pods(3))]);
    followed.set(['web', undefined], ['web', of(pods(2, 50))], ['web', undefined], ['web', of(pods(3, 7))]);
    expect(followed.table.backendsOf(front)).toEqual(pods(3, 7).map((pod) => `${pod} . 8080`));
    expect(followed.table.elements('slots').size).toBe(3);
  });

  test.each([ipv4, ipv6])(
    'however Services come, change and go, the table is what it would be anew: $name',
    (family) => {
      const random = seededRandom(7);
      const below = (count: number) => Math.floor(random.next() * count);
      const followed = new Followed(family);
      const other = new NftTable(family === ipv4 ? 'ip6' : 'ip');
      for (let step = 0; step < 400; step++) {
        const changes = Array.from({ length: 1 + below(3) }, () => {
          const which = below(6);
          if (below(5) === 0) return [`s${which}`, undefined] as const;
          const addresses = [...pods(below(9), below(20)), ...(below(2) ? [`10.244.2.${below(5)}`] : [])];
          const spec = {
            ...(below(2) ? sticky : {}),
            externalTrafficPolicy: below(2) ? 'Local' : 'Cluster',
            internalTrafficPolicy: below(4) ? 'Cluster' : 'Local',
            externalIPs: [`203.0.113.${which}`],
            ports: [{ ...httpPort, nodePort: 30_000 + which }],
          };
          return [`s${which}`, of(addresses, spec, `10.96.0.${which}`, family)] as const;
        });
        other.apply(followed.set(...changes).join('\n'));
        expect(other.size + other.chains.size).toBe(0);
        const fresh = new NftTable(family.nft);
        fresh.apply([...followed.rules.reload()].join('\n'));
        const seen = (table: NftTable) =>
          ['services', 'inner', 'refused', 'pools', 'inner-pools', 'choices', 'slots', 'live', 'hairpin'].map(
            (set) => [set, ...[...table.elements(set)].map((element) => element.join(' : ')).sort()],
          );
        expect(seen(followed.table)).toEqual(seen(fresh));
        expect([...followed.table.chains].sort()).toEqual([...fresh.chains].sort());
      }
    },
  );
});

describe('clients that stay with their backend', () => {
  const numberOf = (table: NftTable, backend: string) =>
    [...table.elements('slots')].find(([, value]) => value === `${backend} . 8080`)?.[0];

  test('know it by a number that is its own for as long as it is there, and nobody’s afterwards', () => {
    const { table, ...followed } = new Followed();
    const set = (addresses: readonly string[]) => {
      followed.rules.set('web', of(addresses, sticky));
      table.apply([...followed.rules.takeChanges()].join('\n'));
    };
    set(pods(4));
    const [gone, stays] = ['10.244.1.0', '10.244.1.3'].map((pod) => numberOf(table, pod));
    set(pods(3, 1));
    expect(numberOf(table, '10.244.1.3')).toBe(stays);
    expect(table.elements('live').has(String(gone))).toBe(false);
    set(pods(4));
    expect(numberOf(table, '10.244.1.0')).not.toBe(gone);
    expect([...table.elements('live').keys()].sort()).toEqual([...table.elements('slots').keys()].sort());
  });

  test('do not keep one that a new policy forbids', () => {
    const followed = new Followed();
    const spec = { ...sticky, ports: [{ ...httpPort, nodePort: 30_080 }] };
    const door = '198.18.0.2 . tcp . 30080';
    const numbers = () => {
      const pool = followed.table.elements('pools').get(door);
      const choices = [...followed.table.elements('choices')].filter(([key]) => key.startsWith(`${pool} . `));
      return choices.map(([, slot]) => slot);
    };
    followed.set(['web', of(['10.244.1.2', '10.244.2.2'], spec)]);
    const before = numbers();
    followed.set(['web', of(['10.244.1.2', '10.244.2.2'], { ...spec, externalTrafficPolicy: 'Local' })]);
    expect(before).toHaveLength(2);
    expect(before.filter((slot) => followed.table.elements('live').has(slot))).toEqual([]);
    expect(followed.table.backendsOf(door)).toEqual(['10.244.1.2 . 8080']);
    expect(followed.table.backendsOf(front)).toHaveLength(2);
  });

  test('of an address that its Service gives away have a backend of whoever has it now', () => {
    const followed = new Followed();
    const [own, given] = ['203.0.113.1', '203.0.113.2'];
    const live = () => [...followed.table.elements('live').keys()];
    followed.set(['a', of(pods(2), { ...sticky, externalIPs: [own, given] })]);
    const pool = followed.table.elements('pools').get(`${given} . tcp . 80`);
    const before = ['0', '1'].map((i) => followed.table.elements('choices').get(`${pool} . ${i}`));
    const other = of(pods(2, 50), { ...sticky, externalIPs: [given] }, '10.96.1.2');
    followed.set(['a', of(pods(2), { ...sticky, externalIPs: [own] })], ['b', other]);
    expect(followed.table.backendsOf(`${own} . tcp . 80`)).toEqual(pods(2).map((pod) => `${pod} . 8080`));
    expect(followed.table.backendsOf(`${given} . tcp . 80`)).toEqual(
      pods(2, 50).map((pod) => `${pod} . 8080`),
    );
    expect(live().filter((number) => before.includes(number))).toEqual([]);
    const now = live();
    followed.set(['a', of(pods(2), { ...sticky, externalIPs: [own, '203.0.113.3'] })]);
    expect(live()).toEqual(now);
  });

  test('of a Service without affinity are not remembered any more', () => {
    const followed = new Followed();
    followed.set(['web', of(pods(2), sticky)]);
    followed.set(['web', of(pods(2))]);
    expect(followed.table.elements('live').size).toBe(0);
    expect(followed.table.backendsOf(front)).toHaveLength(2);
    expect([...followed.table.chains.keys()]).toEqual(['spread-2']);
  });
});

describe('the size of the rules', () => {
  test('is that of the addresses and ports and that of the backends, not of all pairs of these', () => {
    const followed = new Followed();
    const externalIPs = Array.from({ length: 100 }, (_, i) => `203.0.113.${i}`);
    const lines = followed.set(['web', of(pods(100), { externalIPs })]);
    const [fronts, backends] = [101, 100];
    expect(followed.table.size).toBeLessThanOrEqual(2 * fronts + 3 * backends + 1);
    expect(lines.length).toBeLessThan(40);
  });

  test.each([{}, sticky])('has chains for each number of backends, not for each Service: %o', (spec) => {
    const followed = new Followed();
    const count = 1000;
    for (let i = 0; i < count; i++) {
      const its = Array.from({ length: 3 }, (_, j) => `10.244.${i >> 6}.${((i & 63) << 2) + j}`);
      followed.rules.set(`s${i}`, of(its, spec, `10.96.${i >> 8}.${i & 255}`));
    }
    const lines = followed.set();
    expect(followed.table.chains.size).toBe(1);
    expect(followed.table.elements('slots').size).toBe(3 * count);
    expect(lines.length).toBeLessThan(60);
  });
});
