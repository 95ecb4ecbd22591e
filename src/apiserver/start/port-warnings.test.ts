import { expect, test } from 'vitest';
import type { Service, ServicePort } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { portWarnings } from './port-warnings.ts';

const service = (name: string, ports: Partial<ServicePort>[], healthCheckNodePort?: number) =>
  ({ metadata: { name }, spec: { ports, healthCheckNodePort } }) as Stored<Service>;
const twice = (port: number) =>
  `PortAlreadyAllocated Port ${port} was assigned to multiple services; please recreate service`;
const outside = (port: number) =>
  `PortOutOfRange Port ${port} is not within the port range 100-200; please recreate service`;

test.each<[string, Stored<Service>[], string[]]>([
  ['none', [service('four', [{}])], []],
  [
    'of several',
    [service('one', [{ nodePort: 111 }]), service('two', [{ nodePort: 122 }, { nodePort: 133 }], 144)],
    [],
  ],
  ['outside of the range', [service('three', [{ nodePort: 201 }], 99)], [outside(201), outside(99)]],
  [
    'of two services',
    [service('one', [{ nodePort: 111 }]), service('five', [{ nodePort: 111 }])],
    [twice(111)],
  ],
  ['of two protocols', [service('one', [{ nodePort: 111 }, { nodePort: 111, protocol: 'UDP' }])], []],
  ['of one protocol twice', [service('one', [{ nodePort: 111 }, { nodePort: 111 }])], [twice(111)]],
  ['of health and a port', [service('one', [{ nodePort: 111 }], 111)], [twice(111)]],
  ['of health and a port of UDP', [service('one', [{ nodePort: 111, protocol: 'UDP' }], 111)], []],
])('what is told of the ports of nodes: %s', (_, services, wanted) => {
  const found = portWarnings(services, { first: 100, last: 200 });
  expect(found.map(({ warning }) => `${warning.reason} ${warning.message}`)).toEqual(wanted);
});
