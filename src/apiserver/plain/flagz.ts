import type { PathMux } from '../corridor/plain-routes.ts';
import { component, serveZPage } from './z-page.ts';

/** Serves `/flagz`: how the server was started. `flags` have their values by their names. */
export function serveFlagz(mux: PathMux, flags: Readonly<Record<string, string>>): void {
  const sorted = Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1));
  serveZPage(mux, {
    component,
    kind: 'Flagz',
    fields: () => ({ flags: Object.fromEntries(sorted) }),
    text: () => sorted.map(([name, value]) => `${name}=${value}\n`).join(''),
  });
}
