import { expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import { ipv4, ipv6 } from '../machinery/address-family.ts';
import { flowsToForget, hostPortScript, hostPortsOf } from './host-ports.ts';

const pod = (podIP: string, port: object, more: object = {}): Pod => ({
  metadata: { name: podIP },
  spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, protocol: 'TCP', ...port }] }], ...more },
  status: { podIP, phase: 'Running' },
});

test('a port of the node leads to the pod that asked for it', () => {
  const ports = hostPortsOf(
    [
      pod('10.244.0.2', { hostPort: 8080 }),
      pod('10.244.0.3', { hostPort: 53, protocol: 'UDP', hostIP: '198.18.0.2' }),
      pod('10.244.0.4', {}),
      pod('10.244.0.5', { hostPort: 9090 }, { hostNetwork: true }),
      { ...pod('10.244.0.6', { hostPort: 7070 }), status: { podIP: '10.244.0.6', phase: 'Succeeded' } },
      pod('not an address', { hostPort: 6060 }),
      pod('10.244.0.7', { hostPort: 5050, hostIP: '999.0.0.1' }),
      pod('10.244.0.8', { hostPort: 4040, hostIP: '010.0.0.1' }),
      pod('10.244.0.300', { hostPort: 3030 }),
      pod('fd00::2', { hostPort: 2020 }),
    ],
    ipv4,
  );
  expect(ports.map((p) => [p.hostIp, p.protocol, p.hostPort, p.podIp])).toEqual([
    ['', 'tcp', 8080, '10.244.0.2'],
    ['198.18.0.2', 'udp', 53, '10.244.0.3'],
  ]);
  const script = hostPortScript(ports, ipv4);
  expect(script).toContain('tcp . 8080 : 10.244.0.2 . 80');
  expect(script).toContain('198.18.0.2 . udp . 53 : 10.244.0.3 . 80');
});

test('of init containers those have ports that go on running', () => {
  const init = (name: string, hostPort: number, restartPolicy?: string) => ({
    name,
    restartPolicy,
    ports: [{ containerPort: 80, hostPort }],
  });
  const initContainers = [init('first', 7001), init('beside', 7002, 'Always')];
  expect(hostPortsOf([pod('10.244.0.2', {}, { initContainers })], ipv4).map((p) => p.hostPort)).toEqual([
    7002,
  ]);
});

test('a port leads to the address of the pod that is of the family of the node’s', () => {
  const both = (port: object): Pod => {
    const one = pod('10.244.0.2', port);
    return { ...one, status: { ...one.status, podIPs: [{ ip: '10.244.0.2' }, { ip: 'fd00:10:244::2' }] } };
  };
  const all = [
    both({ hostPort: 1 }),
    both({ hostPort: 2, hostIP: '0.0.0.0' }),
    both({ hostPort: 3, hostIP: '::' }),
    both({ hostPort: 4, hostIP: '198.18.0.2' }),
    both({ hostPort: 5, hostIP: '2001:2:0:1207:0::2' }),
    pod('fd00:10:244::3', { hostPort: 6 }),
  ];
  const shown = (family: typeof ipv4) => hostPortsOf(all, family).map((p) => [p.hostIp, p.hostPort, p.podIp]);
  expect(shown(ipv4)).toEqual([
    ['', 1, '10.244.0.2'],
    ['', 2, '10.244.0.2'],
    ['198.18.0.2', 4, '10.244.0.2'],
  ]);
  expect(shown(ipv6)).toEqual([
    ['', 1, 'fd00:10:244::2'],
    ['', 3, 'fd00:10:244::2'],
    ['', 6, 'fd00:10:244::3'],
    ['2001:2:0:1207::2', 5, 'fd00:10:244::2'],
  ]);
});

test('without ports there is no table', () => {
  expect(hostPortScript([], ipv4)).toBe('add table ip k8ts-hostports\ndelete table ip k8ts-hostports\n');
  expect(hostPortScript([], ipv6)).toBe('add table ip6 k8ts-hostports\ndelete table ip6 k8ts-hostports\n');
});

test('flows of UDP clients are forgotten where their port leads elsewhere, or to somebody at last', () => {
  const of = (podIP: string, port: object) => hostPortsOf([pod(podIP, { protocol: 'UDP', ...port })], ipv4);
  const dns = { hostPort: 53, hostIP: '198.18.0.2' };
  const forget53 = ['-p', 'udp', '--orig-port-dst', '53', '--orig-dst', '198.18.0.2'];
  expect(flowsToForget(of('10.244.0.2', dns), of('10.244.0.3', dns))).toEqual([forget53]);
  expect(flowsToForget([], of('10.244.0.3', dns))).toEqual([forget53]);
  expect(flowsToForget(of('10.244.0.3', dns), of('10.244.0.3', dns))).toEqual([]);
  expect(flowsToForget(of('10.244.0.3', { hostPort: 70 }), [])).toEqual([
    ['-p', 'udp', '--orig-port-dst', '70'],
  ]);
  expect(flowsToForget([], of('10.244.0.3', { hostPort: 70, protocol: 'TCP' }))).toEqual([]);
});
