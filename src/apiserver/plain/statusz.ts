import { notAcceptable } from '../../machinery/status-error.ts';
import { type Clock, timestamp } from '../../platform/clock.ts';
import type { PathMux, PlainAnswer } from '../corridor/plain-routes.ts';
import { accepts, mediaTypes, parseAccept } from '../http/negotiate.ts';
import { standardCodecs } from '../http/standard-codecs.ts';
import { versionInfo } from './version.ts';

const path = '/statusz';
const component = 'apiserver';

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

/** Versions of the object; the older one is served with a warning. */
const versions = new Set(['v1alpha1', 'v1beta1']);
const deprecated = 'v1alpha1';

/** How it is to be written: an object of this version, or text for people. */
type StatuszFormat = { encoding: 'json' | 'yaml'; version: string } | 'text';

const structured = ['json', 'yaml'] as const;
const plainText = 'text/plain';

/** Throws 406 where the client takes nothing that there is. What wants an object says which. */
function formatOf(accept: string | undefined): StatuszFormat {
  if (!accept?.trim()) return 'text';
  for (const clause of parseAccept(accept)) {
    const { as, g, v } = clause.params;
    const isKnown = as === 'Statusz' && g === 'config.k8s.io' && v !== undefined && versions.has(v);
    const encoding = structured.find((candidate) => accepts(clause, mediaTypes[candidate]));
    if (encoding && isKnown) return { encoding, version: v };
    if (accepts(clause, plainText) && as === undefined && g === undefined && v === undefined) return 'text';
  }
  const offered = [...structured.map((encoding) => mediaTypes[encoding]), plainText];
  throw notAcceptable(`only the following media types are accepted: ${offered.join(', ')}`);
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
  mux.handle(path, (x) => written(status(), formatOf(x.header('accept'))));
}

/** These tell of the API, not of the server. */
const ofTheApi = new Set(['/.well-known', '/api', '/apis', '/openapi', '/openid']);

function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set(paths.map((full) => `/${full.split('/')[1]}`));
  return [...folders].filter((folder) => folder !== path && !ofTheApi.has(folder)).sort();
}

function written(status: Statusz, format: StatuszFormat): PlainAnswer {
  if (format === 'text') return { contentType: 'text/plain; charset=utf-8', body: asText(status) };
  const { encoding, version } = format;
  const apiVersion = `config.k8s.io/${version}`;
  const object = { kind: 'Statusz', apiVersion, metadata: { name: component }, ...status };
  const warning = '299 - "This version of the statusz endpoint is deprecated. Please use a newer version."';
  return {
    contentType: mediaTypes[encoding],
    headers: version === deprecated ? { warning } : {},
    body: encoding === 'json' ? `${JSON.stringify(object)}\n` : standardCodecs.yaml(object),
  };
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
${component} statusz
Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.

Started: ${unixDate(status.startTime)}
Up: ${uptime(status.uptimeSeconds)}
Go version: ${status.goVersion}
Binary version: ${status.binaryVersion}
Emulation version: ${status.emulationVersion}
Paths: ${status.paths.join(' ')}
`;
