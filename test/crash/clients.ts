import type { KubernetesObject } from '../../src/api/resource.ts';
import type { Transport, WatchEvent } from '../../src/client/transport.ts';
import { StatusError } from '../../src/machinery/status-error.ts';
import type { Random } from '../../src/platform/random.ts';
import type { Deletion, Ledger, Put, Version } from './ledger.ts';

interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>;
}

const collection = '/api/v1/namespaces/default/configmaps';
/** Only what the test has written: the server keeps a ConfigMap of its own there. */
const labels = { test: 'crash' };
const selected = { labelSelector: 'test=crash' };

export function versionOf({ metadata, data }: ConfigMap): Version {
  const { name = '', uid = '', resourceVersion } = metadata;
  return { key: name, uid, token: data?.token ?? '', revision: Number(resourceVersion) };
}

export async function listAll(
  transport: Transport,
  atRevision?: number,
): Promise<{ revision: number; versions: Version[] }> {
  const exact = { resourceVersion: atRevision, resourceVersionMatch: 'Exact' };
  const query = { ...selected, ...(atRevision !== undefined && exact) };
  const list = (await transport.request({ method: 'GET', path: collection, query })) as {
    metadata: { resourceVersion: string };
    items: ConfigMap[];
  };
  return { revision: Number(list.metadata.resourceVersion), versions: list.items.map(versionOf) };
}

export async function create(transport: Transport, { key, token }: { key: string; token: string }) {
  const body = { metadata: { name: key, labels }, data: { token } };
  return versionOf((await transport.request({ method: 'POST', path: collection, body })) as ConfigMap);
}

/** What clients believe of each key; undefined: it is not there. */
export type Beliefs = Map<string, Version>;

export interface ClientOptions {
  transport: Transport;
  ledger: Ledger;
  random: Random;
  beliefs: Beliefs;
  keys: readonly string[];
  /** Makes tokens that nobody else makes. */
  token(): string;
}

/** Whether an error leaves it open if the write was done. */
function isOpen(error: unknown): boolean {
  return !(error instanceof StatusError) || error.status.code === undefined || error.status.code >= 500;
}

/** Writes one after the other, until the server is gone. */
export async function writeUntilGone(options: ClientOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await writeOnce(options);
    } catch (error) {
      if (isOpen(error)) return;
      throw error;
    }
  }
}

async function writeOnce(options: ClientOptions): Promise<void> {
  const { random, keys, beliefs, ledger, transport } = options;
  const key = keys[Math.floor(random.next() * keys.length)] as string;
  const known = beliefs.get(key);
  const dice = random.next();
  if (dice < 0.1) return look(options, key);
  const write = planWrite(options, { key, known, dice });
  const op = ledger.invoke(write);
  try {
    const answer = (await transport.request(requestOf(write, known))) as ConfigMap;
    const version = write.verb === 'delete' ? undefined : versionOf(answer);
    ledger.add({ type: 'ack', op, version });
    learn(beliefs, key, version);
  } catch (error) {
    ledger.add({ type: isOpen(error) ? 'unknown' : 'refused', op });
    if (isOpen(error)) throw error;
    await look(options, key);
  }
}

function planWrite(
  { token, random }: ClientOptions,
  { key, known, dice }: { key: string; known: Version | undefined; dice: number },
): Put | Deletion {
  if (!known) return { verb: 'create', key, token: token() };
  if (dice < 0.7) return { verb: 'update', key, token: token() };
  const expected = random.next() < 0.5 ? known.revision : undefined;
  return { verb: 'delete', key, uid: known.uid, expected };
}

function requestOf(write: Put | Deletion, known: Version | undefined) {
  const path = `${collection}/${write.key}`;
  if (write.verb === 'delete') {
    const resourceVersion = write.expected === undefined ? undefined : String(write.expected);
    return { method: 'DELETE' as const, path, body: { preconditions: { uid: write.uid, resourceVersion } } };
  }
  // Some are longer than a page of the store's file.
  const padding = 'x'.repeat(write.token.length % 7 === 0 ? 6000 : 20);
  const object = { metadata: { name: write.key, labels }, data: { token: write.token, padding } };
  if (write.verb === 'create') return { method: 'POST' as const, path: collection, body: object };
  const { uid, revision } = known as Version;
  const metadata = { ...object.metadata, uid, resourceVersion: String(revision) };
  return { method: 'PUT' as const, path, body: { ...object, metadata } };
}

/** Reads a key anew. */
async function look({ transport, ledger, beliefs }: ClientOptions, key: string): Promise<void> {
  try {
    const found = (await transport.request({ method: 'GET', path: `${collection}/${key}` })) as ConfigMap;
    ledger.add({ type: 'read', version: versionOf(found) });
    learn(beliefs, key, versionOf(found));
  } catch (error) {
    if (!(error instanceof StatusError) || error.status.code !== 404) throw error;
    learn(beliefs, key, undefined);
  }
}

function learn(beliefs: Beliefs, key: string, version: Version | undefined): void {
  if (version) beliefs.set(key, version);
  else beliefs.delete(key);
}

/** Watches, and goes on after a restart where it stood. */
export class LedgerWatcher {
  readonly name: string;
  readonly #ledger: Ledger;
  #after: number | undefined;
  /** How often it was told that its place is gone. */
  expired = 0;
  resumed = 0;

  constructor(name: string, ledger: Ledger) {
    this.name = name;
    this.#ledger = ledger;
  }

  get after(): number {
    return this.#after ?? 0;
  }

  /** Resolves once it watches; it does so until the server is gone. */
  async follow(transport: Transport): Promise<void> {
    if (this.#after === undefined) await this.#list(transport);
    else this.resumed++;
    const query = { ...selected, resourceVersion: this.#after };
    const sink = {
      onEvent: ({ type, object }: WatchEvent) => this.#onEvent(type, versionOf(object)),
      onEnd: (error?: Error) => this.#onEnd(transport, error),
    };
    await transport.watch({ method: 'GET', path: collection, query }, sink);
  }

  /** Begins anew where its place is gone; the end of a server is not for it to mend. */
  #onEnd(transport: Transport, error: Error | undefined): void {
    if (!(error instanceof StatusError) || error.status.code !== 410) return;
    this.expired++;
    this.#after = undefined;
    void this.follow(transport).catch(() => {});
  }

  async #list(transport: Transport): Promise<void> {
    const { revision, versions } = await listAll(transport);
    this.#after = revision;
    this.#ledger.add({ type: 'watch', watcher: this.name, after: revision, base: versions });
  }

  #onEvent(type: string, version: Version): void {
    this.#ledger.add({
      type: 'event',
      watcher: this.name,
      told: { ...version, deleted: type === 'DELETED' },
    });
    this.#after = version.revision;
  }
}
