import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readTokenKey } from '../apiserver/auth/tokens/token-keys.ts';
import { createLog, silentLog } from '../platform/log.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { systemClock } from '../platform/clock.ts';
import { readServiceAccounts, type ServiceAccountSettings, withKeys } from './service-accounts.ts';

const hourMs = 3_600_000;
const files = new MemoryFiles();
const read = (settings?: ServiceAccountSettings) => readServiceAccounts(settings, { files, log: silentLog });

test('what is not said of tokens stays as it is', async () => {
  expect(await read()).toEqual({});
  expect(await read({ audiences: [] })).toEqual({});
});

test('tokens are for whom they are said to be, and last as long as they may', async () => {
  const told = { audiences: ['a', 'b'], maxTokenExpirationMs: 2 * hourMs, extendTokenExpiration: false };
  expect(await read(told)).toEqual({
    audiences: ['a', 'b'],
    maxExpirationSeconds: 7200,
    extendExpiration: false,
  });
});

test('tokens come from the first issuer, and from others before', async () => {
  const told = { issuers: ['https://a.test', 'b'], jwksUri: 'https://keys.test/jwks' };
  expect(await read(told)).toEqual({
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
])('%j is refused', async (settings, why) => {
  await expect(read(settings)).rejects.toThrow(why);
});

test.each([[hourMs - 1], [(2 ** 32 + 1) * 1000]])(
  'tokens cannot last %d ms at most',
  async (maxTokenExpirationMs) => {
    await expect(read({ maxTokenExpirationMs })).rejects.toThrow(
      'the service-account-max-token-expiration must be between 1 hour and 2^32 seconds',
    );
  },
);

describe('the keys', () => {
  const pair = (type: 'ec' | 'rsa', curve = 'P-256') => {
    const { privateKey, publicKey } =
      type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: curve })
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
    return {
      sec1: privateKey.export({ type: type === 'ec' ? 'sec1' : 'pkcs1', format: 'pem' } as never) as string,
      pkcs8: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      spki: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    };
  };
  const [ec, rsa, own] = [pair('ec', 'P-384'), pair('rsa'), pair('ec')];
  const idOf = (pem: string) => readTokenKey(pem).id;
  const put = async (path: string, text: string) => {
    await files.makeDir('/keys');
    await files.write(path, text);
    return path;
  };

  test('are those of all files, private or public, several in one', async () => {
    const curve = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const keyFiles = [
      await put('/keys/a', `a word before\n${curve}${ec.sec1}${rsa.spki}`),
      await put('/keys/b', own.pkcs8),
    ];
    const { givenKeys = [], signingKey } = await read({ keyFiles });
    expect(givenKeys.map(idOf)).toEqual([ec, rsa, own].map(({ spki }) => idOf(spki)));
    expect(signingKey).toBeUndefined();
  });

  test('of the cluster signs and is believed beside others, unless another is to sign', async () => {
    const keyFiles = [await put('/keys/public', rsa.spki)];
    const means = { issuer: 'https://own', ownKey: own.pkcs8 };
    const beside = withKeys(await read({ keyFiles }), means);
    expect(beside).toMatchObject({ issuer: 'https://own', keys: [own.pkcs8, rsa.spki.trim()] });
    expect(beside.signingKey).toBeUndefined();
    const signingKeyFile = await put('/keys/private', rsa.sec1);
    const inPlace = withKeys(await read({ keyFiles, signingKeyFile, issuers: ['https://told'] }), means);
    expect(inPlace).toMatchObject({ issuer: 'https://told', keys: [rsa.spki.trim()] });
    expect(idOf(inPlace.signingKey ?? '')).toBe(idOf(rsa.spki));
  });

  test('that sign and are not believed are told of', async () => {
    const said: string[] = [];
    const log = createLog({
      clock: systemClock,
      level: 'warn',
      write: ({ message }) => void said.push(message),
    });
    const keyFiles = [await put('/keys/other', ec.spki)];
    const signingKeyFile = await put('/keys/signing', rsa.pkcs8);
    await readServiceAccounts({ keyFiles, signingKeyFile }, { files, log });
    expect(said).toEqual(['tokens of service accounts are signed with a key that they are not believed by']);
  });

  test('are refused where there are none, or none of use', async () => {
    const small = pair('ec', 'secp256k1').spki;
    const none = await put('/keys/none', `${small}words`);
    const good = await put('/keys/good', rsa.spki);
    await expect(read({ keyFiles: [good, none] })).rejects.toThrow(
      'error reading public key file /keys/none: data does not contain any valid RSA or ECDSA public keys',
    );
    await expect(read({ keyFiles: [good], signingKeyFile: good })).rejects.toThrow(
      'failed to parse service-account-issuer-key-file: error reading private key file /keys/good: data does not contain a valid RSA or ECDSA private key',
    );
    await expect(read({ signingKeyFile: good })).rejects.toThrow(
      'service-account-key-file is a required flag',
    );
    await expect(read({ keyFiles: ['/keys/missing'] })).rejects.toThrow('/keys/missing cannot be read');
  });
});
