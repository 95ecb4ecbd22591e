import { createHash } from 'node:crypto';
import { packTar, type TarEntry } from 'modern-tar';
import type { Files } from './files.ts';

/** Something in an image: a file, a symbolic link (`linkTo`), or a directory (a path that ends with `/`). */
export interface ImageEntry {
  /** Absolute. The directories above it need not be told. */
  path: string;
  content?: string | Uint8Array;
  /** A file of this machine to take the content from. */
  source?: string;
  linkTo?: string;
  /** 0644 unless told; directories 0755, what comes from this machine as it is there. */
  mode?: number;
  uid?: number;
  gid?: number;
}

/** What a container of the image runs unless told otherwise. */
export interface ImageDefaults {
  entrypoint?: string[];
  cmd?: string[];
  env?: string[];
  workingDir?: string;
  user?: string;
  exposedPorts?: string[];
  stopSignal?: string;
  labels?: Record<string, string>;
}

export interface ImageRecipe {
  /** With registry and tag, such as `docker.io/library/redis:7`. */
  name: string;
  /** Lowest first. */
  layers: ImageEntry[][];
  defaults: ImageDefaults;
}

const architectures: Record<string, string> = { x64: 'amd64', ia32: '386', arm: 'arm', arm64: 'arm64' };

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Fixed times and order: the same recipe gives the same digest. */
const epoch = new Date(0);

async function tarEntry(files: Files, entry: ImageEntry): Promise<TarEntry> {
  const { linkTo, source, uid = 0, gid = 0 } = entry;
  const header = { name: entry.path.replace(/^\/+/, ''), size: 0, mtime: epoch, uid, gid };
  if (linkTo !== undefined) return { header: { ...header, type: 'symlink', linkname: linkTo, mode: 0o777 } };
  if (entry.path.endsWith('/'))
    return { header: { ...header, type: 'directory', mode: entry.mode ?? 0o755 } };
  const body = source ? await files.read(source) : Buffer.from(entry.content ?? '');
  const mode = entry.mode ?? (source ? (await files.stat(source))?.mode : undefined) ?? 0o644;
  return { header: { ...header, type: 'file', size: body.length, mode }, body };
}

/** The directories above the entries that are not among them. */
function missingDirectories(entries: readonly ImageEntry[]): ImageEntry[] {
  const told = new Set(entries.map((entry) => entry.path));
  const above = entries.flatMap(({ path }) => {
    const names = path.split('/').filter((name) => name !== '');
    return names.slice(0, -1).map((_, i) => `/${names.slice(0, i + 1).join('/')}/`);
  });
  return [...new Set(above)].filter((path) => !told.has(path)).map((path) => ({ path }));
}

async function layerTar(files: Files, entries: readonly ImageEntry[]): Promise<Uint8Array> {
  const all = [...entries, ...missingDirectories(entries)];
  all.sort((a, b) => (a.path < b.path ? -1 : 1));
  return packTar(await Promise.all(all.map((entry) => tarEntry(files, entry))));
}

function imageConfig(recipe: ImageRecipe, layers: readonly Uint8Array[]): object {
  const { entrypoint, cmd, env, workingDir, user, exposedPorts, stopSignal, labels } = recipe.defaults;
  return {
    architecture: architectures[process.arch] ?? process.arch,
    os: 'linux',
    config: {
      Entrypoint: entrypoint,
      Cmd: cmd,
      Env: env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      WorkingDir: workingDir,
      User: user,
      ExposedPorts: exposedPorts && Object.fromEntries(exposedPorts.map((port) => [port, {}])),
      StopSignal: stopSignal,
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
  };
}

interface Blob {
  mediaType: string;
  bytes: Uint8Array;
}

const describe = ({ mediaType, bytes }: Blob) => ({
  mediaType,
  digest: `sha256:${sha256(bytes)}`,
  size: bytes.length,
});
const media = (kind: string) => `application/vnd.oci.image.${kind}`;
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

function tarFile(name: string, body: Uint8Array): TarEntry {
  return { header: { name, size: body.length, mode: 0o644, mtime: epoch, uid: 0, gid: 0 }, body };
}

/** Writes an image archive in the OCI layout, which runtimes and `k8ts image load` take; nothing is fetched for it. */
export async function writeImageArchive(files: Files, path: string, recipe: ImageRecipe): Promise<void> {
  const tars = await Promise.all(recipe.layers.map((layer) => layerTar(files, layer)));
  const layers = tars.map((bytes): Blob => ({ mediaType: media('layer.v1.tar'), bytes }));
  const config: Blob = { mediaType: media('config.v1+json'), bytes: json(imageConfig(recipe, tars)) };
  const manifestBody = {
    schemaVersion: 2,
    mediaType: media('manifest.v1+json'),
    config: describe(config),
    layers: layers.map(describe),
  };
  const manifest: Blob = { mediaType: media('manifest.v1+json'), bytes: json(manifestBody) };
  const annotations = {
    'io.containerd.image.name': recipe.name,
    'org.opencontainers.image.ref.name': recipe.name.slice(recipe.name.lastIndexOf(':') + 1),
  };
  const index = {
    schemaVersion: 2,
    mediaType: media('index.v1+json'),
    manifests: [{ ...describe(manifest), annotations }],
  };
  const archive = await packTar([
    tarFile('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    tarFile('index.json', json(index)),
    ...[manifest, config, ...layers].map((blob) => tarFile(`blobs/sha256/${sha256(blob.bytes)}`, blob.bytes)),
  ]);
  await files.writeAtomic(path, archive);
}
