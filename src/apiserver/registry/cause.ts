import type { Cause as StoreCause } from '../../store/store.ts';
import type { Cause } from '../../client/transport.ts';
import { parseApiVersion } from '../../machinery/schema.ts';
import { objectKey } from './keys.ts';
import type { Call, RegistryEnvironment } from './registry.ts';

/** What is kept with the revision: who wrote, and why as far as the client said. */
export function storeCause({ request, environment }: Call): StoreCause {
  const { cause, user, info, userAgent } = request;
  if (!cause) return { actor: user.name, reason: `${info.verb} by ${userAgent.split('/')[0] || 'a client'}` };
  const revision = Number(cause.object?.resourceVersion) || undefined;
  return { actor: user.name, reason: cause.reason, key: causeKey(environment, cause), revision };
}

function causeKey(environment: RegistryEnvironment, { object }: Cause): string | undefined {
  if (!object) return undefined;
  const group = parseApiVersion(object.apiVersion)?.group ?? '';
  const registry = environment.findKind({ group, kind: object.kind });
  return registry && objectKey(registry.kind.resource, object);
}
