import { describe, expect, test } from 'vitest';
import type {
  ControllerRevision,
  DaemonSet,
  Deployment,
  ReplicaSet,
  StatefulSet,
} from '../../../api/apps/v1.ts';
import type { PodTemplateSpec } from '../../../api/core/v1.ts';
import { daemonsets } from '../../../api/generated/resources.ts';
import { createTestCluster } from '../../registry/testing.ts';
import { created, createErrors, testContext, texts, updateErrors } from '../shared/testing.ts';
import { controllerRevisionKind } from './controller-revision.ts';
import { daemonSetKind } from './daemon-set.ts';
import { deploymentKind } from './deployment.ts';
import { replicaSetKind } from './replica-set.ts';
import { statefulSetKind } from './stateful-set.ts';

const metadata = { name: 'x', namespace: 'default' };
const selector = { matchLabels: { app: 'a' } };
const mismatch =
  'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`';

function template(spec: Partial<PodTemplateSpec['spec']> = {}): PodTemplateSpec {
  return {
    metadata: { labels: { app: 'a' } },
    spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
  };
}

const workload = <S extends object>(change: Partial<S>) =>
  ({ metadata, spec: { selector, template: template(), ...change } }) as unknown;

const deployment = (change: Partial<Deployment['spec']>) =>
  workload<Deployment['spec']>(change) as Deployment;
const replicaSet = (change: Partial<ReplicaSet['spec']>) =>
  workload<ReplicaSet['spec']>(change) as ReplicaSet;
const daemonSet = (change: Partial<DaemonSet['spec']>) => workload<DaemonSet['spec']>(change) as DaemonSet;
const statefulSet = (change: Partial<StatefulSet['spec']>) =>
  workload<StatefulSet['spec']>(change) as StatefulSet;

describe('what is said of a new deployment', () => {
  test.each<[Partial<Deployment['spec']>, string[]]>([
    [{}, []],
    [{ selector: undefined }, ['spec.selector: Required value', mismatch]],
    [{ replicas: -1 }, ['spec.replicas: Invalid value: -1: must be greater than or equal to 0']],
    [
      { selector: { matchExpressions: [{ key: 'app', operator: 'Fits' }] } },
      [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Fits": not a valid selector operator',
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Fits"}]}: invalid label selector',
      ],
    ],
    [
      { strategy: { type: 'Slow', rollingUpdate: { maxSurge: '10%' } } },
      [
        'spec.strategy: Unsupported value: {"Type":"Slow","RollingUpdate":{"MaxUnavailable":0,"MaxSurge":"10%"}}: supported values: "Recreate", "RollingUpdate"',
      ],
    ],
    [
      { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 'few', maxSurge: 0 } } },
      [
        `spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "few": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`,
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "few": may not be 0 when `maxSurge` is 0',
      ],
    ],
    [
      { template: template({ restartPolicy: 'Never', activeDeadlineSeconds: 5 }) },
      [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
      ],
    ],
  ])('%j', (change, errors) => {
    expect(createErrors(deploymentKind, deployment(change))).toEqual(errors);
  });
});

test('a replica set is looked at twice when it changes, as upstream does', () => {
  const errors = updateErrors(replicaSetKind, replicaSet({}), (set) => {
    set.spec.replicas = -1;
    set.spec.selector = { matchLabels: { app: 'a', b: 'c' } };
  });
  const twice = ['spec.replicas: Invalid value: -1: must be greater than or equal to 0', mismatch];
  expect(errors).toEqual([
    ...twice,
    ...twice,
    'spec.selector: Invalid value: {"matchLabels":{"app":"a","b":"c"}}: field is immutable',
  ]);
});

describe('what is said of a new daemon set', () => {
  test.each<[Partial<DaemonSet['spec']>, string[]]>([
    [{}, []],
    [{ selector: undefined }, [mismatch]],
    [{ selector: {} }, ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset']],
    [
      { updateStrategy: { type: 'Magic' } },
      [
        'spec.updateStrategy: Unsupported value: {"Type":"Magic","RollingUpdate":null}: supported values: "RollingUpdate", "OnDelete"',
      ],
    ],
    [
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } },
      [
        'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
      ],
    ],
    [
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } } },
      ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0'],
    ],
  ])('%j', (change, errors) => {
    expect(createErrors(daemonSetKind, daemonSet(change))).toEqual(errors);
  });
});

test('a daemon set counts how often its template has changed', () => {
  const key = 'deprecated.daemonset.template.generation';
  const set = created(daemonSetKind, daemonSet({}));
  expect(set.metadata.annotations).toEqual({ [key]: '1' });
  const change = (edit: (copy: DaemonSet) => void) => {
    const copy = structuredClone(set) as DaemonSet;
    delete copy.metadata.annotations;
    edit(copy);
    daemonSetKind.prepareForUpdate?.(copy, set, testContext());
    return copy.metadata.annotations?.[key];
  };
  expect(change((copy) => (copy.spec.minReadySeconds = 3))).toBe('1');
  expect(change((copy) => (copy.spec.template.metadata = { labels: { app: 'a', b: 'c' } }))).toBe('2');
});

