import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import * as resources from '../../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../../api/resource.ts';
import { VirtualClock } from '../../../platform/virtual-clock.ts';
import { bearerToken } from '../bearer-token.ts';
import { type TestReader, testReader } from '../testing-reader.ts';
import { bootstrapTokens } from './bootstrap-tokens.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { staticTokens } from './static-tokens.ts';
import type { KubernetesClaims } from './token-claims.ts';
import { keySet, readTokenKey } from './token-keys.ts';

const pem = (type: 'ec' | 'rsa') => {
  const { privateKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
};
const keys = { ec: readTokenKey(pem('ec')), rsa: readTokenKey(pem('rsa')) };

let clock: VirtualClock;
let reader: TestReader;
beforeEach(() => {
  clock = new VirtualClock();
  reader = testReader();
});

/** How tokens have been used, as far as they have. */
const counted = ({ counts }: ServiceAccountTokens) =>
  Object.fromEntries(
    counts.metrics
      .map(({ name, values }) => [name.replace('serviceaccount_', ''), values()[0]?.value] as const)
      .filter(([, value]) => value !== 0),
  );

describe('tokens of service accounts', () => {
  const issuer = 'https://kubernetes.default.svc.cluster.local';
  const account = { metadata: { namespace: 'default', name: 'robot', uid: 'u1' } };
  const tokensWith = (...given: (typeof keys.ec)[]) =>
    new ServiceAccountTokens({ issuer, keys: given, reader, clock });
  const claims = (own: Partial<KubernetesClaims> = {}, more: object = {}) => {
    const now = clock.now() / 1000;
    const kubernetes = { namespace: 'default', serviceaccount: { name: 'robot', uid: 'u1' }, ...own };
    const common = {
      sub: 'system:serviceaccount:default:robot',
      aud: [issuer],
      iat: now,
      nbf: now,
      exp: now + 3600,
      jti: 'j',
    };
    return { ...common, 'kubernetes.io': kubernetes, ...more };
  };

  test.each([keys.ec, keys.rsa])('are believed while they hold ($algorithm)', async (key) => {
    reader.put(resources.serviceaccounts, account);
    const tokens = tokensWith(key);
    const token = await tokens.issue(claims());
    const who = () => tokens.authenticateToken(token, [issuer]);
    expect(await who()).toMatchObject({
      user: { name: 'system:serviceaccount:default:robot', uid: 'u1' },
      audiences: [issuer],
    });
    expect((await who())?.user).toBe((await who())?.user);
    expect(await tokens.authenticateToken(token, ['vault'])).toBeUndefined();
    expect(await tokens.authenticateToken(`${token.slice(0, -4)}AAAA`, [issuer])).toBeUndefined();
    await clock.advance(3_600_000 + 61_000);
    expect(await who()).toBeUndefined();
  });

  test('stop with the account, the pod or the secret they are bound to', async () => {
    reader.put(resources.serviceaccounts, account);
    reader.put(resources.pods, { metadata: { namespace: 'default', name: 'p', uid: 'p1' } });
    const tokens = tokensWith(keys.ec);
    const bound = { pod: { name: 'p', uid: 'p1' }, node: { name: 'n', uid: 'n1' } };
    const token = await tokens.issue(claims(bound));
    const who = async () => (await tokens.authenticateToken(token, [issuer]))?.user;
    expect((await who())?.extra).toMatchObject({
      'authentication.kubernetes.io/pod-name': ['p'],
      'authentication.kubernetes.io/node-name': ['n'],
      'authentication.kubernetes.io/credential-id': ['JTI=j'],
    });
    reader.put(resources.pods, { metadata: { namespace: 'default', name: 'p', uid: 'another' } });
    expect(await who()).toBeUndefined();
    reader.put(resources.pods, { metadata: { namespace: 'default', name: 'p', uid: 'p1' } });
    expect(await who()).toBeDefined();
    reader.remove(resources.serviceaccounts, 'robot');
    expect(await who()).toBeUndefined();
  });

  describe('say in a review why they do not hold', () => {
    const agoSeconds = (seconds: number) => new Date(clock.now() - seconds * 1000).toISOString();
    const named = (name: string, uid: string, deletedAgo?: number) => ({
      metadata: {
        ...{ name, uid },
        ...(name !== 'n' && { namespace: 'default' }),
        ...(deletedAgo !== undefined && { deletionTimestamp: agoSeconds(deletedAgo) }),
      },
    });
    const on = {
      pod: { name: 'p', uid: 'p1' },
      secret: { name: 's', uid: 's1' },
      node: { name: 'n', uid: 'n1' },
    };
    const invalidated = 'service account token has been invalidated';
    type Put = [resource: Resource, object: () => KubernetesObject][];
    const robot: Put[number] = [resources.serviceaccounts, () => account];

    const cases: [
      what: string,
      own: Partial<KubernetesClaims>,
      more: object,
      put: Put,
      why: string | undefined,
    ][] = [
      ['the account is gone', {}, {}, [], 'serviceaccounts "robot" not found'],
      [
        'another account has its name',
        {},
        {},
        [[resources.serviceaccounts, () => named('robot', 'u2')]],
        'service account UID (u2) does not match claim (u1)',
      ],
      [
        'the account has been deleted',
        {},
        {},
        [[resources.serviceaccounts, () => named('robot', 'u1', 61)]],
        'service account default/robot has been deleted',
      ],
      [
        'the account was deleted just now',
        {},
        {},
        [[resources.serviceaccounts, () => named('robot', 'u1', 59)]],
        undefined,
      ],
      ['the pod is gone', { pod: on.pod }, {}, [robot], invalidated],
      [
        'another pod has its name',
        { pod: on.pod },
        {},
        [robot, [resources.pods, () => named('p', 'p2', 61)]],
        'pod UID (p2) does not match service account pod ref claim (p1)',
      ],
      [
        'the pod has been deleted',
        { pod: on.pod },
        {},
        [robot, [resources.pods, () => named('p', 'p1', 61)]],
        invalidated,
      ],
      [
        'the pod was deleted just now',
        { pod: on.pod },
        {},
        [robot, [resources.pods, () => named('p', 'p1', 59)]],
        undefined,
      ],
      ['the secret is gone', { secret: on.secret }, {}, [robot], invalidated],
      [
        'another secret has its name',
        { secret: on.secret },
        {},
        [robot, [resources.secrets, () => named('s', 's2')]],
        'secret UID (s2) does not match service account secret ref claim (s1)',
      ],
      [
        'the secret was deleted just now',
        { secret: on.secret },
        {},
        [robot, [resources.secrets, () => named('s', 's1', 59)]],
        undefined,
      ],
      ['the node is gone', { node: on.node }, {}, [robot], invalidated],
      [
        'another node has its name',
        { node: on.node },
        {},
        [robot, [resources.nodes, () => named('n', 'n2')]],
        'node UID (n2) does not match service account node ref claim (n1)',
      ],
      [
        'the node has been deleted',
        { node: on.node },
        {},
        [robot, [resources.nodes, () => named('n', 'n1', 61)]],
        invalidated,
      ],
      [
        'the node of a pod is gone',
        { pod: on.pod, node: on.node },
        {},
        [robot, [resources.pods, () => named('p', 'p1')]],
        undefined,
      ],
      ['it is of tomorrow', {}, { iat: 1e11 }, [robot], 'service account token is issued in the future'],
      ['it begins tomorrow', {}, { nbf: 1e11, iat: 1e11 }, [robot], 'service account token is not valid yet'],
      ['it was of yesterday', {}, { exp: 1 }, [], 'service account token has expired'],
    ];

    test.each(cases)('%s', async (_, own, more, put, why) => {
      for (const [resource, object] of put) reader.put(resource, object());
      const tokens = tokensWith(keys.ec);
      const told: string[] = [];
      const notes = { warn() {}, annotate() {}, refuse: (text: string) => void told.push(text) };
      const identity = await tokens.authenticateToken(await tokens.issue(claims(own, more)), [issuer], notes);
      expect(told).toEqual(why === undefined ? [] : [why]);
      expect(identity !== undefined).toBe(why === undefined);
    });
  });

  test('that are used for longer than a pod is to keep them are told to the audit event', async () => {
    reader.put(resources.serviceaccounts, account);
    const tokens = tokensWith(keys.ec);
    const token = await tokens.issue(claims({ warnafter: clock.now() / 1000 + 3607 }, { exp: clock.now() }));
    const told: string[][] = [];
    const notes = { warn() {}, annotate: (...what: string[]) => void told.push(what) };
    const use = () => tokens.authenticateToken(token, [issuer], notes);
    await clock.advance(3_607_000);
    expect(await use()).toBeDefined();
    expect(told).toEqual([]);
    await clock.advance(5000);
    expect(await use()).toBeDefined();
    const subject = 'system:serviceaccount:default:robot';
    expect(told).toEqual([
      ['authentication.k8s.io/stale-token', `subject: ${subject}, seconds after warning threshold: 5`],
    ]);
    expect(counted(tokens)).toEqual({ valid_tokens_total: 1, stale_tokens_total: 1 });
  });

  describe('that a Secret holds', () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const secretOf = (token: string, labels: Record<string, string> = {}) =>
      ({
        metadata: { namespace: 'default', name: 's', uid: 's1', labels },
        type: 'kubernetes.io/service-account-token',
        data: { token: base64(token) },
      }) as KubernetesObject;
    const used: [string, string][] = [];
    let tokens: ServiceAccountTokens;
    let token: string;
    /** Whether the token is believed, and what the request is told. */
    const use = async () => {
      const told: { warnings: string[]; annotations: Record<string, string>; why?: string } = {
        warnings: [],
        annotations: {},
      };
      const identity = await tokens.authenticateToken(token, [issuer], {
        warn: (text) => told.warnings.push(text),
        annotate: (key, value) => {
          told.annotations[key] = value;
        },
        refuse: (why) => void (told.why = why),
      });
      return { isBelieved: identity !== undefined, ...told };
    };
    beforeEach(async () => {
      used.length = 0;
      reader.put(resources.serviceaccounts, account);
      const onSecretUsed = ({ metadata }: KubernetesObject, day: string) =>
        used.push([`${metadata.name}`, day]);
      tokens = new ServiceAccountTokens({ issuer, keys: [keys.ec], reader, clock, onSecretUsed });
      token = await tokens.issue(claims({ secret: { name: 's', uid: 's1' } }));
      reader.put(resources.secrets, secretOf(token));
    });
    const key = (name: string) => `authentication.k8s.io/legacy-token-${name}`;

    test('are noted once a day, and a day that another server is ahead', async () => {
      expect(await use()).toEqual({
        isBelieved: true,
        warnings: [],
        annotations: { [key('manual-secret')]: 's' },
      });
      expect(used).toEqual([['s', '2026-01-01']]);
      for (const day of ['2026-01-01', '2026-01-02']) {
        reader.put(resources.secrets, secretOf(token, { 'kubernetes.io/legacy-token-last-used': day }));
        await use();
      }
      expect(used.length).toBe(1);
      reader.put(
        resources.secrets,
        secretOf(token, { 'kubernetes.io/legacy-token-last-used': '2025-12-31' }),
      );
      await use();
      expect(used.length).toBe(2);
      expect(counted(tokens)).toEqual({ legacy_tokens_total: 4, legacy_manual_token_uses_total: 4 });
    });

    test('are warned of where Kubernetes made the Secret', async () => {
      reader.put(resources.serviceaccounts, { ...account, secrets: [{ name: 's' }] } as KubernetesObject);
      const { isBelieved, warnings, annotations } = await use();
      expect(isBelieved).toBe(true);
      expect(warnings).toEqual([expect.stringContaining('instead of auto-generated secret-based tokens')]);
      expect(annotations).toEqual({ [key('autogenerated-secret')]: 's' });
      expect(counted(tokens)).toEqual({ legacy_tokens_total: 1, legacy_auto_token_uses_total: 1 });
    });

    test('are refused once they are marked, and noted all the same', async () => {
      reader.put(
        resources.secrets,
        secretOf(token, { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' }),
      );
      expect(await use()).toEqual({
        isBelieved: false,
        warnings: [],
        annotations: { [key('invalidated')]: 's/default' },
        why: expect.stringMatching(
          /^the token in secret default\/s for service account default\/robot has been marked invalid\. Use tokens from .* remove the 'kubernetes\.io\/legacy-token-invalid-since' label from the secret to temporarily allow use of this token$/,
        ),
      });
      expect(used.length).toBe(1);
      expect(counted(tokens)).toEqual({ legacy_tokens_total: 1, invalid_legacy_auto_token_uses_total: 1 });
    });

    test('are told from those that are bound to it alone', async () => {
      token = await tokens.issue(claims({ secret: { name: 's', uid: 's1' } }, { jti: 'another' }));
      expect(await use()).toEqual({ isBelieved: true, warnings: [], annotations: {} });
      expect(used).toEqual([]);
      expect(counted(tokens)).toEqual({});
    });
  });

  test('of an issuer before are believed, and new ones are not of it', async () => {
    reader.put(resources.serviceaccounts, account);
    const old = await tokensWith(keys.ec).issue(claims());
    const options = { issuer: 'https://new', keys: [keys.ec], reader, clock };
    const now = new ServiceAccountTokens({ ...options, formerIssuers: [issuer] });
    expect(await now.authenticateToken(old, ['https://new', issuer])).toBeDefined();
    expect(await new ServiceAccountTokens(options).authenticateToken(old, [issuer])).toBeUndefined();
    const made = await now.issue(claims({}, { aud: ['https://new'] }));
    expect(await tokensWith(keys.ec).authenticateToken(made, ['https://new'])).toBeUndefined();
    expect(await now.authenticateToken(made, ['https://new'])).toBeDefined();
    expect(now.jwksUri).toBe('https://new/openid/v1/jwks');
    const elsewhere = new ServiceAccountTokens({ ...options, jwksUri: 'https://keys/jwks' });
    expect(elsewhere.jwksUri).toBe('https://keys/jwks');
  });

  test('are signed with the key that is to sign, and believed by all that verify', async () => {
    reader.put(resources.serviceaccounts, account);
    const old = await tokensWith(keys.ec).issue(claims());
    const { privateKey: _, ...believed } = keys.rsa;
    const options = { issuer, reader, clock, signingKey: keys.rsa };
    const tokens = new ServiceAccountTokens({ ...options, keys: [keys.ec, believed] });
    const made = await tokens.issue(claims());
    expect(JSON.parse(Buffer.from(made.split('.')[0] ?? '', 'base64url').toString())).toEqual({
      alg: 'RS256',
      kid: keys.rsa.id,
    });
    for (const token of [old, made]) expect(await tokens.authenticateToken(token, [issuer])).toBeDefined();
    const others = new ServiceAccountTokens({ ...options, keys: [keys.ec] });
    expect(await others.authenticateToken(made, [issuer])).toBeUndefined();
  });

  test('of other issuers, keys and subjects are none', async () => {
    reader.put(resources.serviceaccounts, account);
    const tokens = tokensWith(keys.ec);
    const forged = await tokensWith(keys.rsa).issue(claims());
    expect(await tokens.authenticateToken(forged, [issuer])).toBeUndefined();
    const another = new ServiceAccountTokens({ issuer: 'https://x', keys: [keys.ec], reader, clock });
    expect(await tokens.authenticateToken(await another.issue(claims()), [issuer])).toBeUndefined();
    const odd = await tokens.issue(claims({}, { sub: 'system:serviceaccount:kube-system:admin' }));
    expect(await tokens.authenticateToken(odd, [issuer])).toBeUndefined();
    const early = await tokens.issue(claims({}, { nbf: clock.now() / 1000 + 600 }));
    expect(await tokens.authenticateToken(early, [issuer])).toBeUndefined();
    for (const text of ['', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.', '...']) {
      expect(await tokens.authenticateToken(text, [issuer])).toBeUndefined();
    }
    const rotated = tokensWith(keys.rsa, { ...keys.ec, privateKey: undefined });
    expect(await rotated.authenticateToken(await tokens.issue(claims()), [issuer])).toBeDefined();
  });

  test('keys are published without their private part', () => {
    const text = JSON.stringify(keySet([keys.ec, keys.rsa]));
    expect(text).toContain('"alg":"ES256"');
    expect(text).toContain('"alg":"RS256"');
    expect(text).not.toContain('"d":');
  });
});

describe('bootstrap tokens', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const secret = (fields: Record<string, string> = {}) => ({
    metadata: { namespace: 'kube-system', name: 'bootstrap-token-abcdef' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(
      Object.entries({
        'token-id': 'abcdef',
        'token-secret': '0123456789abcdef',
        'usage-bootstrap-authentication': 'true',
        'auth-extra-groups': 'system:bootstrappers:k8ts',
        ...fields,
      }).map(([key, value]) => [key, base64(value)]),
    ),
  });
  const who = async (token = 'abcdef.0123456789abcdef') =>
    (await bootstrapTokens({ reader, clock }).authenticateToken(token, ['a']))?.user;

  test('speak for who joins', async () => {
    expect(await who()).toBeUndefined();
    reader.put(resources.secrets, secret() as never);
    expect(await who()).toEqual({
      name: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:k8ts'],
    });
    for (const wrong of [
      'abcdef.0123456789abcdeX',
      'abcdef.0123456789abcdee',
      'ghijkl.0123456789abcdef',
      'abcdef',
    ]) {
      expect(await who(wrong)).toBeUndefined();
    }
  });

  test.each([
    { 'usage-bootstrap-authentication': 'false' },
    { expiration: '2020-01-01T00:00:00Z' },
    { expiration: 'soon' },
    { 'auth-extra-groups': 'system:masters' },
    { 'token-id': 'other1' },
  ])('are refused with %j', async (fields) => {
    reader.put(resources.secrets, secret(fields as unknown as Record<string, string>) as never);
    expect(await who()).toBeUndefined();
  });

  test('hold until they expire', async () => {
    const expiration = new Date(clock.now() + 60_000).toISOString();
    reader.put(resources.secrets, secret({ expiration }) as never);
    expect(await who()).toBeDefined();
    await clock.advance(60_000);
    expect(await who()).toBeUndefined();
  });
});

test('static tokens', async () => {
  const tokens = staticTokens([{ token: 't', user: { name: 'u', groups: [] } }]);
  expect((await tokens.authenticateToken('t', ['a']))?.user.name).toBe('u');
  expect(await tokens.authenticateToken('x', ['a'])).toBeUndefined();
});

test('where a bearer token stands', () => {
  expect(bearerToken({ authorization: 'Bearer abc' })).toBe('abc');
  expect(bearerToken({ authorization: 'bearer   abc ' })).toBe('abc');
  expect(bearerToken({ authorization: 'Basic abc' })).toBeUndefined();
  expect(bearerToken({})).toBeUndefined();
  const inProtocol = `base64url.bearer.authorization.k8s.io.${Buffer.from('abc').toString('base64url')}`;
  expect(bearerToken({ 'sec-websocket-protocol': `v5.channel.k8s.io, ${inProtocol}` })).toBe('abc');
});
