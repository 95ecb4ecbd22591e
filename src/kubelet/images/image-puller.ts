import type { Container, Pod, Secret } from '../../api/core/v1.ts';
import { formatSpan, KeyedBackoff } from '../pods/backoff.ts';
import { type NodeContext, podEvent } from '../pods/context.ts';
import { StartError } from '../pods/start-error.ts';
import { isRuntimeError } from '../runtimes/runtime-error.ts';
import type { Image, SandboxSpec } from '../runtimes/types.ts';
import { credentialsFor, type PullCredential } from './credentials.ts';
import { parseImageName, withDefaultTag } from './image-name.ts';
import { PullRecords } from './pull-records.ts';
import { Semaphore } from '../../platform/semaphore.ts';

export interface ImageRequest {
  pod: Pod;
  /** The container that events are about; absent for image volumes. */
  container?: string;
  image: string;
  policy: string | undefined;
  secrets: Secret[];
  sandbox: SandboxSpec;
  signal: AbortSignal;
}

/** An image that stands on the node. */
export interface PresentImage {
  id: string;
  details: Image | undefined;
}

const pullBackoff = { baseMs: 10_000, maxMs: 300_000 };
const parallelPulls = 5;

/** When an image is fetched; images under a moving tag always are, unless the pod says otherwise. */
export function pullPolicyOf(image: string, policy: Container['imagePullPolicy']): string {
  if (policy) return policy;
  const { tag, digest } = parseImageName(image);
  return (tag ?? 'latest') === 'latest' && !digest ? 'Always' : 'IfNotPresent';
}

/** Sees to it that images are on the node, as their pods want it. */
export class ImagePuller {
  readonly #context: NodeContext;
  readonly #backoff = new KeyedBackoff(pullBackoff);
  readonly #lastError = new Map<string, string>();
  readonly #pulls = new Semaphore(parallelPulls);
  readonly #pulled = new Set<string>();

  readonly #records: PullRecords;

  /** What is known of the images that were pulled is kept in `dir`. */
  constructor(context: NodeContext, dir: string) {
    this.#context = context;
    this.#records = new PullRecords(context.platform.files, dir);
  }

  /** Rejects with StartError where the image cannot be had now. */
  async ensure(request: ImageRequest): Promise<PresentImage> {
    const image = this.#nameOf(request);
    const present = await this.#inspect(request, image);
    const policy = pullPolicyOf(image, request.policy);
    const held = credentialsFor(image, request.secrets);
    if (present && policy !== 'Always' && !(await this.#records.mustPull(image, present.id, held))) {
      const message = `Container image ${quote(request.image)} already present on machine and can be accessed by the pod`;
      this.#note(request, 'Normal', 'Pulled', message);
      return { id: present.id, details: present };
    }
    if (policy === 'Never') {
      const message = `Container image ${quote(request.image)} is not present with pull policy of Never`;
      this.#note(request, 'Warning', 'ErrImageNeverPull', message);
      throw new StartError('ErrImageNeverPull', message);
    }
    this.#respectBackoff(request, image);
    const id = await this.#pull(request, image, held);
    return { id, details: await this.#context.runtime.images.status(id).catch(() => undefined) };
  }

  /** Whether this kubelet has fetched the image. */
  wasPulled(imageId: string): boolean {
    return this.#pulled.has(imageId);
  }

  /** An image is no longer on the node. */
  async removed(imageId: string): Promise<void> {
    this.#pulled.delete(imageId);
    await this.#records.removed(imageId);
  }

  /** The pod is gone: its failures no longer count. */
  forget(podUid: string): void {
    this.#backoff.forget(`${podUid}_`);
    for (const key of this.#lastError.keys()) if (key.startsWith(`${podUid}_`)) this.#lastError.delete(key);
  }

  #nameOf(request: ImageRequest): string {
    try {
      return withDefaultTag(request.image);
    } catch (error) {
      const why = `couldn't parse image name ${quote(request.image)}: ${(error as Error).message}`;
      const message = `Failed to apply default image tag ${quote(request.image)}: ${why}`;
      this.#note(request, 'Warning', 'InspectFailed', message);
      throw new StartError('InvalidImageName', message);
    }
  }

  async #inspect(request: ImageRequest, image: string): Promise<Image | undefined> {
    try {
      return await this.#context.runtime.images.status(image);
    } catch (error) {
      const message = `Failed to inspect image ${quote(request.image)}: ${(error as Error).message}`;
      this.#note(request, 'Warning', 'InspectFailed', message);
      throw new StartError('ImageInspectError', message);
    }
  }

  #respectBackoff(request: ImageRequest, image: string): void {
    const key = keyOf(request, image);
    const waitMs = this.#backoff.waitSinceUpdateMs(key, this.#now());
    if (waitMs === 0) return;
    const last = this.#lastError.get(key);
    const message = `Back-off pulling image ${quote(request.image)}${last ? `: ${last}` : ''}`;
    this.#note(request, 'Normal', 'BackOff', message);
    throw new StartError('ImagePullBackOff', message, waitMs);
  }

