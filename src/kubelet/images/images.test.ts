import { describe, expect, test } from 'vitest';
import type { Secret } from '../../api/core/v1.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import type { NodeContext } from '../pods/context.ts';
import { credentialsFor } from './credentials.ts';
import { bytesToFree, defaultImageLimits, imagesToRemove } from './image-collector.ts';
import { parseImageName, withDefaultTag } from './image-name.ts';
import { ImagePuller, type ImageRequest, pullPolicyOf } from './image-puller.ts';
import { PullRecords } from './pull-records.ts';

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
    expect(credentialsFor('registry.example/a:1', secrets).map((c) => c.auth)).toEqual([
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
    expect(credentialsFor('r.example/team/app', secrets).map((c) => c.auth.username)).toEqual([
      'team',
      'any',
    ]);
    expect(credentialsFor('r.example/teams/app', secrets).map((c) => c.auth.username)).toEqual(['any']);
  });

  test('for a registry of nothing but slashes are looked through in one pass', () => {
    const secrets = [
      secret({ [`${'/'.repeat(500_000)}x`]: { username: 'no' }, 'r.example///': { username: 'yes' } }),
    ];
    expect(credentialsFor('r.example/app', secrets).map((c) => c.auth.username)).toEqual(['yes']);
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
    freeBytes: availableBytes,
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

describe('an image that is there', () => {
  const image = 'registry.example/a:1';
  const auth = Buffer.from('user:pass').toString('base64');
  const named = (name: string, password = auth) => ({
    ...secret({ 'registry.example': { auth: password } }),
    metadata: { name, namespace: 'n', uid: `uid-of-${name}` },
  });
  const stranger = { ...named('other', Buffer.from('eve:guess').toString('base64')) };

  /** A node whose registry lets `user` in alone; what it keeps outlives the kubelet. */
  function startNode(files = new MemoryFiles(), present = new Set<string>()) {
    const pulls: (string | undefined)[] = [];
    const images = {
      status: async () => (present.has('id') ? { id: 'id', sizeBytes: 1 } : undefined),
      pull: async (_: string, { auth: shown }: { auth?: { username?: string } }) => {
        pulls.push(shown?.username);
        if (shown?.username !== 'user') throw new Error('denied');
        present.add('id');
        return 'id';
      },
    };
    const platform = { files, clock: new VirtualClock() };
    const recorder = { record: () => {} };
    const context = { runtime: { images }, platform, recorder } as unknown as NodeContext;
    const puller = new ImagePuller(context, '/images');
    let pods = 0;
    const ask = async (secrets: Secret[], policy = 'IfNotPresent') => {
      const pod = { metadata: { name: 'p', uid: `u${pods++}` }, spec: { containers: [] } };
      const request = { pod, image, policy, secrets, sandbox: {}, signal: new AbortController().signal };
      return (await puller.ensure(request as unknown as ImageRequest)).id;
    };
    return { ask, pulls, files, present, puller };
  }

  test('because a pod could pull it is for others only where they can too', async () => {
    const { ask, pulls } = startNode();
    expect(await ask([named('pull')])).toBe('id');
    await expect(ask([])).rejects.toThrow('denied');
    await expect(ask([stranger])).rejects.toThrow('denied');
    await expect(ask([], 'Never')).rejects.toThrow('is not present with pull policy of Never');
    expect(pulls).toEqual(['user', undefined, 'eve']);
    expect(await ask([named('pull')])).toBe('id');
    expect(await ask([named('copy')])).toBe('id');
    expect(await ask([stranger, named('copy')])).toBe('id');
    expect(pulls).toHaveLength(3);
  });

  test('is for whoever has a secret that was let in, whatever it holds by now', async () => {
    const { ask, pulls } = startNode();
    await ask([named('pull')]);
    expect(await ask([named('pull', Buffer.from('user:new').toString('base64'))])).toBe('id');
    expect(pulls).toEqual(['user']);
  });

  test('is for the same when the kubelet starts again, also where it ended while pulling', async () => {
    const { ask, files, present } = startNode();
    await ask([named('pull')]);
    const again = startNode(files, present);
    await expect(again.ask([])).rejects.toThrow('denied');
    expect(await again.ask([named('pull')])).toBe('id');
    const other = new MemoryFiles();
    await new PullRecords(other, '/images').begin(image);
    await expect(startNode(other, new Set(['id'])).ask([])).rejects.toThrow('denied');
  });

  test('that nobody has pulled here is for all', async () => {
    const { ask, pulls, present } = startNode();
    await expect(ask([])).rejects.toThrow('denied');
    pulls.length = 0;
    present.add('id');
    expect(await ask([])).toBe('id');
    expect(await ask([], 'Never')).toBe('id');
    expect(pulls).toEqual([]);
  });

  test('is forgotten with the image', async () => {
    const { ask, puller, files } = startNode();
    await ask([named('pull')]);
    await puller.removed('id');
    expect(await files.list('/images/pulled')).toEqual([]);
    expect(await files.list('/images/pulling')).toEqual([]);
  });
});
