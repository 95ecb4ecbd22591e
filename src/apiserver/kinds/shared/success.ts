import type { KubernetesObject } from '../../../api/resource.ts';

/** The answer that it was done. */
export function success(code: number): KubernetesObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code } as KubernetesObject;
}
