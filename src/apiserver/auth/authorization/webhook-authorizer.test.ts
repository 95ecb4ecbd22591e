import { describe, expect, test } from 'vitest';
import { AnswerTimeout, type HttpPost } from '../../../platform/http-post.ts';
import { silentLog } from '../../../platform/log.ts';
import { seededRandom } from '../../../platform/random.ts';
import { VirtualClock } from '../../../platform/virtual-clock.ts';
import type { UserInfo } from '../../registry/kind.ts';
import { selectorsOf } from '../asked-selectors.ts';
import type { Attributes } from '../authorizer.ts';
import { AuthorizationCounts } from './authorization-counts.ts';
import { compileMatchConditions } from './match-conditions.ts';
import { WebhookAuthorizer } from './webhook-authorizer.ts';
import type { WebhookConfiguration } from './webhook-configuration.ts';

const ns = 'kittensandponies';
const on = (more: Partial<Attributes> = {}): Attributes => ({
  isResource: true,
  verb: '',
  group: '',
  version: '',
  namespace: ns,
  resource: '',
  subresource: '',
  name: '',
  path: '',
  ...more,
});
const [alice, bob] = [
  { name: 'alice', groups: [] },
  { name: 'bob', groups: [] },
] as [UserInfo, UserInfo];

/** A webhook that answers a code and a status; what it is told stays in `asked`. */
function webhookOf(told: Partial<WebhookConfiguration> & { expressions?: string[] } = {}) {
  const { expressions = [], ...more } = told;
  const service = { code: 200, status: {} as object, late: false, kind: undefined as string | undefined };
  const asked: any[] = [];
  const calls: HttpPost[] = [];
  const poster = {
    async post(call: HttpPost) {
      calls.push(call);
      asked.push(JSON.parse(Buffer.from(call.body).toString()));
      if (service.late) throw new AnswerTimeout();
      const text = JSON.stringify({
        apiVersion: asked.at(-1).apiVersion,
        kind: service.kind,
        status: service.status,
      });
      return { status: service.code, text: service.code === 200 ? text : 'HTTP Error' };
    },
    close() {},
  };
  const clock = new VirtualClock();
  const counts = new AuthorizationCounts();
  const webhook: WebhookConfiguration = {
    timeoutMs: 3000,
    authorizedTtlMs: 60_000,
    unauthorizedTtlMs: 30_000,
    subjectAccessReviewVersion: 'v1',
    failurePolicy: 'NoOpinion',
    conditions: compileMatchConditions(expressions, 'w').conditions,
    ...more,
  };
  const server = { url: new URL('https://authz.test/testserver'), headers: {}, poster };
  const platform = { clock, random: seededRandom(1), log: silentLog };
  const authorizer = new WebhookAuthorizer({ name: 'w', webhook, server }, { platform, counts });
  const authorize = async (user: UserInfo, attributes: Attributes) => {
    const deciding = Promise.resolve(authorizer.authorize(user, attributes));
    const over = { yet: false };
    void deciding.then(() => (over.yet = true));
    while (!over.yet) await clock.advance(500);
    return deciding;
  };
  const counted = (name: string) =>
    counts.metrics.find((metric) => metric.name === `apiserver_authorization_${name}`)?.values();
  return { service, asked, calls, clock, authorizer, authorize, counted };
}

