import type { DeleteOptions, Status } from '../../api/meta/v1.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { notFound } from '../../machinery/status-error.ts';
import { validateAdmission, admit } from '../admission/admission.ts';
import type { ObjectAnswer } from '../request.ts';
import { cachedAnswer, objectAnswer } from './answers.ts';
import { decodeDeleteOptions } from './decode-body.ts';
import { checkPreconditions } from './preconditions.ts';
import { type DeletionPlan, planDeletion } from './deletion-plan.ts';
import { type Call, hookContext, subjectOf } from './registry.ts';
import { deleteOptions } from './request-options.ts';
import { type Current, guaranteed, put, remove } from './storage.ts';

/** What a deletion came to. */
interface Outcome {
  answer: ObjectAnswer;
  /** Whether the object is gone. */
  gone: boolean;
}

/** DELETE of one object. */
export async function deleteObject(call: Call): Promise<ObjectAnswer> {
  const options = deleteOptions(decodeDeleteOptions(call), call.request.query);
  const { answer, gone } = await deleteOne(call, options);
  return !gone && options.orphanDependents === false ? accepted(answer) : answer;
}

const accepted = (answer: ObjectAnswer): ObjectAnswer =>
  Object.defineProperty(answer, 'code', { value: 202, enumerable: true });

/** Deletes the object that a call names, as far as its finalizers and its grace period allow now. */
export async function deleteOne(call: Call, options: DeleteOptions): Promise<Outcome> {
  const dryRun = (options.dryRun ?? []).length > 0;
  return guaranteed(call, async (found) => {
    if (!found) throw notFound(subjectOf(call));
    const { kind } = call.registry;
    const { name } = found.object.metadata;
    const context = hookContext(call, name, dryRun);
    kind.checkDelete?.(found.object, context);
    const { group, kind: resource } = kind.resource;
    checkPreconditions({ group, resource, name }, found.object, options);
    const plan = planDeletion(kind, found.object, { options, context });
    if (plan.type !== 'pending') await admitDeletion(call, found.object, options);
    return carryOut(call, { found, plan, dryRun });
  });
}

async function admitDeletion(
  call: Call,
  old: Stored<KubernetesObject>,
  deleteOptions: DeleteOptions,
): Promise<void> {
  const dryRun = (deleteOptions.dryRun ?? []).length > 0;
  const write = { operation: 'DELETE', old, options: { dryRun }, deleteOptions } as const;
  await admit(call, write);
  await validateAdmission(call, write);
}

interface Step {
  found: Current;
  plan: DeletionPlan;
  dryRun: boolean;
}

async function carryOut(call: Call, { found, plan, dryRun }: Step): Promise<Outcome | undefined> {
  switch (plan.type) {
    case 'pending':
      return { answer: finished(call, found.object), gone: false };
    case 'mark':
      return mark(call, { found, marked: plan.object, dryRun });
    case 'remove':
      return removeNow(call, { found, last: plan.object, dryRun });
  }
}

/** Stores that the deletion has begun; the object lives on for a while. */
async function mark(
  call: Call,
  { found, marked, dryRun }: { found: Current; marked: KubernetesObject; dryRun: boolean },
): Promise<Outcome | undefined> {
  const unchanged = deepEqual(marked, found.object);
  if (dryRun || unchanged) return { answer: objectAnswer(200, marked, call), gone: false };
  const item = await put(call, {
    key: found.key,
    object: marked,
    old: found.object,
    expected: found.revision,
  });
  return item && { answer: cachedAnswer(200, call, item), gone: false };
}

async function removeNow(
  call: Call,
  { found, last, dryRun }: { found: Current; last: KubernetesObject; dryRun: boolean },
): Promise<Outcome | undefined> {
  if (!dryRun) {
    const revision = await remove(call, found);
    if (revision === undefined) return undefined;
    last.metadata.resourceVersion = String(revision);
  }
  return { answer: finished(call, last), gone: true };
}

/** The answer to a deletion: a Status for most kinds, the object for some. */
function finished(call: Call, object: KubernetesObject): ObjectAnswer {
  if (call.registry.kind.returnsDeleted) return objectAnswer(200, object, call);
  const { name, uid } = object.metadata;
  const { group, resource } = subjectOf(call);
  const details = { name, ...(group && { group }), kind: resource, uid };
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return { type: 'object', code: 200, object: status as unknown as KubernetesObject };
}
