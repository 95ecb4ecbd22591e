import { describe, expect, test } from 'vitest';
import type { Pod, Volume } from '../../api/core/v1.ts';
import { readSums } from '../../machinery/resource-sums.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import { type OpenBeneath, openBeneath } from '../../platform/open-beneath.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import type { NodeContext } from '../pods/context.ts';
import { writeAtomically } from './atomic-writer.ts';
import { claimTrouble } from './claims.ts';
import { containerMounts } from './container-mounts.ts';
import { tokenOwner, VolumeContent } from './content.ts';
import { podDirs } from './dirs.ts';
import { prepareHostPath } from './host-path.ts';
import { tmpfsSize, VolumeMounter } from './mounter.ts';
import { noMounts, parseMountInfo } from './mounts.ts';
import { giveToGroup } from './ownership.ts';
import { configMapPayload, downwardPayload, type Payload, safePath, secretPayload } from './payload.ts';
import { needsRefresh } from './token-manager.ts';
import { usedVolumes } from './volume-manager.ts';

const pod: Pod = {
  metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { a: 'b' } },
  spec: { containers: [{ name: 'c' }] },
};
const textsOf = (payload: Payload) =>
  Object.fromEntries([...payload].map(([path, f]) => [path, f.data.toString()]));

describe('files of a config map or secret', () => {
  const cm = {
    metadata: { name: 'cm' },
    data: { a: '1', b: '2' },
    binaryData: { raw: Buffer.from([255]).toString('base64') },
  };

  test('are all its keys, or those asked for where they are asked to be', () => {
    expect([...configMapPayload(cm, 'cm', {}).keys()]).toEqual(['a', 'b', 'raw']);
    expect(configMapPayload(cm, 'cm', {}).get('raw')?.data).toEqual(Buffer.from([255]));
    const payload = configMapPayload(cm, 'cm', {
      items: [{ key: 'a', path: 'x/y', mode: 0o400 }],
      defaultMode: 0o600,
    });
    expect([...payload]).toEqual([['x/y', { data: Buffer.from('1'), mode: 0o400 }]]);
  });

  test('must be there unless they are optional', () => {
    expect(() => configMapPayload(undefined, 'cm', {})).toThrow('configmap "cm" not found');
    expect(configMapPayload(undefined, 'cm', { optional: true }).size).toBe(0);
    const items = [{ key: 'z', path: 'z' }];
    expect(() => configMapPayload(cm, 'cm', { items })).toThrow(
      'configmap references non-existent config key: z',
    );
    expect(configMapPayload(cm, 'cm', { items, optional: true }).size).toBe(0);
    expect(() => secretPayload(undefined, 's', {})).toThrow('secret "s" not found');
    expect(() => secretPayload({ metadata: {} }, 's', { items })).toThrow(
      'references non-existent secret key: z',
    );
  });

  test.each(['/etc/passwd', '../x', 'a/../../x', '', '..data/x'])('may not stand at %j', (path) => {
    expect(() => safePath(path)).toThrow(/invalid path/);
  });
});

