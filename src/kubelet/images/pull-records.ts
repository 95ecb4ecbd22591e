import { createHash } from 'node:crypto';
import type { Files } from '../../platform/files.ts';
import type { PullCredential } from './credentials.ts';
import { parseImageName } from './image-name.ts';

/** A secret by which an image was had, and what it held then. */
interface UsedSecret {
  uid: string;
  namespace: string;
  name: string;
  credentialHash: string;
}

/** Who may use an image that is there: all pods of the node, or those that have one of the secrets. */
interface Access {
  nodePodsAccessible?: boolean;
  kubernetesSecrets?: UsedSecret[];
}

/** What is kept of an image that this node has pulled, by the repositories that it was asked for under. */
interface PulledRecord {
  imageRef: string;
  credentialMapping: Record<string, Access>;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function repositoryOf(image: string): string {
  const { registry, repository } = parseImageName(image);
  return `${registry}/${repository}`;
}

function usedSecret({ auth, secret }: PullCredential): UsedSecret {
  const { uid = '', namespace = '', name = '' } = secret.metadata;
  return { uid, namespace, name, credentialHash: sha256(JSON.stringify(auth)) };
}

const isSame = (a: UsedSecret, b: UsedSecret) =>
  a.uid === b.uid && a.namespace === b.namespace && a.name === b.name;

/**
 * By what credentials this node has come to its images, kept on disk: a pod that may not pull an image does not get it because another
 * one could. Images that nobody has pulled here are for all (upstream's `NeverVerifyPreloadedImages`).
 */
export class PullRecords {
  readonly #files: Files;
  readonly #dir: string;
  readonly #known = new Map<string, Promise<PulledRecord | undefined>>();
  /** How many pulls of an image are under way. */
  readonly #underWay = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();

  constructor(files: Files, dir: string) {
    this.#files = files;
    this.#dir = dir;
  }

  /** Whether a pod with these credentials must show that it may pull an image that is there. */
  async mustPull(image: string, imageId: string, held: readonly PullCredential[]): Promise<boolean> {
    const record = await this.#record(imageId);
    if (!record) return this.#files.exists(this.#intentPath(image));
    const access = record.credentialMapping[repositoryOf(image)];
    if (access?.nodePodsAccessible) return false;
    const cached = access?.kubernetesSecrets ?? [];
    for (const credential of held) {
      const own = usedSecret(credential);
      const known = cached.some((c) => isSame(c, own) || c.credentialHash === own.credentialHash);
      if (!known) continue;
      // A secret that holds something else by now is still the one that was let in, and a copy of it is as good.
      if (!cached.some((c) => isSame(c, own) && c.credentialHash === own.credentialHash))
        await this.#note(record, image, own);
      return false;
    }
    return true;
  }

  /** An image is about to be pulled: should the kubelet end in between, it still counts as pulled here. */
  async begin(image: string): Promise<void> {
    this.#underWay.set(image, (this.#underWay.get(image) ?? 0) + 1);
    await this.#files.makeDir(`${this.#dir}/pulling`, { mode: 0o700 });
    await this.#files.writeAtomic(this.#intentPath(image), JSON.stringify({ image }), { mode: 0o600 });
  }

  /** An image was pulled by a credential, or without any. */
  async pulled(image: string, imageId: string, credential: PullCredential | undefined): Promise<void> {
    const record = (await this.#record(imageId)) ?? { imageRef: imageId, credentialMapping: {} };
    await this.#note(record, image, credential && usedSecret(credential));
    await this.ended(image);
  }

  /** A pull has come to its end; should the image come to the node in another way now, it is for all. */
  async ended(image: string): Promise<void> {
    const left = (this.#underWay.get(image) ?? 1) - 1;
    if (left > 0) this.#underWay.set(image, left);
    else this.#underWay.delete(image);
    if (left <= 0) await this.#files.remove(this.#intentPath(image));
  }

  /** An image is no longer on the node. */
  async removed(imageId: string): Promise<void> {
    this.#known.delete(imageId);
    await this.#files.remove(this.#recordPath(imageId));
  }

  #note(record: PulledRecord, image: string, used: UsedSecret | undefined): Promise<void> {
    const repository = repositoryOf(image);
    const before = record.credentialMapping[repository]?.kubernetesSecrets ?? [];
    const access: Access = used
      ? { kubernetesSecrets: [...before.filter((c) => !isSame(c, used)), used] }
      : { nodePodsAccessible: true };
    const isOpen = record.credentialMapping[repository]?.nodePodsAccessible;
    if (!isOpen) record.credentialMapping[repository] = access;
    this.#known.set(record.imageRef, Promise.resolve(record));
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write(record));
    return this.#writing;
  }

  async #write(record: PulledRecord): Promise<void> {
    await this.#files.makeDir(`${this.#dir}/pulled`, { mode: 0o700 });
    const path = this.#recordPath(record.imageRef);
    await this.#files.writeAtomic(path, JSON.stringify(record), { mode: 0o600 });
  }

  #record(imageId: string): Promise<PulledRecord | undefined> {
    const known = this.#known.get(imageId) ?? this.#read(imageId);
    this.#known.set(imageId, known);
    return known;
  }

  /** One that cannot be read lets nobody in without asking. */
  async #read(imageId: string): Promise<PulledRecord | undefined> {
    const path = this.#recordPath(imageId);
    if (!(await this.#files.exists(path))) return undefined;
    const empty = { imageRef: imageId, credentialMapping: {} };
    const text = await this.#files.readText(path).catch(() => '');
    try {
      return { ...empty, ...(JSON.parse(text) as PulledRecord) };
    } catch {
      return empty;
    }
  }

  #intentPath(image: string): string {
    return `${this.#dir}/pulling/sha256-${sha256(image)}`;
  }

  #recordPath(imageId: string): string {
    return `${this.#dir}/pulled/sha256-${sha256(imageId)}`;
  }
}
