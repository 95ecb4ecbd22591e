import { expect, test } from 'vitest';
import type { Container, Pod } from '../../../api/core/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import type { DeviceClass } from '../../../api/resource/v1.ts';
import { leadingClass } from '../../../machinery/resource-claims.ts';
import { extendedNeed } from './extended-resources.ts';

const gpu = 'example.com/gpu';
const classNamed = (name: string, creationTimestamp = '') =>
  ({
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp },
    spec: {},
  }) as Stored<DeviceClass>;

const container = (
  name: string,
  requests: Record<string, string>,
  more: Partial<Container> = {},
): Container => ({
  name,
  resources: { requests },
  ...more,
});

function needOf(containers: Container[], initContainers: Container[] = [], resources = [gpu]) {
  const pod: Pod = { metadata: { name: 'p' }, spec: { containers, initContainers } };
  const { requests, mappings } = extendedNeed(pod, resources, (name) => classNamed(`class-of-${name}`));
  return {
    requests: requests.map(({ name, exactly }) => `${name} ${exactly?.deviceClassName} ${exactly?.count}`),
    mappings: mappings.map((m) => `${m.containerName} ${m.resourceName} ${m.requestName}`),
  };
}

const gpuClass = `class-of-${gpu}`;

test('each container that runs on has a request of its own for each of its resources', () => {
  const containers = [
    container('x', { memory: '1Gi', [gpu]: '2', cpu: '1' }),
    container('y', { cpu: '1' }),
    container('z', { [gpu]: '1', 'example.com/fpga': '3' }),
  ];
  expect(needOf(containers, [], [gpu, 'example.com/fpga'])).toEqual({
    requests: [
      `container-0-request-1 ${gpuClass} 2`,
      'container-2-request-0 class-of-example.com/fpga 3',
      `container-2-request-1 ${gpuClass} 1`,
    ],
    mappings: [
      'z example.com/fpga container-2-request-0',
      `x ${gpu} container-0-request-1`,
      `z ${gpu} container-2-request-1`,
    ],
  });
});

test('containers that are over soon use what others have later, and share what goes beyond', () => {
  const init = [
    container('i0', { [gpu]: '1' }),
    container('i1', { [gpu]: '4' }),
    container('i2', { [gpu]: '6' }),
  ];
  const containers = [container('x', { [gpu]: '2' }), container('y', { [gpu]: '1' })];
  expect(needOf(containers, init)).toEqual({
    requests: [
      `container-2-request-0 ${gpuClass} 3`,
      `container-3-request-0 ${gpuClass} 2`,
      `container-4-request-0 ${gpuClass} 1`,
    ],
    mappings: [
      `x ${gpu} container-3-request-0`,
      `y ${gpu} container-4-request-0`,
      `i0 ${gpu} container-3-request-0`,
      `i1 ${gpu} container-3-request-0`,
      `i1 ${gpu} container-4-request-0`,
      `i1 ${gpu} container-2-request-0`,
      `i2 ${gpu} container-3-request-0`,
      `i2 ${gpu} container-4-request-0`,
      `i2 ${gpu} container-2-request-0`,
    ],
  });
});

test('what a sidecar has is not lent to those that come after it', () => {
  const sidecar = container('s', { [gpu]: '1' }, { restartPolicy: 'Always' });
  const before = container('before', { [gpu]: '1' });
  const after = container('after', { [gpu]: '1' });
  expect(needOf([container('x', {})], [before, sidecar, after])).toEqual({
    requests: [`container-1-request-0 ${gpuClass} 1`, `container-2-request-0 ${gpuClass} 1`],
    mappings: [
      `s ${gpu} container-1-request-0`,
      `before ${gpu} container-1-request-0`,
      `after ${gpu} container-2-request-0`,
    ],
  });
});

test('of classes that name the same resource the newest leads, then the first by name', () => {
  const old = classNamed('old', '2026-01-01T00:00:00Z');
  const both = [classNamed('y', '2026-02-01T00:00:00Z'), classNamed('x', '2026-02-01T00:00:00Z')];
  expect(leadingClass([old, ...both])?.metadata.name).toBe('x');
  expect(leadingClass([...both, old])?.metadata.name).toBe('x');
  expect(leadingClass([])).toBeUndefined();
});
