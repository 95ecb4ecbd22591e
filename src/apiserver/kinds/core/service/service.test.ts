import { beforeEach, describe, expect, test } from 'vitest';
import type { Service, ServiceSpec } from '../../../../api/core/v1.ts';
import { ipaddresses, services } from '../../../../api/generated/resources.ts';
import type { IPAddress } from '../../../../api/networking/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import type { StatusError } from '../../../../machinery/status-error.ts';
import { createTestApi, createTestCluster, type TestApi } from '../../../registry/testing.ts';
import { kindsAs } from '../../kinds.ts';
import { row, testContext, texts } from '../../shared/testing.ts';
import { serviceKind } from './service.ts';

let api: TestApi;
beforeEach(async () => {
  api = await createTestCluster();
});

const selector = { app: 'a' };
const ports = [{ port: 80 }];
const create = (name: string, spec: ServiceSpec) =>
  api.object<Service>('create', services, { body: { metadata: { name }, spec } });
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it went through'),
    (error) => (error as StatusError).message,
  );

async function change(name: string, edit: (spec: ServiceSpec) => void): Promise<Service> {
  const service = JSON.parse(JSON.stringify(await api.object<Service>('get', services, { name }))) as Service;
  edit(service.spec);
  return api.object<Service>('update', services, { name, body: service });
}

describe('a new service', () => {
  test('is filled in and gets an address', async () => {
    const { spec, status, metadata } = await create('s', { selector, ports });
    expect(spec.clusterIP).toMatch(/^10\.(9[6-9]|10\d|11[01])\./);
    expect(spec).toEqual({
      clusterIP: spec.clusterIP,
      clusterIPs: [spec.clusterIP],
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      selector,
      sessionAffinity: 'None',
      type: 'ClusterIP',
    });
    expect(status).toEqual({ loadBalancer: {} });
    expect(metadata.generation).toBeUndefined();
  });

  test('gets ports of the nodes, one number for both protocols of a port', async () => {
    const { spec } = await create('s', {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 53 },
        { name: 'b', port: 53, protocol: 'UDP' },
      ],
    });
    const [a, b] = spec.ports ?? [];
    expect(a?.nodePort).toBe(b?.nodePort);
    expect(a?.nodePort).toBeGreaterThanOrEqual(30086);
    expect(spec.externalTrafficPolicy).toBe('Cluster');
  });

  test('without a selector and headless has both families', async () => {
    const { spec } = await create('s', { clusterIP: 'None' });
    expect(spec).toMatchObject({
      clusterIPs: ['None'],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
    });
  });

  test('that is an external name has no address', async () => {
    const { spec } = await create('s', { type: 'ExternalName', externalName: 'example.com' });
    expect(spec).toEqual({ externalName: 'example.com', sessionAffinity: 'None', type: 'ExternalName' });
  });

  test('that is balanced locally gets a port to ask for its health', async () => {
    const { spec } = await create('s', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports });
    expect(spec.healthCheckNodePort).toBeGreaterThanOrEqual(30000);
    expect(spec.allocateLoadBalancerNodePorts).toBe(true);
  });
});

