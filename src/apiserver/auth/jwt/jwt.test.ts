import { createServer, type Server } from 'node:https';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, issue } from '../../../cluster/pki.ts';
import { systemClock } from '../../../platform/clock.ts';
import { httpsGetter } from '../../../platform/https-get.ts';
import { silentLog } from '../../../platform/log.ts';
import { systemRandom } from '../../../platform/random.ts';
import type { RequestNotes } from '../authenticator.ts';
import { startApiServer } from '../../testing-api-server.ts';
import { checkAuthentication, type JwtAuthenticator } from './configuration.ts';
import { JwtTokens } from './jwt-tokens.ts';

/** An issuer of tokens. */
let server: Server;
let url = '';
let ca = '';
const keys: Record<string, { publicKey: KeyObject; privateKey: KeyObject }> = {};
let published: string[] = ['first'];
let asked: string[] = [];

beforeAll(async () => {
  const platform = { clock: systemClock, random: systemRandom };
  const authority = await createAuthority(platform);
  ca = authority.certificate;
  const pair = await issue(
    authority,
    { commonName: 'issuer', hosts: ['127.0.0.1'], usages: ['server'] },
    platform,
  );
  for (const kid of ['first', 'second']) keys[kid] = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  server = createServer({ cert: pair.certificate, key: pair.key }, ({ url: path = '' }, outgoing) => {
    asked.push(path);
    if (path === '/keys') {
      const jwk = (kid: string) => ({ ...keys[kid]?.publicKey.export({ format: 'jwk' }), kid, use: 'sig' });
      outgoing.end(JSON.stringify({ keys: published.map(jwk) }));
    } else if (path === '/.well-known/openid-configuration') {
      outgoing.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }));
    } else {
      outgoing.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

type Mappings = Partial<JwtAuthenticator['claimMappings']>;

const configuration = (mappings: Mappings = {}, more: object = {}): JwtAuthenticator => ({
  issuer: { url, certificateAuthority: ca, audiences: ['k8s'] },
  claimMappings: { username: { claim: 'sub', prefix: '' }, ...mappings },
  ...more,
});
const options = { clock: systemClock, log: silentLog, getter: httpsGetter, audiences: ['api'] };
const seconds = () => Math.floor(Date.now() / 1000);

interface Signing {
  /** The key that the token names. */
  kid?: string | undefined;
  /** The key that it is signed with. */
  key?: string;
}

function sign(claims: object = {}, how: Signing = {}) {
  const { kid, key = kid as string } = { kid: 'first', ...how };
  const all = { iss: url, aud: 'k8s', exp: seconds() + 600, sub: 'jane', ...claims };
  return new SignJWT(all)
    .setProtectedHeader({ alg: 'ES256', ...(kid && { kid }) })
    .sign(keys[key]?.privateKey as KeyObject);
}

/** Whom a token speaks for, or why it speaks for nobody. */
async function told(claims: object, one = configuration(), how: Parameters<typeof sign>[1] = {}) {
  const tokens = await JwtTokens.open([one], options);
  let why = 'not one of these';
  const notes = { refuse: (text: string) => void (why = text) } as unknown as RequestNotes;
  const identity = await tokens.authenticateToken(await sign(claims, how), ['api', 'other'], notes);
  if (identity) expect(identity.audiences).toEqual(['api']);
  return identity?.user ?? why;
}

describe('a token of an issuer', () => {
  test('speaks for the user that it names', async () => {
    expect(await told({ jti: 'x' })).toEqual({
      name: 'jane',
      groups: [],
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x'] },
    });
  });

  test.each<[string, object, Mappings, object]>([
    ['a prefix', {}, { username: { claim: 'sub', prefix: 'oidc:' } }, { name: 'oidc:jane', groups: [] }],
    [
      'groups',
      { roles: ['a', 'b'] },
      { groups: { claim: 'roles', prefix: 'g:' } },
      { groups: ['g:a', 'g:b'] },
    ],
    ['a single group', { role: 'a' }, { groups: { claim: 'role', prefix: '' } }, { groups: ['a'] }],
    ['a uid', { id: '7' }, { uid: { claim: 'id' } }, { uid: '7' }],
    [
      'a verified address',
      { email: 'j@x', email_verified: true },
      { username: { claim: 'email', prefix: '' } },
      { name: 'j@x' },
    ],
    [
      'expressions',
      { foo: 'bar', roles: ['a', ''], nested: { id: '7' } },
      {
        username: { expression: "claims.sub + ':' + claims.foo" },
        groups: { expression: 'claims.roles' },
        uid: { expression: 'claims.nested.id' },
        extra: [
          { key: 'example.org/foo', valueExpression: 'claims.foo' },
          { key: 'example.org/none', valueExpression: "''" },
        ],
      },
      { name: 'jane:bar', groups: ['a'], uid: '7', extra: { 'example.org/foo': ['bar'] } },
    ],
  ])('makes a user with %s', async (_, claims, mappings, user) => {
    expect(await told(claims, configuration(mappings))).toMatchObject(user);
  });

  test.each<[string, object, JwtAuthenticator | undefined, RegExp]>([
    ['that has expired', { exp: seconds() - 10 }, undefined, /^oidc: verify token: oidc: token is expired/],
    ['for later', { nbf: seconds() + 3600 }, undefined, /before the nbf \(not before\) time/],
    [
      'for somebody else',
      { aud: ['x'] },
      undefined,
      /^oidc: verify token: oidc: expected audience in \["k8s"\] got \["x"\]$/,
    ],
    ['of another issuer', { iss: 'https://other' }, undefined, /^not one of these$/],
    [
      'without a user',
      { sub: undefined },
      undefined,
      /^oidc: parse username claims "sub": claim not present$/,
    ],
  ])('%s is not believed', async (_, claims, one, why) => {
    expect(await told(claims, one)).toMatch(why);
  });

  test('is not believed where the issuer has not signed it', async () => {
    expect(await told({}, undefined, { key: 'second' })).toMatch(/failed to verify id token signature$/);
    expect(await told({}, undefined, { kid: 'second' })).toMatch(/failed to verify id token signature$/);
  });

  test('is not believed where its address is not verified', async () => {
    const one = configuration({ username: { claim: 'email', prefix: '' } });
    expect(await told({ email: 'j@x', email_verified: false }, one)).toBe('oidc: email not verified');
    expect(await told({ email: 'j@x' }, one)).toMatchObject({ name: 'j@x' });
  });

  test('is not believed where a rule does not hold', async () => {
    const one = configuration(
      {},
      {
        claimValidationRules: [
          { claim: 'team', requiredValue: 'a' },
          { expression: 'claims.exp - claims.iat <= 600', message: 'lives too long' },
        ],
        userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'reserved' }],
      },
    );
    const good = { team: 'a', iat: seconds(), exp: seconds() + 600 };
    expect(await told(good, one)).toMatchObject({ name: 'jane' });
    expect(await told({ ...good, team: undefined }, one)).toBe(
      'oidc: required claim team not present in ID token',
    );
    expect(await told({ ...good, team: 'b' }, one)).toBe(
      'oidc: required claim team value does not match. Got = b, want = a',
    );
    expect(await told({ ...good, exp: seconds() + 900 }, one)).toBe(
      "oidc: error evaluating claim validation expression: validation expression 'claims.exp - claims.iat <= 600' failed: lives too long",
    );
    expect(await told({ ...good, sub: 'system:x' }, one)).toBe(
      "oidc: error evaluating user info validation rule: validation expression '!user.username.startsWith('system:')' failed: reserved",
    );
    expect(await told({ ...good, iat: undefined }, one)).toMatch(/no such key: iat/);
  });

  test('signed with a new key has the keys read again, and no others', async () => {
    const tokens = await JwtTokens.open([configuration()], options);
    const ask = async (kid: string) => tokens.authenticateToken(await sign({}, { kid }), ['api']);
    asked = [];
    expect((await ask('first'))?.user.name).toBe('jane');
    expect((await ask('first'))?.user.name).toBe('jane');
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
    published = ['first', 'second'];
    expect((await ask('second'))?.user.name).toBe('jane');
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys', '/keys']);
    published = ['first'];
  });

  test('that names no key, or one that is another by now, has the keys read again', async () => {
    const tokens = await JwtTokens.open([configuration()], options);
    const ask = async (how: object) => tokens.authenticateToken(await sign({}, how), ['api']);
    expect((await ask({}))?.user.name).toBe('jane');
    const before = keys.first;
    try {
      keys.first = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      expect((await ask({ kid: undefined, key: 'first' }))?.user.name).toBe('jane');
      keys.first = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      expect((await ask({}))?.user.name).toBe('jane');
    } finally {
      if (before) keys.first = before;
    }
  });

  test('gives the same user again', async () => {
    const tokens = await JwtTokens.open([configuration()], options);
    const token = await sign();
    const [a, b] = [
      await tokens.authenticateToken(token, ['api']),
      await tokens.authenticateToken(token, ['api']),
    ];
    expect(a?.user).toBe(b?.user);
  });

  test('is not for other audiences than the server has', async () => {
    const tokens = await JwtTokens.open([configuration()], options);
    expect(await tokens.authenticateToken(await sign(), ['other'])).toBeUndefined();
  });

  test('is not believed where the issuer cannot be asked, or is another', async () => {
    const elsewhere = { ...configuration().issuer, discoveryURL: `${url}/nowhere` };
    expect(await told({}, { ...configuration(), issuer: elsewhere })).toMatch(
      /^oidc: verify token: Get "https:.*\/nowhere": unexpected status 404$/,
    );
    const discoveryURL = `${url}/.well-known/openid-configuration`;
    const other = { ...configuration().issuer, url: 'https://other', discoveryURL };
    expect(await told({ iss: 'https://other' }, { ...configuration(), issuer: other })).toMatch(
      /issuer did not match the issuer returned by provider, expected "https:\/\/other" got "https:/,
    );
  });
});

