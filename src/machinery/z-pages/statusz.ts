import { type Clock, timestamp } from '../../platform/clock.ts';
import type { ZPage } from './z-page.ts';

const path = '/statusz';

/** What a program says of itself: `config.k8s.io` Statusz. */
interface Statusz {
  startTime: string;
  uptimeSeconds: number;
  goVersion: string;
  binaryVersion: string;
  emulationVersion: string;
  /** The beginnings of paths where more can be learnt. */
  paths: string[];
}

export interface StatuszOptions {
  component: string;
  clock: Clock;
  /** The version of the program, such as `v1.36.0`. */
  version: string;
  /** All paths that it serves. */
  paths(): readonly string[];
}

/** The page `/statusz` of a program that starts now, as upstream's components have it. */
export function statuszPage({ component, clock, version, paths }: StatuszOptions): ZPage {
  const startTime = timestamp(clock);
  const startMs = clock.monotonic();
  const status = (): Statusz => ({
    startTime,
    uptimeSeconds: Math.floor((clock.monotonic() - startMs) / 1000),
    goVersion: 'none',
    binaryVersion: version.slice(1),
    emulationVersion: /^v(\d+\.\d+)/.exec(version)?.[1] ?? '',
    paths: foldersOf(paths()),
  });
  return { component, kind: 'Statusz', fields: status, text: () => asText(status()) };
}

/** These tell of the API, not of the program. */
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