test('the downward API shows fields and resources', () => {
  const more = { addresses: { podIps: [], hostIps: [] }, allocatable: readSums({ cpu: '2' }) };
  const items = [
    { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
    { path: 'cpu', mode: 0o400, resourceFieldRef: { containerName: 'c', resource: 'limits.cpu' } },
  ];
  expect(textsOf(downwardPayload(pod, items, more))).toEqual({ labels: 'a="b"', cpu: '2' });
});

describe('writing a volume', () => {
  const write = (files: MemoryFiles, version: string, texts: Record<string, string>, gid?: number) => {
    const payload: Payload = new Map(
      Object.entries(texts).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o400 }]),
    );
    return writeAtomically({ files, dir: '/v', payload, version, gid });
  };
  async function fresh(): Promise<MemoryFiles> {
    const files = new MemoryFiles();
    await files.makeDir('/v');
    return files;
  }

  test('goes through links, so that all files change at once', async () => {
    const files = await fresh();
    expect(await write(files, '1', { a: 'one', 'dir/b': 'two' })).toBe(true);
    expect(await files.list('/v')).toEqual(['..1', '..data', 'a', 'dir']);
    expect(await files.readLink('/v/..data')).toBe('..1');
    expect(await files.readLink('/v/a')).toBe('..data/a');
    expect(await files.readText('/v/dir/b')).toBe('two');
    expect((await files.stat('/v/a'))?.mode).toBe(0o400);
  });

  test('changes nothing where nothing changed', async () => {
    const files = await fresh();
    await write(files, '1', { a: 'one' });
    expect(await write(files, '2', { a: 'one' })).toBe(false);
    expect(await files.readLink('/v/..data')).toBe('..1');
  });

  test('drops what is no more, and the version before', async () => {
    const files = await fresh();
    await write(files, '1', { a: 'one', b: 'two' });
    expect(await write(files, '2', { a: 'uno' })).toBe(true);
    expect(await files.list('/v')).toEqual(['..2', '..data', 'a']);
    expect(await files.readText('/v/a')).toBe('uno');
  });

  test('gives the files to a group, which may read them', async () => {
    const files = await fresh();
    await write(files, '1', { a: 'one' }, 77);
    expect(await files.stat('/v/a')).toMatchObject({ gid: 77, mode: 0o440 });
  });

  test('mends names that are missing', async () => {
    const files = await fresh();
    await write(files, '1', { a: 'one' });
    await files.remove('/v/a');
    await write(files, '2', { a: 'one' });
    expect(await files.readText('/v/a')).toBe('one');
  });
});

describe('paths of the node', () => {
  test.each([
    ['', '/new', 'directory'],
    ['DirectoryOrCreate', '/new', 'directory'],
    ['FileOrCreate', '/new', 'file'],
    ['File', '/file', 'file'],
    ['Directory', '/dir', 'directory'],
  ])('type %j at %s is a %s', async (type, path, found) => {
    const files = new MemoryFiles();
    await files.makeDir('/dir');
    await files.write('/file', '');
    await prepareHostPath(files, { path, type });
    expect((await files.stat(path))?.type).toBe(found);
  });

  test('that are made are of the mode that is asked for, and those that are there stay as they are', async () => {
    const files = new MemoryFiles();
    await files.makeDir('/dir', { mode: 0o700 });
    const modeOf = async (path: string, mode?: number) => {
      await prepareHostPath(files, { path, type: 'DirectoryOrCreate' }, mode);
      return (await files.stat(path))?.mode;
    };
    expect([await modeOf('/a'), await modeOf('/b', 0o777), await modeOf('/dir', 0o777)]).toEqual([
      0o755, 0o777, 0o700,
    ]);
  });

  test.each([
    ['Directory', '/none', 'hostPath type check failed: /none is not a directory'],
    ['File', '/dir', 'hostPath type check failed: /dir is not a file'],
    ['Socket', '/file', 'hostPath type check failed: /file is not a socket file'],
    ['BlockDevice', '/none', 'hostPath type check failed: /none is not a block device'],
    ['Nonsense', '/file', 'Nonsense is an invalid volume type'],
  ])('type %s at %s is refused', async (type, path, message) => {
    const files = new MemoryFiles();
    await files.makeDir('/dir');
    await files.write('/file', '');
    await expect(prepareHostPath(files, { path, type })).rejects.toThrow(message);
  });
});

test('a volume is given to a group as a tree, once', async () => {
  const files = new MemoryFiles();
  const openBeneath: OpenBeneath = async (root, below) => {
    const path = below ? `${root}/${below}` : root;
    return { path, isDirectory: (await files.stat(path))?.type === 'directory', close: async () => {} };
  };
  await files.makeDir('/v/sub');
  await files.write('/v/sub/file', '', { mode: 0o600 });
  await giveToGroup({ files, openBeneath, path: '/v', gid: 5 });
  expect(await files.stat('/v')).toMatchObject({ gid: 5, mode: 0o2775 });
  expect(await files.stat('/v/sub/file')).toMatchObject({ gid: 5, mode: 0o660 });
  await files.chown('/v/sub/file', 0, 6);
  await giveToGroup({ files, openBeneath, path: '/v', gid: 5, policy: 'OnRootMismatch' });
  expect((await files.stat('/v/sub/file'))?.gid).toBe(6);
});

