import { expect } from 'vitest';
import { type Any, type Api, at, Refusal } from './api.ts';
import { eventually, fresh } from './cluster.ts';

export interface LifecycleOptions {
  /** Such as `apps/v1`. */
  apiVersion: string;
  /** Plural. */
  resource: string;
  kind: string;
  ns?: string;
  spec: object;
  /** A merge patch of the spec, and what it looks like afterwards. */
  specPatch: object;
  /** A status to patch in, for kinds that have the subresource. */
  status?: object;
}

/** Discovery names the group, its version, the resource and its status. */
async function showDiscovery(api: Api, { apiVersion, resource, kind, status }: LifecycleOptions) {
  const [group, version] = apiVersion.split('/') as [string, string];
  const { groups } = await api.get('/apis');
  const inList = groups.find(({ name }: Any) => name === group);
  expect(inList.versions).toContainEqual({ groupVersion: apiVersion, version });
  expect((await api.get(`/apis/${group}`)).versions).toContainEqual({ groupVersion: apiVersion, version });
  const { resources } = await api.get(`/apis/${apiVersion}`);
  const entry = resources.find(({ name }: Any) => name === resource);
  expect(entry).toMatchObject({ kind });
  expect([...entry.verbs].sort()).toEqual(
    ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'].sort(),
  );
  const statusEntry = resources.find(({ name }: Any) => name === `${resource}/status`);
  if (!status) return expect(statusEntry).toBeUndefined();
  expect(statusEntry).toMatchObject({ kind });
  expect([...statusEntry.verbs].sort()).toEqual(['get', 'patch', 'update']);
}

async function showStatus(api: Api, path: string, status: object) {
  const { metadata } = await api.get(`${path}/status`);
  expect(metadata.name).toBe(path.split('/').at(-1));
  const wanted = withOthers(status);
  expect((await api.patch(`${path}/status`, { status })).status).toMatchObject(wanted);
  const updated = await api.update(`${path}/status`, (object) => {
    object.status = status;
    object.metadata.annotations = { ...object.metadata.annotations, status: 'updated' };
  });
  expect(updated.status).toMatchObject(wanted);
  expect((await api.get(path)).status).toMatchObject(wanted);
}

/** A status in which whoever looks after the objects may have set conditions of its own beside those given. */
function withOthers(status: object): object {
  const { conditions, ...rest } = status as { conditions?: object[] };
  const given = conditions?.map((condition) => expect.objectContaining(condition));
  return given ? { ...rest, conditions: expect.arrayContaining(given) } : rest;
}

/** Each verb of a kind: discovery, create, get, list, watch, patch, update, status, delete, delete as a collection. */
export async function showLifecycle(api: Api, options: LifecycleOptions): Promise<void> {
  const { apiVersion, resource, kind, ns, spec, specPatch, status } = options;
  await showDiscovery(api, options);
  const labels = { lifecycle: fresh('run') };
  const all = at(apiVersion, resource, { ns });
  const selected = `${all}?labelSelector=lifecycle%3D${labels.lifecycle}`;
  const make = (name: string) => ({ apiVersion, kind, metadata: { name, labels }, spec });
  const watch = await api.watch(selected);
  const names = ['a', 'b', 'c'].map((name) => fresh(`lifecycle-${name}`));
  const [first = ''] = names;
  for (const name of names) await api.post(all, make(name));
  const path = `${all}/${first}`;
  expect((await api.get(path)).metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  expect(await api.names(selected)).toEqual([...names].sort());

  const patched = await api.patch(path, { metadata: { annotations: { patched: 'yes' } }, spec: specPatch });
  expect(patched).toMatchObject({ metadata: { annotations: { patched: 'yes' } }, spec: specPatch });
  const updated = await api.update(path, (object) => {
    object.metadata.annotations.updated = 'yes';
  });
  expect(updated.metadata.annotations).toMatchObject({ patched: 'yes', updated: 'yes' });
  if (status) await showStatus(api, path, status);

  await api.delete(path);
  await eventually(async () => !(await api.has(path)));
  expect(await api.names(selected)).toEqual(names.slice(1).sort());
  await api.delete(selected);
  await eventually(async () => (await api.names(selected)).length === 0);
  for (const name of names) await watch.until(() => watch.seen.includes(`ADDED ${name}`) || undefined);
  await watch.next('MODIFIED', first);
  for (const name of names) await watch.until(() => watch.seen.includes(`DELETED ${name}`) || undefined);
  watch.close();
  await expect(api.get(path)).rejects.toThrow(Refusal);
}
