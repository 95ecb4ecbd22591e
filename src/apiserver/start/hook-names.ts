/** Upstream's names for what is done once after the start: health checks tell of them, and monitoring looks for them there. */

/** What serves custom resources. */
export const extensionHooks = [
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
];

/** What is served by this server gets its APIServices. */
export const autoregistration = 'kube-apiserver-autoregistration';

/** What makes one API of this server's and those of others. */
export const aggregatorHooks = [
  'start-kube-aggregator-informers',
  'apiservice-registration-controller',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-discovery-controller',
  autoregistration,
  'apiservice-openapi-controller',
  'apiservice-openapiv3-controller',
];

/** All that is done before the server listens. */
export const startHooks = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  ...extensionHooks,
  'start-system-namespaces-controller',
  'start-legacy-token-tracking-controller',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'start-kubernetes-service-cidr-controller',
  ...aggregatorHooks,
];

/** What tells others of the server, once it is known where it listens. */
export const listenHooks = ['start-cluster-authentication-info-controller', 'bootstrap-controller'];
