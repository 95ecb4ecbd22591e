import { etcdParts, holdsEtcd, writeStoppedEtcd } from '../../etcd/snapshot.ts';
import type { Platform } from '../../platform/platform.ts';
import { isCopyable } from '../../store/core/copying.ts';
import { openEmbeddedStore } from '../../store/embedded-store.ts';
import { isInUse } from '../../store/embedded/open-engine.ts';
import type { AttachedFile } from '../../store/snapshot/format.ts';
import { saveSnapshot } from '../../store/snapshot/save.ts';
import { type SnapshotOptions, writeSnapshot } from '../../store/snapshot/write.ts';
import type { Store } from '../../store/store.ts';
import { askControl, type ControlCommand } from '../control-socket.ts';
import { isRunning, readState } from '../state.ts';
import { UserError } from '../user-error.ts';
import { version } from '../version.ts';
import { type Inspection, inspect } from './inspect.ts';
import { openable } from './openable.ts';

export interface SaveOptions {
  dataDir: string;
  /** Where the snapshot goes. */
  path: string;
  /** Only the newest version of each object. */
  withoutHistory?: boolean;
  /** Not the authorities and keys of the cluster. */
  withoutKeys?: boolean;
  /** Ends the work; nothing of it is left then. */
  signal: AbortSignal;
}

type Wanted = Pick<SaveOptions, 'withoutHistory' | 'withoutKeys'>;

/** Makes a snapshot of the cluster in a data directory: of one that runs by its own process, else of its store. */
export async function saveClusterSnapshot(platform: Platform, options: SaveOptions): Promise<Inspection> {
  const { files } = platform;
  const { dataDir, path, withoutHistory, withoutKeys, signal } = options;
  const state = await readState(files, dataDir);
  const running = state !== undefined && (await isRunning(files, state));
  const request = { command: 'snapshot', withoutHistory, withoutKeys };
  const write = (toFile: Send) => {
    const send = (piece: Buffer) => {
      signal.throwIfAborted();
      return toFile(piece);
    };
    return running ? pass(askControl(dataDir, request), send) : writeStopped(platform, options, send);
  };
  try {
    return await saveSnapshot(path, files, { write, whenWhole: inspect });
  } catch (error) {
    throw new UserError(`no snapshot was made: ${(error as Error).message}`, hintFor(error));
  }
}

type Send = (piece: Buffer) => Promise<void>;

/** What the process of a cluster does when it is asked for a snapshot. */
export function snapshotCommand(platform: Platform, store: Store, dataDir: string): ControlCommand {
  return (wanted, send) => write(platform, { ...(wanted as Wanted), store, dataDir }, send);
}

async function write(
  { files, clock }: Platform,
  { store, dataDir, withoutHistory, withoutKeys }: Wanted & { store: Store; dataDir: string },
  send: Send,
): Promise<void> {
  if (!isCopyable(store)) {
    throw new Error('the objects of this cluster are in etcd: use `etcdctl snapshot save`');
  }
  const options: SnapshotOptions = {
    writer: `k8ts ${version}`,
    takenMs: clock.now(),
    files: withoutKeys ? [] : await keysOf(files, dataDir),
    withoutHistory,
    clock,
  };
  await writeSnapshot(store, options, send);
}

/** The authorities, certificates and token keys of a cluster. */
async function keysOf(files: Platform['files'], dataDir: string): Promise<AttachedFile[]> {
  const dir = `${dataDir}/pki`;
  const names = (await files.list(dir)).filter((name) => /\.(pem|key|json)$/.test(name));
  return Promise.all(names.map(async (name) => ({ name, content: await files.read(`${dir}/${name}`) })));
}

async function pass(pieces: AsyncIterable<Buffer>, send: Send): Promise<void> {
  for await (const piece of pieces) await send(piece);
}

async function writeStopped(platform: Platform, options: SaveOptions, send: Send): Promise<void> {
  const { files, clock } = platform;
  const { dataDir, path, signal, withoutHistory } = options;
  if (await holdsEtcd(dataDir, files)) {
    const said = { writer: `k8ts ${version}`, takenMs: clock.now(), withoutHistory };
    const parts = Object.values(etcdParts);
    return openable({ dataDir, parts, beside: path, signal }, files, (from) =>
      writeStoppedEtcd({ path: from, files, clock }, said, send),
    );
  }
  if (!(await files.exists(`${dataDir}/store/store.mdb`))) throw new Error(`there is no store in ${dataDir}`);
  await openable({ dataDir, parts: ['store'], beside: path, signal }, files, async (from) => {
    const store = await openEmbeddedStore({ path: `${from}/store`, clock, files });
    await write(platform, { ...options, store }, send).finally(() => store.close());
  });
}

function hintFor(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return 'the disk is full; what stood under that name before is still there';
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EROFS')
    return 'its folder must be there and be writable';
  if (isInUse(error)) {
    return 'that process was not started by `k8ts up`: stop it, or ask it for a snapshot itself';
  }
  return undefined;
}
