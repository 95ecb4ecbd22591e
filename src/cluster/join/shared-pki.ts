import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import type { Platform } from '../../platform/platform.ts';
import { type Store, StoreError } from '../../store/store.ts';
import { createAuthority, createTokenKey, type KeyPair } from '../pki.ts';
import { UserError } from '../user-error.ts';

type World = Pick<Platform, 'files' | 'clock' | 'random'>;

/** Beside the registry's keys: it is no object of the API. */
const storeKey = '/k8ts/identity';
const keptFiles = ['ca.pem', 'front-proxy-ca.pem', 'sa.key'];
const scryptCost = { N: 16_384, r: 8, p: 1 };

/** The files of a pki that all servers of a cluster share, by name. */
export type Identity = Record<string, string>;

interface Sealed {
  version: 1;
  salt: string;
  iv: string;
  tag: string;
  data: string;
}

function keyOf(token: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(token, salt, 32, scryptCost, (error, key) => (error ? reject(error) : resolve(key))),
  );
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** Encrypts with a key made of the token (scrypt, AES-256-GCM). */
export async function seal(
  identity: Identity,
  token: string,
  { random }: Pick<World, 'random'>,
): Promise<string> {
  const [salt, iv] = [random.bytes(16), random.bytes(12)];
  const cipher = createCipheriv('aes-256-gcm', await keyOf(token, salt), iv);
  const data = Buffer.concat([cipher.update(JSON.stringify(identity)), cipher.final()]);
  const sealed: Sealed = {
    version: 1,
    salt: base64(salt),
    iv: base64(iv),
    tag: base64(cipher.getAuthTag()),
    data: base64(data),
  };
  return JSON.stringify(sealed);
}

/** Decrypts; undefined where the token is another. */
export async function unseal(text: string, token: string): Promise<Identity | undefined> {
  const sealed = JSON.parse(text) as Sealed;
  const bytes = (part: string) => Buffer.from(part, 'base64');
  const key = await keyOf(token, bytes(sealed.salt));
  const decipher = createDecipheriv('aes-256-gcm', key, bytes(sealed.iv), { authTagLength: 16 });
  decipher.setAuthTag(bytes(sealed.tag));
  try {
    const plain = Buffer.concat([decipher.update(bytes(sealed.data)), decipher.final()]);
    return JSON.parse(plain.toString()) as Identity;
  } catch {
    return undefined;
  }
}

async function kept(dir: string, { files }: World): Promise<Identity | undefined> {
  const found: Identity = {};
  for (const name of keptFiles)
    if (await files.exists(`${dir}/${name}`)) found[name] = await files.readText(`${dir}/${name}`);
  return Object.keys(found).length === keptFiles.length ? found : undefined;
}

/** Whether a directory holds what the servers of a cluster share: that of a server which has been one of them. */
export const hasIdentity = async (dir: string, world: World): Promise<boolean> =>
  (await kept(dir, world)) !== undefined;

async function made(world: World): Promise<Identity> {
  const text = ({ key, certificate }: KeyPair) => `${key}${certificate}`;
  return {
    'ca.pem': text(await createAuthority(world)),
    'front-proxy-ca.pem': text(await createAuthority(world, 'front-proxy-ca')),
    'sa.key': await createTokenKey(),
  };
}

const wrongToken = () =>
  new UserError(
    'the server token is not that of the cluster in this store',
    'give --token what stands in the file server-token in the data directory of the first server',
  );

/** What stands in the store, or `own` put there; of two that put at once, one wins for both. */
async function agreed(store: Store, token: string, { own, world }: { own?: Identity; world: World }) {
  for (;;) {
    const entry = await store.get(storeKey);
    if (entry) {
      const identity = await unseal(Buffer.from(entry.value).toString(), token);
      if (!identity) throw wrongToken();
      return identity;
    }
    const value = Buffer.from(await seal(own ?? (await made(world)), token, world));
    try {
      await store.commit({ writes: [{ type: 'put', key: storeKey, value, expected: 0 }] });
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'Conflict') throw error;
    }
  }
}

/**
 * Makes the files of `dir` those that all servers on one store share. The first server puts its own into the store,
 * encrypted with the token; each further one takes them from there. Throws a `UserError` where the token is wrong or the
 * directory belongs to another cluster.
 */
export async function shareIdentity(
  { store, dir, token }: { store: Store; dir: string; token: string },
  world: World,
): Promise<void> {
  const own = await kept(dir, world);
  const identity = await agreed(store, token, { own, world });
  if (own && keptFiles.some((name) => own[name] !== identity[name])) {
    throw new UserError(
      `the certificates in ${dir} are not those of the cluster in this store`,
      'give this server a --data-dir of its own, or the store of its cluster',
    );
  }
  if (own) return;
  await world.files.makeDir(dir, { mode: 0o700 });
  for (const name of keptFiles)
    await world.files.writeAtomic(`${dir}/${name}`, identity[name] as string, { mode: 0o600 });
}

const tokenPath = (dataDir: string) => `${dataDir}/server-token`;

/** What is shorter is guessed: who reads `cluster-info` can try words against its signature. */
const shortestToken = 16;

/** The token that is given, the one that is kept, or a new one. Throws a `UserError` where one cannot be. */
export async function serverToken(
  dataDir: string,
  given: string | undefined,
  { files, random }: Pick<World, 'files' | 'random'>,
): Promise<string> {
  const path = tokenPath(dataDir);
  const known = ((await files.exists(path)) && (await files.readText(path)).trim()) || undefined;
  if (given !== undefined && known !== undefined && given !== known)
    throw new UserError(`--token is not what ${path} holds`, 'leave it out: this server has joined already');
  if (known === undefined && given !== undefined && given.trim().length < shortestToken)
    throw new UserError(
      `--token is ${given.trim() === '' ? 'empty' : 'too short'}: it opens the keys of the cluster`,
      `leave it out for a new cluster, or take one of at least ${shortestToken} characters`,
    );
  return given ?? known ?? Buffer.from(random.bytes(32)).toString('hex');
}

export async function keepServerToken(dataDir: string, token: string, { files }: Pick<World, 'files'>) {
  await files.writeAtomic(tokenPath(dataDir), `${token}\n`, { mode: 0o600 });
}
