import type { ControllerRevision } from '../../api/apps/v1.ts';
import type { PodTemplateSpec } from '../../api/core/v1.ts';
import { controllerrevisions } from '../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { causedBy } from '../../client/transport.ts';
import { sortedKeys } from '../../machinery/sorted-keys.ts';
import { hasReason } from '../../machinery/status-error.ts';
import type { ControllerContext, OwnWrites } from '../controller.ts';
import { hashOf } from './hash.ts';
import { controllerReference } from './owners.ts';
import { meansSame } from './pods.ts';

type Revision = Stored<ControllerRevision>;

/** The template under which a set's pods are made, kept so that it can be gone back to. */
export interface RevisionOwner extends KubernetesObject {
  spec: { template: PodTemplateSpec; revisionHistoryLimit?: number };
  status?: { collisionCount?: number };
}

/** Oldest first; what two writers have numbered alike goes by its age, then by its name. */
export function byRevision(a: Revision, b: Revision): number {
  const ageMs = Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp);
  return a.revision - b.revision || ageMs || (a.metadata.name < b.metadata.name ? -1 : 1);
}

/**
 * A patch that puts the template back, as clients that undo a rollout send it. Its keys are in order: to tell whether there is
 * anything to undo, `kubectl rollout undo` compares the text with that of the present template.
 */
export const revisionData = (template: PodTemplateSpec) =>
  sortedKeys({ spec: { template: { ...template, $patch: 'replace' } } });

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const { $patch: _, ...template } = (revision.data as ReturnType<typeof revisionData>).spec.template;
  return template as PodTemplateSpec;
}

/** Whether a revision keeps this template: it may be written in other words where another Kubernetes has made it. */
function keeps({ data }: ControllerRevision, template: PodTemplateSpec): boolean {
  const kept = (data as Partial<ReturnType<typeof revisionData>> | undefined)?.spec?.template;
  return kept !== undefined && meansSame(kept, template);
}

export interface RevisionOptions {
  owner: Stored<RevisionOwner>;
  revisions: readonly Revision[];
  key: string;
  writes: OwnWrites;
  /** Under which label the hash stands; a DaemonSet's pods carry the same. */
  hashLabel: string;
}

/** The revision of the present template: an old one that is raised to the newest, or a new one. */
export async function currentRevision(
  context: ControllerContext,
  options: RevisionOptions,
): Promise<{ revision: Revision; collisionCount: number | undefined }> {
  const { owner, key, writes } = options;
  const revisions = [...options.revisions].sort(byRevision);
  const { template } = owner.spec;
  const newest = revisions.at(-1);
  const same = revisions.findLast((revision) => keeps(revision, template));
  const collisionCount = owner.status?.collisionCount;
  if (!same) return create(context, options, (newest?.revision ?? 0) + 1);
  if (same === newest || !newest) return { revision: same, collisionCount };
  const cause = causedBy(owner, 'its template is that of an earlier revision again');
  const raised = { ...same, revision: newest.revision + 1 };
  const written = await context.client.of(controllerrevisions).update(raised, { cause });
  writes.wrote(key, context.informers.of(controllerrevisions), written);
  return { revision: written, collisionCount };
}

async function create(
  context: ControllerContext,
  { owner, key, writes, hashLabel }: RevisionOptions,
  number: number,
): Promise<{ revision: Revision; collisionCount: number | undefined }> {
  const data = revisionData(owner.spec.template);
  const api = context.client.of(controllerrevisions);
  const cause = causedBy(owner, 'its template is new');
  for (let collisionCount = owner.status?.collisionCount; ; collisionCount = (collisionCount ?? 0) + 1) {
    const hash = hashOf(data, collisionCount);
    const { name, namespace, annotations } = owner.metadata;
    const metadata = {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash },
      // Among them why the owner was changed, which `kubectl rollout history` shows.
      ...(annotations && { annotations }),
      ownerReferences: [controllerReference(owner)],
    };
    const object = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, data, revision: number };
    try {
      const revision = await api.create(object as ControllerRevision, { cause });
      writes.wrote(key, context.informers.of(controllerrevisions), revision);
      return { revision, collisionCount };
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      const there = await api.get(metadata);
      if (keeps(there, owner.spec.template)) return { revision: there, collisionCount };
    }
  }
}

/**
 * Removes the oldest revisions that nothing uses, beyond the owner's limit; below zero there is none. So many of those that are used
 * (`counted`) count too.
 */
export async function truncateHistory(
  context: ControllerContext,
  { owner, revisions, key, writes }: RevisionOptions,
  isUsed: (revision: Revision) => boolean,
  counted = 0,
): Promise<void> {
  const unused = revisions.filter((revision) => !isUsed(revision)).sort(byRevision);
  const limit = owner.spec.revisionHistoryLimit ?? 10;
  const surplus = limit < 0 ? [] : unused.slice(0, Math.max(0, unused.length + counted - limit));
  const cause = causedBy(owner, `only ${limit} old revisions are kept`);
  for (const revision of surplus) {
    const preconditions = { uid: revision.metadata.uid };
    await context.client.of(controllerrevisions).delete(revision.metadata, { cause, preconditions });
    writes.deleted(key, context.informers.of(controllerrevisions), revision);
  }
}
