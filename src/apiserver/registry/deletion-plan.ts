import type { DeleteOptions } from '../../api/meta/v1.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { formatTime } from '../../platform/clock.ts';
import type { HookContext, Kind } from './kind.ts';
import { foregroundFinalizer, orphanFinalizer } from './object-meta.ts';

/** What a deletion does next. */
export type DeletionPlan =
  /** It is under way already and this request changes nothing. */
  | { type: 'pending' }
  /** Store the object with its deletion begun: finalizers or a grace period keep it. */
  | { type: 'mark'; object: KubernetesObject }
  /** Take the object away; `object` is its last state. */
  | { type: 'remove'; object: KubernetesObject };

export interface DeletionRequest {
  options: DeleteOptions;
  context: HookContext;
}

/** Decides on a deletion from the object as it stands. */
export function planDeletion(
  kind: Kind,
  old: Stored<KubernetesObject>,
  request: DeletionRequest,
): DeletionPlan {
  const object = clone(old) as Stored<KubernetesObject>;
  const grace = beginGrace(kind, object, request);
  if (grace === 'pending') return { type: 'pending' };
  setPropagation(kind, object, request.options);
  const isHeld = (object.metadata.finalizers?.length ?? 0) > 0 || (kind.heldBack?.(object) ?? false);
  if (grace === 'graceful') {
    if (!isHeld && object.metadata.deletionGracePeriodSeconds === 0) return { type: 'remove', object };
    kind.markDeleted?.(object);
    return { type: 'mark', object };
  }
  if (!isHeld) return { type: 'remove', object };
  markAsDeleting(object, request.context.platform.clock.now());
  kind.markDeleted?.(object);
  return { type: 'mark', object };
}

/** Negative periods count as one second. */
const atLeastOne = (seconds: number) => (seconds < 0 ? 1 : seconds);

function beginGrace(
  kind: Kind,
  object: Stored<KubernetesObject>,
  { options, context }: DeletionRequest,
): 'none' | 'pending' | 'graceful' {
  if (!kind.gracefulDeletion) return 'none';
  const asked = options.gracePeriodSeconds === undefined ? undefined : atLeastOne(options.gracePeriodSeconds);
  const { metadata } = object;
  if (metadata.deletionTimestamp) return shorten(object, asked, context.platform.clock.now());
  const { gracePeriodSeconds } = kind.gracefulDeletion(object, asked, context);
  metadata.deletionTimestamp = formatTime(context.platform.clock.now() + gracePeriodSeconds * 1000);
  metadata.deletionGracePeriodSeconds = gracePeriodSeconds;
  bumpGeneration(object);
  return 'graceful';
}

/** A deletion that is under way can only be made quicker. */
function shorten(
  { metadata }: Stored<KubernetesObject>,
  asked: number | undefined,
  nowMs: number,
): 'none' | 'pending' | 'graceful' {
  const granted = metadata.deletionGracePeriodSeconds;
  if (!granted) return 'none';
  if (asked === undefined || asked >= atLeastOne(granted)) return 'pending';
  const sooner = Date.parse(metadata.deletionTimestamp as string) + (asked - atLeastOne(granted)) * 1000;
  metadata.deletionTimestamp = formatTime(Math.max(sooner, nowMs));
  metadata.deletionGracePeriodSeconds = sooner < nowMs && asked !== 0 ? 1 : asked;
  return 'graceful';
}

function markAsDeleting(object: Stored<KubernetesObject>, nowMs: number): void {
  const { metadata } = object;
  if (!metadata.deletionTimestamp) bumpGeneration(object);
  if (!metadata.deletionTimestamp || Date.parse(metadata.deletionTimestamp) > nowMs) {
    metadata.deletionTimestamp = formatTime(nowMs);
  }
  metadata.deletionGracePeriodSeconds = 0;
}

function bumpGeneration({ metadata }: KubernetesObject): void {
  if (metadata.generation) metadata.generation++;
}

/** Sets the finalizer that stands for the fate of the dependents, in the order: request, object, kind. */
function setPropagation(kind: Kind, { metadata }: KubernetesObject, options: DeleteOptions): void {
  const before = metadata.finalizers ?? [];
  const wanted = propagationFinalizer(kind, before, options);
  const kept = before.filter((f) => f !== orphanFinalizer && f !== foregroundFinalizer);
  const finalizers = wanted ? [...kept, wanted] : kept;
  const isSame = finalizers.length === before.length && (!wanted || before.includes(wanted));
  if (isSame) return;
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
}

function propagationFinalizer(
  kind: Kind,
  finalizers: readonly string[],
  { orphanDependents, propagationPolicy }: DeleteOptions,
): string | undefined {
  if (kind.defaultPropagation === 'None') return undefined;
  if (orphanDependents !== undefined) return orphanDependents ? orphanFinalizer : undefined;
  if (propagationPolicy === 'Orphan') return orphanFinalizer;
  if (propagationPolicy === 'Foreground') return foregroundFinalizer;
  if (propagationPolicy === 'Background') return undefined;
  const set = finalizers.find((f) => f === orphanFinalizer || f === foregroundFinalizer);
  return set ?? (kind.defaultPropagation === 'Orphan' ? orphanFinalizer : undefined);
}