test('memory for a volume is the least that volume, pod and node allow', () => {
  const allocatable = readSums({ memory: '1Gi' });
  const limited: Pod = {
    ...pod,
    spec: { containers: [{ name: 'c', resources: { limits: { memory: '64Mi' } } }] },
  };
  expect(tmpfsSize(pod, undefined, allocatable)).toBe(2 ** 30);
  expect(tmpfsSize(limited, undefined, allocatable)).toBe(64 * 2 ** 20);
  expect(tmpfsSize(limited, '1Mi', allocatable)).toBe(2 ** 20);
  expect(tmpfsSize(pod, undefined, new Map())).toBeUndefined();
});

test('claims must be bound, and the pod own what was made for it alone', () => {
  const claim = {
    metadata: { name: 'd', namespace: 'n' },
    spec: { volumeName: 'pv' },
    status: { phase: 'Bound' },
  };
  expect(claimTrouble(claim, pod, false)).toBeUndefined();
  expect(claimTrouble({ ...claim, status: { phase: 'Pending' } }, pod, false)).toBe('PVC "d" is not bound');
  expect(claimTrouble(claim, pod, true)).toMatch(/pod is not owner/);
  const owned = {
    ...claim,
    metadata: {
      ...claim.metadata,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }],
    },
  };
  expect(claimTrouble(owned, pod, true)).toBeUndefined();
});

