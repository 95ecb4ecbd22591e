import { expect, test } from 'vitest';
import { seededRandom } from '../../platform/random.ts';
import {
  formatToken,
  generateToken,
  nodeTokenGroup,
  parseToken,
  parseTtlMs,
  tokenRow,
  tokenSecret,
  tokenUsages,
} from './bootstrap-token.ts';

test('a token that is made can be read, kept as a secret and shown', () => {
  const token = generateToken(seededRandom(1));
  expect(parseToken(formatToken(token))).toEqual(token);
  const secret = tokenSecret({
    token,
    expiresMs: Date.UTC(2026, 0, 2),
    usages: tokenUsages,
    groups: [nodeTokenGroup],
    description: 'for a test',
  });
  expect(secret.metadata).toEqual({ name: `bootstrap-token-${token.id}`, namespace: 'kube-system' });
  expect(tokenRow(secret)).toEqual({
    token: formatToken(token),
    expires: '2026-01-02T00:00:00Z',
    usages: ['signing', 'authentication'],
    groups: [nodeTokenGroup],
    description: 'for a test',
  });
  expect(tokenRow({ ...secret, type: 'Opaque' })).toBeUndefined();
});

test.each(['', 'abcdef', 'ABCDEF.0123456789abcdef', 'abcdef.0123456789abcde', 'abcdef.0123456789abcdef0'])(
  'is not a token: %j',
  (text) => expect(() => parseToken(text)).toThrow('not a join token'),
);

test('usages and groups that there are not are refused', () => {
  const token = { id: 'abcdef', secret: '0123456789abcdef' };
  expect(() => tokenSecret({ token, usages: ['flying'], groups: [] })).toThrow('no usage flying');
  expect(() => tokenSecret({ token, usages: [], groups: ['system:masters'] })).toThrow('cannot be a group');
});

test('lengths of time', () => {
  expect(parseTtlMs('24h')).toBe(86_400_000);
  expect(parseTtlMs('1h30m')).toBe(5_400_000);
  expect(parseTtlMs('0')).toBeUndefined();
  for (const text of ['', '24', 'h', '1h x', '-1h']) expect(() => parseTtlMs(text)).toThrow('length of time');
  for (const text of ['876601h', `${'9'.repeat(400)}d`])
    expect(() => parseTtlMs(text)).toThrow('than a century');
});
