import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { fillPrinted, fillStored } from '../../machinery/always-printed.ts';
import { clone } from '../../machinery/clone.ts';
import { allErrors, type FieldError, invalidObject, noErrors } from '../../machinery/field-error.ts';
import {
  alreadyExists,
  forbidden,
  generateNameConflict,
  hasReason,
  StatusError,
} from '../../machinery/status-error.ts';
import { stepTogether } from '../../platform/turn.ts';
import { admit, confirmAdmission, validateAdmission } from '../admission/admission.ts';
import type { ObjectAnswer } from '../request.ts';
import { AllotmentLost, putAllotted } from './allotment.ts';
import { cachedAnswer, objectAnswer } from './answers.ts';
import { decodeBody } from './decode-body.ts';
import { type Facet, facetOf } from './facet.ts';
import type { Allocation, Findings, HookContext } from './kind.ts';
import { recordWriter } from './managed-fields.ts';
import {
  countsGeneration,
  dropDuplicateOwners,
  fillSystemFields,
  matchNamespace,
  stampType,
  wipeSystemFields,
} from './metadata.ts';
import { metadataErrors, subdomainNameErrors } from './object-meta.ts';
import { type Call, hookContext, keyOf, namespaceOf, subjectOf } from './registry.ts';
import { type WriteOptions, writeOptions } from './request-options.ts';
import { current, remove, untilDurable } from './storage.ts';
import { toStoredForm } from './view.ts';

/** Tries with a new random suffix before the client is told that no name was free. */
const maxNameAttempts = 8;

/** POST to a collection. */
export async function create(call: Call): Promise<ObjectAnswer> {
  const { request, registry } = call;
  const options = writeOptions(request, 'CreateOptions');
  const object = decodeBody(call, facetOf(call) as Facet, options.fieldValidation);
  await stepTogether;
  wipeSystemFields(object.metadata);
  matchNamespace(object.metadata, namespaceOf(call));
  dropSentTwice(call, object);
  checkCreatable(call, object);
  recordWriter(call, { object, old: undefined, options });
  if (registry.view.review) return objectAnswer(201, await reviewed(call, object, options));
  const stored = toStoredForm(call, object);
  await stepTogether;
  await admit(call, { operation: 'CREATE', object: stored, options });
  dropAdmittedTwice(call, stored);
  return createNamed(call, stored, options);
}

/** Throws 403 where no more objects may be made. */
export function checkCreatable(call: Call, { metadata }: KubernetesObject): void {
  const { creationForbidden } = call.registry.view;
  if (creationForbidden) throw forbidden(subjectOf(call, metadata.name), creationForbidden);
}

/** Takes out owner references that a client has sent twice, and says so. */
export function dropSentTwice({ request }: Call, { metadata }: KubernetesObject): void {
  warnOfOwners(request, 'duplicate entries', dropDuplicateOwners(metadata));
}

/** The same of what mutating admission has let through. */
export function dropAdmittedTwice({ request }: Call, { metadata }: KubernetesObject): void {
  const dropped = dropDuplicateOwners(metadata);
  warnOfOwners(request, 'duplicate entries after mutating admission happens', dropped);
}

function warnOfOwners(request: Call['request'], what: string, dropped: readonly string[]): void {
  if (dropped.length === 0) return;
  request.warn(
    `.metadata.ownerReferences contains ${what}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${dropped.join(', ')}`,
  );
}

/** Answers a kind that is not stored, such as an access review. */
async function reviewed(
  call: Call,
  object: KubernetesObject,
  options: WriteOptions,
): Promise<KubernetesObject> {
  const { view } = call.registry;
  const write = { operation: 'CREATE', object, options } as const;
  await admit(call, write);
  const context = hookContext(call, object.metadata.name ?? '', options.dryRun);
  const errors = view.validate?.(object, context) ?? [];
  if (errors.length > 0) throw invalidObject(view.resource, object.metadata.name ?? '', errors);
  await validateAdmission(call, write);
  const answer = (await view.review?.(object, context)) as KubernetesObject;
  stampType(answer, view.resource);
  fillPrinted(answer, view.resource.type);
  return answer;
}

function createNamed(call: Call, object: KubernetesObject, options: WriteOptions): Promise<ObjectAnswer> {
  const generated = !object.metadata.name && object.metadata.generateName;
  return generated ? createGenerated(call, object, options) : createOne(call, object, options);
}

async function createGenerated(
  call: Call,
  object: KubernetesObject,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const tries = { isBooked: false, isNameGenerated: true };
  for (let attempt = 1; ; attempt++) {
    try {
      return await createOne(call, clone(object), options, tries);
    } catch (error) {
      if (attempt === maxNameAttempts || !hasReason(error, 'AlreadyExists')) throw error;
    }
  }
}

/** What the tries to store one new object have in common; there are several where the server makes up the name. */
interface Tries {
  /** Whether what the object takes has been booked: once, however many names are tried. */
  isBooked: boolean;
  isNameGenerated: boolean;
}

