import { describe, expect, test } from 'vitest';
import type { Secret } from '../../api/core/v1.ts';
import { credentialsFor } from './credentials.ts';
import { bytesToFree, defaultImageLimits, imagesToRemove } from './image-collector.ts';
import { parseImageName, withDefaultTag } from './image-name.ts';
import { pullPolicyOf } from './image-puller.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('image names', () => {
  test.each([
    ['nginx', { registry: 'docker.io', repository: 'library/nginx' }],
    ['bitnami/redis:7', { registry: 'docker.io', repository: 'bitnami/redis', tag: '7' }],
    ['localhost:5000/a/b:1.0', { registry: 'localhost:5000', repository: 'a/b', tag: '1.0' }],
    [`ghcr.io/x/y@${digest}`, { registry: 'ghcr.io', repository: 'x/y', digest }],
    [`ghcr.io/x/y:1@${digest}`, { registry: 'ghcr.io', repository: 'x/y', tag: '1', digest }],
  ])('%s', (text, parts) => {
    expect(parseImageName(text)).toEqual(parts);
  });

  test.each(['', 'a b', ':tag', 'a//b', 'a:', 'a:b:c d', 'a@sha256:short', '-a', 'a/../b'])(
    '%j is none',
    (text) => {
      expect(() => parseImageName(text)).toThrow(/invalid reference format/);
    },
  );

  test('in capitals says why', () => {
    expect(() => parseImageName('docker.io/Nginx')).toThrow('repository name (Nginx) must be lowercase');
  });

  test('get the tag latest where they have neither tag nor digest', () => {
    expect(withDefaultTag('localhost:5000/a')).toBe('localhost:5000/a:latest');
    expect(withDefaultTag('a:1')).toBe('a:1');
    expect(withDefaultTag(`a@${digest}`)).toBe(`a@${digest}`);
  });
});

test.each([
  ['a', undefined, 'Always'],
  ['a:latest', undefined, 'Always'],
  ['a:1', undefined, 'IfNotPresent'],
  [`a@${digest}`, undefined, 'IfNotPresent'],
  ['a', 'Never', 'Never'],
])('%s with policy %s is pulled %s', (image, policy, expected) => {
  expect(pullPolicyOf(image, policy)).toBe(expected);
});

function secret(auths: Record<string, unknown>): Secret {
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  return { metadata: { name: 's' }, type: 'kubernetes.io/dockerconfigjson', data };
}

describe('credentials', () => {
  const auth = Buffer.from('user:pass:word').toString('base64');

  test('are taken from the registry they are for', () => {
    const secrets = [
      secret({ 'registry.example': { auth }, 'other.example': { username: 'x', password: 'y' } }),
    ];
    expect(credentialsFor('registry.example/a:1', secrets)).toEqual([
      {
        username: 'user',
        password: 'pass:word',
        serverAddress: 'registry.example',
        identityToken: undefined,
        registryToken: undefined,
      },
    ]);
    expect(credentialsFor('third.example/a', secrets)).toEqual([]);
  });

  test('of Docker Hub go by many names', () => {
    for (const name of ['https://index.docker.io/v1/', 'docker.io', 'registry-1.docker.io'])
      expect(credentialsFor('nginx', [secret({ [name]: { auth } })])).toHaveLength(1);
  });

  test('may be for a path or a family of hosts; the most specific comes first', () => {
    const secrets = [
      secret({
        '*.example': { username: 'any' },
        'r.example/team': { username: 'team' },
        'r.example/other': { username: 'no' },
      }),
    ];
    expect(credentialsFor('r.example/team/app', secrets).map((c) => c.username)).toEqual(['team', 'any']);
    expect(credentialsFor('r.example/teams/app', secrets).map((c) => c.username)).toEqual(['any']);
  });

  test('that cannot be read are none', () => {
    const broken: Secret = {
      metadata: { name: 's' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': 'bm90IGpzb24=' },
    };
    expect(credentialsFor('nginx', [broken])).toEqual([]);
  });
});

describe('clearing images away', () => {
  const space = (availableBytes: number) => ({
    capacityBytes: 1000,
    availableBytes,
    inodes: 1,
    inodesFree: 1,
  });

  test('begins when the disk is too full, and goes down further', () => {
    expect(bytesToFree(space(151), defaultImageLimits)).toBe(0);
    expect(bytesToFree(space(150), defaultImageLimits)).toBe(50);
    expect(bytesToFree(space(0), defaultImageLimits)).toBe(200);
  });

  test('takes those first that were used longest ago, and no more than needed', () => {
    const image = (id: string, usedMs: number) => ({
      image: { id, tags: [], digests: [], sizeBytes: 40, pinned: false },
      usedMs,
    });
    expect(imagesToRemove([image('new', 3), image('old', 1), image('older', 0)], 50)).toEqual([
      'older',
      'old',
    ]);
  });
});
