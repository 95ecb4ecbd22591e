import type { KubernetesObject } from '../../api/resource.ts';
import type { Call } from './registry.ts';
import { stampType } from './metadata.ts';

/** An object as the client sent it, in the form that is stored. */
export function toStoredForm(call: Call, object: KubernetesObject): KubernetesObject {
  const { view, kind } = call.registry;
  if (!view.storedAs) return object;
  const stored = view.storedAs.toStored(object);
  stampType(stored, kind.resource);
  return stored;
}

/** A stored object in the form of the resource that was asked for. */
export function presentObject(call: Call, object: KubernetesObject): KubernetesObject {
  const { view } = call.registry;
  if (!view.storedAs) return object;
  const shown = view.storedAs.fromStored(object);
  stampType(shown, view.resource);
  return shown;
}
