/** Objects that several tests start from. */

const containers = [{ name: 'main', image: 'registry.test/main:1' }];

export const configMap = (name: string, more: { data?: object; labels?: object } = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(more.labels ? { labels: more.labels } : {}) },
  data: more.data ?? {},
});

export const pod = (name: string, more: { labels?: object; spec?: object } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...(more.labels ? { labels: more.labels } : {}) },
  // It goes at once when it is deleted.
  spec: { containers, terminationGracePeriodSeconds: 0, ...more.spec },
});

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers, terminationGracePeriodSeconds: 0 },
});

export const deployment = (name: string, replicas: number, labels: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name) },
});

export const replicaSet = (name: string, replicas: number) => ({
  ...deployment(name, replicas),
  kind: 'ReplicaSet',
});

/** A ReplicationController. */
export const controller = (name: string, replicas: number) => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name },
  spec: { replicas, selector: { app: name }, template: template(name) },
});

export const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }] },
});