describe('what a webhook is asked', () => {
  test.each<[string, UserInfo, Attributes, object]>([
    [
      'nothing',
      { name: '', groups: [] },
      on({ isResource: false, namespace: '' }),
      { nonResourceAttributes: {} },
    ],
    [
      'a path',
      { name: 'jane', groups: [] },
      on({ isResource: false, namespace: '', path: '/foo', verb: 'get' }),
      { user: 'jane', nonResourceAttributes: { path: '/foo', verb: 'get' } },
    ],
    [
      'a resource',
      { name: 'jane', uid: '1', groups: ['group1', 'group2'], extra: { k: ['a', 'b'] } },
      on({
        verb: 'GET',
        group: 'group3',
        version: 'v7beta3',
        resource: 'pods',
        subresource: 'proxy',
        name: 'my-pod',
        path: '/foo',
      }),
      {
        user: 'jane',
        uid: '1',
        groups: ['group1', 'group2'],
        extra: { k: ['a', 'b'] },
        resourceAttributes: {
          verb: 'GET',
          namespace: ns,
          group: 'group3',
          version: 'v7beta3',
          resource: 'pods',
          subresource: 'proxy',
          name: 'my-pod',
        },
      },
    ],
    [
      'selectors, but for what has no name among them',
      alice,
      on({
        verb: 'list',
        selectors: () => selectorsOf({ fields: 'a=b,c!=d', labels: 'x in (2,1),!y,z,n>5,m!=1' }),
      }),
      {
        user: 'alice',
        resourceAttributes: {
          verb: 'list',
          namespace: ns,
          fieldSelector: {
            requirements: [
              { key: 'a', operator: 'In', values: ['b'] },
              { key: 'c', operator: 'NotIn', values: ['d'] },
            ],
          },
          labelSelector: {
            requirements: [
              { key: 'm', operator: 'NotIn', values: ['1'] },
              { key: 'x', operator: 'In', values: ['1', '2'] },
              { key: 'y', operator: 'DoesNotExist' },
              { key: 'z', operator: 'Exists' },
            ],
          },
        },
      },
    ],
    [
      'no selector that cannot be read',
      alice,
      on({ selectors: () => selectorsOf({ fields: 'a', labels: 'a in' }) }),
      { user: 'alice', resourceAttributes: { namespace: ns } },
    ],
  ])('%s', async (_, user, attributes, spec) => {
    const { service, asked, calls, authorize } = webhookOf();
    service.status = { allowed: true, reason: 'so' };
    expect(await authorize(user, attributes)).toEqual({ verdict: 'allow', reason: 'so' });
    expect(asked).toEqual([
      {
        kind: 'SubjectAccessReview',
        apiVersion: 'authorization.k8s.io/v1',
        metadata: {},
        spec,
        status: { allowed: false },
      },
    ]);
    expect(calls[0]?.url.href).toBe('https://authz.test/testserver?timeout=3s');
  });

  test('in the old version, groups have another name', async () => {
    const { asked, authorize } = webhookOf({ subjectAccessReviewVersion: 'v1beta1' });
    await authorize({ name: 'jane', groups: ['a'] }, on());
    expect(asked[0]).toMatchObject({
      apiVersion: 'authorization.k8s.io/v1beta1',
      spec: { user: 'jane', group: ['a'] },
    });
    expect(asked[0].spec.groups).toBeUndefined();
  });
});

test('answers are remembered, but not errors, nor answers to what is very long', async () => {
  const expressions = [`has(request.resourceAttributes) && request.resourceAttributes.namespace == '${ns}'`];
  const { service, asked, authorize } = webhookOf({
    expressions,
    authorizedTtlMs: 1e10,
    unauthorizedTtlMs: 1e10,
  });
  const long = (letter: string) => letter.repeat(2000);
  const ridiculous = on({
    verb: long('v'),
    group: long('g'),
    version: long('a'),
    resource: long('r'),
    name: long('n'),
  });
  const cases: [
    string,
    UserInfo,
    Attributes,
    allow: boolean,
    code: number,
    verdict: string,
    calls: number,
  ][] = [
    ['server errors retry', alice, on(), false, 500, 'error', 5],
    ['429s retry', alice, on(), false, 429, 'error', 5],
    ['404 doesnt retry', alice, on(), false, 404, 'error', 1],
    ['403 doesnt retry', alice, on(), false, 403, 'error', 1],
    ['401 doesnt retry', alice, on(), false, 401, 'error', 1],
    ['alice successful request', alice, on(), true, 200, 'allow', 1],
    ['alice cached request', alice, on(), false, 500, 'allow', 0],
    ['bob failed request', bob, on(), false, 500, 'error', 5],
    ['bob unauthorized request', bob, on(), false, 200, 'none', 1],
    ['bob unauthorized cached request', bob, on(), false, 500, 'none', 0],
    ['ridiculous unauthorized request', bob, ridiculous, false, 200, 'none', 1],
    ['ridiculous unauthorized request again', bob, ridiculous, false, 200, 'none', 1],
    ['ridiculous authorized request', alice, ridiculous, true, 200, 'allow', 1],
    ['ridiculous authorized request again', alice, ridiculous, true, 200, 'allow', 1],
  ];
  for (const [name, user, attributes, allowed, code, verdict, calls] of cases) {
    asked.length = 0;
    Object.assign(service, { code, status: { allowed } });
    const decision = await authorize(user, attributes);
    expect([name, decision.error ? 'error' : decision.verdict, asked.length]).toEqual([name, verdict, calls]);
  }
});

