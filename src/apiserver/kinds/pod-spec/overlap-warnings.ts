import type { KeyToPath, PodCertificateProjection, Volume, VolumeProjection } from '../../../api/core/v1.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { nothing } from '../../../machinery/joined.ts';

/** A file of a volume, and in a projected volume what it comes from. */
interface File {
  path: string;
  source?: string;
}

/** Advice on files of one volume that lie where another file or its directory lies. */
export function overlapWarnings(volume: Volume): readonly string[] {
  const { name, configMap, secret, downwardAPI, projected } = volume;
  if (projected) return overlaps(`volume ${goQuote(name)} (Projected)`, projected.sources ?? []);
  const items = configMap?.items ?? secret?.items ?? downwardAPI?.items;
  if (!items) return nothing;
  const kind = configMap ? named('ConfigMap', configMap.name) : named('Secret', secret?.secretName);
  return filesWarnings(`volume ${goQuote(name)} (${downwardAPI ? 'DownwardAPI' : kind})`, filesOf(items));
}

const named = (kind: string, name: string | undefined) => `${kind} ${goQuote(name ?? '')}`;

function overlaps(volume: string, sources: readonly VolumeProjection[]): readonly string[] {
  const seen: File[] = [];
  return sources.flatMap((source) => {
    const files = projectedFiles(source);
    return files ? filesWarnings(volume, files, seen) : [`${volume} has no sources provided`];
  });
}

function filesWarnings(volume: string, files: readonly File[], seen: File[] = []): readonly string[] {
  return files.flatMap((file): readonly string[] => {
    if (!file.path) return nothing;
    const others = seen.filter(({ path }) => overlap(path, file.path));
    seen.push(file);
    return others.map((other) => `${volume}: overlapping paths: ${shown(file)} with ${shown(other)}`);
  });
}

const shown = ({ path, source }: File) => (source ? `${goQuote(path)} (${source})` : goQuote(path));

const overlap = (a: string, b: string) => a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);

const trimmed = (path: string | undefined) => (path ?? '').replace(/\/+$/, '');

function filesOf(items: readonly Pick<KeyToPath, 'path'>[] | undefined, source?: string): File[] {
  return (items ?? []).map(({ path }) => ({ path: trimmed(path), ...(source !== undefined && { source }) }));
}

/** The files of a source; undefined where it is none. */
function projectedFiles(from: VolumeProjection): File[] | undefined {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = from;
  if (configMap) return filesOf(configMap.items, named('ConfigMap', configMap.name));
  if (secret) return filesOf(secret.items, named('Secret', secret.name));
  if (downwardAPI) return filesOf(downwardAPI.items, 'DownwardAPI');
  if (serviceAccountToken) return filesOf([serviceAccountToken], 'ServiceAccountToken');
  if (clusterTrustBundle) {
    const { name, signerName } = clusterTrustBundle;
    return filesOf([clusterTrustBundle], named('ClusterTrustBundle', name ?? signerName));
  }
  return podCertificate ? certificateFiles(podCertificate) : undefined;
}

function certificateFiles(from: PodCertificateProjection): File[] {
  const { certificateChainPath, keyPath, credentialBundlePath } = from;
  return [
    { path: trimmed(certificateChainPath), source: 'PodCertificate chain' },
    { path: trimmed(keyPath), source: 'PodCertificate key' },
    { path: trimmed(credentialBundlePath), source: 'PodCertificate credential bundle' },
  ];
}
