import type { KubernetesObject, Stored } from '../../api/resource.ts';
import type { HookContext, Kind } from './kind.ts';
import type { UpdateStrategy } from './update.ts';

/** An update through `/status`: of what is not metadata only the status is taken. */
export function statusUpdate(kind: Kind): UpdateStrategy {
  const status = kind.status ?? {};
  return {
    main: false,
    prepare: (object, old, context) => {
      takeStatus(object, old);
      status.prepareForUpdate?.(object, old, context);
    },
    validate: (object, old, context: HookContext) => status.validateUpdate?.(object, old, context) ?? [],
  };
}

/** Puts back everything but metadata and status. */
function takeStatus(object: KubernetesObject, old: Stored<KubernetesObject>): void {
  const target = object as unknown as Record<string, unknown>;
  const source = old as unknown as Record<string, unknown>;
  for (const key of Object.keys(target)) if (!kept.has(key) && !(key in source)) delete target[key];
  for (const key of Object.keys(source)) if (!kept.has(key)) target[key] = source[key];
}

const kept = new Set(['apiVersion', 'kind', 'metadata', 'status']);
