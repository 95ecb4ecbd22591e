import type { ResourceRequest } from '../request.ts';
import type { AdmittedWrite } from './admission.ts';

const kinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;
const typeOf = (kind: string) => ({ kind, apiVersion: 'meta.k8s.io/v1' });

/** The options of a request as webhooks and policies see them; a connection has none. */
export function requestOptions(
  { query }: ResourceRequest,
  { operation, deleteOptions }: AdmittedWrite,
): object | undefined {
  if (operation === 'CONNECT') return undefined;
  const type = typeOf(kinds[operation]);
  if (operation === 'DELETE') return { ...deleteOptions, ...type };
  const dryRun = query.getAll('dryRun');
  const fieldManager = query.get('fieldManager');
  const fieldValidation = query.get('fieldValidation');
  return {
    ...type,
    ...(dryRun.length > 0 && { dryRun }),
    ...(fieldManager && { fieldManager }),
    ...(fieldValidation && { fieldValidation }),
  };
}
