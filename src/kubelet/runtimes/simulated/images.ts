import { createHash } from 'node:crypto';
import { RuntimeError } from '../runtime-error.ts';
import type { Images, PullOptions } from '../runtime.ts';
import type { FilesystemUsage, Image } from '../types.ts';
import { behaviourOf } from './behaviour.ts';
import type { SimulatedWorld } from './world.ts';

const imageBytes = 10 << 20;

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A name with registry and tag, as registries' clients complete it. */
export function fullName(name: string): string {
  const [first = ''] = name.split('/');
  const hasRegistry = name.includes('/') && /[.:]|^localhost$/.test(first);
  const located = hasRegistry ? name : `docker.io/${name.includes('/') ? '' : 'library/'}${name}`;
  const tagged = located.includes('@') || located.slice(located.lastIndexOf('/')).includes(':');
  return tagged ? located : `${located}:latest`;
}

function imageOf(name: string): Image {
  const id = sha256(name);
  const [repository = ''] = name.includes('@') ? name.split('@') : [name.slice(0, name.lastIndexOf(':'))];
  const digest = name.includes('@') ? name : `${repository}@${sha256(`manifest of ${name}`)}`;
  return {
    id,
    tags: name.includes('@') ? [] : [name],
    digests: [digest],
    sizeBytes: imageBytes,
    pinned: false,
  };
}

/** Images that registries have, whatever their name. */
export class SimulatedImages implements Images {
  readonly #world: SimulatedWorld;
  readonly #byId = new Map<string, Image>();

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  async list(): Promise<Image[]> {
    return [...this.#byId.values()];
  }

  async status(name: string): Promise<Image | undefined> {
    return this.#byId.get(name) ?? this.#byId.get(sha256(fullName(name)));
  }

  async pull(name: string, options: PullOptions = {}): Promise<string> {
    const { pullError } = behaviourOf(options.sandbox?.annotations ?? {}, '');
    await this.#world.takesTime('pullMs', options.signal);
    if (pullError !== undefined) throw new RuntimeError('ImageNotFound', pullError);
    const full = fullName(name);
    if (!this.#world.hasImage(full)) throw new RuntimeError('ImageNotFound', `${full}: not found`);
    const image = imageOf(full);
    this.#byId.set(image.id, image);
    options.onProgress?.({ doneBytes: imageBytes, totalBytes: imageBytes });
    return image.id;
  }

  async remove(name: string): Promise<void> {
    const image = await this.status(name);
    if (image) this.#byId.delete(image.id);
  }

  async usage(): Promise<FilesystemUsage[]> {
    const usedBytes = this.#byId.size * imageBytes;
    return [{ timeMs: this.#world.clock.now(), mountpoint: '/', usedBytes, inodesUsed: this.#byId.size }];
  }

  async importArchive(path: string): Promise<string[]> {
    throw new RuntimeError(
      'Unimplemented',
      `a simulated node cannot take in ${path}: it pulls every image from nowhere`,
    );
  }
}
