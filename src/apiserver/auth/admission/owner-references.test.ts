import { describe, expect, test } from 'vitest';
import { configmaps, nodes, pods, replicasets } from '../../../api/generated/resources.ts';
import type { OwnerReference } from '../../../api/meta/v1.ts';
import type { AdmissionAttributes } from '../../admission/admission.ts';
import type { Authorizer } from '../authorizer.ts';
import { ownerReferences } from './owner-references.ts';

const served = () =>
  [configmaps, nodes, pods, replicasets].map((resource) => ({ view: { resource } }) as never);
const owner = (more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: 'rs',
  uid: '1',
  ...more,
});

/** What is said of a write of an object with these owners, and what was asked for it. */
async function said(
  [now, before]: [OwnerReference[], OwnerReference[]?],
  { may = [] as string[], subresource = '' } = {},
) {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    authorize(_, { verb, resource, subresource: sub, namespace, name }) {
      const what = `${verb} ${namespace}/${resource}${sub && `/${sub}`} ${name}`;
      asked.push(what);
      return { verdict: may.includes(what) ? 'allow' : 'none', reason: 'no' };
    },
  };
  const object = (ownerReferences: OwnerReference[]) => ({ metadata: { name: 'p', ownerReferences } });
  const attributes = {
    kind: { resource: pods },
    resource: pods,
    operation: before ? 'UPDATE' : 'CREATE',
    subresource,
    namespace: 'ns',
    name: 'p',
    object: object(now),
    old: before && object(before),
    context: { user: { name: 'jane', groups: [] } },
  } as unknown as AdmissionAttributes;
  try {
    await ownerReferences({ authorizer, served }).validate?.(attributes);
    return { asked };
  } catch (error) {
    return { asked, why: (error as Error).message };
  }
}

const remove = 'delete ns/pods p';
const finalize = 'update ns/replicasets/finalizers rs';

describe('who may say what owns an object', () => {
  test.each<[string, [OwnerReference[], OwnerReference[]?]]>([
    ['super-user, create, no objectref change', [[]]],
    ['no change', [[owner()], [owner()]]],
  ])('is not asked: %s', async (_, change) => {
    expect(await said(change)).toEqual({ asked: [] });
  });

  test('is not asked of the status of pods', async () => {
    expect(await said([[owner()], []], { subresource: 'status' })).toEqual({ asked: [] });
  });

  test.each<[string, [OwnerReference[], OwnerReference[]?]]>([
    ['create, objectref change', [[owner()]]],
    ['update, objectref change', [[owner()], []]],
    ['update, objectref removed', [[], [owner()]]],
    ['update, another uid', [[owner({ uid: '2' })], [owner()]]],
  ])('is who may delete it: %s', async (_, change) => {
    expect(await said(change)).toEqual({
      asked: [remove],
      why: `pods "p" is forbidden: cannot set an ownerRef on a resource you can't delete: no, <nil>`,
    });
    expect(await said(change, { may: [remove] })).toEqual({ asked: [remove] });
  });

  test('and that the owner waits for it, who may set its finalizers', async () => {
    const waiting = owner({ blockOwnerDeletion: true });
    expect(await said([[waiting]], { may: [remove] })).toEqual({
      asked: [remove, finalize],
      why: `pods "p" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: no, <nil>`,
    });
    expect(await said([[waiting]], { may: [remove, finalize] })).toEqual({ asked: [remove, finalize] });
    const turned = await said([[waiting], [owner()]], { may: [remove] });
    expect(turned.asked).toEqual([remove, finalize]);
    const kept = await said([[waiting, owner({ uid: '2' })], [waiting]], { may: [remove] });
    expect(kept).toEqual({ asked: [remove] });
  });

  test('an owner without a namespace is asked about without one', async () => {
    const node = owner({ apiVersion: 'v1', kind: 'Node', name: 'n', blockOwnerDeletion: true });
    const { asked } = await said([[node]], { may: [remove] });
    expect(asked).toEqual([remove, 'update /nodes/finalizers n']);
  });

  test('no owner of a kind that is not known is waited for', async () => {
    const unknown = owner({ kind: 'Unknown', blockOwnerDeletion: true });
    expect((await said([[unknown]], { may: [remove] })).why).toBe(
      'pods "p" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion apps/v1 Kind Unknown: no matches for kind "Unknown" in version "apps/v1"',
    );
  });
});
