import { describe, expect, test } from 'vitest';
import type { APIService } from '../../api/apiregistration/v1.ts';
import type { Service } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { knownAvailability } from './availability-plan.ts';
import { versionOfList, versionsOf } from './discovery-entries.ts';
import { KeyedWork } from './keyed-work.ts';
import { groupVersionOf, localService, type Management, planRegistration } from './registration-plan.ts';

const gv = { group: 'a.test', version: 'v1' };

describe('what is done about an APIService', () => {
  const wanted = (management: Management) => localService(gv, management);
  const standing = (management?: string, spec: object = {}) =>
    ({
      ...wanted('true'),
      metadata: {
        name: 'v1.a.test',
        labels: management ? { 'kube-aggregator.kubernetes.io/automanaged': management } : {},
      },
      spec: { ...wanted('true').spec, ...spec },
    }) as Stored<APIService>;
  const other = { groupPriorityMinimum: 5 };
  const plan = (parts: Partial<Parameters<typeof planRegistration>[0]>) =>
    planRegistration({ wanted: undefined, current: undefined, wasThere: true, isSynced: false, ...parts })
      ?.type;

  test('where there is none: it is made, those of the server itself once', () => {
    expect(plan({})).toBeUndefined();
    expect(plan({ wanted: wanted('onstart') })).toBe('create');
    expect(plan({ wanted: wanted('onstart'), isSynced: true })).toBeUndefined();
    expect(plan({ wanted: wanted('true'), isSynced: true })).toBe('create');
  });

  test('those of others are theirs', () => {
    expect(plan({ current: standing() })).toBeUndefined();
    expect(plan({ wanted: wanted('true'), current: standing(undefined, other) })).toBeUndefined();
  });

  test('those made at a start are put in order at the next one, and then left alone', () => {
    const current = standing('onstart', other);
    expect(plan({ wanted: wanted('onstart'), current })).toBe('update');
    expect(plan({ wanted: wanted('onstart'), current, isSynced: true })).toBeUndefined();
    expect(plan({ wanted: wanted('true'), current, wasThere: false })).toBeUndefined();
    expect(plan({ current })).toBe('delete');
    expect(plan({ current, wasThere: false })).toBeUndefined();
  });

  test('those that others may take over are made where they are missing at a start, and never touched', () => {
    const wanted = localService(gv);
    expect(plan({ wanted })).toBe('create');
    expect(plan({ wanted, isSynced: true })).toBeUndefined();
    expect(plan({ wanted, current: standing(undefined, other) })).toBeUndefined();
  });

  test('those of definitions follow them always', () => {
    expect(plan({ wanted: wanted('true'), current: standing('true', other), isSynced: true })).toBe('update');
    expect(plan({ wanted: wanted('true'), current: standing('true'), isSynced: true })).toBeUndefined();
    expect(plan({ current: standing('true'), isSynced: true })).toBe('delete');
  });

  test('names say group and version', () => {
    expect(groupVersionOf('v1.')).toEqual({ group: '', version: 'v1' });
    expect(groupVersionOf('v1beta1.metrics.k8s.io')).toEqual({ group: 'metrics.k8s.io', version: 'v1beta1' });
  });
});

describe('availability', () => {
  const service = { namespace: 'ns', name: 's', port: 8443 };
  const apiService = { metadata: {}, spec: { groupPriorityMinimum: 1, versionPriority: 1, service } };
  const backend = (spec: Service['spec']): Service => ({ metadata: { name: 's' }, spec });
  const ports = [{ name: 'https', port: 8443 }];
  const slice = (more: object) =>
    ({ addressType: 'IPv4', endpoints: [], ports, ...more }) as unknown as EndpointSlice;

  test('has to be asked for where the Service leads somewhere', () => {
    const endpoints = [{ addresses: ['10.0.0.1'] }];
    const slices = [
      slice({ endpoints: [{ addresses: ['10.0.0.2'], conditions: { ready: false } }] }),
      slice({ endpoints }),
    ];
    expect(knownAvailability(apiService, { service: backend({ ports }), slices })).toBeUndefined();
    const named = backend({ type: 'ExternalName', externalName: 'example.test' });
    expect(knownAvailability(apiService, { service: named, slices: [] })).toBeUndefined();
    const published = backend({ type: 'NodePort', ports: [] });
    expect(knownAvailability(apiService, { service: published, slices: [] })).toBeUndefined();
  });

  test('needs an endpoint for the very port', () => {
    const endpoints = [{ addresses: ['10.0.0.1'], conditions: { ready: true } }];
    const other = slice({ endpoints, ports: [{ name: 'http', port: 80 }] });
    expect(knownAvailability(apiService, { service: backend({ ports }), slices: [other] })).toMatchObject({
      status: 'False',
      reason: 'MissingEndpoints',
      message: 'endpointslices for service/s in "ns" have no addresses with port name "https"',
    });
  });
});

describe('what a server serves', () => {
  test('is read out of its list of resources', () => {
    const resources = [
      {
        name: 'things/scale',
        singularName: '',
        namespaced: true,
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: ['get'],
      },
      {
        name: 'things',
        singularName: 'thing',
        namespaced: true,
        kind: 'Thing',
        verbs: ['list'],
        shortNames: ['th'],
      },
    ];
    expect(versionOfList({ groupVersion: 'a.test/v1', resources }, gv)).toEqual({
      version: 'v1',
      resources: [
        {
          resource: 'things',
          responseKind: { group: 'a.test', version: 'v1', kind: 'Thing' },
          scope: 'Namespaced',
          singularResource: 'thing',
          verbs: ['list'],
          shortNames: ['th'],
          subresources: [
            {
              subresource: 'scale',
              responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
              verbs: ['get'],
            },
          ],
        },
      ],
    });
  });

  test('is found by group and version in its aggregated document', () => {
    const versions = [{ version: 'v1' }, { version: 'v2' }];
    const found = versionsOf({ items: [{ metadata: { name: 'a.test' }, versions }] });
    expect([...found.keys()]).toEqual(['a.test/v1', 'a.test/v2']);
  });
});

describe('work on keys', () => {
  test('goes on after failures with growing patience, and at once when asked for', async () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    let fails = true;
    const work = new KeyedWork({
      clock,
      firstRetryMs: 10,
      maxRetryMs: 40,
      onFailure: () => {},
      async work() {
        times.push(clock.now());
        if (fails) throw new Error('no');
        return undefined;
      },
    });
    const startMs = clock.now();
    await work.add('a');
    for (const ms of [10, 20, 40, 40]) await clock.advance(ms);
    expect(times.map((t) => t - startMs)).toEqual([0, 10, 30, 70, 110]);
    fails = false;
    await work.add('a');
    await clock.advance(1000);
    expect(times).toHaveLength(6);
  });

  test('is done once more where it was asked for meanwhile, and never twice at a time', async () => {
    const clock = new VirtualClock();
    let running = 0;
    let turns = 0;
    const work = new KeyedWork({
      clock,
      firstRetryMs: 1,
      maxRetryMs: 1,
      onFailure: () => {},
      async work() {
        expect(++running).toBe(1);
        turns++;
        await Promise.resolve();
        running--;
        return undefined;
      },
    });
    await Promise.all([work.add('a'), work.add('a'), work.add('a')]);
    expect(turns).toBe(2);
    work.stop();
    await work.add('a');
    expect(turns).toBe(2);
  });
});
