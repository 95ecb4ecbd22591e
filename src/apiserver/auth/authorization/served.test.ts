import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StatusError } from '../../../machinery/status-error.ts';
import type { HttpPost } from '../../../platform/http-post.ts';
import { startApiServer, type TestApiServer } from '../../testing-api-server.ts';
import type { ConfiguredAuthorizer } from './chain.ts';

interface Spec {
  user?: string;
  resourceAttributes?: Record<string, any>;
}

let t: TestApiServer;
let use: (chain: readonly ConfiguredAuthorizer[]) => void;
let answer: (spec: Spec) => object | undefined = () => ({});
const asked: Spec[] = [];

const poster = {
  async post({ body }: HttpPost) {
    const { spec } = JSON.parse(Buffer.from(body).toString());
    asked.push(spec);
    const status = answer(spec);
    return status ? { status: 200, text: JSON.stringify({ status }) } : { status: 403, text: '' };
  },
  close() {},
};
const webhook = (failurePolicy: string): ConfiguredAuthorizer => ({
  type: 'Webhook',
  name: 'hook',
  webhook: {
    timeoutMs: 3000,
    authorizedTtlMs: 0,
    unauthorizedTtlMs: 0,
    subjectAccessReviewVersion: 'v1',
    failurePolicy,
  },
  server: { url: new URL('https://authz.test/'), headers: {}, poster },
});

beforeAll(async () => {
  t = await startApiServer({
    authorization: {
      authorizers: [webhook('NoOpinion'), { type: 'RBAC', name: 'rbac' }],
      follow: (take) => {
        use = take;
      },
    },
  });
});
afterAll(() => t.stop());

const as = (name: string, ...groups: string[]) => t.api.transportFor({ name, groups });
const list = (name: string) =>
  as(name).request({
    method: 'GET',
    path: '/api/v1/namespaces/default/configmaps',
    query: { labelSelector: 'a=b', fieldSelector: 'metadata.name=c' },
  });
const errorOf = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(StatusError);
  return (error as StatusError).status;
};

describe('a server whose chain has a webhook', () => {
  test('asks it about requests, with what they are narrowed down to', async () => {
    answer = ({ user }) => ({ allowed: user === 'jane', denied: user === 'joe', reason: 'because' });
    asked.length = 0;
    await list('jane');
    expect(asked).toEqual([
      {
        user: 'jane',
        resourceAttributes: {
          verb: 'list',
          version: 'v1',
          namespace: 'default',
          resource: 'configmaps',
          name: 'c',
          fieldSelector: { requirements: [{ key: 'metadata.name', operator: 'In', values: ['c'] }] },
          labelSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] },
        },
      },
    ]);
    expect(await errorOf(list('joe'))).toMatchObject({
      code: 403,
      message: expect.stringMatching(/cannot list resource "configmaps".*: because$/),
    });
  });

  test('asks it for reviews, and cannot list what it would allow', async () => {
    answer = () => ({ denied: true, reason: 'never' });
    const admin = as('root', 'system:masters', 'system:authenticated');
    const path = '/apis/authorization.k8s.io/v1';
    const resourceAttributes = { verb: 'get', resource: 'pods', labelSelector: { rawSelector: 'a' } };
    const review = await admin.request({
      method: 'POST',
      path: `${path}/subjectaccessreviews`,
      body: { spec: { user: 'jane', resourceAttributes } },
    });
    expect(review).toMatchObject({ status: { allowed: false, denied: true, reason: 'never' } });
    expect(asked.at(-1)?.resourceAttributes).toEqual({
      verb: 'get',
      version: '*',
      resource: 'pods',
      labelSelector: { requirements: [{ key: 'a', operator: 'Exists' }] },
    });
    const rules = await admin.request({
      method: 'POST',
      path: `${path}/selfsubjectrulesreviews`,
      body: { spec: { namespace: 'default' } },
    });
    expect(rules).toMatchObject({
      status: {
        incomplete: true,
        evaluationError: 'webhook authorizer does not support user rule resolution',
        resourceRules: expect.arrayContaining([{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]),
      },
    });
  });

  test('answers 500 where it cannot be asked and nobody else allows, and says why in a review', async () => {
    answer = () => undefined;
    expect(await errorOf(list('jane'))).toMatchObject({
      code: 500,
      reason: 'InternalError',
      message: 'Internal Server Error: "/api/v1/namespaces/default/configmaps": forbidden',
    });
    await as('x', 'system:masters').request({ method: 'GET', path: '/api/v1/namespaces' });
    const review = await as('root', 'system:masters').request({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: { spec: { user: 'jane', nonResourceAttributes: { path: '/x', verb: 'get' } } },
    });
    expect(review).toMatchObject({ status: { allowed: false, evaluationError: 'forbidden' } });
  });

  test('lets expressions of policies ask it', async () => {
    answer = ({ resourceAttributes: a }) => ({ allowed: a?.labelSelector !== undefined });
    const admin = as('root', 'system:masters');
    const registration = '/apis/admissionregistration.k8s.io/v1';
    const who = "authorizer.serviceAccount('default', 'x').group('').resource('pods')";
    await admin.request({
      method: 'POST',
      path: `${registration}/validatingadmissionpolicies`,
      body: {
        metadata: { name: 'asks' },
        spec: {
          matchConstraints: {
            resourceRules: [
              { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
            ],
          },
          matchConditions: [{ name: 'c', expression: `${who}.labelSelector('a=b').check('get').allowed()` }],
          validations: [
            {
              expression: `${who}.labelSelector('a=b').check('get').allowed() && ${who}.check('get').allowed()`,
              message: 'may not without a selector',
            },
          ],
        },
      },
    });
    await admin.request({
      method: 'POST',
      path: `${registration}/validatingadmissionpolicybindings`,
      body: { metadata: { name: 'asks' }, spec: { policyName: 'asks', validationActions: ['Deny'] } },
    });
    const body = { metadata: { name: 'new' } };
    const path = '/api/v1/namespaces/default/configmaps';
    const created = admin.request({ method: 'POST', path, body });
    await expect(created).rejects.toThrow('may not without a selector');
  });

  test('goes by another chain as soon as it is told one', async () => {
    use([{ type: 'AlwaysDeny', name: 'alwaysdeny' }]);
    expect((await errorOf(list('jane'))).message).toMatch(/: Everything is forbidden\.$/);
    use([{ type: 'AlwaysAllow', name: 'alwaysallow' }]);
    await list('jane');
  });
});
