/** Where clients should look for a resource first: the higher number before the lower one. */
export interface Priority {
  /** Of the group among the groups. */
  group: number;
  /** Of the version within its group. */
  version: number;
}

/** What upstream leaves to an add-on, which may take the place of what is built in. */
export const metricsGroup = 'metrics.k8s.io';

/** Upstream's figures for what the server was built with. */
const builtIn: Readonly<Record<string, readonly [group: number, version: number]>> = {
  '/v1': [18_000, 1],
  'apps/v1': [17_800, 15],
  'events.k8s.io/v1': [17_750, 15],
  'authentication.k8s.io/v1': [17_700, 15],
  'authorization.k8s.io/v1': [17_600, 15],
  'autoscaling/v1': [17_500, 15],
  'autoscaling/v2': [17_500, 30],
  'batch/v1': [17_400, 15],
  'certificates.k8s.io/v1': [17_300, 15],
  'networking.k8s.io/v1': [17_200, 15],
  'policy/v1': [17_100, 15],
  'rbac.authorization.k8s.io/v1': [17_000, 15],
  'storage.k8s.io/v1': [16_800, 15],
  'apiextensions.k8s.io/v1': [16_700, 15],
  'admissionregistration.k8s.io/v1': [16_700, 15],
  'scheduling.k8s.io/v1': [16_600, 15],
  'coordination.k8s.io/v1': [16_500, 15],
  'node.k8s.io/v1': [16_300, 15],
  'discovery.k8s.io/v1': [16_200, 15],
  'resource.k8s.io/v1': [16_200, 20],
  'flowcontrol.apiserver.k8s.io/v1': [16_100, 21],
  [`${metricsGroup}/v1beta1`]: [100, 100],
};

/** The group that says who serves the others; it stands before all of them and nobody can take its place. */
export const registrationGroup = 'apiregistration.k8s.io';

const first: Priority = { group: 20_001, version: 0 };
const ofDefinitions: Priority = { group: 1000, version: 100 };

interface GroupVersion {
  group: string;
  version: string;
}

/** The priority of a version that the server was built with; undefined for any other. */
export function builtInPriority({ group, version }: GroupVersion): Priority | undefined {
  const found = builtIn[`${group}/${version}`];
  return found && { group: found[0], version: found[1] };
}

/** The priority of a version that this server serves: built in, or by a CustomResourceDefinition. */
export function localPriority(gv: GroupVersion): Priority {
  return gv.group === registrationGroup ? first : (builtInPriority(gv) ?? ofDefinitions);
}
