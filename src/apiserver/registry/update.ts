import type { KubernetesObject } from '../../api/resource.ts';
import { fillStored } from '../../machinery/always-printed.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { allErrors, invalid, invalidObject, noErrors } from '../../machinery/field-error.ts';
import { conflict, notFound, optimisticLockMessage } from '../../machinery/status-error.ts';
import { admit, validateAdmission } from '../admission/admission.ts';
import type { ObjectAnswer } from '../request.ts';
import { AllotmentLost, putAllotted } from './allotment.ts';
import { cachedAnswer, objectAnswer } from './answers.ts';
import { checkCreatable, createOne, dropAdmittedTwice, dropSentTwice, settle } from './create.ts';
import { clone } from '../../machinery/clone.ts';
import type { Facet, UpdateStrategy } from './facet.ts';
import { withConversions } from './conversions.ts';
import { decodeBody } from './decode-body.ts';
import type { Allocation, HookContext } from './kind.ts';
import { takeFacet } from './managed-fields.ts';
import { checkName, countsGeneration, keepSystemFields, matchNamespace, specChanged } from './metadata.ts';
import { metadataUpdateErrors } from './object-meta.ts';
import { type Call, hookContext, keyOf, namespaceOf, subjectOf } from './registry.ts';
import { type WriteOptions, writeOptions } from './request-options.ts';
import { type Current, current, guaranteed, isStoredSo, remove } from './storage.ts';
import { presentObject, toStoredForm } from './view.ts';

/** What an update of one object consists of. */
export interface Change {
  options: WriteOptions;
  /** Makes the new object, fresh, in the form of the client's version, of the one that stands there (if any). */
  make(old: KubernetesObject | undefined): Promise<KubernetesObject> | KubernetesObject;
  /** Whether it creates an object that does not exist, whatever the kind says. */
  forceCreate?: boolean;
  /** What the object must have, where the client's copy says so. */
  uid?: string;
}

/** PUT of an object, or of a facet of it. */
export async function update(call: Call, facet: Facet): Promise<ObjectAnswer> {
  const { request } = call;
  const options = writeOptions(request, 'UpdateOptions');
  const sent = decodeBody(call, facet, options.fieldValidation);
  matchNamespace(sent.metadata, namespaceOf(call));
  checkName(sent.metadata, request.info.name);
  dropSentTwice(call, sent);
  const make = (old: KubernetesObject | undefined) => {
    if (!old && request.info.subresource) throw notFound(subjectOf(call));
    return takeFacet(call, facet, { sent: clone(sent), old, options });
  };
  return applyChange(call, { options, make, uid: sent.metadata.uid }, facet);
}

/** Carries a change out on the newest version of its object, again where that moved meanwhile. */
export async function applyChange(
  call: Call,
  change: Change,
  facet: Pick<Facet, 'type' | 'show' | 'strategy'>,
): Promise<ObjectAnswer> {
  const { kind, view } = call.registry;
  const isMain = call.request.info.subresource === '';
  const mayCreate = isMain && (change.forceCreate || kind.allowCreateOnUpdate);
  const answer = await guaranteed(call, async (found) => {
    if (!found && !mayCreate) throw notFound(subjectOf(call));
    checkUid(call, change, found);
    const made = await withConversions(() => change.make(found && presentObject(call, found.object)));
    const object = toStoredForm(call, made);
    const { strategy } = facet;
    return found ? replace(call, { object, found, change, strategy }) : createByUpdate(call, object, change);
  });
  return facet.type === view.resource.type ? answer : objectAnswer(answer.code, facet.show(answer.object));
}

