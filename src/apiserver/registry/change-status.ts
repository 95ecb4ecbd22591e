import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { facetOf } from './facet.ts';
import { recordWriter } from './managed-fields.ts';
import type { Call, Registry, RegistryEnvironment } from './registry.ts';
import { applyChange } from './update.ts';

const self = { name: 'system:apiserver', groups: ['system:masters'] };
const options = {
  dryRun: false,
  fieldManager: 'kube-apiserver',
  fieldValidation: 'Ignore',
  force: false,
} as const;

/** The change of an object's status that a request to another object brings with it. */
export interface StatusChange<T extends KubernetesObject> {
  resource: Resource<T>;
  ref: { namespace?: string; name: string };
  reason: string;
  /** Changes the object it is given, the newest version; called again where that moved meanwhile. May throw. */
  change(object: Stored<T>): void;
  signal: AbortSignal;
}

/** Writes a status as the server itself does, through the ordinary write path. */
export async function changeStatus<T extends KubernetesObject>(
  environment: RegistryEnvironment,
  { resource, ref, reason, change, signal }: StatusChange<T>,
): Promise<void> {
  const { group, version, plural } = resource;
  const info = {
    isResource: true,
    verb: 'update',
    path: '',
    prefix: group ? 'apis' : 'api',
    group,
    version,
    namespace: ref.namespace ?? '',
    resource: plural,
    subresource: 'status',
    name: ref.name,
    rest: '',
  };
  const request = {
    info,
    user: self,
    query: new URLSearchParams(),
    userAgent: 'kube-apiserver',
    cause: { reason },
    signal,
    warn() {},
  };
  const call: Call = { request, registry: environment.find(resource) as Registry, environment };
  const make = (old: KubernetesObject | undefined) => {
    const object = clone(old) as Stored<T>;
    change(object);
    recordWriter(call, { object, old, options });
    return object;
  };
  const facet = facetOf(call);
  if (facet) await applyChange(call, { options, make }, facet);
}
