import { describe, expect, test } from 'vitest';
import { type EdgeSettings, readEdge } from './edge.ts';

test('what is not said stays as it is', () => {
  expect(readEdge({})).toEqual({
    edge: { allowedOrigins: [], transportSecurity: [], goawayChance: 0, sendRetryAfter: false },
    shutdownDelayMs: 0,
  });
  expect(readEdge({ http2MaxStreamsPerConnection: 0 })).not.toHaveProperty('streamsPerConnection');
});

test('what is said is taken', () => {
  const settings = {
    corsAllowedOrigins: ['//example\\.com(:|$)', '^https://b$'],
    strictTransportSecurityDirectives: ['max-age=1', 'includeSubDomains', 'preload'],
    goawayChance: 0.02,
    http2MaxStreamsPerConnection: 7,
    shutdownDelayMs: 70_000,
    shutdownSendRetryAfter: true,
  };
  expect(readEdge(settings)).toEqual({
    edge: {
      allowedOrigins: settings.corsAllowedOrigins,
      transportSecurity: settings.strictTransportSecurityDirectives,
      goawayChance: 0.02,
      sendRetryAfter: true,
    },
    shutdownDelayMs: 70_000,
    streamsPerConnection: 7,
  });
});

describe('is refused:', () => {
  const directives = '--strict-transport-security-directives invalid, allowed values: max-age=expireTime';
  const unpinned = 'regular expression does not pin to start/end of host in the origin header';
  const cases: [EdgeSettings, string][] = [
    [{ corsAllowedOrigins: [''] }, 'empty value in --cors-allowed-origins'],
    [
      { corsAllowedOrigins: ['^(a$'] },
      '--cors-allowed-origins has an invalid regular expression: error parsing',
    ],
    [{ corsAllowedOrigins: ['example.com$'] }, unpinned],
    [{ corsAllowedOrigins: ['//example.com'] }, unpinned],
    [{ strictTransportSecurityDirectives: [' '] }, 'empty value in strict-transport-security-directives'],
    [{ strictTransportSecurityDirectives: ['maxage=3'] }, directives],
    [{ strictTransportSecurityDirectives: ['max-age=3=4'] }, directives],
    [{ goawayChance: 0.021 }, '--goaway-chance can not be less than 0 or greater than 0.02'],
    [{ goawayChance: Number('x') }, '--goaway-chance can not be less than 0 or greater than 0.02'],
  ];
  test.each(cases)('%j', (settings, why) => {
    expect(() => readEdge(settings)).toThrow(why);
  });
});
