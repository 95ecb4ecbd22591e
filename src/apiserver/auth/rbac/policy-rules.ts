import type { PolicyRule } from '../../../api/rbac/v1.ts';

const words = (text: string) => (text === '' ? [] : text.split(' '));

export const read = 'get list watch';
export const write = 'create delete deletecollection patch update';
export const readWrite = 'create delete deletecollection get list patch update watch';

/** API groups by the short names that the policy tables use; the core group is `core`. */
const groups: Record<string, string> = {
  core: '',
  admissionregistration: 'admissionregistration.k8s.io',
  authentication: 'authentication.k8s.io',
  authorization: 'authorization.k8s.io',
  certificates: 'certificates.k8s.io',
  coordination: 'coordination.k8s.io',
  discovery: 'discovery.k8s.io',
  events: 'events.k8s.io',
  metrics: 'metrics.k8s.io',
  customMetrics: 'custom.metrics.k8s.io',
  externalMetrics: 'external.metrics.k8s.io',
  networking: 'networking.k8s.io',
  node: 'node.k8s.io',
  rbac: 'rbac.authorization.k8s.io',
  resource: 'resource.k8s.io',
  storage: 'storage.k8s.io',
};

/** A rule on resources; each argument is words with spaces between. `rule(read, 'core', 'pods pods/log')` */
export function rule(verbs: string, apiGroups: string, resources: string, resourceNames = ''): PolicyRule {
  const names = words(resourceNames);
  return {
    verbs: words(verbs),
    apiGroups: words(apiGroups).map((group) => groups[group] ?? group),
    resources: words(resources),
    ...(names.length > 0 && { resourceNames: names }),
  };
}

/** A rule on paths that are no resources. */
export function urls(verbs: string, paths: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(paths) };
}

/** Writing events, which nearly every component does. */
export const writeEvents = rule('create patch update', 'core events', 'events');
