import { expect, test } from 'vitest';
import type { Service } from '../../api/core/v1.ts';
import type { IPAddress, ServiceCIDR } from '../../api/networking/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { addressesOf } from '../kinds/networking/service-address.ts';
import { planAddressRepairs } from './address-repair-plan.ts';

const startMs = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(startMs + seconds * 1000).toISOString();

/** A service of the namespace `bar` that was made at this second. */
const service = (name: string, clusterIPs: string[], second = 1) =>
  ({
    metadata: { name, namespace: 'bar', creationTimestamp: at(second) },
    spec: { clusterIP: clusterIPs[0], clusterIPs },
  }) as Stored<Service>;

/** What says that a service of this name has an address. */
const address = (ip: string, name = 'test-svc', second = 0) => {
  const [made] = addressesOf(service(name, [ip]));
  return { ...made, metadata: { ...made?.metadata, creationTimestamp: at(second) } } as Stored<IPAddress>;
};
const gateway = { group: 'gateway.networking.k8s.io', resource: 'gateways', name: 'g' };
const ofGateway = (ip: string, labels = {}) =>
  ({
    metadata: { name: ip, labels, creationTimestamp: at(0) },
    spec: { parentRef: gateway },
  }) as Stored<IPAddress>;
const managed = { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' };

const range = (name: string, ...cidrs: string[]) => ({ metadata: { name }, spec: { cidrs } }) as ServiceCIDR;
const usual = [range('kubernetes', '10.0.0.0/16', '2001:db8::/64')];
const more = [...usual, range('custom', '192.168.0.0/24', '2001:db8:a:b::/64')];

interface Case {
  services?: Stored<Service>[];
  addresses?: Stored<IPAddress>[];
  ranges?: ServiceCIDR[];
  second?: number;
  removed?: string[];
  made?: string[];
  told?: string[];
  againMs?: number;
}

const outOfRange = (ip: string, family = 'IPv4') =>
  `ClusterIPOutOfRange Cluster IP [${family}]: ${ip} is not within any configured Service CIDR; please recreate service`;
const notAllocated = (ip: string, family = 'IPv4') =>
  `ClusterIPNotAllocated Cluster IP [${family}]: ${ip} is not allocated; repairing`;
const wrongReference = (ip: string, family = 'IPv4') =>
  `ClusterIPNotAllocated the ClusterIP [${family}]: ${ip} for Service bar/test-svc has a wrong reference; repairing`;
const leaked = (ip: string) =>
  `IPAddressNotAllocated IPAddress: ${ip} for Service bar/test-svc appears to have leaked: cleaning up`;
const beside =
  'IPAddressWrongReference IPAddress: 10.0.1.2 for Service bar/test-svc has a wrong reference; cleaning up';
const last6 = '2001:db8::ffff:ffff:ffff:ffff';

/** The cases of upstream's repair loop. */
test.each<[string, Case]>([
  ['one address', { services: [service('test-svc', ['10.0.1.1'])], addresses: [address('10.0.1.1')] }],
  [
    'two families, of further ranges',
    {
      services: [service('test-svc', ['192.168.0.1', '2001:db8:a:b::10'])],
      addresses: [address('192.168.0.1'), address('2001:db8:a:b::10')],
      ranges: more,
    },
  ],
  [
    'none is there',
    {
      services: [service('test-svc', ['10.0.1.1', '2001:db8::10'])],
      made: ['10.0.1.1', '2001:db8::10'],
      told: [notAllocated('10.0.1.1'), notAllocated('2001:db8::10', 'IPv6')],
    },
  ],
  [
    'none is there, of a further range',
    {
      services: [service('test-svc', ['192.168.0.1'])],
      ranges: more,
      made: ['192.168.0.1'],
      told: [notAllocated('192.168.0.1')],
    },
  ],
  [
    'of a service that is not there',
    {
      services: [service('test-svc', ['10.0.1.1', '2001:db8::10'])],
      addresses: [address('10.0.1.1', 'test-svc2'), address('2001:db8::10', 'test-svc2')],
      removed: ['10.0.1.1', '2001:db8::10'],
      made: ['10.0.1.1', '2001:db8::10'],
      told: [wrongReference('10.0.1.1'), wrongReference('2001:db8::10', 'IPv6')],
    },
  ],
  [
    'of what is no service',
    {
      services: [service('test-svc', ['10.0.1.1'])],
      addresses: [ofGateway('10.0.1.1')],
      removed: ['10.0.1.1'],
      made: ['10.0.1.1'],
      told: [wrongReference('10.0.1.1')],
    },
  ],
  [
    'outside of all ranges, and one inside',
    {
      services: [service('test-svc', ['192.168.1.1', '2001:db8::10'])],
      addresses: [address('192.168.1.1'), address('2001:db8::10')],
      told: [outOfRange('192.168.1.1')],
    },
  ],
  [
    'outside of all ranges without an object',
    { services: [service('test-svc', ['192.168.1.1'])], told: [outOfRange('192.168.1.1')] },
  ],
  [
    'the address of a network, and that of all in it',
    {
      services: [service('test-svc', ['10.0.0.0', '2001:db8::']), service('other', ['10.0.255.255'])],
      addresses: [address('10.0.0.0'), address('2001:db8::'), address('10.0.255.255', 'other')],
      told: [outOfRange('10.0.0.0'), outOfRange('2001:db8::', 'IPv6'), outOfRange('10.0.255.255')],
    },
  ],
  ['the last address of IPv6', { services: [service('test-svc', [last6])], addresses: [address(last6)] }],
  ['alone, and young', { addresses: [address('10.0.1.1')], second: 0, againMs: 60_001 }],
  [
    'alone, and old',
    { addresses: [address('10.0.1.1')], second: 70, removed: ['10.0.1.1'], told: [leaked('10.0.1.1')] },
  ],
  [
    'alone, and old, of no range',
    {
      addresses: [address('10.0.255.255')],
      second: 90,
      removed: ['10.0.255.255'],
      told: [leaked('10.0.255.255')],
    },
  ],
  [
    'two of one service',
    {
      services: [service('test-svc', ['10.0.1.1'])],
      addresses: [address('10.0.1.1'), address('10.0.1.2')],
      second: 0,
      removed: ['10.0.1.2'],
      told: [beside],
    },
  ],
  [
    'two of one service, one of them newer than the service, and young',
    {
      services: [service('test-svc', ['10.0.1.1'])],
      addresses: [address('10.0.1.1'), address('10.0.1.2', 'test-svc', 2)],
      second: 3,
      againMs: 4001,
    },
  ],
  [
    'two of one service, one of them newer than the service, and old',
    {
      services: [service('test-svc', ['10.0.1.1'])],
      addresses: [address('10.0.1.1'), address('10.0.1.2', 'test-svc', 2)],
      second: 10,
      removed: ['10.0.1.2'],
      told: [beside],
    },
  ],
  [
    'two services with one address: the object stays that of the one it names',
    {
      services: [service('test-svc', ['10.0.1.1']), service('test-svc2', ['10.0.1.1'])],
      addresses: [address('10.0.1.1', 'test-svc2')],
      told: [
        'ClusterIPAlreadyAllocated Cluster IP [IPv4]:10.0.1.1 was assigned to multiple services; please recreate service',
      ],
    },
  ],
  ['kept by another', { addresses: [ofGateway('10.0.1.1')], second: 90 }],
  [
    'changed by another',
    {
      addresses: [ofGateway('10.0.1.1', managed)],
      removed: ['10.0.1.1'],
      told: [
        'IPAddressNotAllocated IPAddress 10.0.1.1 appears to have been modified, not referencing a Service &ParentReference{Group:gateway.networking.k8s.io,Resource:gateways,Namespace:,Name:g,}: cleaning up',
      ],
    },
  ],
  [
    'without saying its family',
    {
      services: [service('test-svc', ['10.0.1.1'])],
      addresses: [{ ...address('10.0.1.1'), metadata: { ...address('10.0.1.1').metadata, labels: managed } }],
      removed: ['10.0.1.1'],
      made: ['10.0.1.1'],
    },
  ],
  ['of a headless service', { services: [service('test-svc', ['None'])] }],
])('what is mended of addresses: %s', (_, { services = [], addresses = [], ranges = usual, ...expected }) => {
  const nowMs = startMs + (expected.second ?? 1) * 1000;
  const { remove, make, warnings, againMs } = planAddressRepairs({ services, addresses, ranges, nowMs });
  const { removed = [], made = [], told = [] } = expected;
  expect({
    removed: remove.map(({ metadata }) => metadata.name),
    made: make.map(({ metadata }) => metadata.name),
    told: warnings.map(({ warning }) => `${warning.reason} ${warning.message}`),
    againMs,
  }).toEqual({ removed, made, told, againMs: expected.againMs });
});
