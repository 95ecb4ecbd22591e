import type { DaemonSet, Deployment, StatefulSet } from '../../src/api/apps/v1.ts';
import type { HorizontalPodAutoscaler, HPAScalingRules } from '../../src/api/autoscaling/v2.ts';
import type { CronJob, Job } from '../../src/api/batch/v1.ts';
import type { PodTemplateSpec } from '../../src/api/core/v1.ts';
import type { PodDisruptionBudget } from '../../src/api/policy/v1.ts';
import {
  cronjobs,
  daemonsets,
  deployments,
  horizontalpodautoscalers,
  jobs,
  poddisruptionbudgets,
  statefulsets,
} from '../../src/api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../src/api/resource.ts';
import type { Random } from '../../src/platform/random.ts';

/** Where users work: one namespace stays, the other may be deleted. */
export const namespace = 'default';
export const passing = 'passing';

/** Something that a user runs. */
export interface Workload {
  resource: Resource;
  object: KubernetesObject;
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[random.int(from.length)] as T;

interface TemplateOptions {
  app: string;
  exitAfter?: string;
  exitCode?: number;
}

function template(random: Random, { app, exitAfter, exitCode }: TemplateOptions): PodTemplateSpec {
  const requests = { cpu: pick(random, ['100m', '250m', '500m']), memory: pick(random, ['64Mi', '256Mi']) };
  const annotations = {
    'simulated.k8ts.dev/stop-after': pick(random, ['0s', '1s', '5s']),
    ...(exitAfter && { 'simulated.k8ts.dev/exit-after': exitAfter }),
    ...(exitCode && { 'simulated.k8ts.dev/exit-code': String(exitCode) }),
  };
  return {
    metadata: { labels: { app }, annotations },
    spec: {
      terminationGracePeriodSeconds: 10,
      // A token for each pod takes a sixth of all requests.
      automountServiceAccountToken: random.int(4) === 0,
      ...(exitAfter && { restartPolicy: 'Never' }),
      containers: [{ name: 'main', image: 'app:1', resources: { requests } }],
    },
  };
}

const metadata = (name: string) => ({ name, namespace });
const selector = (app: string) => ({ matchLabels: { app } });

function deployment(random: Random, name: string): Workload {
  const rolling = {
    maxSurge: pick(random, [1, 2, '25%', '50%']),
    maxUnavailable: pick(random, [0, 1, '25%']),
  };
  const strategy =
    random.int(6) === 0 ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: rolling };
  const object: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(name),
    spec: {
      replicas: 1 + random.int(4),
      minReadySeconds: pick(random, [0, 0, 0, 5]),
      revisionHistoryLimit: pick(random, [0, 2, 10]),
      selector: selector(name),
      strategy: strategy as NonNullable<Deployment['spec']>['strategy'],
      template: template(random, { app: name }),
    },
  };
  return { resource: deployments as Resource, object };
}

function statefulSet(random: Random, name: string): Workload {
  const object: StatefulSet = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(name),
    spec: {
      serviceName: name,
      replicas: 1 + random.int(3),
      podManagementPolicy: pick(random, ['OrderedReady', 'OrderedReady', 'Parallel']),
      selector: selector(name),
      template: template(random, { app: name }),
    },
  };
  return { resource: statefulsets as Resource, object };
}

function daemonSet(random: Random, name: string): Workload {
  const object: DaemonSet = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadata(name),
    spec: { selector: selector(name), template: template(random, { app: name }) },
  };
  return { resource: daemonsets as Resource, object };
}

function jobSpec(random: Random, app: string): NonNullable<Job['spec']> {
  const exitCode = random.int(8) === 0 ? 1 : 0;
  const completions = 1 + random.int(5);
  return {
    completions,
    parallelism: 1 + random.int(3),
    backoffLimit: exitCode ? 1 : 6,
    ...(random.int(3) === 0 && { completionMode: 'Indexed' }),
    template: template(random, { app, exitAfter: pick(random, ['1s', '5s', '20s']), exitCode }),
  } as NonNullable<Job['spec']>;
}

