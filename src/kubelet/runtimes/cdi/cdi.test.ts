import { beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../platform/log.ts';
import { MemoryFiles } from '../../../platform/memory-files.ts';
import { knowsCdi } from '../containerd/knows-cdi.ts';
import type { ContainerSpec } from '../types.ts';
import { withCdiDevices } from './cdi-edits.ts';
import { CdiRegistry } from './cdi-registry.ts';
import { type CdiEdits, parseCdiSpec } from './cdi-spec.ts';

let files: MemoryFiles;
let registry: CdiRegistry;

beforeEach(() => {
  files = new MemoryFiles();
  registry = new CdiRegistry(['/etc/cdi', '/run/cdi'], { files, log: silentLog });
});

const spec = (
  devices: Record<string, CdiEdits>,
  containerEdits: CdiEdits = {},
  kind = 'example.com/gpu',
) => ({
  cdiVersion: '0.6.0',
  kind,
  containerEdits,
  devices: Object.entries(devices).map(([name, edits]) => ({ name, containerEdits: edits })),
});

const write = async (path: string, content: unknown) => {
  await files.makeDir(path.slice(0, path.lastIndexOf('/')));
  await files.write(path, typeof content === 'string' ? content : JSON.stringify(content));
};

const container: ContainerSpec = {
  container: { name: 'c', attempt: 0 },
  image: 'i',
  env: [{ name: 'A', value: 'own' }],
  mounts: [{ containerPath: '/lib/own', hostPath: '/own' }],
  cdiDevices: ['example.com/gpu=0'],
  labels: {},
  annotations: {},
  logPath: 'l',
  security: { namespaces: { network: 'pod', ipc: 'pod', pid: 'container' }, supplementalGroups: [7] },
};

const apply = async (...names: string[]) => withCdiDevices(container, await registry.find(names));

describe('a container with CDI devices', () => {
  test('gets what they need, and what their files say for all once', async () => {
    await write(
      '/run/cdi/gpu.json',
      spec(
        {
          0: {
            deviceNodes: [{ path: '/dev/gpu0' }],
            env: ['GPU0=a=b', 'A=device'],
            additionalGids: [44, 0],
          },
          1: {
            deviceNodes: [{ path: '/dev/gpu1', hostPath: '/dev/real1', permissions: 'r' }],
            mounts: [{ hostPath: '/h', containerPath: '/lib/own', options: ['ro', 'rbind', 'rslave'] }],
          },
        },
        { env: ['ALL=1', 'A=file'], mounts: [{ hostPath: '/opt', containerPath: '/opt', type: 'bind' }] },
      ),
    );
    await expect(apply('example.com/gpu=1')).rejects.toThrow(
      'CDI device injection failed: /opt, which device example.com/gpu=1 needs, does not exist',
    );
    await files.makeDir('/opt');
    await files.makeDir('/h');
    const made = await apply('example.com/gpu=0', 'example.com/gpu=1');
    expect(made).toEqual({
      ...container,
      cdiDevices: undefined,
      env: [
        { name: 'A', value: 'device' },
        { name: 'ALL', value: '1' },
        { name: 'GPU0', value: 'a=b' },
      ],
      mounts: [
        { containerPath: '/lib/own', hostPath: '/h', readOnly: true, propagation: 'HostToContainer' },
        { containerPath: '/opt', hostPath: '/opt', readOnly: false },
      ],
      devices: [
        { containerPath: '/dev/gpu0', hostPath: '/dev/gpu0', permissions: 'rwm' },
        { containerPath: '/dev/gpu1', hostPath: '/dev/real1', permissions: 'r' },
      ],
      security: { ...container.security, supplementalGroups: [7, 44] },
    });
  });

  test.each<[string, CdiEdits, string]>([
    ['hooks', { hooks: [{ hookName: 'createContainer', path: '/bin/x' }] }, 'hooks'],
    ['network devices', { netDevices: [{ hostInterfaceName: 'a', name: 'b' }] }, 'netDevices'],
    ['a class of cache', { intelRdt: { closID: 'x' } }, 'intelRdt'],
    [
      'memory as a file system',
      { mounts: [{ hostPath: 'tmpfs', containerPath: '/m', type: 'tmpfs' }] },
      'a mount of type tmpfs',
    ],
  ])('does not start without %s, which the runtime cannot be told of', async (_, edits, what) => {
    await write('/run/cdi/gpu.json', spec({ 0: edits }));
    await expect(apply('example.com/gpu=0')).rejects.toThrow(
      `CDI device injection failed: device example.com/gpu=0 needs ${what}, which takes containerd 1.7 or newer`,
    );
  });
});

describe('devices are found', () => {
  const variable = async () => (await apply('example.com/gpu=0')).env.find(({ name }) => name === 'V')?.value;

  test('in files of JSON and of YAML, and in a later folder before one that comes first', async () => {
    const yaml =
      'cdiVersion: 0.5.0\nkind: example.com/gpu\ndevices:\n- name: "0"\n  containerEdits:\n    env: [V=yaml]\n';
    await write('/etc/cdi/a.yaml', yaml);
    expect(await variable()).toBe('yaml');
    await write('/run/cdi/a.json', spec({ 0: { env: ['V=json'] } }));
    expect(await variable()).toBe('json');
  });

  test('not where two files of a folder have them, nor in files of other names', async () => {
    await write('/etc/cdi/a.json', spec({ 0: {} }));
    await write('/run/cdi/a.txt', spec({ 2: {} }));
    await write('/run/cdi/b.json', spec({ 0: {} }));
    await write('/run/cdi/c.json', spec({ 0: {}, 1: {} }));
    await expect(
      apply('example.com/gpu=0', 'example.com/gpu=1', 'example.com/gpu=2', 'other.com/gpu=1'),
    ).rejects.toThrow(
      'CDI device injection failed: unresolvable CDI devices example.com/gpu=0, example.com/gpu=2, other.com/gpu=1',
    );
  });

  test('beside a file that cannot be understood', async () => {
    await write('/run/cdi/a.json', '{');
    await write('/run/cdi/b.json', spec({ 0: { env: ['V=1'] } }));
    expect(await variable()).toBe('1');
  });
});

test.each([
  ['without a version', { kind: 'a.b/c', devices: [{ name: 'x' }] }, 'invalid CDI version undefined'],
  ['of no kind', { cdiVersion: '0.3.0', kind: 'gpu', devices: [{ name: 'x' }] }, 'invalid CDI kind "gpu"'],
  ['without devices', { cdiVersion: '0.3.0', kind: 'a.b/c' }, 'no devices'],
  [
    'with a device of a name that is none',
    { cdiVersion: '0.3.0', kind: 'a.b/c', devices: [{ name: 'x=y' }] },
    'invalid name of a device: "x=y"',
  ],
  [
    'with a device twice',
    { cdiVersion: '0.3.0', kind: 'a.b/c', devices: [{ name: 'x' }, { name: 'x' }] },
    'multiple devices with the name x',
  ],
])('a specification %s is none', (_, content, why) => {
  expect(() => parseCdiSpec(JSON.stringify(content))).toThrow(why);
});

test('an empty file is no specification', () => {
  expect(() => parseCdiSpec('')).toThrow('invalid CDI version undefined');
});

test.each([
  ['containerd', '1.6.20~ds1', false],
  ['containerd', 'v1.7.27', true],
  ['containerd', '2.1.4', true],
  ['cri-o', '1.25.0', true],
])('%s %s knows CDI devices: %s', (name, version, knows) => {
  expect(knowsCdi({ name, version })).toBe(knows);
});
