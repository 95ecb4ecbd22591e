import { basename } from 'node:path';
import {
  applyManifests,
  exampleUrls,
  loadExampleImages,
  waitForExample,
  waitForUrl,
} from '../../cluster/example.ts';
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
  const urls = await step(`example ${basename(dir)} available`, async () => {
    await waitForExample(options, objects);
    const found = await exampleUrls(client, objects, address);
    await Promise.all(found.map((url) => waitForUrl(url, options)));
    return found;
  });
  for (const url of urls) print(`${basename(dir)} ${url}`);
}