describe('allotment', () => {
  test('gives what is asked for to one service at a time', async () => {
    await create('dns', { clusterIP: '10.96.0.10', ports });
    expect(await failure(create('other', { clusterIP: '10.96.0.10', ports }))).toBe(
      'Service "other" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    );
    await api.send('delete', services, { name: 'dns' });
    expect((await create('other', { clusterIP: '10.96.0.10', ports })).spec.clusterIP).toBe('10.96.0.10');
  });

  test('is for its range alone', async () => {
    expect(await failure(create('s', { clusterIP: '1.2.3.4', ports }))).toContain(
      'failed to allocate IP 1.2.3.4: the provided network does not match the current range',
    );
    const body = { metadata: { name: 's' }, spec: { clusterIP: '1.2.3.4', ports } };
    expect(await failure(api.send('create', services, { body, query: { dryRun: 'All' } }))).toContain(
      'the provided IP (1.2.3.4) is not in the valid range. The range of valid IPs is 10.96.0.0/12',
    );
    expect(await failure(create('s', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }))).toBe(
      'Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
  });

  test('is of the ports that an administrator says', async () => {
    api = await createTestApi(kindsAs({ services: { nodePorts: { first: 8000, last: 8001 } } }));
    const nodePorts = [{ port: 80, nodePort: 8001 }];
    await create('a', { type: 'NodePort', ports: nodePorts });
    expect((await create('b', { type: 'NodePort', ports })).spec.ports?.[0]?.nodePort).toBe(8000);
    expect(await failure(create('c', { type: 'NodePort', ports }))).toContain('range is full');
    const usual = [{ port: 80, nodePort: 30_000 }];
    expect(await failure(create('c', { type: 'NodePort', ports: usual }))).toContain(
      'provided port is not in the valid range. The range of valid ports is 8000-8001',
    );
  });

  test('tells writes at the same time apart', async () => {
    const nodePort = { type: 'NodePort', ports: [{ port: 80, nodePort: 31000 }] };
    const answers = await Promise.allSettled([create('a', nodePort), create('b', nodePort)]);
    expect(answers.map((a) => a.status).sort()).toEqual(['fulfilled', 'rejected']);
    const many = await Promise.all(Array.from({ length: 20 }, (_, i) => create(`m${i}`, { ports })));
    expect(new Set(many.map((s) => s.spec.clusterIP)).size).toBe(20);
  });

  test('of a dry run holds nothing', async () => {
    const body = { metadata: { name: 's' }, spec: { clusterIP: '10.96.0.20', ports } };
    await api.send('create', services, { body, query: { dryRun: 'All' } });
    expect((await create('s', { clusterIP: '10.96.0.20', ports })).spec.clusterIP).toBe('10.96.0.20');
  });
});

describe('an update', () => {
  test('that leaves out what was allotted keeps it', async () => {
    const before = await create('s', { type: 'NodePort', ports, selector });
    const body = { metadata: { name: 's' }, spec: { type: 'NodePort', ports, selector } };
    const after = await api.object<Service>('update', services, { name: 's', body });
    expect(after.spec).toEqual(before.spec);
  });

  test('may not change the address', async () => {
    await create('s', { ports, selector });
    const message = await failure(
      change('s', (spec) => {
        spec.clusterIP = '10.96.0.99';
        spec.clusterIPs = ['10.96.0.99'];
      }),
    );
    expect(message).toBe(
      'Service "s" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.99"]: may not change once set',
    );
  });

  test('to an external name and back gives the address away and gets one', async () => {
    await create('s', { ports, selector });
    const named = await change('s', (spec) => {
      spec.type = 'ExternalName';
      spec.externalName = 'example.com';
    });
    expect(named.spec.clusterIP).toBeUndefined();
    expect(named.spec.ipFamilies).toBeUndefined();
    const again = await change('s', (spec) => {
      spec.type = 'ClusterIP';
      delete spec.externalName;
    });
    expect(again.spec.clusterIPs).toHaveLength(1);
  });

  test('from a balancer to none forgets what was balanced, and node ports of those that are left', async () => {
    const two = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    await create('s', { type: 'LoadBalancer', ports: two, selector });
    const made = structuredClone(await api.object<Service>('get', services, { name: 's' }));
    const conditions = [
      { type: 'A', status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ];
    made.status = { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] }, conditions };
    await api.send('update', services, { name: 's', subresource: 'status', body: made });
    const balanced = await change('s', (spec) => (spec.sessionAffinity = 'ClientIP'));
    expect(balanced.status?.loadBalancer?.ingress).toEqual([{ ip: '10.0.0.1', ipMode: 'VIP' }]);
    const changed = await change('s', (spec) => {
      spec.type = 'ClusterIP';
      spec.ports?.pop();
    });
    expect(changed.spec.ports).toEqual([{ name: 'a', port: 80, protocol: 'TCP', targetPort: 80 }]);
    expect(changed.status).toEqual({ loadBalancer: {}, conditions });
  });

  test('from node ports to none gives them back', async () => {
    const made = await create('s', { type: 'NodePort', ports, selector });
    const changed = await change('s', (spec) => {
      spec.type = 'ClusterIP';
    });
    expect(changed.spec.ports?.[0]?.nodePort).toBeUndefined();
    expect(changed.spec.externalTrafficPolicy).toBeUndefined();
    const nodePort = made.spec.ports?.[0]?.nodePort;
    await create('t', { type: 'NodePort', ports: [{ port: 80, nodePort }], selector });
  });
});

