import { createPublicKey, type KeyObject } from 'node:crypto';
import type { HttpsGetter } from '../../../platform/https-get.ts';
import { networkText } from '../../../platform/network-text.ts';
import type { JwtAuthenticator } from './configuration.ts';

const timeoutMs = 30_000;
const limitBytes = 1024 * 1024;

/** A key of an issuer. */
interface SigningKey {
  kid?: string;
  key: KeyObject;
}

/** Looks whether a token is signed with a key; gives what it says, or undefined. */
export type KeyCheck<T> = (key: KeyObject) => Promise<T | undefined>;

/** The keys that an issuer signs with, as it publishes them; read when a token is signed with none of those that are known. */
export class SigningKeys {
  readonly #issuer: JwtAuthenticator['issuer'];
  readonly #getter: HttpsGetter;
  #keysUrl: URL | undefined;
  #keys: readonly SigningKey[] = [];
  #reading: Promise<void> | undefined;

  constructor(issuer: JwtAuthenticator['issuer'], getter: HttpsGetter) {
    this.#issuer = issuer;
    this.#getter = getter;
  }

  /** What `check` says of the first key that it takes, of those that a token may be signed with. Rejects where the issuer cannot be asked. */
  async find<T>(kid: string | undefined, check: KeyCheck<T>): Promise<T | undefined> {
    const found = await this.#try(kid, check);
    if (found !== undefined) return found;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return this.#try(kid, check);
  }

  async #try<T>(kid: string | undefined, check: KeyCheck<T>): Promise<T | undefined> {
    for (const one of this.#keys) {
      const found = kid === undefined || one.kid === kid ? await check(one.key) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #read(): Promise<void> {
    this.#keysUrl ??= await this.#discover();
    const { keys = [] } = (await this.#get(this.#keysUrl)) as { keys?: { kid?: string; use?: string }[] };
    this.#keys = keys.flatMap(({ kid, use, ...jwk }) => {
      if (use !== undefined && use !== 'sig') return [];
      try {
        return [{ ...(kid !== undefined && { kid }), key: createPublicKey({ key: jwk, format: 'jwk' }) }];
      } catch {
        // Of a kind that is not known here: another may do.
        return [];
      }
    });
  }

  async #discover(): Promise<URL> {
    const { url, discoveryURL } = this.#issuer;
    const at = discoveryURL || `${url.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { issuer, jwks_uri: keys } = (await this.#get(new URL(at))) as {
      issuer?: string;
      jwks_uri?: string;
    };
    if (issuer !== url)
      throw new Error(
        `oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(url)} got ${JSON.stringify(issuer ?? '')}`,
      );
    if (!keys || !URL.canParse(keys) || new URL(keys).protocol !== 'https:')
      throw new Error('oidc: the provider names no https URL of its keys');
    return new URL(keys);
  }

  async #get(url: URL): Promise<unknown> {
    const { hostname, port, pathname, search } = url;
    const host = hostname.replace(/^\[|\]$/g, '');
    const what = { host, port: Number(port || 443), target: `${pathname}${search}`, timeoutMs, limitBytes };
    const { status, text } = await this.#getter.get(what).catch((error: Error) => {
      throw new Error(`Get "${url}": ${networkText(error)}`);
    });
    if (status !== 200) throw new Error(`Get "${url}": unexpected status ${status}`);
    return JSON.parse(text) ?? {};
  }
}