  async #pull(request: ImageRequest, image: string, held: readonly PullCredential[]): Promise<string> {
    const { clock } = this.#context.platform;
    const askedMs = clock.monotonic();
    this.#note(request, 'Normal', 'Pulling', `Pulling image ${quote(request.image)}`);
    const release = await this.#pulls.acquire(request.signal);
    const beganMs = clock.monotonic();
    try {
      const id = await this.#tryCredentials(request, image, held);
      this.#pulled.add(id);
      const size = (await this.#context.runtime.images.status(id).catch(() => undefined))?.sizeBytes ?? 0;
      const took = formatSpan(Math.trunc(clock.monotonic() - beganMs));
      const waited = formatSpan(Math.trunc(clock.monotonic() - askedMs));
      const message = `Successfully pulled image ${quote(request.image)} in ${took} (${waited} including waiting). Image size: ${size} bytes.`;
      this.#note(request, 'Normal', 'Pulled', message);
      return id;
    } catch (error) {
      if (request.signal.aborted) throw error;
      throw this.#failed(request, image, error as Error);
    } finally {
      release();
    }
  }

  #failed(request: ImageRequest, image: string, error: Error): StartError {
    const key = keyOf(request, image);
    const message = `Failed to pull image ${quote(request.image)}: ${error.message}`;
    this.#note(request, 'Warning', 'Failed', message);
    this.#backoff.next(key, this.#now(), this.#now());
    this.#lastError.set(key, `ErrImagePull: ${error.message}`);
    return new StartError('ErrImagePull', error.message, this.#backoff.delayMs(key));
  }

  /** Each credential that fits, or none at all where none does; the last failure counts. */
  async #tryCredentials(
    request: ImageRequest,
    image: string,
    held: readonly PullCredential[],
  ): Promise<string> {
    const { sandbox, signal } = request;
    let last: unknown;
    await this.#records.begin(image);
    for (const credential of held.length > 0 ? held : [undefined]) {
      try {
        const options = { auth: credential?.auth, sandbox, signal };
        const id = await this.#context.runtime.images.pull(image, options);
        await this.#records.pulled(image, id, credential);
        return id;
      } catch (error) {
        last = error;
        if (isRuntimeError(error, 'Canceled')) break;
      }
    }
    await this.#records.ended(image);
    throw last;
  }

  #note(request: ImageRequest, type: 'Normal' | 'Warning', reason: string, message: string): void {
    podEvent(this.#context, request.pod, { type, reason, message, container: request.container });
  }

  #now(): number {
    return this.#context.platform.clock.monotonic();
  }
}

const quote = (text: string) => JSON.stringify(text);
const keyOf = (request: ImageRequest, image: string) => `${request.pod.metadata.uid}_${image}`;
