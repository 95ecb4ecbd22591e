import { type Any, at } from './api.ts';
import { type ConformanceWorld } from './virtual.ts';

export const apps = 'apps/v1';

export interface WorkloadOptions {
  replicas?: number;
  /** Of the pods. */
  spec?: Any;
  annotations?: Record<string, string>;
  /** Of the object's spec. */
  more?: Any;
  image?: string;
}

/** Pods labelled `app: NAME` with one container. */
export const podTemplate = (
  app: string,
  { spec, annotations, image = 'app:1' }: WorkloadOptions = {},
): Any => ({
  metadata: { labels: { app }, annotations },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image }], ...spec },
});

/** A Deployment, ReplicaSet, StatefulSet, DaemonSet of such pods. */
export function workload(kind: string, name: string, options: WorkloadOptions = {}): Any {
  const { replicas, more } = options;
  const selector = { matchLabels: { app: name } };
  return {
    apiVersion: apps,
    kind,
    metadata: { name, labels: { app: name } },
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector,
      template: podTemplate(name, options),
      ...more,
    },
  };
}

/** get, update and patch of a status, each seen on the next read, also after the controller had its say. */
export async function showStatus(world: ConformanceWorld, path: string): Promise<void> {
  const { api, cluster } = world;
  expectName(await api.get(`${path}/status`), path);
  const condition = (type: string) => ({ type, status: 'True', reason: 'E2E', message: `Set by ${type}` });
  const has = async (type: string) => {
    const { status } = await api.get(path);
    if (!status.conditions?.some((c: Any) => c.type === type)) throw new Error(`${path} has no ${type}`);
  };
  await api.update(`${path}/status`, (object) => {
    object.status.conditions = [...(object.status.conditions ?? []), condition('StatusUpdate')];
  });
  await has('StatusUpdate');
  await cluster.advance('10s');
  await has('StatusUpdate');
  await api.patch(`${path}/status`, { status: { conditions: [condition('StatusPatched')] } });
  await has('StatusPatched');
  await cluster.advance('10s');
  await has('StatusPatched');
}

function expectName({ metadata }: Any, path: string) {
  if (metadata.name !== path.split('/').at(-1)) throw new Error(`${path} is called ${metadata.name}`);
}

/** A scale subresource is read, written and patched, and pods follow. */
export async function showScale(world: ConformanceWorld, path: string, ns: string): Promise<void> {
  const { api } = world;
  const app = `app=${path.split('/').at(-1)}`;
  await world.ready(ns, app, 1);
  const scale = await api.get(`${path}/scale`);
  if (scale.spec.replicas !== 1 || scale.status.replicas !== 1) throw new Error(JSON.stringify(scale));
  const updated = await api.put(`${path}/scale`, {
    ...scale,
    metadata: { ...scale.metadata, resourceVersion: '' },
    spec: { replicas: 2 },
  });
  if (updated.spec.replicas !== 2) throw new Error(JSON.stringify(updated));
  await world.ready(ns, app, 2);
  if ((await api.get(path)).spec.replicas !== 2) throw new Error(`${path} is not scaled to 2`);
  await api.patch(`${path}/scale`, { spec: { replicas: 4 } });
  await world.ready(ns, app, 4);
  if ((await api.get(path)).spec.replicas !== 4) throw new Error(`${path} is not scaled to 4`);
}

/** Some objects with a label are listed, and deleted as a collection. */
export async function showCollection(
  world: ConformanceWorld,
  object: (name: string) => Any,
  { resource, ns, apiVersion = apps }: { resource: string; ns: string; apiVersion?: string },
): Promise<void> {
  const { api } = world;
  const all = at(apiVersion, resource, { ns });
  for (const name of ['one', 'two', 'three']) {
    const made = object(name);
    const labels = name === 'three' ? { other: 'yes' } : { e2e: 'collection' };
    await api.post(all, { ...made, metadata: { ...made.metadata, labels } });
  }
  const selected = `?labelSelector=e2e%3Dcollection`;
  const everywhere = await api.names(at(apiVersion, resource) + selected);
  if (everywhere.join() !== 'one,two') throw new Error(`listed ${everywhere}`);
  await api.delete(all + selected);
  await world.until(async () => (await api.names(all)).join() === 'three');
}
