import { describe, expect, test } from 'vitest';
import {
  type ContainerdSettings,
  containerdConfig,
  filesystemType,
  lacksSysResource,
  parseVersion,
  toml,
} from './daemon-config.ts';

const settings: ContainerdSettings = {
  version: { major: 1, minor: 6 },
  root: '/n/root',
  state: '/n/state',
  socketPath: '/n/containerd.sock',
  runcRoot: '/n/runc',
  sandboxImage: 'k8ts.local/pause:1',
  cniBinDir: '/usr/lib/cni',
  cniConfDir: '/n/cni',
  registryDir: '/n/registries',
  restrictOomScoreAdj: true,
  streamAddress: '127.0.0.1',
  snapshotter: 'overlayfs',
};

describe("containerd's configuration", () => {
  test('version 1 has one plugin for the runtime interface', () => {
    const text = containerdConfig(settings);
    expect(text).toMatch(/^version = 2\n/);
    expect(text).toContain('[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "k8ts.local/pause:1"\n');
    expect(text).toContain('restrict_oom_score_adj = true');
    expect(text).toContain(
      '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\nRoot = "/n/runc"',
    );
    expect(text).toContain(
      '[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dir = "/usr/lib/cni"\nconf_dir = "/n/cni"',
    );
    expect(text).toContain('[ttrpc]\naddress = "/n/containerd.sock.ttrpc"');
  });

  test('version 2 has images and runtime apart, and more than one plugin directory from 2.1 on', () => {
    const at = (minor: number) => containerdConfig({ ...settings, version: { major: 2, minor } });
    expect(at(0)).toMatch(/^version = 3\n/);
    expect(at(0)).toContain(
      '[plugins."io.containerd.cri.v1.images".pinned_images]\nsandbox = "k8ts.local/pause:1"',
    );
    expect(at(0)).toContain('bin_dir = "/usr/lib/cni"');
    expect(at(1)).toContain('bin_dirs = ["/usr/lib/cni"]');
    expect(at(0)).toContain('[plugins."io.containerd.grpc.v1.cri"]\nstream_server_address = "127.0.0.1"');
  });

  test('CDI devices are looked for where the version knows them', () => {
    const line = 'enable_cdi = true\ncdi_spec_dirs = ["/etc/cdi","/var/run/cdi"]\n';
    const at = (major: number, minor: number) => containerdConfig({ ...settings, version: { major, minor } });
    expect(at(1, 6)).not.toContain('cdi');
    expect(at(1, 7).split('[plugins."io.containerd.grpc.v1.cri"]')[1]?.split('[')[0]).toContain('enable_cdi');
    expect(at(1, 7)).toContain(line);
    expect(at(2, 0).split('[plugins."io.containerd.cri.v1.runtime"]')[1]).toContain(line);
  });

  test('text is quoted, keys too where they must be', () => {
    expect(toml({ 'a b': 'say "x"\n', t: { u: { v: 1 }, list: ['x'] } })).toBe(
      '"a b" = "say \\"x\\"\\n"\n[t]\nlist = ["x"]\n[t.u]\nv = 1',
    );
  });
});

test("containerd's version is read from what it prints", () => {
  expect(parseVersion('containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3')).toEqual(
    { major: 1, minor: 6 },
  );
  expect(parseVersion('containerd github.com/containerd/containerd/v2 v2.1.4 75cb2b')).toEqual({
    major: 2,
    minor: 1,
  });
  expect(() => parseVersion('command not found')).toThrow(/cannot read the version/);
});

test('a missing capability is seen', () => {
  expect(lacksSysResource('CapPrm:\t000001ffffffffff\nCapEff:\t000001fffeffffff\n')).toBe(true);
  expect(lacksSysResource('CapEff:\t000001ffffffffff\n')).toBe(false);
});

test('the file system of a path is that of the deepest and last mount above it', () => {
  const mountinfo = [
    '1 0 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '2 1 0:1 / /data rw shared:1 - overlay overlay rw',
    '3 1 0:2 / /data\\040x rw - tmpfs tmpfs rw',
    '4 1 0:3 / /data rw - xfs /dev/vdb rw',
    '',
  ].join('\n');
  const at = (path: string) => filesystemType(mountinfo, path);
  expect(['/', '/database', '/data', '/data/node', '/data x/y'].map(at)).toEqual([
    'ext4',
    'ext4',
    'xfs',
    'xfs',
    'tmpfs',
  ]);
});
