import { keySet, type TokenKey } from '../auth/tokens/token-keys.ts';
import type { PathMux } from '../corridor/plain-routes.ts';

/** Whether OpenID Connect has such issuers: discovery of others is not served. */
function isDiscoverable(issuer: string): boolean {
  return URL.canParse(issuer) && new URL(issuer).protocol === 'https:' && !/[?#]/.test(issuer);
}

/** How others verify the tokens of service accounts by themselves: OpenID Connect discovery. */
export function serveOpenId(
  mux: PathMux,
  options: { issuer: string; jwksUri: string; keys: readonly TokenKey[] },
): void {
  const { issuer, jwksUri, keys } = options;
  if (!isDiscoverable(issuer)) return;
  const configuration = {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.map((key) => key.algorithm))].sort(),
  };
  const cached = { 'cache-control': 'public, max-age=3600' };
  const configurationText = JSON.stringify(configuration);
  const keysText = JSON.stringify(keySet(keys));
  mux.handle('/.well-known/openid-configuration', () => ({ headers: cached, body: configurationText }));
  mux.handle('/openid/v1/jwks', () => ({
    contentType: 'application/jwk-set+json',
    headers: cached,
    body: keysText,
  }));
}
