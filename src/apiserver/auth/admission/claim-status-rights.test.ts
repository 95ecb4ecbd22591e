import { describe, expect, test } from 'vitest';
import { resourceclaims } from '../../../api/generated/resources.ts';
import type { AllocatedDeviceStatus, ResourceClaimStatus } from '../../../api/resource/v1.ts';
import type { StatusError } from '../../../machinery/status-error.ts';
import { resourceClaimKind } from '../../kinds/resource/resource-claim.ts';
import type { UserInfo } from '../../registry/kind.ts';
import type { Authorizer } from '../authorizer.ts';
import { changedDrivers, claimStatusRights, isOnNode, onlyNodeOf } from './claim-status-rights.ts';

const account = 'system:serviceaccount:kube-system:driver';
const onNode = (node: string): UserInfo => ({
  name: account,
  groups: [],
  extra: { 'authentication.kubernetes.io/node-name': [node] },
});
const nowhere: UserInfo = { name: account, groups: [] };

const byName = (...values: string[]) => ({
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values }] }],
});
const results = ['d0', 'd1'].map((device) => ({ request: 'r', driver: 'a', pool: 'p', device }));
const allocation = (...nodes: string[]) => ({ devices: { results }, nodeSelector: byName(...nodes) });
const device = (driver: string, name = 'd0', more: Partial<AllocatedDeviceStatus> = {}) => ({
  driver,
  pool: 'p',
  device: name,
  ...more,
});
const data = { networkData: { interfaceName: 'eth0' } };

/** What is asked of the authorizer for a write, and what comes of it. */
async function write(
  [now, before]: readonly [ResourceClaimStatus, ResourceClaimStatus],
  { user = nowhere, may = [], verb = 'update' }: { user?: UserInfo; may?: string[]; verb?: string } = {},
) {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    authorize(_, a) {
      const key = [a.verb, a.subresource, a.namespace, a.name].join(' ').trim();
      asked.push(key);
      return may.includes(key) ? { verdict: 'allow', reason: '' } : { verdict: 'none', reason: '' };
    },
  };
  const object = (status: ResourceClaimStatus) => ({
    metadata: { name: 'c', namespace: 'ns' },
    spec: {},
    status,
  });
  let refusal: StatusError | undefined;
  try {
    await claimStatusRights(authorizer).validate?.({
      operation: 'UPDATE',
      verb,
      kind: resourceClaimKind,
      resource: resourceclaims,
      subresource: 'status',
      namespace: 'ns',
      name: 'c',
      object: object(now),
      old: object(before),
      context: { user },
    } as never);
  } catch (error) {
    refusal = error as StatusError;
  }
  return { asked, refusal };
}

describe('what devices a claim has, and who uses them', () => {
  const user = { resource: 'pods', name: 'p', uid: 'u' };

  test.each<[string, ResourceClaimStatus, ResourceClaimStatus]>([
    ['new devices', { allocation: allocation('n1') }, {}],
    ['another user', { reservedFor: [user] }, { reservedFor: [] }],
    ['none any more', {}, { allocation: allocation('n1'), reservedFor: [user] }],
  ])('takes the right to bind everywhere: %s', async (_, now, before) => {
    const refused = await write([now, before]);
    expect(refused.asked).toEqual(['update binding']);
    expect(refused.refusal?.status).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: { causes: [{ reason: 'FieldValueForbidden', field: 'status' }] },
    });
    expect(refused.refusal?.message).toContain(
      'changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="update" permission: resourceclaims.resource.k8s.io is forbidden',
    );
    expect((await write([now, before], { may: ['update binding'] })).refusal).toBeUndefined();
  });

  test('is asked for by the verb of the request', async () =>
    expect((await write([{ reservedFor: [user] }, {}], { verb: 'patch' })).asked).toEqual(['patch binding']));

  test('is not asked for where it stays', async () => {
    const same = { allocation: allocation('n1'), reservedFor: [user] };
    expect((await write([same, structuredClone(same)])).asked).toEqual([]);
    expect((await write([{ reservedFor: [] }, {}])).asked).toEqual([]);
  });
});