describe('validation', () => {
  test.each<[string, ServiceSpec, string]>([
    ['no ports', { selector }, 'spec.ports: Required value'],
    [
      'no names for many ports',
      { ports: [{ port: 1 }, { port: 2 }] },
      '[spec.ports[0].name: Required value, spec.ports[1].name: Required value]',
    ],
    [
      'a type that is none',
      { ports, type: 'X' },
      'spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
    [
      'a node port of a cluster address',
      { ports: [{ port: 80, nodePort: 30001 }] },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    [
      'a headless node port',
      { ports, type: 'NodePort', clusterIP: 'None' },
      'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
    ],
    ['an external name without the name', { type: 'ExternalName' }, 'spec.externalName: Required value'],
    [
      'two families of one',
      { ports, ipFamilyPolicy: 'RequireDualStack' },
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
    [
      'a family that is not there',
      { ports, ipFamilies: ['IPv6'] },
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    ],
    [
      'an external address that loops back',
      { ports, externalIPs: ['127.0.0.1'] },
      'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
    [
      'an address that is read in two ways',
      { ports, externalIPs: ['010.0.0.1', '::ffff:10.0.0.1'] },
      '[spec.externalIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s, spec.externalIPs[1]: Invalid value: "::ffff:10.0.0.1": must not be an IPv4-mapped IPv6 address]',
    ],
    [
      'a range with more bits than it has',
      { ports, type: 'LoadBalancer', loadBalancerSourceRanges: ['10.1.2.3/24'] },
      'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.1.2.3/24": must not have bits set beyond the prefix length',
    ],
    [
      'traffic to nowhere',
      { ports, trafficDistribution: 'Far' },
      'spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    ],
    [
      'an affinity that lasts forever',
      { ports, sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 90000 } } },
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and less than 86400',
    ],
    [
      'the same port twice',
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ],
  ])('rejects %s', async (_, spec, message) => {
    expect(await failure(create('s', spec))).toBe(`Service "s" is invalid: ${message}`);
  });

  test('wants a name that is a label, which may begin with a digit', async () => {
    expect((await create('1s', { ports })).metadata.name).toBe('1s');
    expect(await failure(create('S', { ports }))).toContain(
      'metadata.name: Invalid value: "S": a lowercase RFC 1123 label',
    );
  });

  test('keeps addresses that were right by the rules of their time', () => {
    const service: Service = {
      metadata: { name: 's', namespace: 'default', uid: 'u', resourceVersion: '1' },
      spec: {
        type: 'LoadBalancer',
        ports,
        clusterIP: '010.96.0.9',
        clusterIPs: ['010.96.0.9'],
        externalIPs: ['010.0.0.1'],
        loadBalancerSourceRanges: ['10.1.2.3/24 '],
      },
      status: { loadBalancer: { ingress: [{ ip: '010.0.0.2', ipMode: 'VIP' }] } },
    };
    serviceKind.defaults?.(service);
    const old = service as Stored<Service>;
    expect(serviceKind.validateUpdate?.(structuredClone(service), old, testContext())).toEqual([]);
    expect(serviceKind.status?.validateUpdate?.(structuredClone(service), old, testContext())).toEqual([]);
    const other = structuredClone(service);
    other.spec.externalIPs?.push('010.0.0.2');
    other.spec.loadBalancerSourceRanges = ['10.1.2.4/24'];
    expect(texts(serviceKind.validateUpdate?.(other, old, testContext()) ?? [])).toEqual([
      'spec.externalIPs[1]: Invalid value: "010.0.0.2": must not have leading 0s',
      'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.1.2.4/24": must not have bits set beyond the prefix length',
    ]);
  });
});

test('advice on what a balancer reports', () => {
  const ingress = [{ ip: '10.0.0.1' }, { ip: 'FD00::1' }, { hostname: 'a' }];
  const service = { metadata: { name: 's' }, spec: {}, status: { loadBalancer: { ingress } } };
  expect(serviceKind.status?.warnings?.(service)).toEqual([
    'status.loadBalancer.ingress[1]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
  ]);
});

test.each<[ServiceSpec, string[], string, string]>([
  [{ type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }] }, [], '<none>', '80/TCP'],
  [
    { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP', nodePort: 30001 }] },
    [],
    '<pending>',
    '80:30001/TCP',
  ],
  [
    { type: 'LoadBalancer', externalIPs: ['9.9.9.9'] },
    ['1.1.1.1', '2.2.2.2'],
    '1.1.1.1,2.2.2.2,9.9.9.9',
    '<none>',
  ],
  [{ type: 'ExternalName', externalName: 'example.com' }, [], 'example.com', '<none>'],
])('the row of %j', (spec, ingress, external, portText) => {
  const object: Service = {
    metadata: { name: 's' },
    spec,
    status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
  };
  expect(row(serviceKind, object)).toMatchObject({ 'External-IP': external, 'Port(s)': portText });
});

describe('the objects of addresses', () => {
  const address = (name: string) => api.object<IPAddress>('get', ipaddresses, { name });
  const addresses = async () => (await api.list(ipaddresses)).items.map(({ object }) => object.metadata.name);

  test('are there with the services that have them, and go with them', async () => {
    const { spec, metadata } = await create('s', { ports });
    const { spec: own, metadata: about } = await address(spec.clusterIP as string);
    expect(own.parentRef).toEqual({ group: '', resource: 'services', namespace: 'default', name: 's' });
    expect(about).toMatchObject({
      uid: expect.any(String),
      creationTimestamp: metadata.creationTimestamp,
      resourceVersion: metadata.resourceVersion,
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    });
    expect(about.managedFields).toMatchObject([{ manager: 'kube-apiserver', operation: 'Update' }]);
    await api.send('delete', services, { name: 's' });
    expect(await addresses()).toEqual([]);
  });

  test('follow a service that changes', async () => {
    const { clusterIP = '' } = (await create('s', { ports })).spec;
    await change('s', (spec) => {
      spec.sessionAffinity = 'ClientIP';
    });
    expect(await addresses()).toEqual([clusterIP]);
    await change('s', (spec) => {
      spec.type = 'ExternalName';
      spec.externalName = 'a.example';
    });
    expect(await addresses()).toEqual([]);
    const back = await change('s', (spec) => {
      spec.type = 'ClusterIP';
      delete spec.externalName;
    });
    expect(await addresses()).toEqual([back.spec.clusterIP]);
  });

  test('are not made for what has none, nor by a dry run, nor by a service that is refused', async () => {
    await create('headless', { clusterIP: 'None', ports });
    await create('name', { type: 'ExternalName', externalName: 'a.example' });
    await api.send('create', services, {
      body: { metadata: { name: 'dry' }, spec: { ports } },
      query: { dryRun: 'All' },
    });
    await failure(create('headless', { ports }));
    expect(await addresses()).toEqual([]);
  });

  test('that somebody has changed are left to them', async () => {
    const { clusterIP: ip = '' } = (await create('s', { ports })).spec;
    await api.send('delete', ipaddresses, { name: ip });
    const parentRef = { group: 'gateway.networking.k8s.io', resource: 'gateways', name: 'g' };
    await api.send('create', ipaddresses, { body: { metadata: { name: ip }, spec: { parentRef } } });
    await api.send('delete', services, { name: 's' });
    expect((await address(ip)).spec.parentRef).toEqual(parentRef);
  });

  test('go only once nothing holds the service', async () => {
    await api.send('create', services, {
      body: { metadata: { name: 's', finalizers: ['a.b/c'] }, spec: { ports } },
    });
    await api.send('delete', services, { name: 's' });
    expect(await addresses()).toHaveLength(1);
    const held = JSON.parse(JSON.stringify(await api.object<Service>('get', services, { name: 's' })));
    held.metadata.finalizers = [];
    await api.send('update', services, { name: 's', body: held });
    expect(await addresses()).toEqual([]);
  });
});