describe('the count of how often the template of a daemon set has changed', () => {
  const key = 'deprecated.daemonset.template.generation';
  const counted = (text: string) => ({
    ...daemonSet({}),
    metadata: { ...metadata, annotations: { [key]: text } },
  });
  const owners = ({ metadata: { managedFields = [] } }: DaemonSet) =>
    managedFields
      .filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes(key))
      .map(({ manager, subresource = '' }) => manager + subresource);

  test('is owned by whoever wrote the set last without naming it, as upstream has it', async () => {
    const api = await createTestCluster();
    const write = (verb: string, body: unknown, fieldManager: string) =>
      api.object(verb, daemonsets, {
        ...(verb === 'update' && { name: 'x' }),
        body,
        query: { fieldManager },
      });
    expect(owners(await write('create', daemonSet({}), 'creator'))).toEqual(['creator']);
    expect(owners(await write('update', daemonSet({}), 'updater'))).toEqual(['updater']);
    expect(owners(await write('update', counted('1'), 'reader'))).toEqual(['updater']);
  });

  test.each(['left out', '7'])('is not changed by a report of the state in which it is %s', async (text) => {
    const api = await createTestCluster();
    await api.object('create', daemonsets, { body: counted('4') });
    const status = {
      currentNumberScheduled: 1,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    };
    const body = { ...(text === '7' ? counted(text) : daemonSet({})), status };
    const written = await api.object('update', daemonsets, { name: 'x', subresource: 'status', body });
    expect(written.metadata.annotations).toEqual({ [key]: '4' });
  });

  test.each([
    ['x', 'invalid syntax'],
    ['', 'invalid syntax'],
    ['9'.repeat(30), 'value out of range'],
  ])('is a number: %j', async (text, why) => {
    const api = await createTestCluster();
    const message = `DaemonSet in version "v1" cannot be handled as a DaemonSet: strconv.ParseInt: parsing "${text}": ${why}`;
    await expect(
      api.send('create', daemonsets, {
        body: { apiVersion: 'apps/v1', kind: 'DaemonSet', ...counted(text) },
      }),
    ).rejects.toThrow(message);
  });
});

const claim = (name: string) => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});
const mounting = (name: string) =>
  template({ containers: [{ name: 'c', image: 'nginx', volumeMounts: [{ name, mountPath: '/data' }] }] });

describe('what is said of a new stateful set', () => {
  test.each<[Partial<StatefulSet['spec']>, string[]]>([
    [{ volumeClaimTemplates: [claim('data')], template: mounting('data') }, []],
    [
      { volumeClaimTemplates: [claim('data')], template: mounting('other') },
      ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "other"'],
    ],
    [
      { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] },
      [
        'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
        'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
      ],
    ],
    [
      { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Keep', whenScaled: 'Delete' } },
      [
        'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete"',
      ],
    ],
    [
      { updateStrategy: { type: 'Magic' } },
      [
        `spec.updateStrategy: Invalid value: {"Type":"Magic","RollingUpdate":null}: must be 'RollingUpdate' or 'OnDelete'`,
      ],
    ],
  ])('%j', (change, errors) => {
    expect(createErrors(statefulSetKind, statefulSet(change))).toEqual(errors);
  });
});

test('a stateful set whose template was refused today may still change elsewhere', () => {
  const odd = statefulSet({ serviceName: 'Not_A_Label', template: template({ containers: [] }) });
  expect(updateErrors(statefulSetKind, odd, (set) => (set.spec.replicas = 3))).toEqual([]);
  const good = statefulSet({});
  expect(
    updateErrors(statefulSetKind, good, (set) => (set.spec.template = template({ containers: [] }))),
  ).toEqual(['spec.template.spec.containers: Required value']);
});

test('counts of a stateful set have to go together', () => {
  const old = created(statefulSetKind, statefulSet({}));
  const now = structuredClone(old) as StatefulSet;
  now.status = { replicas: 2, readyReplicas: 1, availableReplicas: 2 };
  expect(texts(statefulSetKind.status?.validateUpdate?.(now, old, testContext()) ?? [])).toEqual([
    'status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas',
  ]);
});

describe('what is said of a new revision', () => {
  test.each<[Partial<ControllerRevision>, string[]]>([
    [{ data: { a: 1 } }, []],
    [
      { revision: -1 },
      [
        'revision: Invalid value: -1: must be greater than or equal to 0',
        'data: Required value: data is mandatory',
      ],
    ],
    [
      { data: [1] as unknown as ControllerRevision['data'] },
      ['data: Required value: data must be a valid JSON object'],
    ],
  ])('%j', (change, errors) => {
    const revision = { metadata, revision: 1, ...change } as ControllerRevision;
    expect(createErrors(controllerRevisionKind, revision)).toEqual(errors);
  });
});

test('names that are no labels are advised against', () => {
  const dotted = { ...deployment({}), metadata: { name: 'a.b', namespace: 'default' } };
  const [warning] = deploymentKind.warnings?.(created(deploymentKind, dotted), undefined) ?? [];
  expect(warning).toMatch(
    /^metadata\.name: this is used in Pod names and hostnames, .*; a DNS label is recommended: \[/,
  );
  const negative = created(statefulSetKind, statefulSet({ revisionHistoryLimit: -1 }));
  expect(statefulSetKind.warnings?.(negative, undefined)).toEqual([
    'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
  ]);
});
