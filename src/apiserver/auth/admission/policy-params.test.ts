import { expect, test } from 'vitest';
import * as resources from '../../../api/generated/resources.ts';
import type { Resource } from '../../../api/resource.ts';
import type { Attributes } from '../authorizer.ts';
import { policyParams } from './policy-params.ts';

const served = [{ view: { resource: resources.secrets } }] as never;
const paramKind = { apiVersion: 'v1', kind: 'Secret' };
const policy = { metadata: { name: 'p' }, spec: { paramKind } };
const binding = (paramRef: object | undefined, policyName = 'p') => ({ spec: { policyName, paramRef } });
const user = { name: 'jane', groups: ['dev'] };

/** What is asked about a write, and what is said where the answer is no. */
async function write(
  resource: unknown,
  object: object,
  { old, groups = user.groups }: { old?: object; groups?: string[] } = {},
): Promise<{ asked: string[]; refusal: string | undefined }> {
  const asked: string[] = [];
  const authorizer = {
    authorize(_: unknown, { verb, group, resource: what, namespace, name }: Attributes) {
      asked.push([verb, group, what, namespace, name].join('/'));
      return { verdict: 'none', reason: '' } as const;
    },
  };
  const attributes = {
    kind: { resource: resource as Resource },
    operation: old ? 'UPDATE' : 'CREATE',
    subresource: '',
    name: 'x',
    object,
    old,
    context: { user: { ...user, groups }, get: () => policy },
  } as never;
  try {
    await policyParams({ authorizer, served: () => served }).validate?.(attributes);
    return { asked, refusal: undefined };
  } catch (error) {
    return { asked, refusal: (error as Error).message };
  }
}

test.each([
  ['ValidatingAdmissionPolicy', resources.validatingadmissionpolicies],
  ['MutatingAdmissionPolicy', resources.mutatingadmissionpolicies],
])('who writes a %s must be able to read all parameters that it may have', async (kind, resource) => {
  const { asked, refusal } = await write(resource, policy);
  expect(asked).toEqual(['get//secrets/*/*']);
  expect(refusal).toBe(
    `${kind}.admissionregistration.k8s.io "x" is invalid: spec.paramKind: Forbidden: user &{jane  [dev] map[]} must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)`,
  );
  const other = { ...policy, spec: { paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' } } };
  expect((await write(resource, other)).asked).toEqual(['get/example.com/*/*/*']);
  expect((await write(resource, policy, { old: policy })).asked).toEqual([]);
  expect((await write(resource, { spec: {} })).asked).toEqual([]);
  expect((await write(resource, policy, { groups: ['system:masters'] })).asked).toEqual([]);
});

test.each([resources.validatingadmissionpolicybindings, resources.mutatingadmissionpolicybindings])(
  'and who binds it those that are meant: $plural',
  async (resource) => {
    const one = binding({ name: 's', namespace: 'kube-system' });
    const { asked, refusal } = await write(resource, one);
    expect(asked).toEqual(['get//secrets/kube-system/s']);
    expect(refusal).toContain(
      'spec.paramRef: Forbidden: user &{jane  [dev] map[]} does not have "get" permission on the object referenced by paramRef',
    );
    expect((await write(resource, binding({ selector: {} }))).asked).toEqual(['list//secrets//']);
    expect((await write(resource, one, { old: one })).asked).toEqual([]);
    expect((await write(resource, one, { old: binding(one.spec.paramRef, 'q') })).asked).toHaveLength(1);
    expect((await write(resource, binding(undefined))).asked).toEqual([]);
  },
);
