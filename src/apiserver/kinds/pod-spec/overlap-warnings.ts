import type { KeyToPath, PodCertificateProjection, Volume, VolumeProjection } from '../../../api/core/v1.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { nothing } from '../../../machinery/joined.ts';

/** What files of a volume come from: an object of a kind, or a kind of source that has no name. */
interface Source {
  kind: string;
  name?: string;
}

/** A file of a volume, and in a projected volume what it comes from. */
interface File {
  path: string;
  source?: Source | undefined;
}

/** The files of a volume; undefined stands for a source that is none. */
type Files = (File | undefined)[];

/** The files of a volume that are compared, and what is found: an answer has no room for more warnings. */
const most = { files: 1000, findings: 100 };

/** Advice on files of one volume that lie where another file or its directory lies. */
export function overlapWarnings(volume: Volume): readonly string[] {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (projected)
    return told(volume, { kind: 'Projected' }, findingsOf(projectedFiles(projected.sources ?? [])));
  const items = configMap?.items ?? secret?.items ?? downwardAPI?.items;
  if (!items) return nothing;
  const object = configMap ? named('ConfigMap', configMap.name) : named('Secret', secret?.secretName);
  return told(volume, downwardAPI ? { kind: 'DownwardAPI' } : object, findingsOf(filesOf(items)));
}

const named = (kind: string, name: string | undefined): Source => ({ kind, name: name ?? '' });
const textOf = ({ kind, name }: Source) => (name === undefined ? kind : `${kind} ${goQuote(name)}`);

/** A file and an earlier one; undefined where a source is none. */
type Finding = readonly [file: File, earlier: File] | undefined;

function findingsOf(files: Readonly<Files>): readonly Finding[] {
  const found: Finding[] = [];
  const count = Math.min(files.length, most.files);
  for (let i = 0; i < count; i++) {
    const file = files[i];
    if (!file) {
      found.push(undefined);
      continue;
    }
    for (let j = 0; j < i && found.length < most.findings; j++) {
      const other = files[j];
      if (other && overlap(file.path, other.path)) found.push([file, other]);
    }
  }
  return found;
}

function told({ name }: Volume, source: Source, findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return nothing;
  const head = `volume ${goQuote(name)} (${textOf(source)})`;
  return findings.map((finding) => {
    if (!finding) return `${head} has no sources provided`;
    const [file, other] = finding;
    return `${head}: overlapping paths: ${shown(file)} with ${shown(other)}`;
  });
}

const shown = ({ path, source }: File) => (source ? `${goQuote(path)} (${textOf(source)})` : goQuote(path));

const isBelow = (path: string, dir: string) => path[dir.length] === '/' && path.startsWith(dir);
const overlap = (a: string, b: string) => a === b || isBelow(a, b) || isBelow(b, a);

function add(files: Files, path: string | undefined, source?: Source): void {
  let end = path?.length ?? 0;
  while (end > 0 && path?.[end - 1] === '/') end--;
  if (path && end > 0) files.push({ path: path.slice(0, end), source });
}

function filesOf(items: readonly Pick<KeyToPath, 'path'>[]): Files {
  const files: Files = [];
  for (const { path } of items) add(files, path);
  return files;
}

function projectedFiles(sources: readonly VolumeProjection[]): Files {
  const files: Files = [];
  for (const source of sources) if (!addFiles(files, source)) files.push(undefined);
  return files;
}

/** Adds the files of a source; false where it is none. */
function addFiles(files: Files, from: VolumeProjection): boolean {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = from;
  const all = (items: readonly Pick<KeyToPath, 'path'>[] | undefined, source: Source) => {
    for (const { path } of items ?? []) add(files, path, source);
    return true;
  };
  if (configMap) return all(configMap.items, named('ConfigMap', configMap.name));
  if (secret) return all(secret.items, named('Secret', secret.name));
  if (downwardAPI) return all(downwardAPI.items, { kind: 'DownwardAPI' });
  if (serviceAccountToken) return all([serviceAccountToken], { kind: 'ServiceAccountToken' });
  if (clusterTrustBundle) {
    const { name, signerName } = clusterTrustBundle;
    return all([clusterTrustBundle], named('ClusterTrustBundle', name ?? signerName));
  }
  if (podCertificate) addCertificate(files, podCertificate);
  return podCertificate !== undefined;
}

function addCertificate(files: Files, from: PodCertificateProjection): void {
  add(files, from.certificateChainPath, { kind: 'PodCertificate chain' });
  add(files, from.keyPath, { kind: 'PodCertificate key' });
  add(files, from.credentialBundlePath, { kind: 'PodCertificate credential bundle' });
}
