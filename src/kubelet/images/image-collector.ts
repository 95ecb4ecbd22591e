import type { FileSystemSpace } from '../../platform/host-calls.ts';
import type { NodeContext } from '../pods/context.ts';
import type { Container, Image } from '../runtimes/types.ts';

/** When images are cleared away: from this share of the disk in use on, down to that one. */
export interface ImageLimits {
  highShare: number;
  lowShare: number;
  /** An image that was in use a moment ago may be so again. */
  minimumAgeMs: number;
}

export const defaultImageLimits: ImageLimits = { highShare: 0.85, lowShare: 0.8, minimumAgeMs: 120_000 };

interface Candidate {
  image: Image;
  usedMs: number;
}

/** Which images to remove to free so many bytes: those unused for longest. */
export function imagesToRemove(candidates: Candidate[], freeBytes: number): string[] {
  const removed: string[] = [];
  let left = freeBytes;
  for (const { image } of [...candidates].sort((a, b) => a.usedMs - b.usedMs)) {
    if (left <= 0) break;
    removed.push(image.id);
    left -= image.sizeBytes;
  }
  return removed;
}

/** How many bytes must go for the disk to be as empty as it should; none while it is not too full. */
export function bytesToFree({ capacityBytes, availableBytes }: FileSystemSpace, limits: ImageLimits): number {
  const used = capacityBytes - availableBytes;
  return used < capacityBytes * limits.highShare ? 0 : Math.ceil(used - capacityBytes * limits.lowShare);
}

export interface ImageCollectorOptions {
  context: NodeContext;
  limits: ImageLimits;
  space(): Promise<FileSystemSpace>;
  /** Whether this node has fetched the image itself, and so can again. */
  wasPulled(imageId: string): boolean;
  onRemoved(imageId: string): Promise<void>;
}

/** Clears images away that no container uses, when the disk fills up. Those that were brought by hand stay. */
export class ImageCollector {
  readonly #options: ImageCollectorOptions;
  readonly #usedMs = new Map<string, number>();

  constructor(options: ImageCollectorOptions) {
    this.#options = options;
  }

  /** Clears away as much as is needed. */
  async collect(): Promise<void> {
    const { limits, space } = this.#options;
    const candidates = await this.#candidates(limits.minimumAgeMs);
    const bytes = bytesToFree(await space(), limits);
    if (bytes > 0) await this.#remove(imagesToRemove(candidates, bytes));
  }

  /** Clears away all that is not in use. */
  async collectAll(): Promise<void> {
    await this.#remove(imagesToRemove(await this.#candidates(0), Number.POSITIVE_INFINITY));
  }

  async #candidates(minimumAgeMs: number): Promise<Candidate[]> {
    const { context, wasPulled } = this.#options;
    const { runtime, platform } = context;
    const [images, containers] = await Promise.all([runtime.images.list(), runtime.containers.list()]);
    const inUse = usedImages(containers);
    const nowMs = platform.clock.monotonic();
    for (const { id } of images) if (inUse.has(id) || !this.#usedMs.has(id)) this.#usedMs.set(id, nowMs);
    return images
      .filter((image) => !image.pinned && !inUse.has(image.id) && wasPulled(image.id))
      .map((image) => ({ image, usedMs: this.#usedMs.get(image.id) ?? nowMs }))
      .filter(({ usedMs }) => nowMs - usedMs >= minimumAgeMs);
  }

  async #remove(ids: string[]): Promise<void> {
    const { context, onRemoved } = this.#options;
    const { runtime, platform } = context;
    for (const id of ids) {
      await runtime.images
        .remove(id)
        .then(() => onRemoved(id))
        .catch((error: Error) => platform.log.warn('image not removed', { image: id, error: error.message }));
      this.#usedMs.delete(id);
    }
  }
}

const usedImages = (containers: Container[]) => new Set(containers.flatMap((c) => [c.imageId, c.image]));
