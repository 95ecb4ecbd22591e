import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { HistogramOptions, MetricOptions } from '../../platform/metrics/meter.ts';

/** Names, labels and bounds are upstream's (`pkg/scheduler/metrics`), the words are not. */
const attemptBounds = exponentialBounds(0.001, 2, 15);
const pluginBounds = exponentialBounds(0.00001, 1.5, 20);

export const scheduleAttempts: MetricOptions = {
  name: 'scheduler_schedule_attempts_total',
  help: 'Attempts to place pods, by what came of them: unschedulable where no node would do, error where something went wrong.',
  stability: 'STABLE',
  labels: ['result', 'profile'],
};

export const attemptDuration: HistogramOptions = {
  name: 'scheduler_scheduling_attempt_duration_seconds',
  help: 'How long attempts to place pods took, binding included.',
  stability: 'STABLE',
  labels: ['result', 'profile'],
  bounds: attemptBounds,
};

export const algorithmDuration: HistogramOptions = {
  name: 'scheduler_scheduling_algorithm_duration_seconds',
  help: 'How long it took to choose a node, where there was one.',
  stability: 'ALPHA',
  bounds: attemptBounds,
};

export const podDuration: HistogramOptions = {
  name: 'scheduler_pod_scheduling_sli_duration_seconds',
  help: 'How long it took from when a pod could first be tried until it was bound, by the attempts it took.',
  stability: 'BETA',
  labels: ['attempts'],
  bounds: exponentialBounds(0.01, 2, 20),
};

export const podAttempts: HistogramOptions = {
  name: 'scheduler_pod_scheduling_attempts',
  help: 'Attempts it took to place a pod.',
  stability: 'STABLE',
  bounds: exponentialBounds(1, 2, 5),
};

export const scheduledAfterFlush: MetricOptions = {
  name: 'scheduler_pod_scheduled_after_flush_total',
  help: 'Pods that were placed when they had been tried again only because they had waited for long: an event that helped them has been missed.',
  stability: 'ALPHA',
};

export const pointDuration: HistogramOptions = {
  name: 'scheduler_framework_extension_point_duration_seconds',
  help: 'How long all plugins of an extension point took for one pod.',
  stability: 'STABLE',
  labels: ['extension_point', 'status', 'profile'],
  bounds: exponentialBounds(0.0001, 2, 12),
};

export const pluginDuration: HistogramOptions = {
  name: 'scheduler_plugin_execution_duration_seconds',
  help: 'How long a plugin took at an extension point, each time it was called; a tenth of the decisions is measured.',
  stability: 'ALPHA',
  labels: ['plugin', 'extension_point', 'status'],
  bounds: pluginBounds,
};

export const pluginEvaluations: MetricOptions = {
  name: 'scheduler_plugin_evaluation_total',
  help: 'Attempts to place pods in which a plugin had something to say (PreFilter, Filter, PreScore and Score).',
  stability: 'ALPHA',
  labels: ['plugin', 'extension_point', 'profile'],
};

export const eventDuration: HistogramOptions = {
  name: 'scheduler_event_handling_duration_seconds',
  help: 'How long it took to take note of what happened in the cluster.',
  stability: 'ALPHA',
  labels: ['event'],
  bounds: exponentialBounds(0.0001, 2, 12),
};

export const cacheSize: MetricOptions = {
  name: 'scheduler_cache_size',
  help: 'Nodes and pods that the scheduler counts with, and those of the pods whose binding has not shown up yet.',
  stability: 'ALPHA',
  labels: ['type'],
};

export const incomingPods: MetricOptions = {
  name: 'scheduler_queue_incoming_pods_total',
  help: 'Pods that came into a part of the queue, by what brought them there.',
  stability: 'STABLE',
  labels: ['queue', 'event'],
};

export const pendingPods: MetricOptions = {
  name: 'scheduler_pending_pods',
  help: 'Pods that wait: to be tried now (active), until a delay is over (backoff), until something happens (unschedulable), or because they are held back before they are tried (gated).',
  stability: 'STABLE',
  labels: ['queue'],
};

export const unschedulablePods: MetricOptions = {
  name: 'scheduler_unschedulable_pods',
  help: 'Pods that wait and were refused, by plugin: a pod that several plugins have refused counts for each of them.',
  stability: 'ALPHA',
  labels: ['plugin', 'profile'],
};

export const hintDuration: HistogramOptions = {
  name: 'scheduler_queueing_hint_execution_duration_seconds',
  help: 'How long plugins took to tell whether an event helps a pod; a tenth of the calls is measured.',
  stability: 'ALPHA',
  labels: ['plugin', 'event', 'hint'],
  bounds: pluginBounds,
};

export const preemptionAttempts: MetricOptions = {
  name: 'scheduler_preemption_attempts_total',
  help: 'Pods for which was looked whether others could make room.',
  stability: 'STABLE',
};

export const preemptionVictims: HistogramOptions = {
  name: 'scheduler_preemption_victims',
  help: 'Pods that were chosen to make room, for each pod they make it for.',
  stability: 'STABLE',
  bounds: exponentialBounds(1, 2, 7),
};

export const evictions: MetricOptions = {
  name: 'scheduler_preemption_goroutines_execution_total',
  help: 'Times that room was made by evictions.',
  stability: 'ALPHA',
  labels: ['result'],
};

export const evictionDuration: HistogramOptions = {
  name: 'scheduler_preemption_goroutines_duration_seconds',
  help: 'How long it took to make room by evictions.',
  stability: 'ALPHA',
  labels: ['result'],
  bounds: exponentialBounds(0.01, 2, 20),
};

export const claimCreations: MetricOptions = {
  name: 'scheduler_resourceclaim_creates_total',
  help: 'ResourceClaims that the scheduler has made for extended resources of pods.',
  stability: 'ALPHA',
  labels: ['status'],
};
