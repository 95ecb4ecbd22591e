import type { Deployment, ReplicaSet } from '../../api/apps/v1.ts';

/** Number of the rollout that made a ReplicaSet; on the Deployment: the current one. */
export const revisionKey = 'deployment.kubernetes.io/revision';
/** Earlier revisions of the same template, separated by commas. */
const historyKey = 'deployment.kubernetes.io/revision-history';
/** `spec.replicas` of the Deployment when the ReplicaSet was last scaled. */
export const desiredKey = 'deployment.kubernetes.io/desired-replicas';
/** Replicas plus surge at that time. */
export const maxKey = 'deployment.kubernetes.io/max-replicas';

/** Annotations of a Deployment that its ReplicaSets do not take over. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionKey,
  historyKey,
  desiredKey,
  maxKey,
  'deprecated.deployment.rollback.to',
]);

/** 64 bits, as upstream's; 0 where there is none that can be read. */
export function revisionOf(object: { metadata: { annotations?: Record<string, string> } }): bigint {
  const text = object.metadata.annotations?.[revisionKey] ?? '';
  const value = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text) : 0n;
  return BigInt.asIntN(64, value) === value ? value : 0n;
}

export const higher = (a: bigint, b: bigint): bigint => (a > b ? a : b);

export function highestRevision(sets: readonly ReplicaSet[]): bigint {
  return sets.map(revisionOf).reduce(higher, 0n);
}

/** How long the list of earlier revisions may get, in bytes. */
const longestHistory = 2000;

function historyWith(set: ReplicaSet | undefined, old: string | undefined): string | undefined {
  const known = set?.metadata.annotations?.[historyKey];
  if (!old) return known;
  const all = known ? [...known.split(','), old] : [old];
  while (all.length > 1 && all.join(',').length > longestHistory) all.shift();
  return all.join(',');
}

/** The annotations a current ReplicaSet shall have at `revision`; what others have put there stays. */
export function currentAnnotations(
  deployment: Deployment,
  set: ReplicaSet | undefined,
  numbers: { revision: bigint; desired: number; max: number },
): Record<string, string> {
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !notCopied.has(key));
  const before = set?.metadata.annotations ?? {};
  const raised = numbers.revision > (set ? revisionOf(set) : 0n);
  const history = raised ? historyWith(set, before[revisionKey]) : before[historyKey];
  return {
    ...before,
    ...Object.fromEntries(own),
    [revisionKey]: raised ? String(numbers.revision) : (before[revisionKey] ?? String(numbers.revision)),
    ...(history && { [historyKey]: history }),
    ...(set ? {} : { [desiredKey]: String(numbers.desired), [maxKey]: String(numbers.max) }),
  };
}