test('answers to long selectors are not remembered: everybody may have a review of them', async () => {
  const { service, asked, authorize } = webhookOf();
  service.status = { allowed: true };
  for (const selector of ['fields', 'labels']) {
    const selectors = () => selectorsOf({ [selector]: `a!=b,${'c!=d,'.repeat(300)}e!=f` });
    for (let i = 0; i < 2; i++) await authorize(alice, on({ selectors }));
  }
  expect(asked).toHaveLength(4);
  const selectors = () => selectorsOf({ labels: 'a!=b' });
  for (let i = 0; i < 2; i++) await authorize(alice, on({ selectors }));
  expect(asked).toHaveLength(5);
});

test('answers are remembered for as long as is told, and not at all where that is nothing', async () => {
  const { service, asked, clock, authorize } = webhookOf({ unauthorizedTtlMs: 0 });
  service.status = { allowed: true };
  await authorize(alice, on());
  await clock.advance(59_000);
  await authorize(alice, on());
  expect(asked).toHaveLength(1);
  await clock.advance(1000);
  service.status = {};
  await authorize(alice, on());
  await authorize(alice, on());
  expect(asked).toHaveLength(3);
});

describe('where a webhook cannot be asked', () => {
  test.each([
    ['NoOpinion', 'none'],
    ['Deny', 'deny'],
  ])('the policy %s decides', async (failurePolicy, verdict) => {
    const { service, authorize, counted } = webhookOf({ failurePolicy });
    service.late = true;
    expect(await authorize(alice, on())).toEqual({
      verdict,
      reason: '',
      error:
        'Post "https://authz.test/testserver?timeout=3s": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    });
    expect(counted('webhook_evaluations_total')).toEqual([
      { labels: { name: 'w', result: 'timeout' }, value: 1 },
    ]);
    const open = [{ labels: { name: 'w', result: 'timeout' }, value: 1 }];
    expect(counted('webhook_evaluations_fail_open_total')).toEqual(verdict === 'none' ? open : []);
  });

  test('an answer of another kind is none', async () => {
    const { service, authorize } = webhookOf();
    service.kind = 'TokenReview';
    expect((await authorize(alice, on())).error).toBe(
      'no kind "TokenReview" is registered for version "authorization.k8s.io/v1"',
    );
  });

  test.each([
    [
      { allowed: 'false' },
      'cannot unmarshal string into Go struct field SubjectAccessReviewStatus.status.allowed',
    ],
    [{ allowed: 1 }, 'cannot unmarshal number'],
    [{ allowed: true, denied: 'true' }, 'cannot unmarshal string'],
    [[{ allowed: true }], 'cannot unmarshal array'],
  ])('an answer whose fields are of other types is none: %j', async (status, why) => {
    const { service, asked, authorize } = webhookOf();
    service.status = status;
    for (const times of [1, 2]) {
      const { verdict, error } = await authorize(alice, on());
      expect([verdict, asked.length]).toEqual(['none', times]);
      expect(error).toContain(why);
    }
  });

  test('nobody can list what it would allow', () => {
    const { authorizer, calls } = webhookOf();
    expect(authorizer.rulesFor()).toEqual({
      rules: [],
      errors: ['webhook authorizer does not support user rule resolution'],
      incomplete: true,
    });
    expect(calls).toEqual([]);
  });
});

test('a webhook that allows and denies at once denies, and is in error', async () => {
  const { service, authorize } = webhookOf();
  service.status = { allowed: true, denied: true, reason: 'both' };
  expect(await authorize(alice, on())).toEqual({
    verdict: 'deny',
    reason: 'both',
    error: 'webhook subject access review returned both allow and deny response',
  });
  service.status = { denied: true, reason: 'no' };
  expect(await authorize(bob, on())).toEqual({ verdict: 'deny', reason: 'no' });
});

describe('conditions', () => {
  const jane: UserInfo = {
    name: 'alice',
    uid: '1',
    groups: ['group1', 'group2'],
    extra: { key1: ['a', 'b'] },
  };
  const narrowed = on({
    verb: 'get',
    selectors: () => selectorsOf({ fields: 'foo=bar', labels: 'baz=qux' }),
  });
  const hasLabel = `exists(r, r.key=='baz' && r.operator=='In' && ('qux' in r.values))`;

  test('that all hold let the webhook be asked', async () => {
    const { service, asked, authorize } = webhookOf({
      expressions: [
        "request.user == 'alice'",
        "request.uid == '1'",
        "('group1' in request.groups)",
        "request.extra['key1'] == ['a', 'b']",
        `has(request.resourceAttributes) && request.resourceAttributes.namespace == '${ns}'`,
        "request.resourceAttributes.subresource == ''",
        "request.?resourceAttributes.fieldSelector.requirements.orValue([]).exists(r, r.key=='foo' && r.operator=='In' && ('bar' in r.values))",
        `request.?resourceAttributes.labelSelector.requirements.orValue([]).${hasLabel}`,
        `request.resourceAttributes.?labelSelector.requirements.orValue([]).${hasLabel}`,
        `request.resourceAttributes.labelSelector.?requirements.orValue([]).${hasLabel}`,
        '!has(request.nonResourceAttributes)',
      ],
    });
    service.status = { allowed: true };
    expect(await authorize(jane, narrowed)).toMatchObject({ verdict: 'allow' });
    expect(asked).toHaveLength(1);
  });

  test('of which one does not hold keep it from being asked, also where others fail', async () => {
    const { asked, authorizer, counted } = webhookOf({
      expressions: ["request.nonResourceAttributes.verb == 'get'", "request.user == 'bob'"],
    });
    expect(authorizer.authorize(jane, on())).toEqual({ verdict: 'none', reason: '' });
    expect(asked).toEqual([]);
    expect(counted('match_condition_exclusions_total')).toEqual([
      { labels: { type: 'Webhook', name: 'w' }, value: 1 },
    ]);
    expect(counted('match_condition_evaluation_errors_total')).toEqual([]);
  });

  test.each([
    ['NoOpinion', 'none'],
    ['Deny', 'deny'],
  ])('that fail are decided by the policy %s, and counted once', (failurePolicy, verdict) => {
    const { asked, authorizer, counted } = webhookOf({
      failurePolicy,
      expressions: [
        "request.user == 'alice'",
        "request.nonResourceAttributes.verb == 'get'",
        "request.nonResourceAttributes.path == '/'",
      ],
    });
    expect(authorizer.authorize(jane, on())).toEqual({
      verdict,
      reason: '',
      error:
        "[cel evaluation error: expression 'request.nonResourceAttributes.verb == 'get'' resulted in error: no such key: nonResourceAttributes, cel evaluation error: expression 'request.nonResourceAttributes.path == '/'' resulted in error: no such key: nonResourceAttributes]",
    });
    expect(asked).toEqual([]);
    expect(counted('match_condition_evaluation_errors_total')).toEqual([
      { labels: { type: 'Webhook', name: 'w' }, value: 1 },
    ]);
  });
});
