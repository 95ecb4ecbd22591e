import type { Scale } from '../../api/autoscaling/v1.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
  MetricStatus,
} from '../../api/autoscaling/v2.ts';
import type { Pod } from '../../api/core/v1.ts';
import { horizontalpodautoscalers, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { resourcePath } from '../../client/client.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { type Cause, causedBy } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { matchesLabels, parseLabelSelector, type Selector } from '../../machinery/label-selector.ts';
import { scaledValue } from '../../machinery/quantity.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { formatTime } from '../../platform/clock.ts';
import { turnTogether } from '../../platform/turn.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import type { Discover } from '../discovery.ts';
import { limit, type Moment, type Past } from './behavior.ts';
import { MetricsApi, noMatches } from './metrics.ts';
import { MetricError, type Proposal, propose, type Scaled } from './proposal.ts';
import type { Tolerance } from './replicas.ts';
import { actionOf, type Result, ScalerMetrics } from './scaler-metrics.ts';
import { ScaledSelectors } from './selectors.ts';
import { saysSame } from '../shared/status.ts';

type Scaler = Stored<HorizontalPodAutoscaler>;

const periodMs = 15_000;
const rememberedMs = 3_600_000;
const defaultTolerance = 0.1;
/** A scale that somebody else changes at the same time is tried so often. */
const maxAttempts = 5;
/** Metrics after which others get their turn of the event loop: there may be thousands, and each goes through all pods. */
const metricsPerTurn = 10;
const byNamespace = 'namespace';

/** Sets the number of replicas of what each HorizontalPodAutoscaler points at, by what its pods use. */
export function createHorizontalPodAutoscaler(
  context: ControllerContext,
  options: { discover: Discover; decide?: typeof limit },
): Component {
  const informer = context.informers.of(horizontalpodautoscalers);
  return createController({
    name: 'horizontal-pod-autoscaler',
    queueName: 'horizontalpodautoscaler',
    context,
    setup: ({ queue }) => {
      const add = (scaler: Scaler) => queue.add(keyOf(scaler));
      const metrics = new ScalerMetrics(context.meter, () => informer.list());
      const autoscaler = new Autoscaler(context, { ...options, metrics });
      informer.onChange({
        added: add,
        updated: (scaler, old) => deepEqual(scaler.spec, old.spec) || add(scaler),
        deleted: (scaler) => autoscaler.forget(scaler),
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
  /** One for each metric of the spec, in order, where any were asked for. */
  metrics: MetricStatus[] | undefined;
  /** Why the number of replicas is to change. */
  why = '';
  /** What it has come to so far, for the metrics. */
  result: Result = { action: 'none', error: 'none' };

  constructor(scaler: Scaler, nowMs: number) {
    this.scaler = scaler;
    this.#nowMs = nowMs;
    this.conditions = [...(scaler.status?.conditions ?? [])];
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
  readonly #metrics: MetricsApi;
  readonly #counts: ScalerMetrics;
  readonly #pods: Informer<Pod>;
  readonly #selectors = new ScaledSelectors();
  readonly #past = new Map<string, { recommendations: Moment[]; changes: Moment[] }>();

  constructor(
    context: ControllerContext,
    options: { discover: Discover; decide?: typeof limit; metrics: ScalerMetrics },
  ) {
    const { discover, decide = limit } = options;
    this.#context = context;
    this.#discover = discover;
    this.#decide = decide;
    this.#counts = options.metrics;
    this.#metrics = new MetricsApi(context.client, discover);
    this.#pods = context.informers.of(pods);
    this.#pods.addIndex(byNamespace, (pod) => [pod.metadata.namespace ?? '']);
  }

  forget({ metadata }: Scaler): void {
    this.#past.delete(metadata.uid);
    this.#selectors.remove(metadata);
  }

  async reconcile(scaler: Scaler): Promise<Outcome> {
    const { clock } = this.#context;
    const look = new Look(scaler, clock.now());
    const startMs = clock.monotonic();
    try {
      return await this.#look(look, startMs);
    } catch (error) {
      look.result.error = 'internal';
      throw error;
    } finally {
      this.#counts.looked(look.result, clock.monotonic() - startMs);
    }
  }

  async #look(look: Look, nowMs: number): Promise<Outcome> {
    const { scaler } = look;
    let target: Target;
    try {
      target = await this.#target(scaler);
    } catch (error) {
      const why = (error as Error).message;
      look.result.error = 'internal';
      this.#tell(scaler, 'FailedGetScale', why);
      const message = `the HPA controller was unable to get the target's current scale: ${why}`;
      look.say('AbleToScale', 'False', { reason: 'FailedGetScale', message });
      await this.#report(look, scaler.status);
      return { type: 'again', afterMs: periodMs };
    }
    const message = "the HPA controller was able to get the target's current scale";
    look.say('AbleToScale', 'True', { reason: 'SucceededGetScale', message });
    await this.#scale(look, target, nowMs);
    return { type: 'again', afterMs: periodMs };
  }

  async #scale(look: Look, target: Target, nowMs: number): Promise<void> {
    const { scaler } = look;
    const currentReplicas = target.scale.spec?.replicas ?? 0;
    const before = scaler.status?.desiredReplicas ?? 0;
    const { metadata, status } = scaler;
    const desired = await this.#desired(look, target.scale, nowMs);
    const isDifferent = desired !== undefined && desired !== currentReplicas;
    const rescaled = isDifferent && (await this.#rescale(look, target, { desired, nowMs }));
    if (desired === undefined && look.result.error === 'none') look.result.error = 'internal';
    const isFailed = desired === undefined || (isDifferent && !rescaled);
    const lastScaleTime = rescaled ? formatTime(this.#context.clock.now()) : status?.lastScaleTime;
    await this.#report(look, {
      ...(metadata.generation && { observedGeneration: metadata.generation }),
      ...(lastScaleTime && { lastScaleTime }),
      currentReplicas,
      desiredReplicas: isFailed ? before : desired,
      ...(look.metrics?.length && { currentMetrics: look.metrics }),
    });
  }

  /** Rejects where there is nothing to scale. */
  async #target({ spec, metadata }: Scaler): Promise<Target> {
    const { kind, name, apiVersion = 'v1' } = spec.scaleTargetRef;
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : '';
    const row = (await this.#discover()).find((r) => r.kind === kind && r.group === group);
    if (!row) throw new Error(noMatches(kind, group));
    // What belongs to no namespace is not for whoever has rights in one to scale.
    if (!row.namespaced) throw new Error('the server could not find the requested resource');
    const path = resourcePath(row, { namespace: metadata.namespace, name, subresource: 'scale' });
    return { path, scale: await this.#getScale(path) };
  }

  async #getScale(path: string): Promise<Scale> {
    return (await this.#context.client.transport.request({ method: 'GET', path })) as Scale;
  }

  /** The number of replicas that is right; undefined where that cannot be told. */
  async #desired(look: Look, scale: Scale, nowMs: number): Promise<number | undefined> {
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
    if (!highest) return undefined;
    const { replicas: wanted, name } = highest;
    look.why = wanted > current ? `${name} above target` : 'All metrics below target';
    const { replicas, able, limited } = this.#decide(scaler, { current, wanted, past, nowMs });
    past.recommendations.push({ atMs: nowMs, replicas: wanted });
    look.say('AbleToScale', 'True', able);
    look.say('ScalingLimited', limited.status, limited);
    return replicas;
  }

  /** The highest of what the metrics ask for; undefined where they say too little to act on. */
  async #measure(look: Look, scale: Scale): Promise<Proposal | undefined> {
    const { scaler } = look;
    const chosen = this.#choose(look, scale.status?.selector ?? '');
    if (!chosen) return undefined;
    const current = scale.spec?.replicas ?? 0;
    const scaled = {
      ...chosen,
      metrics: this.#metrics.forOneLook(),
      namespace: scaler.metadata.namespace ?? '',
      replicas: current,
      statusReplicas: scale.status?.replicas ?? 0,
      tolerance: toleranceOf(scaler),
      nowMs: this.#context.clock.now(),
    };
    const specs = scaler.spec.metrics ?? [];
    const results: PromiseSettledResult<Proposal>[] = [];
    for (let i = 0; i < specs.length; i += metricsPerTurn) {
      if (i > 0) await turnTogether();
      const some = specs.slice(i, i + metricsPerTurn);
      results.push(...(await Promise.allSettled(some.map((spec) => this.#propose(spec, scaled, scaler)))));
    }
    // Whoever reads the status pairs it with the spec by position.
    look.metrics = results.map((r) => (r.status === 'fulfilled' ? r.value.status : { type: '' }));
    const proposals = results.flatMap((r) => (r.status === 'fulfilled' ? r.value : []));
    const failures = results.flatMap((r) => (r.status === 'rejected' ? asMetricError(r.reason) : []));
    for (const { reason, message } of failures) this.#tell(scaler, reason, message);
    const highest = [...proposals].sort((a, b) => b.replicas - a.replicas)[0];
    const [first] = failures;
    // With something unknown it may grow, but not shrink.
    if (first && (!highest || highest.replicas < current)) {
      const counted = `${failures.length} invalid out of ${specs.length}`;
      this.#cannotCompute(scaler, `invalid metrics (${counted}), first error is: ${first.whole}`);
      const message = `the HPA was unable to compute the replica count: ${first.message}`;
      look.say('ScalingActive', 'False', { reason: first.reason, message });
      look.result.error = faultOf(first);
      return undefined;
    }
    if (!highest) return undefined;
    const message = `the HPA was able to successfully calculate a replica count from ${highest.name}`;
    look.say('ScalingActive', 'True', { reason: 'ValidMetricFound', message });
    return highest;
  }

  async #propose(spec: MetricSpec, scaled: Scaled, { status }: Scaler): Promise<Proposal> {
    const { clock } = this.#context;
    const startMs = clock.monotonic();
    const observe = (result: Result) => this.#counts.computed(spec.type, result, clock.monotonic() - startMs);
    try {
      const proposal = await propose(spec, scaled);
      observe({ action: actionOf(proposal.replicas, status?.currentReplicas ?? 0), error: 'none' });
      return proposal;
    } catch (error) {
      observe({ action: 'none', error: faultOf(error) });
      throw error;
    }
  }

  /** The pods that are scaled, unless they cannot be told or something else scales them too. (`validateAndParseSelector`) */
  #choose(look: Look, text: string): { selector: Selector; pods: readonly Stored<Pod>[] } | undefined {
    const { scaler } = look;
    const refuse = (reason: string, message: string, condition = { reason, message }) => {
      this.#tell(scaler, reason, message);
      this.#cannotCompute(scaler, message);
      look.say('ScalingActive', 'False', condition);
      return undefined;
    };
    if (!text) {
      // No selector would select every pod of the namespace.
      const message = "the HPA target's scale is missing a selector";
      return refuse('SelectorRequired', 'selector is required', { reason: 'InvalidSelector', message });
    }
    let selector: Selector;
    try {
      selector = parseLabelSelector(text);
    } catch (error) {
      const why = (error as Error).message;
      const message = `couldn't convert selector into a corresponding internal selector object: ${why}`;
      return refuse('InvalidSelector', message);
    }
    const { namespace = '' } = scaler.metadata;
    this.#selectors.set(scaler.metadata, text, selector);
    const chosen = this.#pods
      .byIndex(byNamespace, namespace)
      .filter((p) => matchesLabels(selector, p.metadata.labels));
    const scaling = this.#selectors.scaling(namespace, chosen);
    if (scaling.length <= 1) return { selector, pods: chosen };
    const many = `pods by selector ${text} are controlled by multiple HPAs: [${scaling.join(' ')}]`;
    return refuse('AmbiguousSelector', many);
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
    target: Target,
    { desired, nowMs }: { desired: number; nowMs: number },
  ): Promise<boolean> {
    const { scaler, why } = look;
    const current = target.scale.spec?.replicas ?? 0;
    try {
      await this.#writeScale(target, desired, causedBy(scaler, why));
    } catch (error) {
      const { message } = error as Error;
      this.#tell(scaler, 'FailedRescale', `New size: ${desired}; reason: ${why}; error: ${message}`);
      look.result.error = 'internal';
      const text = `the HPA controller was unable to update the target scale: ${message}`;
      look.say('AbleToScale', 'False', { reason: 'FailedUpdateScale', message: text });
      return false;
    }
    const { behavior } = scaler.spec;
    if (behavior) {
      this.#past.get(scaler.metadata.uid)?.changes.push({ atMs: nowMs, replicas: desired - current });
    }
    const message = `New size: ${desired}; reason: ${why}`;
    this.#context.events.record(scaler, { type: 'Normal', reason: 'SuccessfulRescale', message });
    const able = `the HPA controller was able to update the target scale to ${desired}`;
    look.say('AbleToScale', 'True', { reason: 'SucceededRescale', message: able });
    look.result.action = actionOf(desired, current);
    return true;
  }

  /** Where somebody else has changed what is scaled, what it is now is read again. */
  async #writeScale({ path, scale }: Target, replicas: number, cause: Cause): Promise<void> {
    const { transport } = this.#context.client;
    let newest = scale;
    for (let attempt = 1; ; attempt++) {
      const body = { ...newest, spec: { ...newest.spec, replicas } };
      try {
        await transport.request({ method: 'PUT', path, body, cause });
        return;
      } catch (error) {
        if (!hasReason(error, 'Conflict') || attempt === maxAttempts) throw error;
        newest = await this.#getScale(path);
      }
    }
  }

  async #report(
    { scaler, conditions }: Look,
    found: Omit<HorizontalPodAutoscalerStatus, 'conditions'> | undefined,
  ): Promise<void> {
    const { desiredReplicas = 0 } = found ?? {};
    const status = { ...found, desiredReplicas, conditions };
    if (saysSame(horizontalpodautoscalers, scaler.status, status)) return;
    const cause = causedBy(scaler, `${desiredReplicas} replicas are right now`);
    try {
      await this.#context.client.of(horizontalpodautoscalers).updateStatus({ ...scaler, status }, { cause });
    } catch (error) {
      this.#tell(scaler, 'FailedUpdateStatus', (error as Error).message);
      throw error;
    }
  }

  #cannotCompute(scaler: Scaler, message: string): void {
    this.#tell(scaler, 'FailedComputeMetricsReplicas', message);
  }

  #tell(scaler: Scaler, reason: string, message: string): void {
    this.#context.events.record(scaler, { type: 'Warning', reason, message });
  }
}

/** What is scaled: where its scale is read and written, and what it was read to be. */
interface Target {
  path: string;
  scale: Scale;
}

/** How far from its targets a scaler lets things be, either way. */
function toleranceOf({ spec: { behavior } }: Scaler): Tolerance {
  const read = (text: string | undefined) =>
    text === undefined ? defaultTolerance : Number(scaledValue(text, -9)) / 1e9;
  return { up: read(behavior?.scaleUp?.tolerance), down: read(behavior?.scaleDown?.tolerance) };
}

/** Whose fault it is that a metric could not be had. */
const faultOf = (error: unknown): Result['error'] =>
  error instanceof MetricError && error.reason === 'InvalidMetricSourceType' ? 'spec' : 'internal';

function asMetricError(error: unknown): MetricError {
  if (error instanceof MetricError) return error;
  throw error;
}
