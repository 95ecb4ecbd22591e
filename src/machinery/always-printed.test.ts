import { describe, expect, test } from 'vitest';
import { fillPrinted, fillStored, withPrinted } from './always-printed.ts';
import { allTypeNames, typeSchema } from './schema.ts';

const core = 'io.k8s.api.core.v1.';

describe('what JSON always has', () => {
  test.each<[what: string, type: string, given: object, filled: object]>([
    ['a list that is not there', 'io.k8s.api.rbac.v1.Role', {}, { metadata: {}, rules: null }],
    ['a list that is empty', 'io.k8s.api.rbac.v1.Role', { rules: [] }, { metadata: {}, rules: null }],
    [
      'a map that is empty',
      `${core}NodeAllocatableResourceClaimStatus`,
      { resources: {} },
      { resources: null },
    ],
    [
      'a moment',
      `${core}PodCondition`,
      { lastProbeTime: null },
      { lastProbeTime: null, lastTransitionTime: null },
    ],
    ['a pointer', `${core}TypedLocalObjectReference`, {}, { apiGroup: null, kind: '', name: '' }],
    ['a pointer to zero', `${core}TypedLocalObjectReference`, { apiGroup: '' }, { apiGroup: '' }],
    ['a quantity', `${core}ResourceFieldSelector`, { resource: 'limits.cpu' }, { divisor: '0' }],
    ['a number or text', `${core}TCPSocketAction`, {}, { port: 0 }],
    [
      'structs in structs',
      `${core}Node`,
      {},
      { status: { daemonEndpoints: { kubeletEndpoint: { Port: 0 } } } },
    ],
    [
      'structs in a list',
      `${core}PodStatus`,
      { conditions: [{}] },
      { conditions: [{ type: '', status: '' }] },
    ],
    ['structs in a map', `${core}NodeConfigStatus`, {}, {}],
    ['what validation demands', 'io.k8s.api.rbac.v1.PolicyRule', {}, {}],
  ])('%s', (_, type, given, filled) => {
    const object = structuredClone(given);
    expect(withPrinted(object, type)).toMatchObject(filled);
    expect(object).toEqual(given);
    fillStored(object, type);
    expect(object).toMatchObject(filled);
    expect(withPrinted(object, type)).toBe(object);
  });

  test('is an empty list until it is stored', () => {
    const role = { rules: [] };
    fillPrinted(role, 'io.k8s.api.rbac.v1.Role');
    expect(role.rules).toEqual([]);
    fillStored(role, 'io.k8s.api.rbac.v1.Role');
    expect(role.rules).toBeNull();
  });

  test('is an empty list for good where upstream stores JSON', () => {
    const type = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus';
    const status = { conditions: [] };
    fillStored(status, type);
    const names = { plural: '', kind: '' };
    expect(status).toEqual({ conditions: [], acceptedNames: names, storedVersions: null });
  });

  test('is left alone where it is there, and where the type is not known', () => {
    const conditions = [{ type: 'a', status: 'b', lastProbeTime: null, lastTransitionTime: null }];
    const status = Object.freeze({ conditions, phase: 'Running' });
    fillPrinted(status, `${core}PodStatus`);
    expect(withPrinted(status, `${core}PodStatus`)).toBe(status);
    const custom = Object.freeze({ spec: {} });
    fillPrinted(custom, 'custom');
    expect(withPrinted(custom, 'custom')).toBe(custom);
  });

  test('is nothing of metadata', () => {
    const pod = { metadata: { ownerReferences: [{}] }, spec: { containers: [] }, status: {} };
    fillPrinted(pod, `${core}Pod`);
    expect(pod.metadata).toEqual({ ownerReferences: [{}] });
  });

  test('is found in every type', () => {
    for (const name of allTypeNames()) {
      if (typeSchema(name).scalar) continue;
      const object = {};
      fillPrinted(object, name);
      expect.soft(withPrinted(object, name), name).toBe(object);
    }
  });
});
