import type { APIService } from '../../api/apiregistration/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { localPriority } from '../discovery/priorities.ts';

export interface GroupVersion {
  group: string;
  version: string;
}

/** Says that the server keeps an APIService itself: only when it starts, or always. */
export const managedLabel = 'kube-aggregator.kubernetes.io/automanaged';
export type Management = 'onstart' | 'true';

export const serviceName = ({ group, version }: GroupVersion) => `${version}.${group}`;

/** The group and version that an APIService of this name is for. */
export function groupVersionOf(name: string): GroupVersion {
  const dot = name.indexOf('.');
  return { version: name.slice(0, dot), group: name.slice(dot + 1) };
}

/**
 * The APIService of a version that this server serves itself. Without management it is made once, and then belongs to whoever changes
 * it, over all starts: so is what others may serve instead.
 */
export function localService(gv: GroupVersion, management?: Management): APIService {
  const labels = management && { [managedLabel]: management };
  const priority = localPriority(gv);
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: serviceName(gv), ...(labels && { labels }) },
    spec: {
      group: gv.group,
      version: gv.version,
      groupPriorityMinimum: priority.group,
      versionPriority: priority.version,
    },
  };
}

export interface Registered {
  /** What the server wants; undefined where it serves nothing under the name. */
  wanted: APIService | undefined;
  current: Stored<APIService> | undefined;
  /** Whether the object was there when the server started. */
  wasThere: boolean;
  /** Whether the name has been brought in order once. */
  isSynced: boolean;
}

export type RegistrationStep =
  | { type: 'create'; object: APIService }
  | { type: 'update'; object: APIService }
  | { type: 'delete' }
  | undefined;

const managementOf = (service: APIService | undefined) => service?.metadata.labels?.[managedLabel];

/**
 * What to do about one APIService. Those of the server's own versions are looked after once, at the start, and are the
 * administrator's from then on; those of custom resources follow their definitions; all others are left alone.
 */
export function planRegistration({ wanted, current, wasThere, isSynced }: Registered): RegistrationStep {
  if (!current && !wanted) return undefined;
  if (wanted && managementOf(wanted) !== 'true' && isSynced) return undefined;
  if (!current) return { type: 'create', object: wanted as APIService };
  const management = managementOf(current);
  if (management !== 'onstart' && management !== 'true') return undefined;
  if (management === 'onstart' && (!wasThere || isSynced)) return undefined;
  if (!wanted) return { type: 'delete' };
  if (deepEqual(current.spec, wanted.spec)) return undefined;
  return { type: 'update', object: { ...current, spec: wanted.spec } };
}
