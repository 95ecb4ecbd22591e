import { expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import { flowsToForget, hostPortScript, hostPortsOf } from './host-ports.ts';

const pod = (podIP: string, port: object, more: object = {}): Pod => ({
  metadata: { name: podIP },
  spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, protocol: 'TCP', ...port }] }], ...more },
  status: { podIP, phase: 'Running' },
});

test('a port of the node leads to the pod that asked for it', () => {
  const ports = hostPortsOf([
    pod('10.244.0.2', { hostPort: 8080 }),
    pod('10.244.0.3', { hostPort: 53, protocol: 'UDP', hostIP: '198.18.0.2' }),
    pod('10.244.0.4', {}),
    pod('10.244.0.5', { hostPort: 9090 }, { hostNetwork: true }),
    { ...pod('10.244.0.6', { hostPort: 7070 }), status: { podIP: '10.244.0.6', phase: 'Succeeded' } },
    pod('not an address', { hostPort: 6060 }),
    pod('10.244.0.7', { hostPort: 5050, hostIP: '999.0.0.1' }),
    pod('10.244.0.8', { hostPort: 4040, hostIP: '010.0.0.1' }),
    pod('10.244.0.300', { hostPort: 3030 }),
  ]);
  expect(ports.map((p) => [p.hostIp, p.protocol, p.hostPort, p.podIp])).toEqual([
    ['', 'tcp', 8080, '10.244.0.2'],
    ['198.18.0.2', 'udp', 53, '10.244.0.3'],
  ]);
  const script = hostPortScript(ports);
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
  expect(hostPortsOf([pod('10.244.0.2', {}, { initContainers })]).map((p) => p.hostPort)).toEqual([7002]);
});

test('without ports there is no table', () => {
  expect(hostPortScript([])).toBe('add table ip k8ts-hostports\ndelete table ip k8ts-hostports\n');
});

test('flows of UDP clients are forgotten where their port leads elsewhere, or to somebody at last', () => {
  const of = (podIP: string, port: object) => hostPortsOf([pod(podIP, { protocol: 'UDP', ...port })]);
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