describe('a projected volume', () => {
  const content = new VolumeContent({
    objects: {
      configMap: async () => ({ metadata: {}, data: { k: 'v' } }),
      secret: async () => undefined,
    },
    tokens: { token: async () => 'secret-token' },
    addresses: () => ({ podIps: [], hostIps: [] }),
    allocatable: () => new Map(),
  });
  const sources = [
    { serviceAccountToken: { path: 'token' } },
    { configMap: { name: 'cm', items: [{ key: 'k', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
  ];

  test('holds all its sources', async () => {
    const payload = await content.payload(pod, { name: 'v', projected: { sources } });
    expect(textsOf(payload)).toEqual({ token: 'secret-token', 'ca.crt': 'v', namespace: 'n' });
  });

  test('keeps the token to whom it is for', async () => {
    const owned: Pod = { ...pod, spec: { ...pod.spec, securityContext: { runAsUser: 1000 } } };
    const payload = await content.payload(owned, { name: 'v', projected: { sources, defaultMode: 0o644 } });
    expect(payload.get('token')).toMatchObject({ mode: 0o600, uid: 1000 });
    expect(
      tokenOwner({
        ...owned,
        spec: {
          ...owned.spec,
          containers: [{ name: 'a' }, { name: 'b', securityContext: { runAsUser: 2 } }],
        },
      }),
    ).toEqual({ hasGroup: false });
  });

  test('lacks nothing that it must have', async () => {
    await expect(
      content.payload(pod, { name: 'v', projected: { sources: [{ secret: { name: 's' } }] } }),
    ).rejects.toThrow('secret "s" not found');
  });
});

test.each<Omit<Volume, 'name'>>([
  { configMap: { name: 'cm' } },
  { secret: { secretName: 's' } },
  { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
  { projected: { sources: [{ configMap: { name: 'cm' } }] } },
])('no container writes where the node writes: %j', async (source) => {
  const files = new MemoryFiles();
  const context = { platform: { files, clock: new VirtualClock() } } as unknown as NodeContext;
  const mounter = new VolumeMounter(context, { mounts: noMounts, openBeneath });
  const content = new VolumeContent({
    objects: {
      configMap: async () => ({ metadata: {}, data: { k: 'v' } }),
      secret: async () => ({ metadata: {}, data: { k: 'dg==' } }),
    },
    tokens: { token: async () => '' },
    addresses: () => ({ podIps: [], hostIps: [] }),
    allocatable: () => new Map(),
  });
  const volume = { name: 'v', ...source };
  const dirs = podDirs('/k', 'u');
  const mounted = await mounter.mount({
    pod,
    volume,
    dirs,
    content,
    allocatable: new Map(),
    node: undefined,
  });
  expect(mounted.readOnly).toBe(true);
});

test('a folder of the pod is finished that a kubelet began and was killed over, and then left as the pod has it', async () => {
  class Failing extends MemoryFiles {
    mayChange = false;
    override async chmod(path: string, mode: number): Promise<void> {
      if (!this.mayChange) throw new Error('killed');
      await super.chmod(path, mode);
    }
  }
  const files = new Failing();
  const context = { platform: { files } } as unknown as NodeContext;
  const mount = () =>
    new VolumeMounter(context, { mounts: noMounts, openBeneath }).mount({
      pod,
      volume: { name: 'v', emptyDir: {} },
      dirs: podDirs('/k', 'u'),
      content: {} as VolumeContent,
      allocatable: new Map(),
      node: undefined,
    });
  await expect(mount()).rejects.toThrow('killed');
  files.mayChange = true;
  const { hostPath } = await mount();
  expect((await files.stat(hostPath))?.mode).toBe(0o777);
  await files.chmod(hostPath, 0o700);
  await mount();
  expect((await files.stat(hostPath))?.mode).toBe(0o700);
  expect(await files.list(`${hostPath}/..`)).toEqual(['v']);
});

test('an emptyDir in memory is for the pod after its machine started again, too', async () => {
  const files = new MemoryFiles();
  const context = { platform: { files } } as unknown as NodeContext;
  const mounted = new Set<string>();
  const mounts = {
    ...noMounts,
    tmpfs: async (path: string) => {
      mounted.add(path);
      await files.chmod(path, 0o1777);
    },
    below: async (path: string) => [...mounted].filter((one) => one.startsWith(path)),
  };
  const mount = () =>
    new VolumeMounter(context, { mounts, openBeneath }).mount({
      pod,
      volume: { name: 'v', emptyDir: { medium: 'Memory' } },
      dirs: podDirs('/k', 'u'),
      content: {} as VolumeContent,
      allocatable: new Map(),
      node: undefined,
    });
  const { hostPath } = await mount();
  expect((await files.stat(hostPath))?.mode).toBe(0o777);
  await files.chmod(hostPath, 0o700);
  await mount();
  expect((await files.stat(hostPath))?.mode).toBe(0o700);
  mounted.clear();
  await mount();
  expect((await files.stat(hostPath))?.mode).toBe(0o777);
});

test.each([
  ['n1', undefined],
  ['n2', 'NodeAffinity check failed for PV "pv": no matching NodeSelectorTerms'],
  [undefined, 'NodeAffinity check failed for PV "pv": no matching NodeSelectorTerms'],
])('a volume of the node n1 is mounted by a pod on %s: %s', async (name, why) => {
  const files = new MemoryFiles();
  await files.makeDir('/disk');
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }];
  const objects: Record<string, object> = {
    persistentvolumeclaims: {
      metadata: { name: 'd', namespace: 'n', uid: 'c' },
      spec: { volumeName: 'pv' },
      status: { phase: 'Bound' },
    },
    persistentvolumes: {
      metadata: { name: 'pv' },
      spec: {
        claimRef: { uid: 'c' },
        local: { path: '/disk' },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
      },
    },
  };
  const client = { of: ({ plural }: { plural: string }) => ({ get: async () => objects[plural] }) };
  const context = { platform: { files }, client } as unknown as NodeContext;
  const mounter = new VolumeMounter(context, { mounts: noMounts, openBeneath });
  const node = name
    ? { metadata: { name, labels: { 'kubernetes.io/hostname': name } }, spec: {} }
    : undefined;
  const mounted = mounter.mount({
    pod,
    volume: { name: 'v', persistentVolumeClaim: { claimName: 'd' } },
    dirs: podDirs('/k', 'u'),
    content: {} as VolumeContent,
    allocatable: new Map(),
    node,
  });
  if (why) await expect(mounted).rejects.toThrow(why);
  else expect((await mounted).hostPath).toBe('/disk');
});

test.each<Omit<Volume, 'name'>>([
  // CVE-2024-10220, CVE-2025-1767
  { gitRepo: { repository: 'file:///etc', directory: '.git/hooks' } },
  { flexVolume: { driver: 'a/b' } },
  { portworxVolume: { volumeID: 'v' } },
  { rbd: { monitors: ['m'], image: 'i' } },
])('a node runs and fetches nothing for a volume: %j', async (source) => {
  const context = { platform: { files: new MemoryFiles() } } as unknown as NodeContext;
  const mounter = new VolumeMounter(context, { mounts: noMounts, openBeneath });
  const request = { pod, volume: { name: 'v', ...source }, dirs: podDirs('/k', 'u'), node: undefined };
  const made = mounter.mount({ ...request, content: {} as VolumeContent, allocatable: new Map() });
  await expect(made).rejects.toThrow('no volume plugin matched for volume "v"');
});

test('a token is replaced when most of its life is over, or after a day', () => {
  const held = { obtainedMs: 0, expiresMs: 1000 };
  expect(needsRefresh(held, 800)).toBe(false);
  expect(needsRefresh(held, 801)).toBe(true);
  const day = 24 * 3600 * 1000;
  expect(needsRefresh({ obtainedMs: 0, expiresMs: 365 * day }, day + 1)).toBe(true);
  expect(needsRefresh({ obtainedMs: day, expiresMs: 2 * day }, day - 1)).toBe(true);
});

test('only volumes that a container mounts are made', () => {
  const spec = {
    volumes: [{ name: 'a' }, { name: 'b' }],
    containers: [{ name: 'c', volumeMounts: [{ name: 'b', mountPath: '/b' }] }],
  };
  expect(usedVolumes({ ...pod, spec }).map((v) => v.name)).toEqual(['b']);
});

test('mount points are read with their odd characters, and whether they are shared', () => {
  const text =
    '22 1 0:20 / /proc rw - proc proc rw\n23 1 0:21 / /a\\040b rw shared:7 master:2 - tmpfs tmpfs rw\n24 1 0:21 / /c rw master:2 - tmpfs shared:1 rw\n';
  expect(parseMountInfo(text)).toEqual([
    { path: '/proc', isShared: false },
    { path: '/a b', isShared: true },
    { path: '/c', isShared: false },
  ]);
});

describe('mounts of a container', () => {
  const mounts = (
    volumeMounts: {
      name: string;
      mountPath: string;
      subPath?: string;
      subPathExpr?: string;
      readOnly?: boolean;
    }[],
  ) =>
    containerMounts({
      pod,
      container: { name: 'c', volumeMounts },
      env: new Map([
        ['POD', 'web'],
        ['UP', '..'],
        ['ROOT', '/tmp'],
      ]),
      volumes: new Map([['v', { name: 'v', hostPath: '/host/v', readOnly: false }]]),
      dirs: podDirs('/k', 'u'),
      files: new MemoryFiles(),
      mounts: noMounts,
      openBeneath: async (root, path) => ({
        path: `${root}/${path}`,
        isDirectory: true,
        close: async () => {},
      }),
    });

  test('lead to the volume, or to a part of it that is pinned down', async () => {
    expect(await mounts([{ name: 'v', mountPath: '/data', readOnly: true }])).toEqual([
      { containerPath: '/data', hostPath: '/host/v', readOnly: true, propagation: 'None' },
    ]);
    const [part] = await mounts([{ name: 'v', mountPath: 'data', subPathExpr: 'logs/$(POD)' }]);
    expect(part).toMatchObject({ containerPath: '/data', hostPath: '/k/pods/u/volume-subpaths/v/c/0' });
  });

  test.each([
    [{ subPathExpr: '$(MISSING)' }, 'missing value for "MISSING"'],
    [{ subPathExpr: '$(UP)' }, "must not contain '..'"],
    [{ subPathExpr: '$(ROOT)' }, 'must not be an absolute path'],
    [{ subPath: 'a/../../b' }, "must not contain '..'"],
  ])('%j is refused', async (part, message) => {
    await expect(mounts([{ name: 'v', mountPath: '/d', ...part }])).rejects.toThrow(message);
  });
});
