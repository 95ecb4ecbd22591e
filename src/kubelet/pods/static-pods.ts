import type { Node, Pod } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { parseYaml } from '../../machinery/yaml.ts';
import { timestamp } from '../../platform/clock.ts';
import { Semaphore } from '../../platform/semaphore.ts';
import type { StatusManager } from '../status/status-manager.ts';
import type { NodeContext } from './context.ts';
import { isMirrorPod, isStaticPod } from './pod-kinds.ts';
import type { PodWorkers } from './pod-workers.ts';
import { manifestTrouble, mirrorOf, mirrors, staticPod } from './static-pod.ts';

export interface StaticPodsOptions {
  context: NodeContext;
  dir: string;
  informer: Informer<Pod>;
  workers: PodWorkers;
  statuses: StatusManager;
  node(): Node | undefined;
  /** Whether the node takes the pod in; tells it why not. */
  admit(pod: Pod): Promise<boolean>;
}

/** Pods that a folder of this node asks for, whatever the API says; the API gets an image of each to look at. */
export class StaticPods {
  readonly #options: StaticPodsOptions;
  readonly #files = new Map<string, { text: string; pod: Pod | undefined }>();
  #wanted = new Map<string, Pod>();
  /** Pods that the node did not take in: each is told so once, and stays that way while its manifest stands. */
  readonly #rejected = new Set<string>();
  readonly #turn = new Semaphore(1);

  constructor(options: StaticPodsOptions) {
    this.#options = options;
  }

  /** Reads the folder and brings pods and their images in line with it, one time after the other. */
  async sync(): Promise<void> {
    const done = await this.#turn.acquire();
    await this.#sync().finally(done);
  }

  async #sync(): Promise<void> {
    await this.#readFolder();
    const { workers } = this.#options;
    for (const pod of this.#wanted.values()) await this.#take(pod);
    const uids = new Set([...this.#wanted.values()].map((p) => p.metadata.uid as string));
    this.#forgetRejected(uids);
    for (const { uid, pod } of workers.all()) if (isStaticPod(pod) && !uids.has(uid)) workers.orphan(uid);
    await this.#syncMirrors();
  }

  /** Has a pod's predecessor, or a pod that was changed, end before the new one begins. */
  async #take(pod: Pod): Promise<void> {
    const { workers, admit } = this.#options;
    const uid = pod.metadata.uid as string;
    const key = keyOf(pod);
    const isThere = workers.all().some((w) => keyOf(w.pod) === key && isStaticPod(w.pod));
    if (isThere || this.#rejected.has(uid)) return;
    if (await admit(pod)) workers.update(pod);
    else this.#rejected.add(uid);
  }

  #forgetRejected(wanted: ReadonlySet<string>): void {
    for (const uid of this.#rejected) {
      if (wanted.has(uid)) continue;
      this.#rejected.delete(uid);
      this.#options.statuses.forget(uid);
    }
  }

  async #readFolder(): Promise<void> {
    const { context, dir } = this.#options;
    const names = (await context.platform.files.list(dir)).filter(
      (n) => /\.(ya?ml|json)$/.test(n) && !n.startsWith('.'),
    );
    for (const name of this.#files.keys()) if (!names.includes(name)) this.#files.delete(name);
    for (const name of names) await this.#readFile(name);
    const found = [...this.#files.values()].flatMap(({ pod }) => pod ?? []);
    this.#wanted = new Map(found.map((pod) => [keyOf(pod), pod]));
  }

  /** What cannot be read changes nothing: the pod that stood there goes on. */
  async #readFile(name: string): Promise<void> {
    const { context, dir } = this.#options;
    const { files, log, clock } = context.platform;
    const text = await files.readText(`${dir}/${name}`).catch(() => undefined);
    const known = this.#files.get(name);
    if (text === undefined || known?.text === text) return;
    try {
      const value: unknown = parseYaml(text);
      const trouble = manifestTrouble(value);
      if (trouble) throw new Error(trouble);
      this.#files.set(name, { text, pod: staticPod(value as Pod, context.nodeName, timestamp(clock)) });
    } catch (error) {
      log.warn('manifest of a static pod not understood', { file: name, error: (error as Error).message });
      this.#files.set(name, { text, pod: known?.pod });
    }
  }

  async #syncMirrors(): Promise<void> {
    const { informer, node, statuses } = this.#options;
    for (const mirror of informer.list().filter(isMirrorPod)) {
      const pod = this.#wanted.get(keyOf(mirror));
      if (!pod || !mirrors(mirror, pod) || mirror.metadata.deletionTimestamp)
        await this.#deleteMirror(mirror);
    }
    const nodeUid = node()?.metadata.uid;
    for (const [key, pod] of this.#wanted) {
      if (informer.get(key)) statuses.check(pod.metadata.uid as string);
      // It belongs to the node, and is made once that is there.
      else if (nodeUid) await this.#createMirror(mirrorOf(pod, nodeUid));
    }
  }

  async #createMirror(mirror: Pod): Promise<void> {
    const cause = { reason: 'a manifest on the node asks for the pod' };
    await this.#options.context.client.of(pods).create(mirror, { cause }).catch(ignoring('AlreadyExists'));
  }

  async #deleteMirror(mirror: Pod): Promise<void> {
    const seen = { ...mirror, apiVersion: 'v1', kind: 'Pod' };
    const cause = causedBy(seen, 'no manifest on the node asks for this pod any more');
    const preconditions = { uid: mirror.metadata.uid };
    await this.#options.context.client
      .of(pods)
      .delete(mirror.metadata, { gracePeriodSeconds: 0, preconditions, cause })
      .catch(ignoring('NotFound'));
  }
}
