import type { DeleteOptions, ManagedFieldsEntry } from '../../api/meta/v1.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { managedFieldsFault } from '../../machinery/managed-fields/managers.ts';
import type { StatusChange } from '../registry/change-status.ts';
import type { HookContext, Kind } from '../registry/kind.ts';
import { freshEnough } from '../registry/freshness.ts';
import { hookContext, namespaceOf, type Call } from '../registry/registry.ts';
import type { AdmissionCounts } from './admission-counts.ts';
import { askPlugins, timedStep } from './ask-plugins.ts';
import { type Form, formsOf } from './forms.ts';
import { requestOptions } from './request-options.ts';
import { Rounds } from './rounds.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What a plugin is told of a request. */
export interface AdmissionAttributes {
  operation: Operation;
  /** The verb of the request, such as `patch`. */
  verb: string;
  /** The kind that is stored. */
  kind: Kind;
  /** The resource that the request is about; not that of the stored kind where it is another view of it. */
  resource: Resource;
  /** Empty for the main resource. */
  subresource: string;
  namespace: string;
  /** Empty while the name is still to be generated. */
  name: string;
  /** Whether the server makes the name up. */
  isNameGenerated: boolean;
  /** The object as it would be stored; absent on DELETE. Mutating plugins change it in place. */
  object?: KubernetesObject;
  /** The object as it stands; absent on CREATE. Shared: read-only. */
  old?: Stored<KubernetesObject>;
  /** The options of the request, such as `{dryRun: true}`. */
  options: { dryRun: boolean };
  /** Who asks, and a look at other objects. */
  context: HookContext;
  /** The object's form in each version that is served, that of the request first; made when asked for. */
  forms(): readonly Form[];
  /** Whether one of the forms is of one of these groups; `*` is all of them. */
  isServedIn(groups: readonly string[] | undefined): boolean;
  /** The options of the request as an object, such as `CreateOptions`; absent where it has none. */
  sentOptions(): object | undefined;
  /** Adds to the audit event of the request. */
  annotate(key: string, value: string): void;
  /** The same for what shows parts of the object: only where the audit event shows objects. */
  annotateDetail(key: string, value: () => string): void;
  /** Whether mutating plugins are run for the first or the second time. */
  rounds: Rounds;
  /** Changes the status of another object, as the server itself; not to be called on dry runs. */
  changeStatus<T extends KubernetesObject>(change: StatusChange<T>): Promise<void>;
  /** Resolves once the caches know all that any server has written; undefined where this one alone writes. */
  upToDate(): Promise<void> | undefined;
  signal: AbortSignal;
  /** How long the request may still take; absent where it may take any time. */
  readonly leftMs: number | undefined;
}

/** A step between decoding and storing that every write goes through. Throws a StatusError to refuse it. */
export interface AdmissionPlugin {
  /** Upstream's name. */
  name: string;
  /** Changes the object, before validation. */
  admit?(attributes: AdmissionAttributes): void | Promise<void>;
  /** Whether it comes after all others, since it books what they have let through. */
  last?: boolean;
  /** Looks at the object as it would be stored. */
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
  /** Looks at what has been created, now that all is known that was written before it; throws where it must not stay. */
  confirm?(attributes: AdmissionAttributes): void;
  /** The same plugin, as one of a server that counts what it does. */
  countedBy?(counts: AdmissionCounts): AdmissionPlugin;
}

/** What a write tells admission about itself. */
export interface AdmittedWrite extends Pick<AdmissionAttributes, 'operation' | 'object' | 'old' | 'options'> {
  /** The options of a deletion. */
  deleteOptions?: DeleteOptions;
  /** Whether the server has made up the object's name. */
  isNameGenerated?: boolean;
}

/**
 * Runs the mutating plugins in their order; once more where one of the last has changed what the first have seen.
 * Undefined where none of them had anything to wait for.
 */
