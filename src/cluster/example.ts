import type { Deployment } from '../api/apps/v1.ts';
import type { Service } from '../api/core/v1.ts';
import { allResources, deployments, services } from '../api/generated/resources.ts';
import type { KubernetesObject } from '../api/resource.ts';
import type { Client } from '../client/client.ts';
import { systemDialer } from '../platform/dial.ts';
import type { Platform } from '../platform/platform.ts';
import { importArchive } from './load-images.ts';
import { UserError } from './user-error.ts';

export interface ExampleOptions {
  /** A folder with `build-images.mjs` (prints the archives it has made) and `manifests/`. */
  dir: string;
  platform: Platform;
  client: Client;
  /** The interpreter for the build script. */
  command: string;
  /** Sockets of the nodes' containerds. */
  runtimeSockets: readonly string[];
  timeoutMs: number;
}

const namespace = 'default';

/** Builds the images of an example, if it has any, and puts them on every node. */
export async function loadExampleImages({
  dir,
  platform,
  command,
  runtimeSockets,
}: ExampleOptions): Promise<void> {
  const script = `${dir}/build-images.mjs`;
  if (runtimeSockets.length === 0 || !(await platform.files.exists(script))) return;
  const result = await platform.processes.run(command, [script], { timeoutMs: 300_000 });
  if (result.code !== 0)
    throw new UserError(`the images of the example could not be built: ${result.stderr.trim()}`);
  const archives = result.stdout.trim().split('\n').filter(Boolean);
  for (const archive of archives) {
    await Promise.all(runtimeSockets.map((socket) => importArchive(platform, socket, archive)));
  }
}

/** Applies the manifests of an example and gives what was applied. */
export async function applyManifests({ dir, platform, client }: ExampleOptions): Promise<KubernetesObject[]> {
  const { loadAll } = await import('js-yaml');
  const folder = `${dir}/manifests`;
  const files = (await platform.files.list(folder)).filter((name) => /\.ya?ml$/.test(name));
  if (files.length === 0) throw new UserError(`${folder} has no manifests`);
  const texts = await Promise.all(files.map((name) => platform.files.readText(`${folder}/${name}`)));
  const objects = texts.flatMap((text) => loadAll(text) as KubernetesObject[]).filter(Boolean);
  for (const object of objects) await apply(client, object);
  return objects;
}

async function apply(client: Client, object: KubernetesObject): Promise<void> {
  const [group, version] = (object.apiVersion ?? '').includes('/')
    ? (object.apiVersion as string).split('/')
    : ['', object.apiVersion];
  const resource = allResources.find(
    (r) => r.group === group && r.version === version && r.kind === object.kind,
  );
  if (!resource)
    throw new UserError(`the example has a ${object.apiVersion} ${object.kind}, which nobody knows`);
  const ref = {
    name: object.metadata.name,
    ...(resource.namespaced && { namespace: object.metadata.namespace ?? namespace }),
  };
  const cause = { reason: 'it is part of the example' };
  const type = 'application/apply-patch+yaml';
  await client.of(resource).patch(ref, object, { type, fieldManager: 'k8ts-example', force: true, cause });
}

/** Resolves once all Deployments of the example are available; rejects with what they lack. */
export async function waitForExample(
  options: ExampleOptions,
  objects: readonly KubernetesObject[],
): Promise<void> {
  const { client, platform, timeoutMs } = options;
  const names = objects.filter((o) => o.kind === 'Deployment').map((o) => o.metadata.name ?? '');
  const deadlineMs = platform.clock.monotonic() + timeoutMs;
  for (;;) {
    const all = await Promise.all(names.map((name) => client.of(deployments).get({ name, namespace })));
    const missing = all.filter((deployment) => !isAvailable(deployment));
    if (missing.length === 0) return;
    if (platform.clock.monotonic() > deadlineMs) {
      const what = missing
        .map((d) => `${d.metadata.name} (${d.status?.availableReplicas ?? 0}/${d.spec.replicas})`)
        .join(', ');
      throw new UserError(
        `the example is not available after ${timeoutMs / 1000} s: ${what}`,
        '`k8ts status` says why',
      );
    }
    await platform.clock.sleep(50);
  }
}

function isAvailable({ spec, status, metadata }: Deployment): boolean {
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return (
    isSeen &&
    (status?.availableReplicas ?? 0) >= (spec.replicas ?? 1) &&
    (status?.updatedReplicas ?? 0) >= (spec.replicas ?? 1)
  );
}

/** Resolves once a URL answers: pods that were ready before a restart may have to start again first. */
export async function waitForUrl(url: string, { platform, timeoutMs }: ExampleOptions): Promise<void> {
  const deadlineMs = platform.clock.monotonic() + timeoutMs;
  for (;;) {
    const answer = await systemDialer
      .httpGet({ url, headers: [], timeoutMs: 2000, bodyBytes: 1024 })
      .catch((error: Error) => ({ statusCode: 0, body: error.message }));
    if (answer.statusCode > 0 && answer.statusCode < 500) return;
    if (platform.clock.monotonic() > deadlineMs)
      throw new UserError(`${url} does not answer: ${answer.body}`);
    await platform.clock.sleep(50);
  }
}

/** URLs on which the Services of the example answer from this machine, through a node's address. */
export async function exampleUrls(
  client: Client,
  objects: readonly KubernetesObject[],
  nodeAddress: string,
): Promise<string[]> {
  const names = objects.filter((o) => o.kind === 'Service').map((o) => o.metadata.name ?? '');
  const all: Service[] = await Promise.all(names.map((name) => client.of(services).get({ name, namespace })));
  return all.flatMap((service) =>
    (service.spec.ports ?? []).flatMap((p) => (p.nodePort ? [`http://${nodeAddress}:${p.nodePort}`] : [])),
  );
}
