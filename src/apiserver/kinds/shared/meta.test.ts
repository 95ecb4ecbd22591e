import { expect, test } from 'vitest';
import * as resources from '../../../api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../../../api/resource.ts';
import type { HookContext } from '../../registry/kind.ts';
import { allKinds } from '../kinds.ts';

test.each<Resource>([
  resources.flowschemas,
  resources.prioritylevelconfigurations,
  resources.resourceclaims,
  resources.validatingadmissionpolicies,
  resources.volumeattachments,
  resources.apiservices,
] as unknown as Resource[])('who writes the status of $plural does not write their metadata', (resource) => {
  const kind = allKinds.find((one) => one.resource === resource);
  const metadata = { name: 'x', uid: 'u', resourceVersion: '1', labels: { a: 'b' }, finalizers: ['f/x'] };
  const old = { metadata } as unknown as Stored<KubernetesObject>;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'o' }];
  const object: KubernetesObject = {
    metadata: { ...metadata, labels: { c: 'd' }, annotations: { e: 'f' }, finalizers: [], ownerReferences },
  };
  kind?.status?.prepareForUpdate?.(object, old, {} as HookContext);
  expect(JSON.parse(JSON.stringify(object.metadata))).toEqual(metadata);
});