function job(random: Random, name: string): Workload {
  const object: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(name),
    spec: jobSpec(random, name),
  };
  return { resource: jobs as Resource, object };
}

function cronJob(random: Random, name: string): Workload {
  const spec: NonNullable<Job['spec']> = {
    ...jobSpec(random, name),
    completions: 1,
    parallelism: 1,
    template: template(random, { app: name, exitAfter: pick(random, ['5s', '50s', '100s']) }),
  };
  const object: CronJob = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: metadata(name),
    spec: {
      schedule: '* * * * *',
      concurrencyPolicy: pick(random, ['Forbid', 'Forbid', 'Allow', 'Replace']),
      jobTemplate: { spec },
    },
  };
  return { resource: cronjobs as Resource, object };
}

const makers = [deployment, deployment, deployment, statefulSet, statefulSet, daemonSet, job, job, cronJob];

/** How many pods of a workload may go at once. */
function budget(random: Random, { object }: Workload): Workload {
  const amount = pick(random, [0, 1, '50%']);
  const limit = random.int(2) === 0 ? { minAvailable: amount } : { maxUnavailable: amount };
  const budgeted: PodDisruptionBudget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: object.metadata,
    spec: { ...limit, selector: selector(object.metadata.name as string) },
  };
  return { resource: poddisruptionbudgets as Resource, object: budgeted };
}

/** How fast an autoscaler goes, and for how long it looks back: one of these times, in seconds. */
function scaling(random: Random, windows: readonly number[]): HPAScalingRules {
  const policies = [
    { type: 'Pods', value: 1 + random.int(2), periodSeconds: pick(random, [15, 30, 60]) },
    { type: 'Percent', value: pick(random, [50, 100]), periodSeconds: pick(random, [15, 30]) },
  ];
  return {
    stabilizationWindowSeconds: pick(random, windows),
    policies: random.int(4) === 0 ? policies : [pick(random, policies)],
  };
}

/** What each pod of an autoscaled application should have to do. */
const loadOfPod = 100;

/** What an autoscaler goes by. */
function measuredBy(random: Random): Partial<HorizontalPodAutoscaler['spec']> {
  const target = { type: 'AverageValue', averageValue: `${loadOfPod}m` };
  return {
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
    // Pods that have just become ready do not count on the way down: who does not look back that far goes to and fro.
    behavior: { scaleUp: scaling(random, [0, 30, 60]), scaleDown: scaling(random, [45, 60, 75]) },
  };
}

/** The most that there is to do for an application, in thousandths of a processor. */
export const peakLoad = 6 * loadOfPod;

/** Within which numbers a workload may be scaled: that alone, or by what its pods use as well. */
function autoscaler(random: Random, { object }: Workload): Workload {
  const { apiVersion, kind = '', metadata } = object;
  const minReplicas = 1 + random.int(3);
  const scaler: HorizontalPodAutoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: {
      scaleTargetRef: { apiVersion, kind, name: metadata.name as string },
      minReplicas,
      maxReplicas: minReplicas + random.int(5),
      ...(random.int(4) > 0 && measuredBy(random)),
    },
  };
  return { resource: horizontalpodautoscalers as Resource, object: scaler };
}

/** One to three workloads of any kind, some with budgets and autoscalers. */
export function makeWorkloads(random: Random): Workload[] {
  const count = 1 + random.int(3);
  const workloads = Array.from({ length: count }, (_, i) => pick(random, makers)(random, `w${i}`));
  for (const { object } of workloads)
    if (random.int(4) === 0) object.metadata = { ...object.metadata, namespace: passing };
  const steady = workloads.filter(({ object }) => ['Deployment', 'StatefulSet'].includes(object.kind ?? ''));
  const some = (make: typeof budget, oneOf: number) =>
    steady.filter(() => random.int(oneOf) === 0).map((w) => make(random, w));
  return [...workloads, ...some(budget, 2), ...some(autoscaler, 4)];
}
