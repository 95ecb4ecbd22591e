import type { KubernetesObject, Stored } from '../../api/resource.ts';
import type { StatusChange } from '../registry/change-status.ts';
import { hookContext, namespaceOf, type Call } from '../registry/registry.ts';
import type { HookContext, Kind } from '../registry/kind.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What a plugin is told of a request. */
export interface AdmissionAttributes {
  operation: Operation;
  kind: Kind;
  /** Empty for the main resource. */
  subresource: string;
  namespace: string;
  /** Empty while the name is still to be generated. */
  name: string;
  /** The object as it would be stored; absent on DELETE. Mutating plugins change it in place. */
  object?: KubernetesObject;
  /** The object as it stands; absent on CREATE. Shared: read-only. */
  old?: Stored<KubernetesObject>;
  /** The options of the request, such as `{dryRun: true}`. */
  options: { dryRun: boolean };
  /** Who asks, and a look at other objects. */
  context: HookContext;
  /** Changes the status of another object, as the server itself; not to be called on dry runs. */
  changeStatus<T extends KubernetesObject>(change: StatusChange<T>): Promise<void>;
  signal: AbortSignal;
}

/** A step between decoding and storing that every write goes through. Throws a StatusError to refuse it. */
export interface AdmissionPlugin {
  /** Upstream's name. */
  name: string;
  /** Changes the object, before validation. */
  admit?(attributes: AdmissionAttributes): void | Promise<void>;
  /** Looks at the object as it would be stored. */
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}

/** What a write tells admission about itself. */
export type AdmittedWrite = Pick<AdmissionAttributes, 'operation' | 'object' | 'old' | 'options'>;

/** Runs the mutating plugins in their order. */
export async function admit(call: Call, write: AdmittedWrite): Promise<void> {
  const attributes = attributesOf(call, write);
  for (const plugin of call.environment.admission) await plugin.admit?.(attributes);
}

/** Runs the validating plugins in their order. */
export async function validateAdmission(call: Call, write: AdmittedWrite): Promise<void> {
  const attributes = attributesOf(call, write);
  for (const plugin of call.environment.admission) await plugin.validate?.(attributes);
}

function attributesOf(call: Call, write: AdmittedWrite): AdmissionAttributes {
  const { info, signal } = call.request;
  const name = info.name || write.object?.metadata.name || '';
  return {
    ...write,
    kind: call.registry.kind,
    subresource: info.subresource,
    namespace: namespaceOf(call),
    name,
    context: hookContext(call, name, write.options.dryRun),
    changeStatus: call.environment.changeStatus,
    signal,
  };
}
