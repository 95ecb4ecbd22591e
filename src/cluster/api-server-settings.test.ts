import { expect, test } from 'vitest';
import { readServiceAccounts } from './api-server-settings.ts';

const hourMs = 3_600_000;

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

test.each([[hourMs - 1], [(2 ** 32 + 1) * 1000]])(
  'tokens cannot last %d ms at most',
  (maxTokenExpirationMs) => {
    expect(() => readServiceAccounts({ maxTokenExpirationMs })).toThrow(
      'the service-account-max-token-expiration must be between 1 hour and 2^32 seconds',
    );
  },
);
