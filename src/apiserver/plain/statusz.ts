import { type Clock, timestamp } from '../../platform/clock.ts';
import type { PathMux } from '../corridor/plain-routes.ts';
import { versionInfo } from './version.ts';
import { serveZPage } from './z-page.ts';

const path = '/statusz';

/** What the server says of itself: `config.k8s.io` Statusz. */
interface Statusz {
  startTime: string;
  uptimeSeconds: number;
  goVersion: string;
  binaryVersion: string;
  emulationVersion: string;
  /** The beginnings of paths where more can be learnt. */
  paths: string[];
}

/** Serves `/statusz`, as upstream's components do. `own` is k8ts's own version. */
export function serveStatusz(mux: PathMux, { clock, own }: { clock: Clock; own: string }): void {
  const startTime = timestamp(clock);
  const startMs = clock.monotonic();
  const { gitVersion = '', goVersion = '', major, minor } = versionInfo(own);
  const status = (): Statusz => ({
    startTime,
    uptimeSeconds: Math.floor((clock.monotonic() - startMs) / 1000),
    goVersion,
    binaryVersion: gitVersion.slice(1),
    emulationVersion: `${major}.${minor}`,
    paths: foldersOf(mux.paths),
  });
  serveZPage(mux, { kind: 'Statusz', fields: status, text: () => asText(status()) });
}

/** These tell of the API, not of the server. */
const ofTheApi = new Set(['/.well-known', '/api', '/apis', '/openapi', '/openid']);

function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set(paths.map((full) => `/${full.split('/')[1]}`));
  return [...folders].filter((folder) => folder !== path && !ofTheApi.has(folder)).sort();
}

const two = (n: number) => String(n).padStart(2, '0');

function uptime(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)} hr ${two(minutes % 60)} min ${two(seconds % 60)} sec`;
}

/** A moment as `date` writes it. */
function unixDate(time: string): string {
  const [weekday, day, month, year, clock] = new Date(time).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${clock} UTC ${year}`;
}

const asText = (status: Statusz) => `
Started: ${unixDate(status.startTime)}
Up: ${uptime(status.uptimeSeconds)}
Go version: ${status.goVersion}
Binary version: ${status.binaryVersion}
Emulation version: ${status.emulationVersion}
Paths: ${status.paths.join(' ')}
`;
