import { Readable } from 'node:stream';
import { createTarDecoder } from 'modern-tar';
import type { Files } from '../../../platform/files.ts';

interface OciIndex {
  manifests?: { annotations?: Record<string, string> }[];
}
type DockerManifest = { RepoTags?: string[] | null }[];

/** Larger than any index; what claims to be one and is larger is not read. */
const maxIndexBytes = 4 << 20;

/** The names of images by the index of an OCI layout, or by the manifest that `docker save` writes. */
export function namesIn(files: { 'index.json'?: string; 'manifest.json'?: string }): string[] {
  const index: OciIndex = JSON.parse(files['index.json'] ?? '{}');
  const docker: DockerManifest = JSON.parse(files['manifest.json'] ?? '[]');
  const named = (index.manifests ?? []).flatMap(
    ({ annotations = {} }) => annotations['io.containerd.image.name'] ?? [],
  );
  return [...new Set([...named, ...docker.flatMap(({ RepoTags }) => RepoTags ?? [])])];
}

/** The names of the images in an archive, without reading its layers into memory. Throws where it is no archive. */
export async function archiveNames(files: Pick<Files, 'open'>, path: string): Promise<string[]> {
  const found: Record<string, string> = {};
  const handle = await files.open(path, 'r');
  const bytes = Readable.toWeb(handle.createReadStream()) as ReadableStream<Uint8Array>;
  for await (const { header, body } of bytes.pipeThrough(createTarDecoder({ strict: true }))) {
    const wanted = /^(\.\/)?(index|manifest)\.json$/.test(header.name) && header.size <= maxIndexBytes;
    if (wanted) found[header.name.replace('./', '')] = await new Response(body).text();
    else await body.cancel();
  }
  return namesIn(found);
}
