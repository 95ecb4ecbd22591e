import type { KubernetesObject } from '../../api/resource.ts';
import type { Call } from './registry.ts';
import type { WriteOptions } from './request-options.ts';

/** One write as the record of managers sees it, in the form of the client's version. */
export interface ManagedWrite {
  object: KubernetesObject;
  old: KubernetesObject | undefined;
  options: WriteOptions;
}

/** Writes who owns what into the object's `managedFields`. */
export function recordWriter(_call: Call, write: ManagedWrite): void {
  if (write.old && !write.object.metadata.managedFields) {
    write.object.metadata.managedFields = write.old.metadata.managedFields;
  }
}
