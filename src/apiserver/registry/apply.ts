import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { applyManaged } from '../../machinery/managed-fields/apply.ts';
import { conflictError } from '../../machinery/managed-fields/conflict.ts';
import { formatApiVersion } from '../../machinery/schema.ts';
import { badRequest, notFound } from '../../machinery/status-error.ts';
import { parseYaml, YamlError } from '../../machinery/yaml.ts';
import type { RequestBody } from '../request.ts';
import { conformed } from './conform-object.ts';
import type { Facet } from './facet.ts';
import { managedContext } from './managed-fields.ts';
import { type Call, subjectOf } from './registry.ts';
import type { WriteOptions } from './request-options.ts';

type Json = Record<string, unknown>;

/** How a server-side apply makes the new object of the one that stands there. */
export function applyPatch(
  call: Call,
  facet: Facet,
  options: WriteOptions,
): (old: KubernetesObject | undefined) => KubernetesObject {
  const applied = readApplied(call, facet, options);
  return (old) => {
    if (!old && call.request.info.subresource) throw notFound(subjectOf(call));
    const result = applyManaged({
      ...managedContext(call),
      live: old,
      applied,
      manager: options.fieldManager,
      force: options.force,
      subresource: call.request.info.subresource,
      timeMs: call.environment.platform.clock.now(),
    });
    if (!result.object) throw conflictError(result.conflicts);
    const { object } = conformed(
      clone(result.object) as unknown as KubernetesObject,
      call.registry.view.resource.type,
    );
    object.metadata ??= {};
    call.registry.view.prune?.(object);
    call.registry.view.defaults?.(object);
    if (result.managedFields) object.metadata.managedFields = result.managedFields;
    return object;
  };
}

/** What is applied, as a piece of the object itself. */
function readApplied(call: Call, facet: Facet, { fieldValidation }: WriteOptions): Json {
  const body = call.request.body as RequestBody;
  const value = 'value' in body ? body.value : readYaml(Buffer.from(body.bytes).toString());
  if (!isObject(value)) throw badRequest('error decoding patch: the patch must be an object');
  if ('bytes' in body && fieldValidation !== 'Ignore') checkDuplicates(call, body.bytes, fieldValidation);
  const { group, version, kind } = facet.gvk;
  const [apiVersion, said] = [String(value.apiVersion ?? ''), String(value.kind ?? '')];
  if (apiVersion !== formatApiVersion({ group, version }) || said !== kind) {
    throw badRequest(`invalid object type: ${apiVersion}, Kind=${said}`);
  }
  return facet.applied(value as unknown as KubernetesObject) as unknown as Json;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readYaml(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    if (error instanceof YamlError) throw badRequest(`error decoding patch: ${error.message}`);
    throw error;
  }
}

function checkDuplicates(call: Call, bytes: Uint8Array, fieldValidation: 'Warn' | 'Strict'): void {
  try {
    parseYaml(Buffer.from(bytes).toString(), { strict: true });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    if (fieldValidation === 'Strict') throw badRequest(`error strict decoding patch: ${error.message}`);
    call.request.warn(error.message);
  }
}
