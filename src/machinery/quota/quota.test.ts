import { describe, expect, test } from 'vitest';
import type { Pod, Service } from '../../api/core/v1.ts';
import type { ResourceClaim } from '../../api/resource/v1.ts';
import { inScope } from './scopes.ts';
import { writeSums } from '../resource-sums.ts';
import { limits, usageOf } from './usage.ts';

const pods = { group: '', plural: 'pods' };
const container = (name: string, cpu: string, more: object = {}) => ({
  name,
  resources: { requests: { cpu } },
  ...more,
});

describe('what objects take of quotas', () => {
  const usage = (resource: { group: string; plural: string }, object: object) =>
    writeSums(
      usageOf(resource, object as Pod, { nowMs: 0, resourceOf, pod: () => owner, claims: () => claimsThere }),
    );
  let claimsThere: ResourceClaim[] = [];
  const resourceOf = (name: string) => (name === 'gpu' ? 'example.com/gpu' : undefined);
  const resources = { requests: { 'example.com/gpu': '1', 'deviceclass.resource.kubernetes.io/nic': '1' } };
  const owner: Pod = {
    metadata: { name: 'p', uid: 'u' },
    spec: { containers: [{ name: 'c', resources }] },
  };

  test('claims for devices: by class and by the resources that classes stand behind', () => {
    const claims = { group: 'resource.k8s.io', plural: 'resourceclaims' };
    const requests = [
      { name: 'a', exactly: { deviceClassName: 'gpu', count: 2 } },
      {
        name: 'b',
        firstAvailable: [
          { name: 'x', deviceClassName: 'gpu', count: 1 },
          { name: 'y', deviceClassName: 'nic', allocationMode: 'All' },
          { name: 'z', deviceClassName: 'gpu', count: 3 },
        ],
      },
    ];
    const claim = { metadata: { name: 'k' }, spec: { devices: { requests } } };
    const whole = {
      'count/resourceclaims.resource.k8s.io': '1',
      'gpu.deviceclass.resource.k8s.io/devices': '5',
      'requests.deviceclass.resource.kubernetes.io/gpu': '5',
      'requests.example.com/gpu': '5',
      'nic.deviceclass.resource.k8s.io/devices': '32',
      'requests.deviceclass.resource.kubernetes.io/nic': '32',
    };
    expect(usage(claims, claim)).toEqual(whole);
    // What the pod is charged with already is not charged again.
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }];
    const annotations = { 'resource.kubernetes.io/extended-resource-claim': 'true' };
    const made = { ...claim, metadata: { name: 'k', annotations, ownerReferences } };
    expect(usage(claims, made)).toEqual({
      ...whole,
      'requests.example.com/gpu': '4',
      'requests.deviceclass.resource.kubernetes.io/nic': '31',
    });
    // Another claim that says it is for the same pod is not spared.
    const before = { metadata: { ...made.metadata, name: 'j' }, spec: {} };
    claimsThere = [{ ...made, metadata: { ...made.metadata, uid: 'this' } }, before];
    expect(usage(claims, { ...made, metadata: { ...made.metadata, uid: 'this' } })).toEqual(whole);
    claimsThere = [];
    expect(limits(claims, 'gpu.deviceclass.resource.k8s.io/devices')).toBe(true);
    expect(limits(claims, 'requests.example.com/gpu')).toBe(true);
    expect(limits(claims, 'requests.cpu')).toBe(false);
  });

  test('pods: classes by their own names', () => {
    expect(usage(pods, owner)).toMatchObject({
      'requests.example.com/gpu': '1',
      'requests.deviceclass.resource.kubernetes.io/nic': '1',
    });
    expect(limits(pods, 'requests.deviceclass.resource.kubernetes.io/nic')).toBe(true);
  });

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

  test.each<[string, string | undefined, string]>([
    ['1153433600m', undefined, '1153434'],
    ['1.171875Mi', undefined, '1200Ki'],
    ['1Gi', '2Gi', '2Gi'],
    ['2Gi', '1Gi', '2Gi'],
  ])('claims: for %s, where %s is being given, are %s', (storage, given, counted) => {
    const claim = {
      metadata: {},
      spec: { resources: { requests: { storage } } },
      ...(given && { status: { allocatedResources: { storage: given } } }),
    };
    const used = usage({ group: '', plural: 'persistentvolumeclaims' }, claim as never);
    expect(used['requests.storage']).toBe(counted);
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

  test('tell claims apart by the classes of attributes that they have, want or are given', () => {
    const matches = (requirement: object, claim: object) =>
      inScope(
        { metadata: {}, spec: { scopeSelector: { matchExpressions: [requirement as never] } } },
        { group: '', plural: 'persistentvolumeclaims' },
        { metadata: {}, spec: {}, ...claim } as never,
      );
    const scopeName = 'VolumeAttributesClass';
    const gold = { scopeName, operator: 'In', values: ['gold'] };
    const wanting = (volumeAttributesClassName: string) => ({ spec: { volumeAttributesClassName } });
    const having = { status: { currentVolumeAttributesClassName: 'gold' } };
    const given = { status: { modifyVolumeStatus: { targetVolumeAttributesClassName: 'gold' } } };
    for (const claim of [wanting('gold'), { ...wanting('silver'), ...having }, given]) {
      expect(matches(gold, claim)).toBe(true);
      expect(matches({ scopeName, operator: 'Exists' }, claim)).toBe(true);
    }
    for (const claim of [wanting('silver'), wanting(''), {}]) expect(matches(gold, claim)).toBe(false);
    expect(matches({ ...gold, operator: 'NotIn' }, {})).toBe(true);
    expect(matches({ scopeName, operator: 'DoesNotExist' }, {})).toBe(true);
    expect(matches({ scopeName: 'BestEffort', operator: 'Exists' }, {})).toBe(false);
  });
});
