import { secrets } from '../../api/generated/resources.ts';
import type { Client } from '../../client/client.ts';
import type { Component } from '../../client/component.ts';
import { StatusError, ignoring } from '../../machinery/status-error.ts';
import type { Platform } from '../../platform/platform.ts';
import { certificateRenewal } from '../certificate-renewal.ts';
import type { EtcdOptions, StoreOptions } from '../options.ts';
import { checkUsable, readPem } from '../pem-files.ts';
import { seal, unseal } from './shared-pki.ts';

/**
 * The way to the store that servers share lies in a Secret, sealed with the server token. Who was started with it (by
 * `--etcd-…`) tells it, and tells it anew when its files are others; who has joined keeps what is told, follows it, and never tells what it
 * was told: its copies may be older.
 */

/** The way to a store; PEM. No servers where a server keeps the store itself. */
export interface SharedStore {
  servers: string[];
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** The Secret. */
export const wayToStore = { namespace: 'kube-system', name: 'k8ts-server-join' };

const cause = { reason: 'further servers can join the cluster' };

/** Certificates are renewed days before they end, and each look is a request. */
const lookEveryMs = 60_000;

type World = Pick<Platform, 'files' | 'random' | 'clock' | 'log'>;

const textOf = ({ servers, ca, cert, key }: SharedStore) => JSON.stringify({ servers, ca, cert, key });

async function ownStore({ store, etcd }: StoreOptions, world: Pick<World, 'files'>): Promise<SharedStore> {
  if (store !== 'etcd' || !etcd) return { servers: [] };
  return { servers: [...etcd.servers], ...(await readPem(etcd, world)) };
}

/** What the Secret says; undefined where there is none, or another token seals it. */
export async function toldStore(client: Client, token: string): Promise<SharedStore | undefined> {
  const { data } = await client.of(secrets).get(wayToStore);
  const sealed = data?.sealed;
  if (sealed === undefined) return undefined;
  const opened = await unseal(Buffer.from(sealed, 'base64').toString(), token).catch(() => undefined);
  return opened?.store === undefined ? undefined : (JSON.parse(opened.store) as SharedStore);
}

export interface SharingOptions {
  client: Client;
  token: string;
  dataDir: string;
  store: StoreOptions;
  /** The server has the way to the store from another one. */
  isTold: boolean;
}

/**
 * Tells the way to the store, where it is this server that tells it or where nobody has. What comes back follows it from then on: it tells
 * it anew when it is another, or keeps what others tell.
 */
export async function shareStore(options: SharingOptions, world: World): Promise<Component> {
  const { client, token, isTold } = options;
  const store = await ownStore(options.store, world);
  await offer(client, { token, store, isTold }, world);
  const look = (isTold ? listener : teller)(options, textOf(store), world);
  return certificateRenewal('way-to-store', world, look, lookEveryMs);
}

interface Offer {
  token: string;
  store: SharedStore;
  isTold: boolean;
}

async function offer(client: Client, { token, store, isTold }: Offer, { random }: Pick<World, 'random'>) {
  const known = await toldStore(client, token).catch(ignoring('NotFound'));
  if (known && (isTold || textOf(known) === textOf(store))) return;
  const sealed = await seal({ store: textOf(store) }, token, { random });
  const data = { sealed: Buffer.from(sealed).toString('base64') };
  const type = 'application/merge-patch+json';
  const api = client.of(secrets);
  try {
    await api.patch(wayToStore, { data }, { type, cause });
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'NotFound') throw error;
    await api
      .create({ metadata: wayToStore, type: 'Opaque', data }, { cause })
      .catch(ignoring('AlreadyExists'));
  }
}

/** What other servers with files of their own tell meanwhile stays: only what is new here is told. */
function teller({ client, token, store }: SharingOptions, first: string, world: World) {
  let told = first;
  return async () => {
    const own = await ownStore(store, world);
    if (textOf(own) === told) return false;
    checkUsable(own);
    await offer(client, { token, store: own, isTold: false }, world);
    told = textOf(own);
    return true;
  };
}

function listener({ client, token, dataDir }: SharingOptions, first: string, world: World) {
  let kept = first;
  return async () => {
    const told = await toldStore(client, token).catch(ignoring('NotFound'));
    if (!told || told.servers.length === 0 || textOf(told) === kept) return false;
    checkUsable(told);
    await keepStore(told, { dataDir, platform: world });
    kept = textOf(told);
    return true;
  };
}

const keptPath = (dataDir: string) => `${dataDir}/etcd/store.json`;

/** The way to the store that this server was told. */
export async function keptStore(
  dataDir: string,
  { files }: Pick<Platform, 'files'>,
): Promise<EtcdOptions | undefined> {
  const path = keptPath(dataDir);
  return (await files.exists(path)) ? (JSON.parse(await files.readText(path)) as EtcdOptions) : undefined;
}

/** Keeps a way to the store in the data directory. Whoever has the store open follows the files. */
export async function keepStore(
  store: SharedStore,
  { dataDir, platform: { files } }: { dataDir: string; platform: Pick<Platform, 'files'> },
): Promise<EtcdOptions> {
  await files.makeDir(`${dataDir}/etcd`, { mode: 0o700 });
  const write = async (file: string, text: string | undefined) => {
    if (text === undefined) return undefined;
    const path = `${dataDir}/etcd/${file}`;
    await files.writeAtomic(path, text, { mode: 0o600 });
    return path;
  };
  const options: EtcdOptions = {
    servers: store.servers,
    caFile: await write('ca.pem', store.ca),
    certFile: await write('client.pem', store.cert),
    keyFile: await write('client-key.pem', store.key),
  };
  await write('store.json', `${JSON.stringify(options, undefined, 2)}\n`);
  return options;
}
