import { beforeEach, describe, expect, test } from 'vitest';
import type { Service, ServicePort, ServiceSpec } from '../../../../api/core/v1.ts';
import { services } from '../../../../api/generated/resources.ts';
import type { Stored } from '../../../../api/resource.ts';
import { createTestCluster, type TestApi } from '../../../registry/testing.ts';

// What upstream's tests of Services ask of those that become others (test/integration/service, test/integration/network).

let api: TestApi;
beforeEach(async () => {
  api = await createTestCluster();
});

const http: ServicePort = { port: 80 };
const pair: ServicePort[] = [
  { name: 'np-1', port: 80 },
  { name: 'np-2', port: 81 },
];
const balanced = (allocateLoadBalancerNodePorts: boolean, ports = [http]): ServiceSpec => ({
  type: 'LoadBalancer',
  allocateLoadBalancerNodePorts,
  ports,
  selector: { foo: 'bar' },
});
const create = async (spec: ServiceSpec, name = 'a') =>
  structuredClone(await api.object('create', services, { body: { metadata: { name }, spec } }));
const get = (name = 'a') => api.object('get', services, { name });

/** The Service with these fields of its spec; one that is undefined goes. */
async function update({ spec, ...service }: Stored<Service>, change: ServiceSpec): Promise<Stored<Service>> {
  const body = { ...service, spec: { ...spec, ...change } };
  const made = await api.object('update', services, { name: service.metadata.name, body });
  expect(await get(made.metadata.name)).toEqual(made);
  return structuredClone(made);
}

const nodePortsOf = ({ spec }: Service) => (spec.ports ?? []).map(({ nodePort }) => nodePort);
const some = expect.any(Number);

describe('an external name has no policy for traffic from within', () => {
  test.each([undefined, 'Cluster'])('whatever is said on creation: %s', async (internalTrafficPolicy) => {
    const spec = { type: 'ExternalName', externalName: 'foo.bar.com', internalTrafficPolicy };
    expect((await create(spec)).spec.internalTrafficPolicy).toBeUndefined();
    expect((await get()).spec.internalTrafficPolicy).toBeUndefined();
  });

  test('nor what becomes one', async () => {
    const made = await create({ ports: [http], selector: { foo: 'bar' } });
    expect(made.spec.internalTrafficPolicy).toBe('Cluster');
    const change = { type: 'ExternalName', externalName: 'foo.bar.com' };
    expect((await update(made, change)).spec.internalTrafficPolicy).toBeUndefined();
  });
});

test('a policy for traffic from outside is there as long as external addresses are', async () => {
  const made = await create({ ports: [http], externalIPs: ['1.1.1.1'] });
  expect(made.spec.externalTrafficPolicy).toBe('Cluster');
  const without = await update(made, { externalIPs: [] });
  expect(without.spec.externalTrafficPolicy).toBeUndefined();
  const again = await update(without, { externalIPs: ['1.1.1.1'] });
  expect(again.spec.externalTrafficPolicy).toBe('Cluster');
});

test('a headless Service may become an external name, and one with an address', async () => {
  const spec = { type: 'ClusterIP', clusterIP: 'None', ports: [http], selector: { foo: 'bar' } };
  const sent = (change: ServiceSpec) =>
    api.object('update', services, {
      name: 'a',
      body: { metadata: { name: 'a' }, spec: { ...spec, ...change } },
    });
  await create(spec);
  const selecting = { query: { fieldSelector: 'spec.clusterIP!=None' } };
  expect((await api.list(services, selecting)).items).toEqual([]);
  const watch = await api.watch(services, selecting);
  await sent({ type: 'ExternalName', externalName: 'test' });
  expect((await get()).spec.clusterIP).toBeUndefined();
  await sent({ clusterIP: '' });
  expect((await get()).spec.clusterIP).toMatch(/^10\./);
  await expect
    .poll(() => watch.said)
    .toEqual([expect.stringMatching('ADDED a'), expect.stringMatching('MODIFIED a')]);
});

