import { describe, expect, test } from 'vitest';
import type { ContainerStatus, Pod, PodStatus } from '../api/core/v1.ts';
import { podSums } from './pod-sums.ts';
import { addSums, maxSums, readSums, subtractSums, writeSums } from './resource-sums.ts';

const container = (name: string, cpu: string, more: object = {}) => ({
  name,
  resources: { requests: { cpu }, limits: { cpu } },
  ...more,
});

test('sums add, subtract down to nothing, and take the larger', () => {
  const [a, b] = [readSums({ cpu: '100m', memory: '1Gi' }), readSums({ cpu: '1', x: '2' })];
  expect(writeSums(addSums(a, b))).toEqual({ cpu: '1100m', memory: '1Gi', x: '2' });
  expect(writeSums(subtractSums(a, b))).toEqual({ cpu: '0', memory: '1Gi' });
  expect(writeSums(maxSums(a, b))).toEqual({ cpu: '1', memory: '1Gi', x: '2' });
});

describe('what a pod asks for', () => {
  const cpuOf = (spec: object, side: 'requests' | 'limits' = 'requests') =>
    writeSums(podSums({ metadata: {}, spec } as Pod, side)).cpu;
  const sidecar = container('s', '1', { restartPolicy: 'Always' });

  test('is its containers together, or its largest init container', () => {
    const containers = [container('a', '1'), container('b', '2')];
    expect(cpuOf({ containers })).toBe('3');
    expect(cpuOf({ containers, initContainers: [container('i', '5'), container('j', '1')] })).toBe('5');
    expect(cpuOf({ containers, initContainers: [container('i', '2')] })).toBe('3');
  });

  test('has sidecars beside both, and its overhead on top', () => {
    const containers = [container('a', '1')];
    expect(cpuOf({ containers, initContainers: [sidecar] })).toBe('2');
    expect(cpuOf({ containers, initContainers: [sidecar, container('i', '4')] })).toBe('5');
    expect(cpuOf({ containers, initContainers: [container('i', '4'), sidecar] })).toBe('4');
    expect(cpuOf({ containers, overhead: { cpu: '250m' } })).toBe('1250m');
    expect(cpuOf({ containers: [{ name: 'a' }], overhead: { cpu: '250m' } }, 'limits')).toBeUndefined();
  });

  test('is what it says of itself as a whole, where it does', () => {
    const containers = [container('a', '1')];
    expect(cpuOf({ containers, resources: { requests: { cpu: '7' } } })).toBe('7');
    // Each container keeps below the limit of the pod; together they may say more.
    const initContainers = [sidecar, container('i', '3')];
    expect(cpuOf({ containers, initContainers, resources: { limits: { cpu: '3' } } }, 'limits')).toBe('3');
  });

  describe('amid a resize', () => {
    const asks = (cpu: string, status: Partial<ContainerStatus>, reason?: string) => {
      const conditions = reason ? [{ type: 'PodResizePending', status: 'True', reason }] : [];
      const containerStatuses = [{ name: 'a', ...status }] as ContainerStatus[];
      const spec = { containers: [container('a', cpu)] };
      const pod: Pod = { metadata: {}, spec, status: { conditions, containerStatuses } };
      return [writeSums(podSums(pod, 'requests')).cpu, writeSums(podSums(pod, 'limits')).cpu];
    };
    const inForce = (cpu: string) => ({ requests: { cpu }, limits: { cpu } });

    test('is the most of what it asks for, what is set aside and what is in force', () => {
      expect(asks('1', { allocatedResources: { cpu: '2' }, resources: inForce('3') })).toEqual(['3', '3']);
      expect(asks('1', { allocatedResources: { cpu: '2' }, resources: inForce('1') })).toEqual(['2', '1']);
      expect(asks('4', { allocatedResources: { cpu: '2' }, resources: inForce('2') })).toEqual(['4', '4']);
      // As long as it does not tell what is in force, nothing of it is resized.
      expect(asks('4', { allocatedResources: { cpu: '5' } })).toEqual(['4', '4']);
      expect(asks('4', {}, 'Infeasible')).toEqual(['4', '4']);
    });

    test('is the most of each of its containers, of which one may grow while another shrinks', () => {
      const told = (name: string, cpu: string) =>
        ({ name, allocatedResources: { cpu }, resources: inForce(cpu) }) as Partial<ContainerStatus>;
      const initContainers = [container('i', '1'), { ...sidecar, name: 's' }];
      const spec = { containers: [container('a', '2'), container('b', '1')], initContainers };
      const status = {
        containerStatuses: [told('a', '1'), told('b', '2')] as ContainerStatus[],
        initContainerStatuses: [told('i', '9'), told('s', '3')] as ContainerStatus[],
      };
      const pod: Pod = { metadata: {}, spec, status };
      // What an init container had that has ended does not count.
      expect(writeSums(podSums(pod, 'requests')).cpu).toBe('7');
      expect(writeSums(podSums(pod, 'limits')).cpu).toBe('7');
    });

    test('is not what the node can never give', () => {
      const status = { allocatedResources: { cpu: '2' }, resources: inForce('2') };
      expect(asks('100', status, 'Infeasible')).toEqual(['2', '2']);
      expect(asks('100', status, 'Deferred')).toEqual(['100', '100']);
    });

    test('goes by the whole where it says something of that, and by nothing else', () => {
      const wholeOf = (cpu: string, status: Partial<PodStatus>, reason?: string) => {
        const conditions = reason ? [{ type: 'PodResizePending', status: 'True', reason }] : [];
        const spec = { containers: [container('a', '1')], resources: inForce(cpu) };
        const pod: Pod = { metadata: {}, spec, status: { conditions, ...status } };
        return [writeSums(podSums(pod, 'requests')), writeSums(podSums(pod, 'limits'))];
      };
      const status = { allocatedResources: { cpu: '3', memory: '1' }, resources: inForce('4') };
      expect(wholeOf('2', status)).toEqual([{ cpu: '4' }, { cpu: '4' }]);
      expect(wholeOf('5', status)).toEqual([{ cpu: '5' }, { cpu: '5' }]);
      expect(wholeOf('5', status, 'Infeasible')).toEqual([{ cpu: '4' }, { cpu: '4' }]);
      expect(wholeOf('2', { allocatedResources: { cpu: '3' } })).toEqual([{ cpu: '2' }, { cpu: '2' }]);
      const parts: Pod = { metadata: {}, spec: { containers: [container('a', '1')] }, status };
      expect(writeSums(podSums(parts, 'requests'))).toEqual({ cpu: '1' });
    });
  });
});
