import { describe, expect, test } from 'vitest';
import type { Container, Pod, PodSpec, ResourceRequirements } from '../api/core/v1.ts';
import { qosClass, qosClassOf } from './qos.ts';

const asks = (requests: Record<string, string>, limits: Record<string, string> = {}) => ({
  requests,
  limits,
});
const full = (cpu: string, memory: string) => asks({ cpu, memory }, { cpu, memory });
const specOf = (...resources: (ResourceRequirements | undefined)[]): PodSpec => ({
  containers: resources.map((r, i): Container => ({ name: `c${i}`, resources: r })),
});

describe('the class of service', () => {
  test.each([
    ['BestEffort', specOf(undefined, {})],
    ['BestEffort', specOf(asks({ cpu: '0' }))],
    ['BestEffort', specOf(asks({ 'ephemeral-storage': '1Gi' }))],
    ['Burstable', specOf(asks({ cpu: '1' }))],
    ['Burstable', specOf(full('1', '1Gi'), undefined)],
    ['Burstable', specOf(asks({ cpu: '500m', memory: '1Gi' }, { cpu: '1', memory: '1Gi' }))],
    ['Guaranteed', specOf(full('1', '1Gi'), full('2', '2Gi'))],
    ['Guaranteed', specOf(asks({ cpu: '1', memory: '1Gi' }, { cpu: '1000m', memory: '1024Mi' }))],
    ['Burstable', { ...specOf(full('1', '1Gi')), initContainers: [{ name: 'i' }] }],
    ['Guaranteed', { ...specOf(undefined), resources: full('1', '1Gi') }],
    ['Burstable', { ...specOf(full('1', '1Gi')), resources: asks({ cpu: '2' }) }],
    ['Guaranteed', { ...specOf(full('1', '1Gi')), resources: {} }],
  ])('%s', (expected, spec) => {
    expect(qosClass(spec)).toBe(expected);
  });

  test('stays what the pod was given', () => {
    const pod: Pod = { metadata: {}, spec: specOf(full('1', '1Gi')) };
    expect(qosClassOf(pod)).toBe('Guaranteed');
    expect(qosClassOf({ ...pod, status: { qosClass: 'Burstable' } })).toBe('Burstable');
  });
});