describe('node ports of a balanced Service', () => {
  test('are none where it wants none, also where it becomes one', async () => {
    expect(nodePortsOf(await create(balanced(false)))).toEqual([undefined]);
    const made = await create({ ports: [http] }, 'b');
    expect(nodePortsOf(await update(made, balanced(false)))).toEqual([undefined]);
  });

  test('stay where it wants none any more, but for those that it gives back', async () => {
    const made = await create(balanced(true, pair));
    expect(nodePortsOf(made)).toEqual([some, some]);
    const kept = await update(made, { allocateLoadBalancerNodePorts: false });
    expect(nodePortsOf(kept)).toEqual(nodePortsOf(made));
    const [first, second] = kept.spec.ports as [ServicePort, ServicePort];
    const one = await update(kept, { ports: [{ ...first, nodePort: 0 }, second] });
    expect(nodePortsOf(one)).toEqual([undefined, second.nodePort]);
    const next = { type: 'NodePort', ports: [{ ...http, nodePort: first.nodePort as number }] };
    await create(next, 'next');
  });

  test('are given back by a patch', async () => {
    const made = await create(balanced(true, pair));
    const ports = [{ port: 80, nodePort: null }];
    const body = { spec: { allocateLoadBalancerNodePorts: false, ports } };
    const mediaType = 'application/strategic-merge-patch+json';
    const patched = await api.object('patch', services, { name: 'a', body, mediaType });
    expect(nodePortsOf(patched)).toEqual([undefined, made.spec.ports?.[1]?.nodePort]);
  });

  test('are allotted once it wants them', async () => {
    const made = await create(balanced(false));
    expect(nodePortsOf(await update(made, { allocateLoadBalancerNodePorts: true }))).toEqual([some]);
  });
});

describe('the class of a balancer', () => {
  const loadBalancerClass = 'test.com/test';
  const refusal = async (change: Promise<unknown>) =>
    change.then(
      () => '',
      (error: Error) => error.message,
    );

  test('stays as long as the type does', async () => {
    const made = await create({ ...balanced(true), loadBalancerClass });
    expect(await refusal(update(made, { loadBalancerClass: 'test.com/other' }))).toContain(
      'spec.loadBalancerClass: Invalid value: "test.com/other": may not change once set',
    );
    const plain = await create(balanced(true), 'b');
    expect(await refusal(update(plain, { loadBalancerClass }))).toContain('may not change once set');
  });

  test('goes with the type, and may come with it', async () => {
    const made = await create({ ...balanced(true), loadBalancerClass });
    const without = await update(made, { type: 'ClusterIP', loadBalancerClass: undefined } as never);
    expect(without.spec.loadBalancerClass).toBeUndefined();
    const again = await update(without, { type: 'LoadBalancer', loadBalancerClass: 'test.com/other' });
    expect(again.spec.loadBalancerClass).toBe('test.com/other');
  });
});

test('a Service that is held on its way out keeps its address and its ports, and what comes next gets them', async () => {
  const ports = [{ port: 8443, nodePort: 30_443 }];
  const spec = { type: 'NodePort', clusterIP: '10.96.0.20', ports };
  const body = { metadata: { name: 'a', finalizers: ['foo.bar/some-finalizer'] }, spec };
  await api.object('create', services, { body });
  await api.send('delete', services, { name: 'a' });
  expect((await get()).spec).toMatchObject({ clusterIP: '10.96.0.20', ports });
  await expect(create(spec, 'b')).rejects.toMatchObject({ code: 422 });
  const patch = [{ op: 'remove', path: '/metadata/finalizers' }];
  await api.send('patch', services, { name: 'a', body: patch, mediaType: 'application/json-patch+json' });
  await expect(get()).rejects.toMatchObject({ code: 404 });
  expect((await create(spec)).spec).toMatchObject({ clusterIP: '10.96.0.20', ports });
});
