import type { NamespaceCondition, NamespaceStatus, Pod } from '../../api/core/v1.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { formatTime } from '../../platform/clock.ts';
import { isFinished } from '../shared/pods.ts';

/** What is left of one resource in a namespace after its deletion was asked for. */
export interface Remains {
  resource: Pick<Resource, 'plural' | 'group' | 'version'>;
  items: readonly KubernetesObject[];
}

/** What is to be expected of what is left. */
interface Outlook {
  /** Seconds until it will have gone, as far as one can say; 0 where nothing is left, or what is left should have gone. */
  seconds: number;
  /** What should have gone. */
  errors: readonly string[];
}

/** What an attempt to empty a namespace came to. */
export interface Emptying extends Outlook {
  discoveryError?: string;
  remains: readonly Remains[];
}

/** What is said where servers do not tell what they serve: what is left in the namespace cannot be known. */
export function undiscoveredText(groupVersions: readonly string[]): string {
  const each = groupVersions.map((gv) => `${gv}: stale GroupVersion discovery: ${gv}`);
  return `Discovery failed for some groups, ${groupVersions.length} failing: unable to retrieve the complete list of server APIs: ${list(each)}`;
}

/** How long finalizers are expected to take, in seconds. */
const finalizerSeconds = 15;

const types = [
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceContentRemaining',
  'NamespaceFinalizersRemaining',
] as const;

type Type = (typeof types)[number];
type Finding = Pick<NamespaceCondition, 'reason' | 'message'>;

/** What each condition says where nothing is wrong; the wording is upstream's. */
const fine: Record<Type, Finding> = {
  NamespaceDeletionDiscoveryFailure: {
    reason: 'ResourcesDiscovered',
    message: 'All resources successfully discovered',
  },
  NamespaceDeletionGroupVersionParsingFailure: {
    reason: 'ParsedGroupVersions',
    message: 'All legacy kube types successfully parsed',
  },
  NamespaceDeletionContentFailure: {
    reason: 'ContentDeleted',
    message: 'All content successfully deleted, may be waiting on finalization',
  },
  NamespaceContentRemaining: { reason: 'ContentRemoved', message: 'All content successfully removed' },
  NamespaceFinalizersRemaining: { reason: 'ContentRemoved', message: 'All content successfully removed' },
};

const list = (texts: readonly string[]) => [...texts].sort().join(', ');

/** So many finalizers are told by name: the objects of a namespace may have millions, each another. */
const mostNamed = 100;

/** The finalizers of what is left, as text; empty where there are none. */
function heldBy(remains: readonly Remains[]): string {
  const counts = new Map<string, number>();
  let others = 0;
  for (const { items } of remains)
    for (const { metadata } of items)
      for (const finalizer of metadata.finalizers ?? []) {
        const count = counts.get(finalizer);
        if (count === undefined && counts.size >= mostNamed) others++;
        else counts.set(finalizer, (count ?? 0) + 1);
      }
  const named = list([...counts].map(([name, count]) => `${name} in ${count} resource instances`));
  return others > 0 ? `${named}, and ${others} others` : named;
}

type Findings = Omit<Emptying, 'seconds'>;

function findings({ discoveryError, errors, remains }: Findings): Partial<Record<Type, Finding>> {
  const left = remains.filter(({ items }) => items.length > 0);
  const counts = left.map((r) => {
    return `${r.resource.plural}.${r.resource.group} has ${r.items.length} resource instances`;
  });
  const held = heldBy(left);
  return {
    ...(discoveryError && {
      NamespaceDeletionDiscoveryFailure: { reason: 'DiscoveryFailed', message: discoveryError },
    }),
    ...(errors.length > 0 && {
      NamespaceDeletionContentFailure: {
        reason: 'ContentDeletionFailed',
        message: `Failed to delete all resource types, ${errors.length} remaining: ${list(errors)}`,
      },
    }),
    ...(left.length > 0 && {
      NamespaceContentRemaining: {
        reason: 'SomeResourcesRemain',
        message: `Some resources are remaining: ${list(counts)}`,
      },
    }),
    ...(held && {
      NamespaceFinalizersRemaining: {
        reason: 'SomeFinalizersRemain',
        message: `Some content in the namespace has finalizers remaining: ${held}`,
      },
    }),
  };
}

/** The status that tells how far the deletion has come. */
export function statusAfter(
  status: NamespaceStatus | undefined,
  outcome: Findings,
  nowMs: number,
): NamespaceStatus {
  const before = status?.conditions ?? [];
  const found = findings(outcome);
  const conditions = types.map((type): NamespaceCondition => {
    const finding = found[type] ?? fine[type];
    const state = found[type] ? 'True' : 'False';
    const old = before.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === state ? old.lastTransitionTime : formatTime(nowMs);
    return { type, status: state, ...(lastTransitionTime && { lastTransitionTime }), ...finding };
  });
  const others = before.filter(({ type }) => !types.includes(type as Type));
  return { ...status, phase: 'Terminating', conditions: [...others, ...conditions] };
}

/** Seconds that pods have from the deletion of their namespace on: the longest grace of those that run. */
function graceSeconds({ resource, items }: Remains): number {
  if (resource.plural !== 'pods' || resource.group !== '') return 0;
  let longest = 0;
  for (const pod of items as readonly Pod[])
    if (!isFinished(pod)) longest = Math.max(longest, pod.spec.terminationGracePeriodSeconds ?? 0);
  return longest;
}

/** Seconds until what is left of a resource will have gone; 0 where nothing says why it has not. */
function waitSeconds(remains: Remains, sinceSeconds: number): number {
  const grace = graceSeconds(remains);
  if (grace > sinceSeconds) return grace;
  return remains.items.some(({ metadata }) => metadata.finalizers?.length) ? finalizerSeconds : 0;
}

/** What is to be expected of what is left in a namespace `sinceSeconds` after its deletion was asked for. */
export function outlookFor(name: string, remains: readonly Remains[], sinceSeconds: number): Outlook {
  const waits = remains.map((one) => ({ ...one.resource, seconds: waitSeconds(one, sinceSeconds) }));
  return {
    seconds: Math.max(0, ...waits.map(({ seconds }) => seconds)),
    errors: waits
      .filter(({ seconds }) => seconds === 0)
      .map(({ group, version, plural }) => {
        const gvr = `${group}/${version}, Resource=${plural}`;
        return `unexpected items still remain in namespace: ${name} for gvr: ${gvr}`;
      }),
  };
}