test('a server believes the issuers that it is told of', async () => {
  const t = await startApiServer({
    jwt: { issuers: [configuration({ groups: { claim: 'roles', prefix: '' } })], getter: httpsGetter },
    anonymousPaths: ['/livez'],
  });
  const ask = async (path: string, token?: string, body?: string) => {
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
    };
    return new Promise<{ status: number; text: string }>((resolve, reject) => {
      const sent = { method: body ? 'POST' : 'GET', headers, ca: t.ca, agent: false as const };
      const request = httpsRequest(`${t.origin}${path}`, sent, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      request.on('error', reject).end(body);
    });
  };
  const reviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const { text } = await ask(reviews, await sign({ roles: ['dev'] }), '{}');
  expect(JSON.parse(text).status.userInfo).toEqual({
    username: 'jane',
    groups: ['dev', 'system:authenticated'],
  });
  expect((await ask(reviews, await sign({ aud: 'x' }), '{}')).status).toBe(401);
  const admin = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
  const review = async (token: string) =>
    (
      (await admin.request({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        body: { spec: { token } },
      })) as { status: object }
    ).status;
  expect(await review(await sign())).toMatchObject({ authenticated: true, user: { username: 'jane' } });
  expect(await review(await sign({ aud: 'x' }))).toMatchObject({
    error: expect.stringContaining('expected audience in ["k8s"] got ["x"]'),
  });
  // Nobody in particular may ask for what is said to be open, and for nothing else.
  expect((await ask('/livez?verbose')).status).toBe(200);
  expect((await ask('/version')).status).toBe(401);
  await t.stop();
});