describe('what a driver says of its devices', () => {
  const [before, now] = [allocation('n1'), allocation('n1')].map((given) => ({ allocation: given }));
  const says = (...devices: AllocatedDeviceStatus[]) => [{ ...now, devices }, before ?? {}] as const;

  test('takes the right for any node where it does not come from the one of the claim', async () => {
    for (const user of [nowhere, onNode('n2'), { ...onNode('n1'), name: 'jane' }]) {
      const { asked, refusal } = await write(says(device('a')), {
        user,
        may: ['associated-node:update driver ns a'],
      });
      expect(asked).toEqual(['arbitrary-node:update driver ns a']);
      expect(refusal?.message).toContain(
        'status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[arbitrary-node:update]" permission: ',
      );
    }
    const may = ['arbitrary-node:update driver ns a'];
    expect((await write(says(device('a')), { may })).refusal).toBeUndefined();
  });

  test('takes the right for its own node, or that for any, where it comes from there', async () => {
    const user = onNode('n1');
    const own = ['associated-node:patch driver ns a'];
    expect(await write(says(device('a')), { user, may: own, verb: 'patch' })).toEqual({ asked: own });
    const both = [...own, 'arbitrary-node:patch driver ns a'];
    expect(await write(says(device('a')), { user, may: both.slice(1), verb: 'patch' })).toEqual({
      asked: both,
    });
    expect((await write(says(device('a')), { user, verb: 'patch' })).refusal?.message).toContain(
      'verb="[associated-node:patch arbitrary-node:patch]"',
    );
  });

  test('is asked for each driver', async () => {
    const may = ['arbitrary-node:update driver ns a'];
    const { asked, refusal } = await write(says(device('b'), device('a')), { may });
    expect(asked).toEqual(['arbitrary-node:update driver ns a', 'arbitrary-node:update driver ns b']);
    expect(refusal?.status.details?.causes).toHaveLength(1);
  });

  test('goes with devices that the claim no longer has', async () => {
    const old = { ...before, devices: [device('a')] };
    expect((await write([{}, old])).asked).toEqual(['update binding']);
  });

  test.each<[string, AllocatedDeviceStatus[], AllocatedDeviceStatus[], string[]]>([
    ['nothing', [device('a'), device('b')], [device('a'), device('b')], []],
    ['one more', [device('a'), device('b')], [device('a')], ['b']],
    ['one less', [device('a')], [device('a'), device('b')], ['b']],
    ['one less of several', [device('a')], [device('a'), device('a', 'd1')], ['a']],
    ['other data', [device('a', 'd0', data), device('b')], [device('a'), device('b')], ['a']],
    ['another share', [device('a', 'd0', { shareID: 's' })], [device('a')], ['a']],
    ['all sorts', [device('a', 'd0', data), device('c')], [device('a'), device('d')], ['a', 'c', 'd']],
  ])('changes: %s', async (_, devices, old, drivers) =>
    expect(changedDrivers([{ devices }, { devices: old }])).toEqual(drivers),
  );
});

test.each([
  ['one by its name', byName('n1'), 'n1'],
  ['two', byName('n1', 'n2'), undefined],
  ['none', undefined, undefined],
  [
    'two terms',
    { nodeSelectorTerms: [byName('n1'), byName('n2')].flatMap((s) => s.nodeSelectorTerms) },
    undefined,
  ],
  [
    'one by a label',
    {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] },
      ],
    },
    undefined,
  ],
  [
    'all but one',
    { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['n1'] }] }] },
    undefined,
  ],
])('a selector for %s', async (_, selector, node) => expect(onlyNodeOf(selector)).toBe(node));

test('only a service account with one node speaks from there', async () => {
  expect(isOnNode(onNode('n1'), 'n1')).toBe(true);
  expect(isOnNode(onNode('n1'), undefined)).toBe(false);
  expect(isOnNode({ ...onNode('n1'), name: 'system:node:n1' }, 'n1')).toBe(false);
  expect(isOnNode(onNode('not_a_name!'), 'not_a_name!')).toBe(false);
  const two = { 'authentication.kubernetes.io/node-name': ['n1', 'n2'] };
  expect(isOnNode({ ...nowhere, extra: two }, 'n1')).toBe(false);
});
