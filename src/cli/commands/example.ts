import { basename } from 'node:path';
import { applyManifests, exampleUrls, loadExampleImages, waitForExample } from '../../cluster/example.ts';
import type { Cluster } from '../../cluster/up.ts';
import type { Platform } from '../../platform/platform.ts';
import { print, stepDone } from '../output.ts';

const timeoutMs = 180_000;

/** Loads and applies an example, waits until it runs, and prints where it answers. */
export async function applyExample(
  dir: string,
  { cluster, platform }: { cluster: Cluster; platform: Platform },
): Promise<void> {
  const client = cluster.controlPlane.admin;
  const runtimeSockets = cluster.nodes.flatMap((node) => node.runtimeSocket ?? []);
  const options = { dir, platform, client, command: process.execPath, runtimeSockets, timeoutMs };
  const step = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    const startMs = performance.now();
    const result = await run();
    stepDone(what, (performance.now() - startMs) / 1000);
    return result;
  };
  await step('images of the example', () => loadExampleImages(options));
  const objects = await step('manifests of the example', () => applyManifests(options));
  const address = cluster.nodes[0]?.address;
  if (address === undefined) return;
  await step(`example ${basename(dir)} available`, () => waitForExample(options, objects));
  for (const url of await exampleUrls(client, objects, address)) print(`${basename(dir)} ${url}`);
}
