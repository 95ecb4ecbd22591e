import type { DeleteOptions } from '../../api/meta/v1.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { withPrinted } from '../../machinery/always-printed.ts';
import { clone } from '../../machinery/clone.ts';
import { kindSchema, parseApiVersion } from '../../machinery/schema.ts';
import { notFound } from '../../machinery/status-error.ts';
import { admit, validateAdmission } from '../admission/admission.ts';
import { methodNotAllowed } from '../http/method-not-allowed.ts';
import { type ObjectAnswer, requestFor } from '../request.ts';
import { objectAnswer } from './answers.ts';
import { decodeBody } from './decode-body.ts';
import { deleteOne } from './delete.ts';
import type { Facet } from './facet.ts';
import type { Subresource, SubresourceRequest } from './kind.ts';
import { recordWriter } from './managed-fields.ts';
import { matchNamespace } from './metadata.ts';
import { type Call, hookContext, namespaceOf } from './registry.ts';
import { type WriteOptions, writeOptions } from './request-options.ts';
import { existing } from './storage.ts';
import { applyChange } from './update.ts';

/** A request to a subresource that takes or answers other kinds, such as `binding` or `token`. */
export async function handleSubresource(
  call: Call,
  subresource: Subresource<KubernetesObject>,
): Promise<ObjectAnswer> {
  const { info } = call.request;
  const verb = info.verb as SubresourceRequest<KubernetesObject>['verb'];
  if (!subresource.verbs.includes(verb)) throw methodNotAllowed();
  const options = writeOptions(call.request, 'CreateOptions');
  const { gvk } = subresource;
  const facet = { gvk, defaults: () => {}, prune: () => [] };
  const body = verb === 'get' ? undefined : decodeBody(call, facet, options.fieldValidation);
  if (body) matchNamespace((body.metadata ??= {}), namespaceOf(call));
  const { object } = await existing(call);
  if (body && subresource.asksDryRun?.(body, call.request.query)) options.dryRun = true;
  if (body) await admitted(call, { body, options });
  const own = unadmitted(call);
  const answer = await subresource.handle({
    verb,
    object,
    body,
    query: call.request.query,
    context: hookContext(call, info.name, options.dryRun),
    newest: async () => (await existing(call)).object,
    update: (change, open) => updateThrough(own, options, { change, open }),
    updateStatusOf: async (resource, ref, change) => {
      const recorded: Update['change'] = (object, old) => {
        (change as (object: KubernetesObject) => void)(object);
        recordWriter(call, { object, old, options });
      };
      await updateThrough(callFor(call, resource, ref), options, { change: recorded });
    },
    delete: async (deletion) => void (await deleteOne(own, dryRunOf(options, deletion as DeleteOptions))),
  });
  return objectAnswer(verb === 'create' ? 201 : 200, printed(answer));
}

/** An answer with what JSON always has of its type. */
function printed(answer: KubernetesObject): KubernetesObject {
  const { apiVersion = '', kind = '' } = answer;
  const type = kindSchema({ group: '', version: '', ...parseApiVersion(apiVersion), kind });
  return type ? withPrinted(answer, type.name) : answer;
}

/** Asks admission about what a request has sent. */
export async function admitted(
  call: Call,
  { body, options }: { body: KubernetesObject; options: WriteOptions },
): Promise<void> {
  const write = { operation: 'CREATE', object: body, options } as const;
  await admit(call, write);
  await validateAdmission(call, write);
}

/** The call for what follows from a request that admission has let through: it is not asked about that again. */
export function unadmitted(call: Call): Call {
  return { ...call, environment: { ...call.environment, admission: [] } };
}

/** The call as if it were for another object. */
function callFor(call: Call, resource: Resource, ref: { namespace?: string; name: string }): Call {
  const registry = call.environment.find(resource);
  if (!registry) throw notFound({ group: resource.group, resource: resource.plural, name: ref.name });
  const { group, version, plural } = resource;
  const { namespace = '', name } = ref;
  const info = {
    ...call.request.info,
    group,
    version,
    resource: plural,
    namespace,
    name,
    subresource: 'status',
    verb: 'update',
  };
  return { ...call, registry, request: requestFor(call.request, info) };
}

function dryRunOf({ dryRun }: WriteOptions, options: DeleteOptions = {}): DeleteOptions {
  return dryRun ? { ...options, dryRun: ['All'] } : options;
}

interface Update {
  change(object: KubernetesObject, old: KubernetesObject | undefined): void;
  /** Makes what `change` may write into; a copy of all of it unless given. */
  open?: ((object: KubernetesObject) => KubernetesObject) | undefined;
}

/** Changes the object of a subresource; its kind's update rules do not apply, those of metadata do. */
async function updateThrough(
  call: Call,
  options: WriteOptions,
  { change, open = clone }: Update,
): Promise<Stored<KubernetesObject>> {
  const facet: Pick<Facet, 'strategy' | 'type' | 'show'> = {
    type: call.registry.view.resource.type,
    strategy: { main: false, prepare: () => {}, validate: () => [] },
    show: (object) => object,
  };
  const make = (old: KubernetesObject | undefined) => {
    const object = open(old as KubernetesObject);
    change(object, old);
    return object;
  };
  const answer = await applyChange(call, { options, make }, facet);
  return answer.object as Stored<KubernetesObject>;
}
