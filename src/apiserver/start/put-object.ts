import type { KubernetesObject } from '../../api/resource.ts';
import type { Cause, Transport } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';

/** An object of the server's own, and the collection that it stands in. */
export interface OwnObject {
  /** Such as `/api/v1/namespaces/default/services`. */
  path: string;
  body: KubernetesObject;
  cause: Cause;
}

/** Gives an object the fields of `body`; creates it where it is missing. */
export async function putObject(transport: Transport, object: OwnObject): Promise<void> {
  const { path, body, cause } = object;
  const contentType = 'application/merge-patch+json';
  const one = `${path}/${body.metadata.name}`;
  try {
    await transport.request({ method: 'PATCH', path: one, contentType, body, cause });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    await create(transport, object);
  }
}

async function create(transport: Transport, object: OwnObject): Promise<void> {
  const { path, body, cause } = object;
  try {
    await transport.request({ method: 'POST', path, body, cause });
  } catch (error) {
    // Another server was quicker.
    if (!hasReason(error, 'AlreadyExists')) throw error;
    await putObject(transport, object);
  }
}
