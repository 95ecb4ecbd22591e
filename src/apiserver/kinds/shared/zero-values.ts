import type { KubernetesObject } from '../../../api/resource.ts';
import { fillPrinted } from '../../../machinery/always-printed.ts';
import { typeSchema } from '../../../machinery/schema.ts';
import type { Kind, StatusStrategy } from '../../registry/kind.ts';

/** The kind, with defaults that fill in first what is never absent, so that its other hooks need not ask. */
export function withZeroes<T extends KubernetesObject>(kind: Kind<T>): Kind<T> {
  return {
    ...kind,
    defaults(object) {
      fillPrinted(object, kind.resource.type);
      kind.defaults?.(object);
    },
    ...(kind.status?.defaults && { status: statusWithZeroes(kind, kind.status) }),
  };
}

function statusWithZeroes<T extends KubernetesObject>(
  kind: Kind<T>,
  strategy: StatusStrategy<T>,
): StatusStrategy<T> {
  const type = typeSchema(kind.resource.type).fields.get('status')?.ref;
  return {
    ...strategy,
    defaults(object) {
      const { status } = object as { status?: object };
      if (type && status) fillPrinted(status, type);
      strategy.defaults?.(object);
    },
  };
}
