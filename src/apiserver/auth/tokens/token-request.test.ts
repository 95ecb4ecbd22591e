import { expect, test } from 'vitest';
import type { TokenRequest, TokenRequestSpec } from '../../../api/authentication/v1.ts';
import type { ServiceAccount } from '../../../api/core/v1.ts';
import type { ObjectMeta } from '../../../api/meta/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import type { StatusError } from '../../../machinery/status-error.ts';
import { seededRandom } from '../../../platform/random.ts';
import { VirtualClock } from '../../../platform/virtual-clock.ts';
import type { HookContext, SubresourceRequest } from '../../registry/kind.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import { type TokenLifetimes, tokenSubresource } from './token-request.ts';

const account = { metadata: { name: 'robot', namespace: 'default', uid: 'u1' } } as Stored<ServiceAccount>;
const objects: Record<string, object> = {
  'pods/p': { metadata: { name: 'p', uid: 'p1' }, spec: { serviceAccountName: 'robot', nodeName: 'n' } },
  'pods/other': { metadata: { name: 'other', uid: 'p2' }, spec: { serviceAccountName: 'else' } },
  'nodes/n': { metadata: { name: 'n', uid: 'n1' } },
};
const claims: Record<string, unknown>[] = [];
const tokens = {
  issue: async (claim: Record<string, unknown>) => {
    claims.push(claim);
    return 'token';
  },
} as unknown as ServiceAccountTokens;

const warnings: string[] = [];

function ask(
  spec: Partial<TokenRequestSpec>,
  metadata: ObjectMeta = {},
  lifetimes: TokenLifetimes = {},
): Promise<TokenRequest> {
  const context = {
    platform: { clock: new VirtualClock(0), random: seededRandom(1) },
    user: { name: 'root', groups: [] },
    dryRun: false,
    warn: (message: string) => void warnings.push(message),
    get: ({ plural }: { plural: string }, { name }: { name: string }) => objects[`${plural}/${name}`],
  } as unknown as HookContext;
  const body = { metadata, spec: { audiences: [], ...spec } };
  const request = {
    verb: 'create',
    object: account,
    body,
    context,
  } as unknown as SubresourceRequest<ServiceAccount>;
  return tokenSubresource({ tokens, audiences: ['api'], ...lifetimes }).handle(
    request,
  ) as Promise<TokenRequest>;
}

const refusal = (asked: Promise<unknown>) =>
  asked.then(
    () => expect.fail('it was given'),
    (error: StatusError) => [error.code, error.message],
  );

test('a token is for the server, for an hour, and says whose it is', async () => {
  const { metadata, spec, status } = await ask({});
  expect(metadata).toMatchObject({ name: 'robot', namespace: 'default', uid: 'u1' });
  expect(spec).toMatchObject({ audiences: ['api'], expirationSeconds: 3600 });
  expect(status).toEqual({ token: 'token', expirationTimestamp: '1970-01-01T01:00:00Z' });
});

test('a token bound to a pod knows its node, and lasts longer for clients that do not renew', async () => {
  const { status } = await ask({
    boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' },
    expirationSeconds: 3607,
  });
  expect(status?.expirationTimestamp).toBe('1970-01-01T01:00:07Z');
  expect(claims.at(-1)).toMatchObject({
    exp: 31_536_000,
    'kubernetes.io': { pod: { name: 'p', uid: 'p1' }, node: { name: 'n', uid: 'n1' }, warnafter: 3607 },
  });
});

test.each<[Partial<TokenRequestSpec>, ObjectMeta, number, string]>([
  [
    { expirationSeconds: 60 },
    {},
    422,
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
  ],
  [
    {},
    { name: 'other' },
    422,
    'TokenRequest.authentication.k8s.io "robot" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
  ],
  [
    {},
    { uid: 'u2' },
    409,
    'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "robot": the UID in the token request (u2) does not match the UID of the service account (u1)',
  ],
  [
    { boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'c' } },
    {},
    400,
    'cannot bind token to object of type /v1, Kind=ConfigMap',
  ],
  [
    { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'p9' } },
    {},
    409,
    'Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (p9) does not match the UID in record. The object might have been deleted and then recreated',
  ],
  [
    { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'other' } },
    {},
    400,
    'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
  ],
  [{ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'x' } }, {}, 404, 'nodes "x" not found'],
])('%j of %j is refused', async (spec, metadata, code, message) => {
  expect(await refusal(ask(spec, metadata))).toEqual([code, message]);
});

test('no token lasts longer than it may, and who asks for more is told', async () => {
  const { spec, status } = await ask({ expirationSeconds: 86_400 }, {}, { maxExpirationSeconds: 7200 });
  expect(spec.expirationSeconds).toBe(7200);
  expect(status?.expirationTimestamp).toBe('1970-01-01T02:00:00Z');
  expect(warnings.splice(0)).toEqual(['requested expiration of 86400 seconds shortened to 7200 seconds']);
  await ask({ expirationSeconds: 7200 }, {}, { maxExpirationSeconds: 7200 });
  expect(warnings).toEqual([]);
});

test('a token of a pod lasts as long as was asked for where it is not to last longer', async () => {
  const bound = { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' }, expirationSeconds: 3607 };
  await ask(bound, {}, { extendExpiration: false });
  expect(claims.at(-1)).toMatchObject({ exp: 3607 });
});
