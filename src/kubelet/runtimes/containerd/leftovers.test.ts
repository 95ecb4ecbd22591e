import { expect, test } from 'vitest';
import { podProcesses } from './leftovers.ts';

test('the processes of pods are the shims of one containerd, and all below them', () => {
  const shim = (pid: number, socket: string) => ({
    pid,
    parent: 1,
    args: ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'k8s.io', '-id', 'x', '-address', socket],
  });
  const table = [
    { pid: 30, parent: 20, args: ['sh'] },
    { pid: 20, parent: 10, args: ['/pause'] },
    shim(10, '/n/containerd.sock'),
    shim(11, '/other/containerd.sock'),
    { pid: 21, parent: 11, args: ['/pause'] },
    { pid: 12, parent: 1, args: ['containerd', '--config', '/n/config.toml'] },
    { pid: 13, parent: 1, args: ['grep', '-address', '/n/containerd.sock'] },
  ];
  expect(podProcesses(table, '/n/containerd.sock').sort()).toEqual([10, 20, 30]);
});