describe('a configuration', () => {
  const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };
  const issuer = { url: 'https://issuer', audiences: ['k8s'] };
  const claimMappings = { username: { claim: 'sub', prefix: '' } };
  const check = (one: object, more: object = {}) =>
    checkAuthentication({ ...head, jwt: [{ issuer, claimMappings, ...one }], ...more }, 'https://own');

  test('takes authorities in PEM', () => {
    const own = { ...issuer, certificateAuthority: ca };
    expect(check({ issuer: own }).jwt).toEqual([{ issuer: own, claimMappings }]);
  });

  test('is taken in each of its versions', () => {
    for (const version of ['v1', 'v1beta1', 'v1alpha1'])
      expect(check({}, { apiVersion: `apiserver.config.k8s.io/${version}` }).jwt).toHaveLength(1);
    expect(() => check({}, { kind: 'Other' })).toThrow('no kind "Other" is registered for version');
    expect(checkAuthentication({ ...head, anonymous: { enabled: false } }, '')).toEqual({
      jwt: [],
      anonymous: { enabled: false },
    });
  });

  test.each<[object, string]>([
    [{ issuer: { ...issuer, url: '' } }, 'jwt[0].issuer.url: Required value'],
    [
      { issuer: { ...issuer, url: 'http://x' } },
      'jwt[0].issuer.url: Invalid value: "http://x": URL scheme must be https',
    ],
    [
      { issuer: { ...issuer, url: 'https://own' } },
      'jwt[0].issuer.url: Invalid value: "https://own": URL must not overlap with disallowed issuers: [https://own]',
    ],
    [{ issuer: { ...issuer, url: 'https://a:b@x?y#z' } }, 'URL must not contain a username or password'],
    [
      { issuer: { ...issuer, discoveryURL: 'https://issuer/' } },
      'jwt[0].issuer.discoveryURL: Invalid value: "https://issuer/": discoveryURL must be different from URL',
    ],
    [
      { issuer: { ...issuer, certificateAuthority: 'some text' } },
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
    ],
    [
      {
        issuer: {
          ...issuer,
          certificateAuthority: '-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n',
        },
      },
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": x509: malformed certificate',
    ],
    [
      { issuer: { url: 'https://x' } },
      'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required',
    ],
    [
      { issuer: { ...issuer, audiences: ['a', 'b'] } },
      'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
    ],
    [
      { claimMappings: { username: { claim: 'sub' } } },
      'jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ],
    [{ claimMappings: {} }, 'jwt[0].claimMappings.username: Required value: claim or expression is required'],
    [
      { claimMappings: { username: { claim: 'a', expression: 'b' } } },
      `jwt[0].claimMappings.username: Invalid value: "": claim and expression can't both be set`,
    ],
    [
      { claimValidationRules: [{ claim: 'a', expression: 'b' }] },
      `jwt[0].claimValidationRules[0]: Invalid value: "a": claim and expression can't both be set`,
    ],
    [
      { claimValidationRules: [{}] },
      'jwt[0].claimValidationRules[0]: Required value: claim or expression is required',
    ],
    [
      { issuer: { ...issuer, audiences: ['a', '', 'a'], audienceMatchPolicy: 'MatchAny' } },
      '[jwt[0].issuer.audiences[1]: Required value, jwt[0].issuer.audiences[2]: Duplicate value: "a"]',
    ],
    [
      { issuer: { ...issuer, audienceMatchPolicy: 'MatchAll' } },
      'jwt[0].issuer.audienceMatchPolicy: Invalid value: "MatchAll": audienceMatchPolicy must be empty or MatchAny for single audience',
    ],
    [
      { claimValidationRules: [{ claim: 'a' }, { expression: 'a' }, { claim: 'a' }, { expression: 'a' }] },
      '[jwt[0].claimValidationRules[2].claim: Duplicate value: "a", jwt[0].claimValidationRules[3].expression: Duplicate value: "a"]',
    ],
    [
      { userValidationRules: [{ expression: 'a' }, {}, { expression: 'a' }] },
      '[jwt[0].userValidationRules[1].expression: Required value, jwt[0].userValidationRules[2].expression: Duplicate value: "a"]',
    ],
    [
      { claimMappings: { username: { expression: 'a', prefix: '' } } },
      'jwt[0].claimMappings.username.prefix: Invalid value: "": may not be specified when expression is set',
    ],
    ...(
      [
        ['foo', 'Invalid value: "foo": must be a domain-prefixed path (such as "acme.io/foo")'],
        ['example.org/Foo', 'Invalid value: "example.org/Foo": must be lowercase'],
        [
          'a.k8s.io/foo',
          'Invalid value: "a.k8s.io/foo": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
        ],
      ] as const
    ).map(([key, why]): [object, string] => [
      { claimMappings: { ...claimMappings, extra: [{ key, valueExpression: 'a' }] } },
      `jwt[0].claimMappings.extra[0].key: ${why}`,
    ]),
    [
      {
        claimMappings: {
          ...claimMappings,
          extra: [{ key: 'a.b/c', valueExpression: 'a' }, { key: 'a.b/c' }],
        },
      },
      'jwt[0].claimMappings.extra[1].key: Duplicate value: "a.b/c"',
    ],
    [
      { claimMappings: { ...claimMappings, extra: [{ key: 'a.b/c' }] } },
      'jwt[0].claimMappings.extra[0].valueExpression: Required value',
    ],
  ])('%j cannot be used', (one, why) => {
    expect(() => check(one)).toThrow(why);
  });

  test('has each issuer once, and conditions only for those who may', () => {
    const one = { issuer, claimMappings };
    expect(() => checkAuthentication({ ...head, jwt: [one, one] }, '')).toThrow(
      'jwt[1].issuer.url: Duplicate value: "https://issuer"',
    );
    const anonymous = { enabled: false, conditions: [{ path: '/livez' }] };
    expect(() => checkAuthentication({ ...head, anonymous }, '')).toThrow(
      'enabled should be set to true when conditions are defined',
    );
  });

  const unverified =
    'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';

  test.each<[string, Mappings, object, string]>([
    [
      'claimMappings.username.expression',
      { username: { expression: 'claims.' } },
      {},
      '"claims.": compilation failed: ERROR: <input>:1:8: Syntax error:',
    ],
    [
      'claimMappings.groups.expression',
      { groups: { expression: 'user.groups' } },
      {},
      '"user.groups": compilation failed: ERROR: <input>:1:1: undeclared reference to \'user\'',
    ],
    [
      'claimValidationRules[0].expression',
      {},
      { claimValidationRules: [{ expression: 'claims.foo' }] },
      '"claims.foo": must evaluate to bool',
    ],
    [
      'userValidationRules[0].expression',
      {},
      { userValidationRules: [{ expression: 'user.username' }] },
      '"user.username": must evaluate to bool',
    ],
    [
      'userValidationRules[0].expression',
      {},
      { userValidationRules: [{ expression: "user.unknown == 'a'" }] },
      "\"user.unknown == 'a'\": compilation failed: ERROR: <input>:1:5: undefined field 'unknown'",
    ],
    [
      'claimMappings.username.expression',
      { username: { expression: 'claims.email' } },
      { claimValidationRules: [{ expression: "claims.hd == 'x'" }] },
      `"claims.email": ${unverified}`,
    ],
    [
      'claimMappings.username.expression',
      { username: { expression: "claims.?email.orValue('') + claims.other" } },
      { userValidationRules: [{ expression: "user.username != 'claims.email_verified'" }] },
      unverified,
    ],
  ])('has expressions that can be used: %s of %j, %j', async (field, mappings, more, why) => {
    const opening = JwtTokens.open([configuration(mappings, more)], options);
    const error = await opening.then(
      () => undefined,
      (error: Error) => error,
    );
    expect(error?.message).toContain(`jwt[0].${field}: Invalid value: `);
    expect(error?.message).toContain(why);
  });

  test.each<[Mappings, object]>([
    [{ username: { expression: 'claims.email_verified ? claims.email : claims.sub' } }, {}],
    [
      { username: { expression: 'claims.email' } },
      { claimValidationRules: [{ expression: 'claims.?email_verified.orValue(true) == true' }] },
    ],
    [
      {
        username: { expression: 'claims.email' },
        extra: [{ key: 'a.b/c', valueExpression: 'string(claims.email_verified)' }],
      },
      {},
    ],
    [{ username: { expression: 'claims.info.email' } }, {}],
  ])(
    'names users after an address where somebody asks whether it is theirs: %j, %j',
    async (mappings, more) => {
      await expect(JwtTokens.open([configuration(mappings, more)], options)).resolves.toBeDefined();
    },
  );
});
