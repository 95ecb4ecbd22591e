import { writtenZPage, type ZPage } from '../../machinery/z-pages/z-page.ts';
import type { PathMux } from '../corridor/plain-routes.ts';

/** What the server is called on its own pages. */
export const component = 'apiserver';

/** Serves a page under the name of its kind. */
export function serveZPage(mux: PathMux, page: ZPage): void {
  mux.handle(`/${page.kind.toLowerCase()}`, (x) => writtenZPage(page, x.header('accept')));
}
