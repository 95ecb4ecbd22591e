import type { AppArmorProfile, Container, Pod, PodAffinity } from '../../../../api/core/v1.ts';
import type { LabelSelector } from '../../../../api/meta/v1.ts';
import { deepEqual } from '../../../../machinery/equal.ts';
import { timestamp } from '../../../../platform/clock.ts';
import type { HookContext } from '../../../registry/kind.ts';
import { dropGatedFields } from '../../pod-spec/gated-fields.ts';
import { appArmorPrefix } from '../../pod-spec/validation/annotations.ts';
import { setPodCondition } from './conditions.ts';
import { qosClass } from '../../../../machinery/qos.ts';
import { own } from '../../../../machinery/own.ts';

/** Makes a new pod ready to be stored: nothing has happened to it yet. */
export function prepareNewPod(pod: Pod, context: HookContext): void {
  pod.metadata.generation = 1;
  pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
  dropGatedFields(pod.spec);
  if (pod.spec.schedulingGates?.length) markGated(pod, context);
  mergeLabelKeys(pod);
  moveAppArmor(pod, context);
}

function markGated({ status }: Pod, { platform }: HookContext): void {
  const gated = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
  setPodCondition(status as NonNullable<typeof status>, gated, timestamp(platform.clock));
}

/** Selectors that speak of the pod's own labels get their values now; the labels may change later. */
function mergeLabelKeys({ metadata: { labels = {} }, spec }: Pod): void {
  if (!spec.affinity && !spec.topologySpreadConstraints) return;
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  for (const term of [...termsOf(podAffinity), ...termsOf(podAntiAffinity)]) {
    if (!term.labelSelector) continue;
    addExpressions(term.labelSelector, 'In', pick(labels, term.matchLabelKeys));
    addExpressions(term.labelSelector, 'NotIn', pick(labels, term.mismatchLabelKeys));
  }
  for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints ?? []) {
    if (labelSelector) addExpressions(labelSelector, 'In', pick(labels, matchLabelKeys));
  }
}

function termsOf(rules: PodAffinity | undefined) {
  const preferred = rules?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const required = rules?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return [...preferred.map((p) => p.podAffinityTerm), ...required].filter(Boolean);
}

function pick(labels: Record<string, string>, keys: readonly string[] = []): [string, string][] {
  return keys.flatMap((key): [string, string][] => {
    const value = own(labels, key);
    return value === undefined ? [] : [[key, value]];
  });
}

function addExpressions(
  selector: LabelSelector,
  operator: 'In' | 'NotIn',
  pairs: readonly [string, string][],
): void {
  if (pairs.length === 0) return;
  const added = pairs.map(([key, value]) => ({ key, operator, values: [value] }));
  selector.matchExpressions = [...(selector.matchExpressions ?? []), ...added];
}

/** Annotations of old become the field that took their place. */
function moveAppArmor(pod: Pod, context: HookContext): void {
  const { annotations } = pod.metadata;
  if (!annotations || pod.spec.os?.name === 'windows') return;
  const containers: Container[] = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  for (const container of containers) {
    const key = `${appArmorPrefix}${container.name}`;
    const annotation = annotations[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile) continue;
    const profile = profileOf(annotation);
    if (profile && deepEqual(profile, pod.spec.securityContext?.appArmorProfile)) continue;
    if (profile) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    const use = 'deprecated since v1.30; use the "appArmorProfile" field instead';
    context.warn(`metadata.annotations[${key}]: ${use}`);
  }
}

function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!annotation.startsWith('localhost/')) return undefined;
  const localhostProfile = annotation.slice('localhost/'.length);
  return localhostProfile.trim() === localhostProfile && localhostProfile
    ? { type: 'Localhost', localhostProfile }
    : undefined;
}
