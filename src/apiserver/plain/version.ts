import { kubernetesVersion } from '../../machinery/kubernetes-version.ts';
import type { PathMux } from '../corridor/plain-routes.ts';

/** What `kubectl version` reads. `own` is k8ts's own version; it stands where builds say theirs. */
export function versionInfo(own: string): Record<string, string> {
  return {
    major: '1',
    minor: '36',
    emulationMajor: '1',
    emulationMinor: '36',
    minCompatibilityMajor: '1',
    minCompatibilityMinor: '35',
    gitVersion: `${kubernetesVersion}+k8ts.${own}`,
    gitCommit: '0000000000000000000000000000000000000000',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: 'tsc',
    platform: 'linux/amd64',
  };
}

export function serveVersion(mux: PathMux, own: string): void {
  const body = JSON.stringify(versionInfo(own), null, 2);
  mux.handle('/version', () => ({ body }));
}
