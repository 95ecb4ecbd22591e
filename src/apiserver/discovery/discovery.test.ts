import { describe, expect, test } from 'vitest';
import { allKinds } from '../kinds/kinds.ts';
import { compareVersions, Discovery, entityTag } from './discovery.ts';

const discovery = new Discovery(allKinds);

describe('discovery', () => {
  test('names the versions of the core group', () => {
    expect(discovery.apiVersions('10.0.0.1:6443')).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '10.0.0.1:6443' }],
    });
  });

  test('names the groups, the preferred version of each first', () => {
    const { groups } = discovery.groupList();
    expect(groups.map((g) => g.name)).toEqual([
      'apiregistration.k8s.io',
      'apps',
      'events.k8s.io',
      'autoscaling',
      'batch',
      'certificates.k8s.io',
      'networking.k8s.io',
      'policy',
      'rbac.authorization.k8s.io',
      'storage.k8s.io',
      'admissionregistration.k8s.io',
      'apiextensions.k8s.io',
      'scheduling.k8s.io',
      'coordination.k8s.io',
      'node.k8s.io',
      'discovery.k8s.io',
      'resource.k8s.io',
      'flowcontrol.apiserver.k8s.io',
    ]);
    expect(groups.some((g) => g.name === '')).toBe(false);
    expect(discovery.group('autoscaling')).toEqual({
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'autoscaling',
      versions: [
        { groupVersion: 'autoscaling/v2', version: 'v2' },
        { groupVersion: 'autoscaling/v1', version: 'v1' },
      ],
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
    });
    expect(discovery.group('nope')).toBeUndefined();
  });

  test('lists the resources of a version with their subresources', () => {
    const list = discovery.resourceList({ group: 'apps', version: 'v1' });
    expect(list).toMatchObject({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'apps/v1' });
    const deployments = list?.resources.filter((r) => r.name.startsWith('deployments'));
    expect(deployments).toEqual([
      {
        name: 'deployments',
        singularName: 'deployment',
        namespaced: true,
        kind: 'Deployment',
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
        shortNames: ['deploy'],
        categories: ['all'],
        storageVersionHash: '8aSe+NMegvE=',
      },
      {
        name: 'deployments/scale',
        singularName: '',
        namespaced: true,
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: ['get', 'patch', 'update'],
      },
      {
        name: 'deployments/status',
        singularName: '',
        namespaced: true,
        kind: 'Deployment',
        verbs: ['get', 'patch', 'update'],
      },
    ]);
    expect(discovery.resourceList({ group: '', version: 'v1' })).not.toHaveProperty('apiVersion');
    expect(discovery.resourceList({ group: 'apps', version: 'v9' })).toBeUndefined();
  });

  test('says all of it in one document', () => {
    const core = discovery.aggregated('core');
    expect(core).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
    expect(core.items).toHaveLength(1);
    const apps = discovery.aggregated('groups').items?.find((g) => g.metadata?.name === 'apps');
    expect(apps?.versions?.[0]).toMatchObject({ version: 'v1', freshness: 'Current' });
    const deployments = apps?.versions?.[0]?.resources?.find((r) => r.resource === 'deployments');
    expect(deployments).toMatchObject({
      responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      scope: 'Namespaced',
      singularResource: 'deployment',
      subresources: [
        {
          subresource: 'scale',
          responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
          verbs: ['get', 'patch', 'update'],
        },
        {
          subresource: 'status',
          responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
          verbs: ['get', 'patch', 'update'],
        },
      ],
    });
  });

  test('has an address for groups without a stable version, and no place for them in the list', () => {
    expect(discovery.group('storagemigration.k8s.io')).toEqual({
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'storagemigration.k8s.io',
      versions: [],
    });
    const names = discovery.groupList().groups.map(({ name }) => name);
    expect(names).not.toContain('storagemigration.k8s.io');
  });

  test('follows what is registered: priorities, and versions that other servers have', () => {
    const elsewhere = { version: 'v1beta1', freshness: 'Stale' };
    const registered = [
      { group: 'metrics.k8s.io', version: 'v1beta1', priority: { group: 17_900, version: 1 }, elsewhere },
      { group: 'nobody.test', version: 'v1', priority: { group: 5, version: 5 } },
      { group: 'batch', version: 'v1', priority: { group: 17_900, version: 1 } },
      { group: 'autoscaling', version: 'v1', priority: { group: 1, version: 99 } },
      { group: 'autoscaling', version: 'v2', priority: { group: 1, version: 1 } },
    ];
    const merged = new Discovery(allKinds, registered);
    const names = merged.groupList().groups.map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual(['apiregistration.k8s.io', 'batch', 'metrics.k8s.io', 'apps']);
    expect(names.slice(-2)).toEqual(['nobody.test', 'autoscaling']);
    expect(merged.group('autoscaling')?.preferredVersion?.version).toBe('v1');
    const groups = merged.aggregated('groups').items ?? [];
    expect(groups.find((g) => g.metadata?.name === 'metrics.k8s.io')?.versions).toEqual([elsewhere]);
    expect(groups.some((g) => g.metadata?.name === 'nobody.test')).toBe(false);
    expect(merged.resourceList({ group: 'metrics.k8s.io', version: 'v1beta1' })).toBeUndefined();
    expect(merged.resourceList({ group: 'batch', version: 'v1' })?.resources).not.toHaveLength(0);
  });

  test('has entity tags that tell documents apart', () => {
    const tag = entityTag(discovery.aggregated('core'));
    expect(tag).toMatch(/^"[0-9A-F]{128}"$/);
    expect(entityTag(discovery.aggregated('groups'))).not.toBe(tag);
  });

  test('orders versions by their stability, then by number', () => {
    const versions = ['foo1', 'v1alpha1', 'v11alpha2', 'v12', 'v10', 'v2beta3', 'v11beta2', 'v2', 'foo10'];
    expect(versions.sort(compareVersions)).toEqual([
      'v12',
      'v10',
      'v2',
      'v11beta2',
      'v2beta3',
      'v11alpha2',
      'v1alpha1',
      'foo1',
      'foo10',
    ]);
  });
});

test('all versions of a custom kind have the hash of the one that is stored', () => {
  const [kind] = allKinds;
  const versions = ['v1', 'v2'].map((version) => ({
    ...(kind as (typeof allKinds)[number]),
    resource: { ...(kind as (typeof allKinds)[number]).resource, group: 'example.org', version },
    storageVersion: 'v2',
  }));
  const served = new Discovery(versions);
  const hashOf = (version: string) =>
    served.resourceList({ group: 'example.org', version })?.resources[0]?.storageVersionHash;
  expect(hashOf('v1')).toBe(hashOf('v2'));
  const alone = new Discovery(versions.map(({ storageVersion: _, ...rest }) => rest));
  const own = alone.resourceList({ group: 'example.org', version: 'v1' })?.resources[0];
  expect(own?.storageVersionHash).not.toBe(hashOf('v1'));
});
