import { describe, expect, test } from 'vitest';
import { createAuthority } from './pki.ts';
import { systemClock } from '../platform/clock.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { systemRandom } from '../platform/random.ts';
import { readAuthentication } from './authentication.ts';
import { readTokenFile } from './token-file.ts';

const files = new MemoryFiles();
const means = { files, issuer: 'https://own' };
const put = async (path: string, text: string) => {
  await files.makeDir('/etc');
  await files.write(path, text);
  return path;
};
const oidc = {
  issuerUrl: 'https://issuer',
  clientId: 'k8s',
  usernameClaim: 'sub',
  requiredClaims: { team: 'a' },
};

describe('the flags of one issuer', () => {
  test('are a configuration of it', async () => {
    const { certificate } = await createAuthority({ clock: systemClock, random: systemRandom });
    const caFile = await put('/etc/ca.pem', certificate);
    const read = await readAuthentication(
      { oidc: { ...oidc, caFile, groupsClaim: 'groups', groupsPrefix: 'g:' } },
      means,
    );
    expect(read.jwt?.issuers).toEqual([
      {
        issuer: { url: 'https://issuer', audiences: ['k8s'], certificateAuthority: certificate },
        claimValidationRules: [{ claim: 'team', requiredValue: 'a' }],
        claimMappings: {
          username: { claim: 'sub', prefix: 'https://issuer#' },
          groups: { claim: 'groups', prefix: 'g:' },
        },
      },
    ]);
  });

  test.each([
    [{}, 'https://issuer#'],
    [{ usernameClaim: 'email' }, ''],
    [{ usernamePrefix: '-' }, ''],
    [{ usernamePrefix: 'x:' }, 'x:'],
  ])('%j put %j before names', async (more, prefix) => {
    const read = await readAuthentication({ oidc: { ...oidc, ...more } }, means);
    expect(read.jwt?.issuers[0]?.claimMappings.username.prefix).toBe(prefix);
  });

  test('are refused where they make no sense', async () => {
    const wrong = readAuthentication({ oidc: { ...oidc, issuerUrl: 'http://issuer' } }, means);
    await expect(wrong).rejects.toThrow('URL scheme must be https');
    const both = readAuthentication({ oidc, configFile: '/etc/none' }, means);
    await expect(both).rejects.toThrow('mutually exclusive');
  });
});

test('a configuration says who may ask without saying who asks', async () => {
  const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n';
  const configFile = await put('/etc/a', `${head}anonymous: {enabled: true, conditions: [{path: /livez}]}\n`);
  expect(await readAuthentication({ configFile }, means)).toEqual({
    allowAnonymous: true,
    anonymousPaths: ['/livez'],
  });
  await expect(readAuthentication({ configFile, allowAnonymous: true }, means)).rejects.toThrow(
    '--anonymous-auth flag cannot be set when anonymous field is configured',
  );
  expect(await readAuthentication({ allowAnonymous: false }, means)).toEqual({ allowAnonymous: false });
  expect(await readAuthentication({}, means)).toEqual({});
  await expect(readAuthentication({ configFile: '/etc/none' }, means)).rejects.toThrow(
    /^authentication configuration \/etc\/none: ENOENT/,
  );
});

test('a file of tokens has a user, a uid and groups of each', async () => {
  const file = await put('/etc/t', 'one,jane,7,"dev,ops"\ntwo,"joe, b",\n\n,nobody,8\nthree,ann,9,dev\r\n');
  expect(await readTokenFile(file, files)).toEqual([
    { token: 'one', user: { name: 'jane', uid: '7', groups: ['dev', 'ops'] } },
    { token: 'two', user: { name: 'joe, b', groups: [] } },
    { token: 'three', user: { name: 'ann', uid: '9', groups: ['dev'] } },
  ]);
  await put('/etc/t', 'one,jane\n');
  await expect(readTokenFile(file, files)).rejects.toThrow('line 1 must have at least 3 columns');
  await expect(readTokenFile('/etc/none', files)).rejects.toThrow(/^token file \/etc\/none: ENOENT/);
});

test('a kubeconfig leads to a server that knows tokens', async () => {
  const text = JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://tokens.test/x' } }],
    contexts: [{ name: 'x', context: { cluster: 'c' } }],
    'current-context': 'x',
  });
  const configFile = await put('/etc/webhook', text);
  const { webhookTokens } = await readAuthentication({ webhook: { configFile } }, means);
  expect(webhookTokens).toMatchObject({ version: 'v1beta1', ttlMs: 120_000 });
  expect(webhookTokens?.server.url.href).toBe('https://tokens.test/x');
  webhookTokens?.server.poster.close();
  await expect(readAuthentication({ webhook: { configFile, version: 'v2' } }, means)).rejects.toThrow(
    'unsupported authentication webhook version "v2", supported versions are "v1", "v1beta1"',
  );
  await expect(readAuthentication({ webhook: { configFile: '/etc/none' } }, means)).rejects.toThrow(
    /^authentication token webhook \/etc\/none: ENOENT/,
  );
});
