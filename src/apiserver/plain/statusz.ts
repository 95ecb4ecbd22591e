import { statuszPage } from '../../machinery/z-pages/statusz.ts';
import type { Clock } from '../../platform/clock.ts';
import type { PathMux } from '../corridor/plain-routes.ts';
import { versionInfo } from './version.ts';
import { component, serveZPage } from './z-page.ts';

/** Serves `/statusz`. `own` is k8ts's own version. */
export function serveStatusz(mux: PathMux, { clock, own }: { clock: Clock; own: string }): void {
  const { gitVersion: version = '' } = versionInfo(own);
  serveZPage(mux, statuszPage({ component, clock, version, paths: () => mux.paths }));
}