/** Stores a new object, in the form of the stored kind, that has been through mutating admission. */
export async function createOne(
  call: Call,
  object: KubernetesObject,
  options: WriteOptions,
  tries: Tries = { isBooked: false, isNameGenerated: false },
): Promise<ObjectAnswer> {
  // Mutating admission says neither where an object is nor what the server alone does.
  wipeSystemFields(object.metadata);
  matchNamespace(object.metadata, namespaceOf(call));
  fillSystemFields(object.metadata, call.environment.platform);
  const context = hookContext(call, object.metadata.name ?? '', options.dryRun);
  await (prepare(call, object, context) ?? stepTogether);
  if (!call.registry.kind.allocate) return store(call, object, { options, tries, isAdmitted: false });
  for (let isAdmitted = false; ; isAdmitted = true) {
    try {
      return await createAllotted(call, clone(object), { options, tries, context, isAdmitted });
    } catch (error) {
      if (!(error instanceof AllotmentLost)) throw error;
    }
  }
}

interface Creation {
  options: WriteOptions;
  tries: Tries;
  /** Validating admission has let it through. */
  isAdmitted: boolean;
  allocation?: Allocation;
}

async function createAllotted(
  call: Call,
  object: KubernetesObject,
  { context, ...creation }: Creation & { context: HookContext },
): Promise<ObjectAnswer> {
  const { options } = creation;
  const allocation = await call.registry.kind.allocate?.(object, undefined, context);
  try {
    const answer = await store(call, object, { ...creation, ...(allocation && { allocation }) });
    settle(allocation, !options.dryRun);
    return answer;
  } catch (error) {
    allocation?.rollback();
    throw error;
  }
}

/** Ends an allotment: kept where the write was stored, given back where it was a dry run. */
export function settle(allocation: Allocation | undefined, stored: boolean): void {
  if (stored) allocation?.commit();
  else allocation?.rollback();
}

/** A promise where it takes so long to find out what is wrong that others have their turn meanwhile. */
function prepare(call: Call, object: KubernetesObject, context: HookContext): Promise<void> | undefined {
  const { kind } = call.registry;
  if (countsGeneration(kind)) object.metadata.generation = 1;
  kind.prepareForCreate?.(object, context);
  fillStored(object, kind.resource.type);
  const found = createErrors(call, object, context);
  if (!(found instanceof Promise)) return finishPreparing(call, object, found);
  return found.then((errors) => finishPreparing(call, object, errors));
}

function finishPreparing(call: Call, object: KubernetesObject, errors: readonly FieldError[]): undefined {
  const { kind } = call.registry;
  const { metadata } = object;
  if (errors.length > 0) throw invalidObject(kind.resource, metadata.name ?? '', errors);
  for (const warning of kind.warnings?.(object, undefined) ?? []) call.request.warn(warning);
  if (metadata.resourceVersion && metadata.resourceVersion !== '0') {
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  delete metadata.resourceVersion;
}

function createErrors(call: Call, object: KubernetesObject, context: HookContext): Findings {
  const { kind, view } = call.registry;
  const nameErrors = kind.validateName ?? subdomainNameErrors;
  const ofMetadata = metadataErrors(object.metadata, kind.resource.namespaced, nameErrors);
  const found = view.storedAs?.validate?.(object, undefined) ?? kind.validate?.(object, context) ?? noErrors;
  // A signal is made when it is asked for, which most requests never do.
  const { request } = call;
  const further = kind.validateInTurns?.({ object, found, context, signal: request.signal }) ?? noErrors;
  if (!(further instanceof Promise)) return allErrors(ofMetadata, found, further);
  return further.then((errors) => allErrors(ofMetadata, found, errors));
}

async function store(
  call: Call,
  object: KubernetesObject,
  { options, tries, isAdmitted, allocation }: Creation,
): Promise<ObjectAnswer> {
  if (!isAdmitted) {
    const { isBooked, isNameGenerated } = tries;
    const write = { operation: 'CREATE', object, options, isNameGenerated } as const;
    await validateAdmission(call, write, { isBooked });
    tries.isBooked = true;
  }
  const name = object.metadata.name as string;
  const key = keyOf(call, name);
  if (options.dryRun) {
    const taken = await current(call, name);
    await untilDurable(call, taken, name);
    if (taken) throw takenError(call, object, taken.object);
    return objectAnswer(201, object, call);
  }
  const item = await putAllotted(call, { key, object, expected: 0 }, allocation);
  // What stands there may be unreadable; that it does is then all that is told of it.
  if (!item) throw takenError(call, object, (await current(call, name).catch(() => undefined))?.object);
  try {
    confirmAdmission(call, { operation: 'CREATE', object, options });
  } catch (error) {
    // It was created on a past that others have changed meanwhile.
    await remove(call, { key, revision: item.revision, object: item.object as Stored<KubernetesObject> });
    throw error;
  }
  return cachedAnswer(201, call, item);
}

function takenError(call: Call, object: KubernetesObject, there: KubernetesObject | undefined): StatusError {
  const subject = subjectOf(call, object.metadata.name as string);
  const error = object.metadata.generateName ? generateNameConflict(subject, 1) : alreadyExists(subject);
  if (!there?.metadata.deletionTimestamp) return error;
  return StatusError.from({ ...error.status, message: `object is being deleted: ${error.message}` });
}
