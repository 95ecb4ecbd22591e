import { describe, expect, test } from 'vitest';
import type { TokenReviewStatus } from '../../../api/authentication/v1.ts';
import type { HttpPost } from '../../../platform/http-post.ts';
import { silentLog } from '../../../platform/log.ts';
import { seededRandom } from '../../../platform/random.ts';
import { VirtualClock } from '../../../platform/virtual-clock.ts';
import { WebhookTokens } from './webhook-tokens.ts';

const apiAuds = ['api'];

/** A webhook that answers a code and a status; what it is told stays in `asked`. */
function webhookOf({ ttlMs = 0, version = 'v1', own = apiAuds } = {}) {
  const service = { code: 200, status: {} as TokenReviewStatus };
  const asked: any[] = [];
  const poster = {
    async post({ body }: HttpPost) {
      asked.push(JSON.parse(Buffer.from(body).toString()));
      return { status: service.code, text: JSON.stringify({ status: service.status }) };
    },
    close() {},
  };
  const clock = new VirtualClock();
  const server = { url: new URL('https://tokens.test/x'), headers: {}, poster };
  const platform = { clock, random: seededRandom(1), log: silentLog };
  const tokens = new WebhookTokens({ server, version, ttlMs }, { platform, audiences: own });
  const errors: string[] = [];
  const notes = { warn() {}, annotate() {}, refuse: (why: string) => void errors.push(why) };
  const identify = async (token = 'my-s3cr3t-t0ken', audiences: readonly string[] = apiAuds) => {
    const work = tokens.authenticateToken(token, audiences, notes);
    const over = { yet: false };
    void work.then(() => (over.yet = true));
    while (!over.yet) await clock.advance(500);
    return work;
  };
  return { service, asked, clock, tokens, errors, identify };
}

describe('whom a token speaks for', () => {
  const somebody = { authenticated: true, user: { username: 'somebody' } };
  const found = { name: 'somebody', groups: ['system:authenticated'] };
  const full = {
    username: 'person@place.com',
    uid: 'abcd-1234',
    groups: ['stuff-dev'],
    extra: { foo: ['bar', 'baz'] },
  };

  test.each<[string, string[], string[], TokenReviewStatus, object | undefined]>([
    ['a name', apiAuds, apiAuds, somebody, { user: found, audiences: apiAuds }],
    [
      'successful response should pass through all user info',
      apiAuds,
      apiAuds,
      { authenticated: true, user: full },
      {
        user: {
          name: 'person@place.com',
          uid: 'abcd-1234',
          groups: ['stuff-dev', 'system:authenticated'],
          extra: { foo: ['bar', 'baz'] },
        },
        audiences: apiAuds,
      },
    ],
    [
      "unauthenticated shouldn't even include extra provided info",
      apiAuds,
      apiAuds,
      { authenticated: false, user: full },
      undefined,
    ],
    ['good audience among others', ['api', 'other'], apiAuds, somebody, { user: found, audiences: apiAuds }],
    ['bad audiences', apiAuds, ['other'], somebody, undefined],
    [
      'audience aware backend',
      apiAuds,
      apiAuds,
      { ...somebody, audiences: apiAuds },
      { user: found, audiences: apiAuds },
    ],
    [
      'audience aware backend that means others',
      apiAuds,
      apiAuds,
      { ...somebody, audiences: ['other'] },
      undefined,
    ],
    [
      'audience aware backend that knows another',
      apiAuds,
      ['other'],
      { ...somebody, audiences: ['other'] },
      { user: found, audiences: ['other'] },
    ],
  ])('%s', async (_, own, wanted, status, identity) => {
    const { service, asked, identify } = webhookOf({ own });
    service.status = status;
    expect(await identify('t', wanted)).toEqual(identity);
    expect(asked).toEqual([
      {
        kind: 'TokenReview',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {},
        spec: { token: 't', audiences: wanted },
      },
    ]);
  });

  test.each([
    { ...somebody, authenticated: 'false' },
    { authenticated: true, user: { username: 'somebody', groups: 'not-system:masters' } },
    { authenticated: true, user: { username: ['somebody'] } },
    { authenticated: true, user: 'somebody' },
  ])('is not said by an answer whose fields are of other types: %j', async (status) => {
    const { service, errors, identify } = webhookOf();
    service.status = status as never;
    expect(await identify()).toBeUndefined();
    expect(errors).toEqual([expect.stringContaining('cannot unmarshal')]);
  });

  test('is asked for in the version that is told', async () => {
    const { asked, identify } = webhookOf({ version: 'v1beta1' });
    await identify();
    expect(asked[0].apiVersion).toBe('authentication.k8s.io/v1beta1');
  });
});

test('answers are remembered, yes or no, but not errors', async () => {
  const { service, asked, errors, clock, identify } = webhookOf({ ttlMs: 120_000 });
  const cases: [string, string, allow: boolean, code: number, ok: boolean, calls: number, error: boolean][] =
    [
      ['500 error, retries and fails', 't0k3n', false, 500, false, 5, true],
      ['404 error, fails (but no retry)', 't0k3n', false, 404, false, 1, true],
      ['200 response, allowed, succeeds with a single call', 't0k3n', true, 200, true, 1, false],
      ['500 response, never called because it was cached', 't0k3n', false, 500, true, 0, false],
      ['another, 500 response, called again with retries', 'an0th3r', false, 500, false, 5, true],
      ['another, 429 response, called again with retries', 'an0th3r', false, 429, false, 5, true],
      ['another, 200 response, not known', 'an0th3r', false, 200, false, 1, false],
      ['another, 500 response, never called', 'an0th3r', false, 500, false, 0, false],
    ];
  for (const [name, token, authenticated, code, ok, calls, error] of cases) {
    asked.length = 0;
    errors.length = 0;
    Object.assign(service, { code, status: { authenticated, user: { username: 'a' } } });
    const identity = await identify(token);
    expect([name, identity !== undefined, asked.length, errors.length > 0]).toEqual([name, ok, calls, error]);
  }
  await clock.advance(120_000);
  asked.length = 0;
  Object.assign(service, { code: 200, status: { error: 'the token has expired' } });
  expect(await identify('t0k3n')).toBeUndefined();
  expect(await identify('t0k3n')).toBeUndefined();
  expect(errors).toEqual(['the token has expired', 'the token has expired']);
  expect(asked).toHaveLength(2);
});

test('many who show a token at once are one question', async () => {
  const { service, asked, tokens } = webhookOf();
  service.status = { authenticated: true, user: { username: 'a' } };
  const [one, other] = await Promise.all(['t', 't'].map((token) => tokens.authenticateToken(token, apiAuds)));
  expect(asked).toHaveLength(1);
  expect(one?.user).toBe(other?.user);
});