function checkUid(call: Call, { uid }: Change, found: Current | undefined): void {
  if (!uid || found?.object.metadata.uid === uid) return;
  const there = found?.object.metadata.uid ?? '';
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${there}`;
  throw conflict(subjectOf(call), invalidInStore(keyOf(call), why));
}

/** How upstream's store words what stands in it and is not as it was said to be. */
const invalidInStore = (key: string, why: string) =>
  `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`;

async function createByUpdate(
  call: Call,
  object: KubernetesObject,
  { options }: Change,
): Promise<ObjectAnswer | undefined> {
  const { request, environment } = call;
  checkCreatable(call, object);
  await admit(call, { operation: 'CREATE', object, options });
  dropAdmittedTwice(call, object);
  // What is created has no revision yet, whatever was sent.
  delete object.metadata.resourceVersion;
  await environment.authorize(request.user, { ...request.info, verb: 'create' });
  if (await current(call)) return undefined;
  return createOne(call, object, options);
}

interface Replacement {
  object: KubernetesObject;
  found: Current;
  change: Change;
  strategy: UpdateStrategy;
}

async function replace(call: Call, replacement: Replacement): Promise<ObjectAnswer | undefined> {
  const { object, found, change, strategy } = replacement;
  const { options } = change;
  const old = found.object;
  await admit(call, { operation: 'UPDATE', object, old, options });
  dropAdmittedTwice(call, object);
  checkRevision(call, object, found);
  const context = hookContext(call, old.metadata.name, options.dryRun);
  await prepare(call, replacement, context);
  const kind = call.registry.kind;
  const allocation = strategy.main ? await kind.allocate?.(object, old, context) : undefined;
  let stored = false;
  try {
    await validateAdmission(call, { operation: 'UPDATE', object, old, options });
    const answer = await write(call, replacement, allocation);
    stored = answer !== undefined && !options.dryRun;
    return answer;
  } catch (error) {
    if (error instanceof AllotmentLost) return undefined;
    throw error;
  } finally {
    settle(allocation, stored);
  }
}

/** An update without a revision takes the newest one, unless the kind forbids it; another revision is a conflict. */
function checkRevision(call: Call, object: KubernetesObject, found: Current): void {
  const { kind } = call.registry;
  const sent = object.metadata.resourceVersion ?? '';
  if (sent === '' || sent === '0') {
    if (kind.allowUnconditionalUpdate === false) {
      const errors = [invalid('metadata.resourceVersion', 0, 'must be specified for an update')];
      throw invalidObject(
        { group: kind.resource.group, kind: kind.resource.plural },
        found.object.metadata.name,
        errors,
      );
    }
    object.metadata.resourceVersion = String(found.revision);
  } else if (sent !== String(found.revision)) {
    throw conflict(subjectOf(call), optimisticLockMessage);
  }
}

async function prepare(
  call: Call,
  { object, found, strategy }: Replacement,
  context: HookContext,
): Promise<void> {
  const { kind } = call.registry;
  const { object: old } = found;
  const { metadata } = object;
  matchNamespace(metadata, namespaceOf(call));
  metadata.generation = old.metadata.generation;
  if (metadata.generation === undefined) delete metadata.generation;
  strategy.prepare(object, old, context);
  fillStored(object, kind.resource.type);
  if (countsGeneration(kind) && specChanged(kind, object, old))
    metadata.generation = (old.metadata.generation ?? 0) + 1;
  keepSystemFields(metadata, old.metadata);
  const ofMetadata = metadataUpdateErrors(metadata, old.metadata, kind.resource.namespaced);
  const wrong = strategy.validate(object, old, context);
  const { request } = call;
  const further =
    strategy.validateInTurns?.({ object, old, found: wrong, context, signal: request.signal }) ?? noErrors;
  const errors = allErrors(ofMetadata, wrong, further instanceof Promise ? await further : further);
  if (errors.length > 0) throw invalidObject(kind.resource, metadata.name ?? '', errors);
  for (const warning of strategy.warnings?.(object, old) ?? []) call.request.warn(warning);
}

/** Stores the new state, if it is one; an object that only waited for its last finalizer goes. */
async function write(
  call: Call,
  { object, found, change }: Replacement,
  allocation: Allocation | undefined,
): Promise<ObjectAnswer | undefined> {
  const { options } = change;
  const { cache } = call.registry;
  keepManagedTimes(object, found.object);
  if (isReleased(call, object, found)) return removeReleased(call, { object, found, dryRun: options.dryRun });
  if (deepEqual(object, found.object) && (await isStoredSo(call, object, found))) {
    const item = cache?.get(found.key);
    return item?.revision === found.revision
      ? cachedAnswer(200, call, item)
      : objectAnswer(200, found.object, call);
  }
  if (options.dryRun) return objectAnswer(200, object, call);
  const item = await putAllotted(
    call,
    { key: found.key, object, old: found.object, expected: found.revision },
    allocation,
  );
  return item && cachedAnswer(200, call, item);
}

/** An update that changes nothing but the times of `managedFields` changes nothing. */
function keepManagedTimes(object: KubernetesObject, old: KubernetesObject): void {
  const [now, before] = [object.metadata.managedFields, old.metadata.managedFields];
  if (!now || !before || now.length !== before.length || deepEqual(now, before)) return;
  const untimed = (entries: typeof now) => entries.map(({ time: _, ...entry }) => entry);
  if (!deepEqual(untimed(now), untimed(before))) return;
  const { managedFields: _, ...meta } = object.metadata;
  const { managedFields: __, ...oldMeta } = old.metadata;
  if (deepEqual({ ...object, metadata: meta }, { ...old, metadata: oldMeta })) {
    object.metadata.managedFields = before;
  }
}

/** Whether nothing holds a deleted object any longer. */
function isReleased(call: Call, object: KubernetesObject, { object: { metadata: old } }: Current): boolean {
  if (object.metadata.finalizers?.length || call.registry.kind.heldBack?.(object)) return false;
  return old.deletionTimestamp !== undefined && !old.deletionGracePeriodSeconds;
}

async function removeReleased(
  call: Call,
  { object, found, dryRun }: { object: KubernetesObject; found: Current; dryRun: boolean },
): Promise<ObjectAnswer | undefined> {
  if (!dryRun && !(await remove(call, found))) return undefined;
  return objectAnswer(200, object, call);
}
