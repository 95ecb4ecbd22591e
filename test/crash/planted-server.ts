// A control plane as `k8ts up --nodes 0` runs it, on a store with a bug: `node FILE BUG DATA-DIR`.
import { writeFileSync } from 'node:fs';
import { startControlPlane } from '../../src/cluster/control-plane.ts';
import { readControlPlaneSettings } from '../../src/cluster/control-plane-means.ts';
import { Pki } from '../../src/cluster/pki.ts';
import { silentLog } from '../../src/platform/log.ts';
import { systemPlatform } from '../../src/platform/platform.ts';
import { LogStore } from '../../src/store/core/log-store.ts';
import { openLmdbEngine } from '../../src/store/embedded/open-engine.ts';
import { type PlantedBug, plantedBugs } from './planted-bugs.ts';

const [bug, dir] = process.argv.slice(2) as [PlantedBug, string];
const platform = systemPlatform(silentLog);
const disk = await openLmdbEngine({ path: `${dir}/store`, files: platform.files });
const engine = await plantedBugs[bug](disk);
const store = new LogStore({ engine, clock: platform.clock, history: { ageMs: 3_600_000, bytes: 2 ** 30 } });
const controlPlane = await startControlPlane({
  platform,
  store,
  pki: new Pki(`${dir}/pki`, platform),
  means: await readControlPlaneSettings({}, { platform }),
  volumeDir: `${dir}/volumes`,
  addresses: ['127.0.0.1'],
  port: 0,
});
const path = `${dir}/kubeconfig`;
writeFileSync(path, controlPlane.kubeconfig);
console.log(`ready ${controlPlane.url} kubeconfig=${path} nodes=0/0 in 0 s`);
setInterval(() => {}, 2 ** 30);
