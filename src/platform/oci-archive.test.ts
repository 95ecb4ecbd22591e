import { createHash } from 'node:crypto';
import { unpackTar } from 'modern-tar';
import { describe, expect, test } from 'vitest';
import { type Files, systemFiles } from './files.ts';
import { type ImageRecipe, writeImageArchive } from './oci-archive.ts';

/** Keeps what is written; reads this machine's files. */
function catcher(): { files: Files; written: Map<string, Uint8Array> } {
  const written = new Map<string, Uint8Array>();
  const writeAtomic = async (path: string, data: string | Uint8Array) =>
    void written.set(path, Buffer.from(data));
  return { files: { ...systemFiles, writeAtomic }, written };
}

async function unpacked(recipe: ImageRecipe): Promise<Map<string, Buffer>> {
  const { files, written } = catcher();
  await writeImageArchive(files, '/image.tar', recipe);
  const entries = await unpackTar(written.get('/image.tar') as Uint8Array, { strict: true });
  return new Map(entries.map((entry) => [entry.header.name, Buffer.from(entry.data ?? [])]));
}

const recipe: ImageRecipe = {
  name: 'k8ts.local/thing:1',
  layers: [
    [
      { path: '/bin/sh', linkTo: 'busybox' },
      { path: '/bin/busybox', source: process.execPath, mode: 0o755 },
      { path: '/tmp/', mode: 0o1777 },
    ],
    [{ path: '/etc/motd', content: 'hello', uid: 7 }],
  ],
  defaults: { entrypoint: ['/bin/sh'], env: ['A=1'], exposedPorts: ['80/tcp'] },
};

describe('image archive', () => {
  test('every blob stands under its digest and is named with its size', async () => {
    const small = { ...recipe, layers: [recipe.layers[1] ?? []] };
    const blobs = await unpacked(small);
    const read = (name: string) => JSON.parse(blobs.get(name)?.toString() ?? '');
    expect(read('oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
    const of = (descriptor: { digest: string; size: number }) => {
      const bytes = blobs.get(`blobs/${descriptor.digest.replace(':', '/')}`) as Buffer;
      expect(bytes.length).toBe(descriptor.size);
      expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(descriptor.digest);
      return bytes;
    };
    const [entry] = read('index.json').manifests;
    expect(entry.annotations['io.containerd.image.name']).toBe('k8ts.local/thing:1');
    const manifest = JSON.parse(of(entry).toString());
    const config = JSON.parse(of(manifest.config).toString());
    expect(config.config).toMatchObject({
      Entrypoint: ['/bin/sh'],
      Env: ['A=1'],
      ExposedPorts: { '80/tcp': {} },
    });
    expect(config.rootfs.diff_ids).toEqual(manifest.layers.map((l: { digest: string }) => l.digest));
    const layer = await unpackTar(of(manifest.layers[0]));
    expect(layer.map((e) => [e.header.name, e.header.type, e.header.uid])).toEqual([
      ['etc/', 'directory', 0],
      ['etc/motd', 'file', 7],
    ]);
  });

  test('links, modes and directories arrive as told, and the same recipe gives the same bytes', async () => {
    const withLink = {
      ...recipe,
      layers: [recipe.layers[0]?.filter((entry) => !entry.source) ?? [], recipe.layers[1] ?? []],
    };
    const blobs = await unpacked(withLink);
    expect([...blobs.keys()]).toEqual([...(await unpacked(withLink)).keys()]);
    const manifest = JSON.parse(blobs.get('index.json')?.toString() ?? '').manifests[0].digest.replace(
      ':',
      '/',
    );
    const layer = JSON.parse(blobs.get(`blobs/${manifest}`)?.toString() ?? '').layers[0].digest.replace(
      ':',
      '/',
    );
    const entries = await unpackTar(blobs.get(`blobs/${layer}`) as Buffer);
    expect(entries.map(({ header: h }) => [h.name, h.type, h.linkname ?? '', h.mode])).toEqual([
      ['bin/', 'directory', '', 0o755],
      ['bin/sh', 'symlink', 'busybox', 0o777],
      ['tmp/', 'directory', '', 0o1777],
    ]);
  });
});