export function admit(call: Call, write: AdmittedWrite): Promise<void> | undefined {
  const { admission: plugins, admissionTimes: times } = call.environment;
  const attributes = new WriteAttributes(call, write);
  const managers = write.object?.metadata?.managedFields;
  const questions = { plugins, step: 'admit', attributes, times } as const;
  const waiting = timedStep(questions, () => {
    // Whoever wants a second time has called out, and is waited for.
    const first = askPlugins(questions);
    return first?.then(() => (attributes.rounds.startSecond() ? askPlugins(questions) : undefined));
  });
  if (!waiting) return keepManagers(call, write.object, managers);
  return waiting.then(() => keepManagers(call, write.object, managers));
}

/** Puts back who managed what, where a plugin has left nonsense. */
function keepManagers(
  call: Call,
  object: KubernetesObject | undefined,
  before: ManagedFieldsEntry[] | undefined,
): undefined {
  const after = object?.metadata?.managedFields;
  const fault = after === before ? undefined : managedFieldsFault(after);
  if (!object || !fault) return;
  if (before) object.metadata.managedFields = before;
  else delete object.metadata.managedFields;
  call.request.warn(
    `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${fault}`,
  );
}

/**
 * Runs the validating plugins in their order, those that book only where that has not been done. Undefined where none
 * of them had anything to wait for.
 */
export function validateAdmission(
  call: Call,
  write: AdmittedWrite,
  { isBooked = false } = {},
): Promise<void> | undefined {
  const attributes = new WriteAttributes(call, write);
  const { admission: plugins, admissionTimes: times } = call.environment;
  const questions = { plugins, step: 'validate', attributes, isBooked, times } as const;
  return timedStep(questions, () => askPlugins(questions));
}

/** Runs what plugins have to say of an object that has just been created. */
export function confirmAdmission(call: Call, write: AdmittedWrite): void {
  let attributes: WriteAttributes | undefined;
  for (const plugin of call.environment.admission) {
    if (!plugin.confirm) continue;
    attributes ??= new WriteAttributes(call, write);
    plugin.confirm(attributes);
  }
}

/** A write as plugins see it; what few of them ask for is made when they do. */
class WriteAttributes implements AdmissionAttributes {
  readonly operation: Operation;
  readonly verb: string;
  readonly object?: KubernetesObject;
  readonly old?: Stored<KubernetesObject>;
  readonly options: { dryRun: boolean };
  readonly kind: Kind;
  readonly resource: Resource;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly isNameGenerated: boolean;
  readonly context: HookContext;
  readonly rounds = new Rounds();
  readonly #call: Call;
  readonly #write: AdmittedWrite;

  constructor(call: Call, write: AdmittedWrite) {
    const { info } = call.request;
    this.#call = call;
    this.#write = write;
    this.operation = write.operation;
    this.verb = info.verb;
    if (write.object) this.object = write.object;
    if (write.old) this.old = write.old;
    this.options = write.options;
    this.kind = call.registry.kind;
    this.resource = call.registry.view.resource;
    this.subresource = info.subresource;
    this.namespace = namespaceOf(call);
    this.name = info.name || write.object?.metadata?.name || '';
    this.isNameGenerated = write.isNameGenerated === true;
    this.context = hookContext(call, this.name, write.options.dryRun);
  }

  forms(): readonly Form[] {
    return formsOf(this.#call, this.object);
  }

  isServedIn(groups: readonly string[] | undefined): boolean {
    if (!groups) return false;
    if (groups.includes('*') || groups.includes(this.resource.group)) return true;
    const { registry, environment } = this.#call;
    return environment.versions(registry).some(({ view }) => groups.includes(view.resource.group));
  }

  sentOptions(): object | undefined {
    return requestOptions(this.#call.request, this.#write);
  }

  annotate(key: string, value: string): void {
    this.#call.request.annotate?.(key, value);
  }

  annotateDetail(key: string, value: () => string): void {
    this.#call.request.annotateDetail?.(key, value);
  }

  changeStatus<T extends KubernetesObject>(change: StatusChange<T>): Promise<void> {
    return this.#call.environment.changeStatus(change);
  }

  upToDate(): Promise<void> | undefined {
    return this.#call.environment.freshRevision && freshEnough(this.#call, undefined);
  }

  get signal(): AbortSignal {
    return this.#call.request.signal;
  }

  get leftMs(): number | undefined {
    return this.#call.request.leftMs;
  }
}
