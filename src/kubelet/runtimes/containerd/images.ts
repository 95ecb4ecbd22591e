import type { Clock } from '../../../platform/clock.ts';
import type { Files } from '../../../platform/files.ts';
import type { Processes } from '../../../platform/processes.ts';
import { Content } from '../generated/containerd/content_pb.js';
import { ImageService } from '../generated/runtime/v1/image_pb.js';
import { RuntimeError } from '../runtime-error.ts';
import type { Images, PullOptions } from '../runtime.ts';
import type { FilesystemUsage, Image, PullProgress } from '../types.ts';
import { archiveNames } from './archive-names.ts';
import type { GrpcChannel } from '../../../platform/grpc-channel.ts';
import { kubernetesNamespace } from './cri-channel.ts';
import { image } from './from-cri.ts';
import { filesystem } from './stats-from-cri.ts';
import { sandboxConfig } from './to-cri.ts';
import { ignoreNotFound, imageError } from './translate-error.ts';

const service = ImageService.method;
const quickMs = 2 * 60_000;
/** The runtime itself gives up on a registry that sends nothing. */
const pullMs = 6 * 3_600_000;
const progressStepMs = 250;

export interface CriImagesOptions {
  channel: GrpcChannel;
  clock: Clock;
  files: Files;
  processes: Processes;
  socketPath: string;
  /** containerd's command-line client. */
  ctr: string;
  /** Pinned, whatever the runtime says of it. */
  sandboxImage?: string;
}

/** The images of a runtime behind the Container Runtime Interface. */
export class CriImages implements Images {
  readonly #options: CriImagesOptions;
  readonly #idsOfRefs = new Map<string, string>();

  constructor(options: CriImagesOptions) {
    this.#options = options;
  }

  async list(): Promise<Image[]> {
    const answer = await this.#options.channel.call(service.listImages, {}, { timeoutMs: quickMs });
    return answer.images.map((i) => this.#pinned(image(i)));
  }

  async status(name: string): Promise<Image | undefined> {
    const request = { image: { image: name } };
    const answer = await this.#options.channel.call(service.imageStatus, request, { timeoutMs: quickMs });
    return answer.image && this.#pinned(image(answer.image));
  }

  async pull(name: string, options: PullOptions = {}): Promise<string> {
    const request = {
      image: { image: name, runtimeHandler: options.sandbox?.runtimeHandler },
      auth: options.auth,
      sandboxConfig: options.sandbox && sandboxConfig(options.sandbox),
    };
    const over = new AbortController();
    if (options.onProgress) void this.#report(options.onProgress, over.signal);
    try {
      const timed = { timeoutMs: pullMs, signal: options.signal };
      return (await this.#options.channel.call(service.pullImage, request, timed)).imageRef;
    } catch (error) {
      throw imageError(error);
    } finally {
      over.abort();
    }
  }

  async remove(name: string): Promise<void> {
    this.#idsOfRefs.clear();
    const request = { image: { image: name } };
    await ignoreNotFound(this.#options.channel.call(service.removeImage, request, { timeoutMs: quickMs }));
  }

  async usage(): Promise<FilesystemUsage[]> {
    const answer = await this.#options.channel.call(service.imageFsInfo, {}, { timeoutMs: quickMs });
    return answer.imageFilesystems.map(filesystem);
  }

  /** The runtime interface takes no archives: containerd's own client does, and knows the formats of all builders. */
  async importArchive(path: string): Promise<string[]> {
    const { files, processes, socketPath, ctr } = this.#options;
    const names = await archiveNames(files, path).catch((error: Error) => {
      throw new RuntimeError('InvalidArgument', `${path} is no image archive: ${error.message}`);
    });
    const at = ['--address', socketPath, '--namespace', kubernetesNamespace];
    const result = await processes.run(ctr, [...at, 'images', 'import', path], { timeoutMs: 10 * 60_000 });
    if (result.code !== 0) {
      throw new RuntimeError(
        'InvalidArgument',
        `cannot import ${path}: ${result.stderr.trim() || result.stdout.trim()}`,
      );
    }
    for (const name of names) await this.#appears(name);
    return names;
  }

  /** The id of the image behind a reference of a container, for runtimes that do not tell it. */
  async idOf(imageRef: string): Promise<string> {
    if (imageRef.startsWith('sha256:')) return imageRef;
    const known = this.#idsOfRefs.get(imageRef);
    if (known) return known;
    const id = (await this.status(imageRef))?.id ?? '';
    if (id) this.#idsOfRefs.set(imageRef, id);
    return id;
  }

  #pinned(i: Image): Image {
    return i.tags.includes(this.#options.sandboxImage ?? '') ? { ...i, pinned: true } : i;
  }

  /** The runtime interface learns of an imported image a moment later, by an event. */
  async #appears(name: string): Promise<void> {
    const { clock } = this.#options;
    const deadlineMs = clock.monotonic() + 10_000;
    while (!(await this.status(name))) {
      if (clock.monotonic() > deadlineMs)
        throw new RuntimeError('Timeout', `${name} was imported but does not appear`);
      await clock.sleep(5);
    }
  }

  async #report(onProgress: (progress: PullProgress) => void, over: AbortSignal): Promise<void> {
    const { channel, clock } = this.#options;
    try {
      for (;;) {
        await clock.sleep(progressStepMs, over);
        const { statuses } = await channel.call(
          Content.method.listStatuses,
          {},
          { timeoutMs: quickMs, signal: over },
        );
        const sum = (of: (s: (typeof statuses)[number]) => bigint) =>
          statuses.reduce((n, s) => n + Number(of(s)), 0);
        onProgress({ doneBytes: sum((s) => s.offset), totalBytes: sum((s) => s.total) });
      }
    } catch {
      // The pull is over, or the runtime keeps its progress to itself.
    }
  }
}
