import type { Scale } from '../../api/autoscaling/v1.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
} from '../../api/autoscaling/v2.ts';
import type { Pod } from '../../api/core/v1.ts';
import { horizontalpodautoscalers, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { resourcePath } from '../../client/client.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { matchesLabels, parseLabelSelector } from '../../machinery/label-selector.ts';
import { milliValue } from '../../machinery/quantity.ts';
import { formatTime } from '../../platform/clock.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import type { Discover } from '../discovery.ts';
import { limit, type Moment, type Past } from './behavior.ts';
import { readUsage } from './metrics.ts';
import { type Recommendation, recommend } from './replicas.ts';

type Scaler = Stored<HorizontalPodAutoscaler>;

const periodMs = 15_000;
const rememberedMs = 3_600_000;
const byNamespace = 'namespace';

/** Sets the number of replicas of what each HorizontalPodAutoscaler points at, by what its pods use. */
export function createHorizontalPodAutoscaler(
  context: ControllerContext,
  options: { discover: Discover; decide?: typeof limit },
): Component {
  const informer = context.informers.of(horizontalpodautoscalers);
  return createController({
    name: 'horizontal-pod-autoscaler',
    context,
    setup: ({ queue }) => {
      const add = (scaler: Scaler) => queue.add(keyOf(scaler));
      const autoscaler = new Autoscaler(context, options);
      informer.onChange({
        added: add,
        updated: (scaler, old) => deepEqual(scaler.spec, old.spec) || add(scaler),
        deleted: (scaler) => autoscaler.forget(scaler.metadata.uid),
      });
      return async (key) => {
        const scaler = informer.get(key);
        return scaler ? autoscaler.reconcile(scaler) : done;
      };
    },
  });
}

/** One look at a scaler, whose findings add up to its status. */
class Look {
  readonly scaler: Scaler;
  readonly #nowMs: number;
  conditions: HorizontalPodAutoscalerCondition[];
  metrics: MetricStatus[] | undefined;
  /** Why the number of replicas is to change. */
  why = '';

  constructor(scaler: Scaler, nowMs: number) {
    this.scaler = scaler;
    this.#nowMs = nowMs;
    this.conditions = [...(scaler.status?.conditions ?? [])];
    this.metrics = scaler.status?.currentMetrics;
  }

  say(type: string, status: string, { reason, message }: { reason: string; message: string }): void {
    const old = this.conditions.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : formatTime(this.#nowMs);
    const fresh = { type, status, lastTransitionTime, reason, message };
    this.conditions = old
      ? this.conditions.map((condition) => (condition === old ? fresh : condition))
      : [...this.conditions, fresh];
  }
}

class Autoscaler {
  readonly #context: ControllerContext;
  readonly #discover: Discover;
  readonly #decide: typeof limit;
  readonly #pods: Informer<Pod>;
  readonly #past = new Map<string, { recommendations: Moment[]; changes: Moment[] }>();

  constructor(
    context: ControllerContext,
    { discover, decide = limit }: { discover: Discover; decide?: typeof limit },
  ) {
    this.#context = context;
    this.#discover = discover;
    this.#decide = decide;
    this.#pods = context.informers.of(pods);
    this.#pods.addIndex(byNamespace, (pod) => [pod.metadata.namespace ?? '']);
  }

  forget(uid: string): void {
    this.#past.delete(uid);
  }

  async reconcile(scaler: Scaler): Promise<Outcome> {
    const nowMs = this.#context.clock.now();
    const look = new Look(scaler, nowMs);
    const path = await this.#scalePath(scaler);
    let scale: Scale;
    try {
      if (!path) throw new Error(`no matches for kind "${scaler.spec.scaleTargetRef.kind}"`);
      scale = (await this.#context.client.transport.request({ method: 'GET', path })) as Scale;
    } catch (error) {
      const why = (error as Error).message;
      this.#tell(scaler, 'FailedGetScale', why);
      const message = `the HPA controller was unable to get the target's current scale: ${why}`;
      look.say('AbleToScale', 'False', { reason: 'FailedGetScale', message });
      const { currentReplicas = 0, desiredReplicas = 0 } = scaler.status ?? {};
      await this.#report(look, { current: currentReplicas, desired: desiredReplicas });
      return { type: 'again', afterMs: periodMs };
    }
    const message = "the HPA controller was able to get the target's current scale";
    look.say('AbleToScale', 'True', { reason: 'SucceededGetScale', message });
    const current = scale.spec?.replicas ?? 0;
    const desired = await this.#desired(look, scale, nowMs);
    const rescaled =
      desired !== current && (await this.#rescale(look, scale, { path: path as string, desired, nowMs }));
    const isRefused = desired !== current && !rescaled;
    await this.#report(look, {
      current: scale.status?.replicas ?? current,
      desired: isRefused ? (scaler.status?.desiredReplicas ?? 0) : desired,
      rescaled,
    });
    return { type: 'again', afterMs: periodMs };
  }

  async #scalePath({ spec, metadata }: Scaler): Promise<string | undefined> {
    const { kind, name, apiVersion = 'v1' } = spec.scaleTargetRef;
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    const row = (await this.#discover()).find((r) => r.kind === kind && r.group === group);
    return row && resourcePath(row, { namespace: metadata.namespace, name, subresource: 'scale' });
  }

  async #desired(look: Look, scale: Scale, nowMs: number): Promise<number> {
    const { scaler } = look;
    const { minReplicas = 1, maxReplicas } = scaler.spec;
    const current = scale.spec?.replicas ?? 0;
    const past = this.#pastOf(scaler, nowMs, current);
    if (current === 0 && minReplicas !== 0) {
      const message = 'scaling is disabled since the replica count of the target is zero';
      look.say('ScalingActive', 'False', { reason: 'ScalingDisabled', message });
      return 0;
    }
    if (current > maxReplicas) {
      look.why = 'Current number of replicas above Spec.MaxReplicas';
      return maxReplicas;
    }
    if (current < minReplicas) {
      look.why = 'Current number of replicas below Spec.MinReplicas';
      return minReplicas;
    }
    const highest = await this.#measure(look, scale);
    if (!highest) return current;
    const { replicas: wanted, name } = highest;
    look.why = wanted > current ? `${name} above target` : 'All metrics below target';
    const { replicas, able, limited } = this.#decide(scaler, { current, wanted, past, nowMs });
    past.recommendations.push({ atMs: nowMs, replicas: wanted });
    look.say('AbleToScale', 'True', able);
    look.say('ScalingLimited', limited.status, limited);
    return replicas;
  }

  /** The highest of what the metrics recommend; undefined where they say too little to act on. */
  async #measure(look: Look, scale: Scale): Promise<{ replicas: number; name: string } | undefined> {
    const { scaler } = look;
    if (!scale.status?.selector) {
      // No selector would select every pod of the namespace.
      const why = 'selector is required';
      this.#tell(scaler, 'SelectorRequired', why);
      this.#tell(scaler, 'FailedComputeMetricsReplicas', why);
      const message = "the HPA target's scale is missing a selector";
      look.say('ScalingActive', 'False', { reason: 'InvalidSelector', message });
      return undefined;
    }
    const specs = scaler.spec.metrics ?? [];
    const results = await Promise.allSettled(specs.map((spec) => this.#metric(scaler, scale, spec)));
    const found = results.flatMap((r) => (r.status === 'fulfilled' ? r.value : []));
    const failures = results.flatMap((r, i) =>
      r.status === 'rejected' ? failureOf(specs[i] as MetricSpec, r.reason as Error) : [],
    );
    for (const { reason, why } of failures) this.#tell(scaler, reason, why);
    const current = scale.spec?.replicas ?? 0;
    const highest = [...found].sort((a, b) => b.replicas - a.replicas)[0];
    const [first] = failures;
    // With something unknown it may grow, but not shrink.
    if (first && (!highest || highest.replicas < current)) {
      const counted = `${failures.length} invalid out of ${specs.length}`;
      const message = `invalid metrics (${counted}), first error is: failed to get ${first.what} metric value: ${first.why}`;
      this.#tell(scaler, 'FailedComputeMetricsReplicas', message);
      const text = `the HPA was unable to compute the replica count: ${first.why}`;
      look.say('ScalingActive', 'False', { reason: first.reason, message: text });
      return undefined;
    }
    look.metrics = found.map(({ metric }) => metric);
    if (!highest) return undefined;
    const message = `the HPA was able to successfully calculate a replica count from ${highest.name}`;
    look.say('ScalingActive', 'True', { reason: 'ValidMetricFound', message });
    return highest;
  }

  async #metric(
    scaler: Scaler,
    scale: Scale,
    spec: MetricSpec,
  ): Promise<{ replicas: number; name: string; metric: MetricStatus }> {
    const source = spec.resource ?? spec.containerResource;
    if (!source) throw new Error(`no API serves metrics of type ${spec.type}`);
    const container = spec.containerResource?.container;
    const namespace = scaler.metadata.namespace ?? '';
    const selector = scale.status?.selector ?? '';
    const { name: resource, target } = source;
    const usage = await readUsage(this.#context.client, { namespace, selector, resource });
    const compiled = parseLabelSelector(selector);
    const own = this.#pods
      .byIndex(byNamespace, namespace)
      .filter((p) => matchesLabels(compiled, p.metadata.labels));
    const { behavior } = scaler.spec;
    const toleranceOf = (text: string | undefined) => (text === undefined ? 0.1 : milliValue(text) / 1000);
    const tolerance = {
      up: toleranceOf(behavior?.scaleUp?.tolerance),
      down: toleranceOf(behavior?.scaleDown?.tolerance),
    };
    const current = scale.spec?.replicas ?? 0;
    const { replicas, status }: Recommendation = recommend({
      resource,
      container,
      target,
      pods: own,
      usage,
      current,
      tolerance,
    });
    const what = target.averageUtilization === undefined ? '' : ' utilization (percentage of request)';
    const name = `${resource} ${container ? 'container resource' : 'resource'}${what}`;
    const metric: MetricStatus = container
      ? { type: 'ContainerResource', containerResource: { name: resource, container, current: status } }
      : { type: 'Resource', resource: { name: resource, current: status } };
    return { replicas, name, metric };
  }

  #pastOf(
    { metadata: { uid } }: Scaler,
    nowMs: number,
    current: number,
  ): Past & { recommendations: Moment[] } {
    const known = this.#past.get(uid) ?? {
      recommendations: [{ atMs: nowMs, replicas: current }],
      changes: [],
    };
    const recent = (moments: Moment[]) => moments.filter(({ atMs }) => atMs > nowMs - rememberedMs);
    const past = { recommendations: recent(known.recommendations), changes: recent(known.changes) };
    this.#past.set(uid, past);
    return past;
  }

  async #rescale(
    look: Look,
    scale: Scale,
    { path, desired, nowMs }: { path: string; desired: number; nowMs: number },
  ): Promise<boolean> {
    const { scaler, why } = look;
    const current = scale.spec?.replicas ?? 0;
    const body = { ...scale, spec: { ...scale.spec, replicas: desired } };
    const cause = causedBy(scaler, why);
    try {
      await this.#context.client.transport.request({ method: 'PUT', path, body, cause });
    } catch (error) {
      const { message } = error as Error;
      this.#tell(scaler, 'FailedRescale', `New size: ${desired}; reason: ${why}; error: ${message}`);
      const text = `the HPA controller was unable to update the target scale: ${message}`;
      look.say('AbleToScale', 'False', { reason: 'FailedUpdateScale', message: text });
      return false;
    }
    this.#past.get(scaler.metadata.uid)?.changes.push({ atMs: nowMs, replicas: desired - current });
    const message = `New size: ${desired}; reason: ${why}`;
    this.#context.events.record(scaler, { type: 'Normal', reason: 'SuccessfulRescale', message });
    const able = `the HPA controller was able to update the target scale to ${desired}`;
    look.say('AbleToScale', 'True', { reason: 'SucceededRescale', message: able });
    return true;
  }

  async #report(
    { scaler, conditions, metrics }: Look,
    { current, desired, rescaled }: { current: number; desired: number; rescaled?: boolean },
  ): Promise<void> {
    const status = {
      ...scaler.status,
      ...(scaler.metadata.generation && { observedGeneration: scaler.metadata.generation }),
      ...(rescaled && { lastScaleTime: formatTime(this.#context.clock.now()) }),
      currentReplicas: current,
      desiredReplicas: desired,
      ...(metrics && metrics.length > 0 && { currentMetrics: metrics }),
      conditions,
    };
    if (deepEqual(scaler.status ?? {}, status)) return;
    const cause = causedBy(scaler, `${desired} replicas are right now`);
    await this.#context.client.of(horizontalpodautoscalers).updateStatus({ ...scaler, status }, { cause });
  }

  #tell(scaler: Scaler, reason: string, message: string): void {
    this.#context.events.record(scaler, { type: 'Warning', reason, message });
  }
}

/** How upstream tells that a metric could not be had: the reason, the error, and what it calls the metric. */
function failureOf(spec: MetricSpec, { message }: Error): { reason: string; why: string; what: string } {
  const { type, resource, containerResource, external } = spec;
  const { name } = resource ?? containerResource ?? {};
  const whats: Record<string, string> = {
    Resource: `${name} resource`,
    ContainerResource: `${containerResource?.container} container`,
    External: `${external?.metric.name} external`,
  };
  return {
    reason: `FailedGet${type}Metric`,
    why: name === undefined ? message : `failed to get ${name} utilization: ${message}`,
    what: whats[type] ?? type.toLowerCase(),
  };
}
