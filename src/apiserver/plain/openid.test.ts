import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { readTokenKey } from '../auth/tokens/token-keys.ts';
import type { PathMux, PlainHandler } from '../corridor/plain-routes.ts';
import { serveOpenId } from './openid.ts';

const keys = [
  generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
].map((key) => readTokenKey(key.export({ type: 'spki', format: 'pem' }) as string));

/** What is served, by path. */
function served(issuer: string): Record<string, Record<string, unknown>> {
  const routes: Record<string, Record<string, unknown>> = {};
  const handle = (path: string, handler: PlainHandler) => {
    const { body } = handler({} as never) as { body: string };
    routes[path] = JSON.parse(body);
  };
  serveOpenId({ handle } as PathMux, { issuer, jwksUri: 'https://keys/jwks', keys });
  return routes;
}

test('others are told of all keys, and of their algorithms in order', () => {
  const { '/openid/v1/jwks': set, '/.well-known/openid-configuration': about } = served('https://issuer');
  expect(set).toMatchObject({ keys: keys.map(({ id, algorithm }) => ({ kid: id, alg: algorithm })) });
  expect(about).toMatchObject({
    issuer: 'https://issuer',
    jwks_uri: 'https://keys/jwks',
    id_token_signing_alg_values_supported: ['ES256', 'RS256'],
  });
});

test.each(['kubernetes/serviceaccount', 'http://issuer', 'https://issuer?a', 'https://issuer#a'])(
  'of %s, which OpenID Connect takes for no issuer, nobody is told',
  (issuer) => {
    expect(served(issuer)).toEqual({});
  },
);
