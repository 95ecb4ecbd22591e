import type { Files } from '../platform/files.ts';
import { socketPath } from './control-socket.ts';
import { type KnownProcess, knownProcess } from './state.ts';

/** Flag of a socket in /proc/net/unix that somebody listens on (`__SO_ACCEPTCON`). */
const listening = '00010000';

/**
 * Finds the process of a cluster of which the data directory says nothing any more, since somebody has removed that while it ran: the
 * kernel knows who listens on the socket there, removed or not. Undefined where nobody does, and where the system does not tell.
 */
export async function unrecordedProcess(files: Files, dataDir: string): Promise<KnownProcess | undefined> {
  const inodes = await listenedInodes(files, socketPath(dataDir));
  if (inodes.size === 0) return undefined;
  for (const pid of await files.list('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    if (await holds(files, pid, inodes)) return knownProcess(files, Number(pid));
  }
  return undefined;
}

/** Columns: address, references, protocol, flags, type, state, inode, path. */
async function listenedInodes(files: Files, path: string): Promise<Set<string>> {
  const table = await files.readText('/proc/net/unix').catch(() => '');
  const lines = table.split('\n').filter((line) => line.endsWith(` ${path}`));
  const columns = lines.map((line) => line.trim().split(/\s+/));
  return new Set(columns.filter((c) => c[3] === listening).map((c) => `socket:[${c[6]}]`));
}

/** What is another user's is not shown. */
async function holds(files: Files, pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const dir = `/proc/${pid}/fd`;
  for (const fd of await files.list(dir).catch(() => [])) {
    const target = await files.readLink(`${dir}/${fd}`).catch(() => '');
    if (inodes.has(target)) return true;
  }
  return false;
}
