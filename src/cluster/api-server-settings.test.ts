import { describe, expect, test } from 'vitest';
import { events } from '../api/generated/resources.ts';
import { kindsAs } from '../apiserver/kinds/kinds.ts';
import { createTestApi } from '../apiserver/registry/testing.ts';
import { silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { readApiServerSettings, readLimits, readServiceAccounts } from './api-server-settings.ts';

const hourMs = 3_600_000;

describe('the limits', () => {
  test('are those of upstream unless given', () => {
    expect(readLimits()).toEqual({ requestsInFlight: 600 });
    expect(readLimits({ maxRequestsInflight: 1000 })).toEqual({ requestsInFlight: 1200 });
    expect(readLimits({ maxRequestsInflight: 0, maxMutatingRequestsInflight: 5 })).toEqual({
      requestsInFlight: 5,
    });
    expect(readLimits({ requestTimeoutMs: 30_000, minRequestTimeoutSeconds: 60 })).toMatchObject({
      deadlineMs: 30_000,
      minWatchMs: 60_000,
    });
  });

  test('leave room for something', () => {
    expect(() => readLimits({ maxRequestsInflight: 0, maxMutatingRequestsInflight: 0 })).toThrow(
      'invalid configuration: MaxRequestsInFlight=0 and MaxMutatingRequestsInFlight=0; they must add up to something positive',
    );
  });

  test('leave a request some time', () => {
    expect(() => readLimits({ requestTimeoutMs: 0 })).toThrow(
      '--request-timeout 0 would leave no request the time to be answered',
    );
  });

  test('of watches that are to last for ever can be waited for', () => {
    expect((readLimits({ minRequestTimeoutSeconds: 0 }).minWatchMs ?? 0) * 2).toBeLessThan(2 ** 31);
  });
});

test.each([
  [60, 59_000, 1],
  [60, 61_000, 0],
  [0, 86_400_000, 1],
])('of an event that is kept for %d s there is after %d ms: %d', async (seconds, afterMs, left) => {
  const api = await createTestApi(kindsAs({ eventSeconds: seconds }));
  const body = {
    metadata: { name: 'e' },
    involvedObject: { namespace: 'default' },
    reason: 'R',
    type: 'Normal',
  };
  await api.send('create', events, { body });
  await api.clock.advance(afterMs);
  expect((await api.list(events)).items).toHaveLength(left);
});

test.each([
  [['Node', 'RBAC'], undefined, undefined],
  [['Node', 'RBAC'], true, true],
  [['AlwaysAllow'], undefined, false],
  [['Node', 'AlwaysAllow'], true, false],
])(
  'with the authorization modes %j, and anonymous requests %s, these are let on: %s',
  async (modes, told, expected) => {
    const means = await readApiServerSettings(
      { authorization: { modes }, authentication: { allowAnonymous: told } },
      { platform: systemPlatform(silentLog), issuer: 'https://own', others: { podRange: '10.244.0.0/16' } },
    );
    expect(means.options.allowAnonymous).toBe(expected);
    await means.close();
  },
);

test('what is not said of tokens stays as it is', () => {
  expect(readServiceAccounts()).toEqual({});
  expect(readServiceAccounts({ audiences: [] })).toEqual({});
});

test('tokens are for whom they are said to be, and last as long as they may', () => {
  const told = { audiences: ['a', 'b'], maxTokenExpirationMs: 2 * hourMs, extendTokenExpiration: false };
  expect(readServiceAccounts(told)).toEqual({
    audiences: ['a', 'b'],
    maxExpirationSeconds: 7200,
    extendExpiration: false,
  });
});

test('tokens come from the first issuer, and from others before', () => {
  const told = { issuers: ['https://a.test', 'b'], jwksUri: 'https://keys.test/jwks' };
  expect(readServiceAccounts(told)).toEqual({
    issuer: 'https://a.test',
    formerIssuers: ['b'],
    jwksUri: 'https://keys.test/jwks',
  });
});

test.each([
  [{ issuers: [''] }, 'service-account-issuer should not be an empty string'],
  [{ issuers: ['a', 'a'] }, 'service-account-issuer "a" is already specified'],
  [
    { issuers: ['http://[::1'] },
    `service-account-issuer "http://[::1" contained a ':' but was not a valid URL`,
  ],
  [{ jwksUri: 'keys' }, 'service-account-jwks-uri must be a valid URL'],
  [{ jwksUri: 'http://a.test' }, 'service-account-jwks-uri requires https scheme, parsed as: http://a.test'],
])('%j is refused', (settings, why) => {
  expect(() => readServiceAccounts(settings)).toThrow(why);
});

test.each([[hourMs - 1], [(2 ** 32 + 1) * 1000]])(
  'tokens cannot last %d ms at most',
  (maxTokenExpirationMs) => {
    expect(() => readServiceAccounts({ maxTokenExpirationMs })).toThrow(
      'the service-account-max-token-expiration must be between 1 hour and 2^32 seconds',
    );
  },
);
