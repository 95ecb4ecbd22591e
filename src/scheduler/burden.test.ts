import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '../api/core/v1.ts';
import type { Stored } from '../api/resource.ts';
import { seededRandom } from '../platform/random.ts';
import { SchedulerCache } from './cache/cache.ts';
import { podInfo } from './cache/node-info.ts';
import { decide } from './decide.ts';
import { testProfile } from './testing.ts';

const profile = testProfile();

const metadata = (name: string, more = {}) => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
  ...more,
});

const many = <T>(count: number, one: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => one(i));

function podOf(name: string, spec: Partial<Pod['spec']>): Stored<Pod> {
  return {
    metadata: metadata(name, { labels: { app: 'web' } }),
    spec: { containers: [{ name: 'c' }], ...spec },
  };
}

function decideOn(spec: Partial<Pod['spec']>, placed: readonly Partial<Pod['spec']>[] = []) {
  const cache = new SchedulerCache();
  for (let i = 0; i < 300; i++) {
    const labels = { 'kubernetes.io/hostname': `n${i}` };
    const status = { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } };
    cache.setNode({ metadata: metadata(`n${i}`, { labels }), spec: {}, status } as Stored<Node>);
  }
  placed.forEach((one, i) => cache.setPod(podOf(`p${i}`, { nodeName: 'n0', ...one })));
  const verdict = decide(podInfo(podOf('it', spec)), cache.snapshot(), {
    profile,
    random: seededRandom(1),
    startAt: 0,
  });
  return verdict.type === 'placed' ? 'placed' : verdict.message;
}

const exists = (i: number) => ({ matchExpressions: [{ key: `k${i}`, operator: 'Exists' as const }] });
const nodeTerms = (count: number): Pod['spec']['affinity'] => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: many(count, exists) },
  },
});
const apart = (count: number): Pod['spec']['affinity'] => ({
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: many(count, (i) => ({
      topologyKey: 'kubernetes.io/hostname',
      labelSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: [`x${i}`] }] },
    })),
  },
});
const preferred = (count: number): Pod['spec']['affinity'] => ({
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: many(count, (i) => ({
      weight: 1,
      preference: exists(i),
    })),
  },
});

describe('a pod that asks for more than is weighed for one pod goes nowhere, and says why', () => {
  test.each<[string, Partial<Pod['spec']>, string]>([
    ['terms about nodes', { affinity: nodeTerms(3000) }, '6001 rules for nodes and 0 for other pods'],
    ['preferences', { affinity: preferred(3000) }, '6001 rules for nodes and 0 for other pods'],
    ['terms about pods', { affinity: apart(1001) }, '1002 rules for nodes and 1001 for other pods'],
    [
      'resources',
      {
        containers: [
          {
            name: 'c',
            resources: { requests: Object.fromEntries(many(6000, (i) => [`example.com/r${i}`, '1'])) },
          },
        ],
      },
      '6001 rules for nodes and 0 for other pods',
    ],
  ])('%s', (_, spec, what) => {
    expect(decideOn(spec)).toBe(
      `0/300 nodes are available: the pod has ${what}: too many to weigh here. ` +
        'no new claims to deallocate, preemption: 0/300 nodes are available: 300 Preemption is not helpful for scheduling.',
    );
  });
});

test('pods that ask for much and not too much are placed', () => {
  expect(decideOn({ affinity: preferred(1000) })).toBe('placed');
  expect(decideOn({ affinity: apart(500) })).toBe('placed');
});

test('terms of a pod that somebody else has placed are not heeded where they are too many', () => {
  const everywhere = (count: number) => many(300, (i) => ({ nodeName: `n${i}`, affinity: apart(count) }));
  expect(decideOn({}, everywhere(2))).toContain("didn't satisfy existing pods anti-affinity rules");
  expect(decideOn({}, everywhere(1001))).toBe('placed');
});
