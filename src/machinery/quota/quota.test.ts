import { describe, expect, test } from 'vitest';
import type { Pod, Service } from '../../api/core/v1.ts';
import { podSums } from './pod-sums.ts';
import { inScope } from './scopes.ts';
import { addSums, maxSums, readSums, subtractSums, writeSums } from './sums.ts';
import { limits, usageOf } from './usage.ts';

const pods = { group: '', plural: 'pods' };
const container = (name: string, cpu: string, more: object = {}) => ({
  name,
  resources: { requests: { cpu } },
  ...more,
});

describe('sums', () => {
  test('add, subtract down to nothing, and take the larger', () => {
    const [a, b] = [readSums({ cpu: '100m', memory: '1Gi' }), readSums({ cpu: '1', x: '2' })];
    expect(writeSums(addSums(a, b))).toEqual({ cpu: '1100m', memory: '1Gi', x: '2' });
    expect(writeSums(subtractSums(a, b))).toEqual({ cpu: '0', memory: '1Gi' });
    expect(writeSums(maxSums(a, b))).toEqual({ cpu: '1', memory: '1Gi', x: '2' });
  });
});

describe('what a pod asks for', () => {
  const cpuOf = (spec: object) => writeSums(podSums(spec as Pod['spec'], 'requests')).cpu;

  test('is its containers together, or its largest init container', () => {
    const containers = [container('a', '1'), container('b', '2')];
    expect(cpuOf({ containers })).toBe('3');
    expect(cpuOf({ containers, initContainers: [container('i', '5'), container('j', '1')] })).toBe('5');
    expect(cpuOf({ containers, initContainers: [container('i', '2')] })).toBe('3');
  });

  test('has sidecars beside both, and its overhead on top', () => {
    const sidecar = container('s', '1', { restartPolicy: 'Always' });
    const containers = [container('a', '1')];
    expect(cpuOf({ containers, initContainers: [sidecar] })).toBe('2');
    expect(cpuOf({ containers, initContainers: [sidecar, container('i', '4')] })).toBe('5');
    expect(cpuOf({ containers, initContainers: [container('i', '4'), sidecar] })).toBe('4');
    expect(cpuOf({ containers, overhead: { cpu: '250m' } })).toBe('1250m');
  });

  test('is what it says of itself as a whole, where it does', () => {
    expect(cpuOf({ containers: [container('a', '1')], resources: { requests: { cpu: '7' } } })).toBe('7');
  });
});

describe('what objects take of quotas', () => {
  const usage = (resource: { group: string; plural: string }, object: object) =>
    writeSums(usageOf(resource, object as Pod, 0));

  test('pods: requests under two names, limits, extended resources', () => {
    const resources = {
      requests: { cpu: '1', memory: '1Gi', 'example.com/gpu': '2' },
      limits: { cpu: '2', 'example.com/gpu': '2' },
    };
    expect(usage(pods, { metadata: {}, spec: { containers: [{ name: 'c', resources }] } })).toEqual({
      'count/pods': '1',
      pods: '1',
      cpu: '1',
      memory: '1Gi',
      'requests.cpu': '1',
      'requests.memory': '1Gi',
      'requests.example.com/gpu': '2',
      'limits.cpu': '2',
    });
  });

  test('pods that have ended are only counted as objects', () => {
    const spec = { containers: [container('c', '1')] };
    expect(usage(pods, { metadata: {}, spec, status: { phase: 'Succeeded' } })).toEqual({
      'count/pods': '1',
    });
  });

  test('services: node ports and load balancers', () => {
    const services = { group: '', plural: 'services' };
    const spec = { type: 'LoadBalancer', ports: [{ port: 1 }, { port: 2, nodePort: 3 }] } as Service['spec'];
    expect(usage(services, { metadata: {}, spec })).toEqual({
      'count/services': '1',
      services: '1',
      'services.loadbalancers': '1',
      'services.nodeports': '2',
    });
    const without = { ...spec, allocateLoadBalancerNodePorts: false };
    expect(usage(services, { metadata: {}, spec: without })['services.nodeports']).toBe('1');
  });

  test('anything: by its full name', () => {
    expect(usage({ group: 'apps', plural: 'deployments' }, { metadata: {} })).toEqual({
      'count/deployments.apps': '1',
    });
  });

  test('quotas name what they limit', () => {
    const of = (names: string[]) => names.filter((name) => limits(pods, name));
    expect(
      of(['pods', 'cpu', 'requests.cpu', 'limits.memory', 'requests.example.com/gpu', 'hugepages-2Mi']),
    ).toHaveLength(6);
    expect(of(['services', 'limits.example.com/gpu', 'requests.storage', 'count/secrets'])).toEqual([]);
  });
});

describe('the scopes of a quota', () => {
  const matches = (spec: object, pod: object) =>
    inScope({ metadata: {}, spec }, pods, {
      metadata: {},
      spec: { containers: [{ name: 'c' }], ...pod },
    } as Pod);

  test('tell pods apart', () => {
    expect(matches({ scopes: ['Terminating'] }, { activeDeadlineSeconds: 5 })).toBe(true);
    expect(matches({ scopes: ['NotTerminating'] }, { activeDeadlineSeconds: 5 })).toBe(false);
    expect(matches({ scopes: ['BestEffort'] }, {})).toBe(true);
    expect(matches({ scopes: ['BestEffort'] }, { containers: [container('c', '1')] })).toBe(false);
    const high = { scopeName: 'PriorityClass', operator: 'In', values: ['high'] };
    expect(matches({ scopeSelector: { matchExpressions: [high] } }, { priorityClassName: 'high' })).toBe(
      true,
    );
    expect(matches({ scopeSelector: { matchExpressions: [high] } }, {})).toBe(false);
  });

  test('are about pods alone', () => {
    const quota = { metadata: {}, spec: { scopes: ['BestEffort'] } };
    expect(inScope(quota, { group: '', plural: 'services' }, { metadata: {} })).toBe(false);
    expect(inScope({ metadata: {}, spec: {} }, { group: '', plural: 'services' }, { metadata: {} })).toBe(
      true,
    );
  });
});
