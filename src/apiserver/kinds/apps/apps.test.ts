import { describe, expect, test } from 'vitest';
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../../api/apps/v1.ts';
import type { PodTemplateSpec } from '../../../api/core/v1.ts';
import { created, createErrors, row, testContext, texts, updateErrors } from '../shared/testing.ts';
import { daemonSetKind } from './daemon-set.ts';
import { deploymentKind } from './deployment.ts';
import { replicaSetKind } from './replica-set.ts';
import { statefulSetKind } from './stateful-set.ts';

const template = (): PodTemplateSpec => ({
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
});
const selector = () => ({ matchLabels: { app: 'a' } });

const deployment = (spec: Partial<Deployment['spec']> = {}): Deployment => ({
  metadata: { name: 'd', namespace: 'default' },
  spec: { selector: selector(), template: template(), ...spec },
});

const statefulSet = (spec: Partial<StatefulSet['spec']> = {}): StatefulSet => ({
  metadata: { name: 's', namespace: 'default' },
  spec: { selector: selector(), serviceName: 's', template: template(), ...spec },
});

const daemonSet = (spec: Partial<DaemonSet['spec']> = {}): DaemonSet => ({
  metadata: { name: 'd', namespace: 'default' },
  spec: { selector: selector(), template: template(), ...spec },
});

describe('a deployment', () => {
  test('is filled in', () => {
    const { spec } = created(deploymentKind, deployment());
    expect(spec).toMatchObject({
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: { spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30 } },
    });
    expect(createErrors(deploymentKind, deployment())).toEqual([]);
  });

  test('has to select its own pods', () => {
    const other = deployment({ selector: { matchLabels: { app: 'b' } } });
    expect(createErrors(deploymentKind, other)).toEqual([
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ]);
    expect(createErrors(deploymentKind, deployment({ selector: {} }))).toEqual([
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ]);
  });

  test('keeps its selector', () => {
    const errors = updateErrors(deploymentKind, deployment(), (d) => {
      d.spec.selector = { matchLabels: { app: 'b' } };
      d.spec.template.metadata = { labels: { app: 'b' } };
    });
    expect(errors).toEqual(['spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable']);
  });

  test.each([
    [
      { maxUnavailable: 0, maxSurge: 0 },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ],
    [
      { maxUnavailable: '120%', maxSurge: 1 },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "120%": must not be greater than 100%',
    ],
    [
      { maxUnavailable: -1, maxSurge: 1 },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or equal to 0',
    ],
  ])('cannot roll with %j', (rollingUpdate, error) => {
    const strategy = { type: 'RollingUpdate', rollingUpdate };
    expect(createErrors(deploymentKind, deployment({ strategy }))).toEqual([error]);
  });

  test('rolls or is recreated, not both', () => {
    const strategy = { type: 'Recreate', rollingUpdate: { maxSurge: 1 } };
    expect(createErrors(deploymentKind, deployment({ strategy }))).toEqual([
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ]);
    expect(createErrors(deploymentKind, deployment({ strategy: { type: 'Magic' } }))).toEqual([
      'spec.strategy: Unsupported value: {"Type":"Magic","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
    ]);
  });

  test('has time to progress beyond what pods take to be available', () => {
    const spec = { minReadySeconds: 600, progressDeadlineSeconds: 600 };
    expect(createErrors(deploymentKind, deployment(spec))).toEqual([
      'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds',
    ]);
  });

  test('cannot run pods that end', () => {
    const wrong = template();
    Object.assign(wrong.spec as object, { restartPolicy: 'Never', activeDeadlineSeconds: 5 });
    expect(createErrors(deploymentKind, deployment({ template: wrong }))).toEqual([
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
    ]);
  });

  test('has a generation that counts annotations too, as upstream has it', () => {
    const old = created(deploymentKind, deployment());
    old.metadata.generation = 3;
    const now = structuredClone(old);
    now.metadata.annotations = { a: 'b' };
    deploymentKind.prepareForUpdate?.(now, old, testContext());
    expect(now.metadata.generation).toBe(4);
  });

  test('reports counts that fit together', () => {
    const old = created(deploymentKind, deployment());
    old.status = { collisionCount: 2 };
    const now = structuredClone(old);
    now.status = { replicas: 1, availableReplicas: 2, readyReplicas: 1, collisionCount: 1 };
    expect(texts(deploymentKind.status?.validateUpdate?.(now, old, testContext()) ?? [])).toEqual([
      'status.availableReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas',
      'status.collisionCount: Invalid value: 1: cannot be decremented',
    ]);
  });

  test('shows its pods', () => {
    const object = created(deploymentKind, deployment({ replicas: 3 }));
    object.status = { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 };
    expect(row(deploymentKind, object, Date.parse('2026-01-01T00:05:00Z'))).toEqual({
      Name: 'd',
      Ready: '2/3',
      'Up-to-date': 3,
      Available: 1,
      Age: '5m',
      Containers: 'c',
      Images: 'nginx',
      Selector: 'app=a',
    });
  });
});

describe('a replica set', () => {
  const set: ReplicaSet = {
    metadata: { name: 'r', namespace: 'default' },
    spec: { replicas: -1, selector: selector(), template: template() },
  };

  test('has no fewer than no pods', () => {
    expect(createErrors(replicaSetKind, set)).toEqual([
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });

  test('can be found by how many pods it has', () => {
    expect(replicaSetKind.selectableFields?.({ ...set, status: { replicas: 4 } })).toEqual({
      'status.replicas': '4',
    });
  });
});

describe('a stateful set', () => {
  test('is filled in', () => {
    const claims = [{ metadata: { name: 'data' }, spec: {} }];
    const { spec } = created(statefulSetKind, statefulSet({ volumeClaimTemplates: claims }));
    expect(spec).toMatchObject({
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    });
    expect(spec.volumeClaimTemplates?.[0]).toMatchObject({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      spec: { volumeMode: 'Filesystem' },
      status: { phase: 'Pending' },
    });
    expect(createErrors(statefulSetKind, statefulSet())).toEqual([]);
  });

  test('says which fields can change', () => {
    const errors = updateErrors(statefulSetKind, statefulSet(), (s) => {
      s.spec.serviceName = 'other';
      s.spec.replicas = 5;
    });
    expect(errors).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
    expect(updateErrors(statefulSetKind, statefulSet(), (s) => void (s.spec.replicas = 5))).toEqual([]);
  });

  test('rolls only where it says so', () => {
    const updateStrategy = { type: 'OnDelete', rollingUpdate: { partition: 1 } };
    expect(createErrors(statefulSetKind, statefulSet({ updateStrategy }))).toEqual([
      'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}: only allowed for updateStrategy \'RollingUpdate\'',
    ]);
  });
});

describe('a daemon set', () => {
  test('takes a pod away before it makes the next, or after', () => {
    const both = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } };
    expect(createErrors(daemonSetKind, daemonSet({ updateStrategy: both }))).toEqual([
      'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
    ]);
    const none = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } };
    expect(createErrors(daemonSetKind, daemonSet({ updateStrategy: none }))).toEqual([
      'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
    ]);
    expect(createErrors(daemonSetKind, daemonSet())).toEqual([]);
  });
});
