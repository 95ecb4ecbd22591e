import { describe, expect, test } from 'vitest';
import { events } from '../api/generated/resources.ts';
import { kindsAs } from '../apiserver/kinds/kinds.ts';
import { createTestApi } from '../apiserver/registry/testing.ts';
import { silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { readApiServerSettings, readLimits } from './api-server-settings.ts';

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
      {
        platform: systemPlatform(silentLog),
        issuer: 'https://own',
        others: { podRanges: ['10.244.0.0/16'] },
      },
    );
    expect(means.options.allowAnonymous).toBe(expected);
    await means.close();
  },
);
