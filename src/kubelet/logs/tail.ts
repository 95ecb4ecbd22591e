import type { FileHandle } from 'node:fs/promises';
import type { Files } from '../../platform/files.ts';
import { parseCriLine } from './cri-line.ts';

const blockBytes = 64 * 1024;
const newline = 0x0a;

/** Where the last `lines` lines of a file begin. */
export async function tailOffset(handle: FileHandle, sizeBytes: number, lines: number): Promise<number> {
  if (lines === 0) return sizeBytes;
  let left = lines;
  // The newline that ends the last line does not begin another.
  for (let end = sizeBytes - 1; end > 0; ) {
    const start = Math.max(0, end - blockBytes);
    const block = Buffer.alloc(end - start);
    await handle.read(block, 0, block.length, start);
    for (let at = block.length - 1; at >= 0; at--) {
      if (block[at] === newline && --left === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** The text of the last lines of a container's log, at most so many bytes. */
export async function readTail(
  files: Files,
  path: string,
  limit: { lines: number; bytes: number },
): Promise<string> {
  const handle = await files.open(path, 'r');
  try {
    const { size } = await handle.stat();
    const offset = Math.max(await tailOffset(handle, size, limit.lines), size - 64 * limit.bytes);
    const raw = Buffer.alloc(size - offset);
    await handle.read(raw, 0, raw.length, offset);
    const text = contentOf(raw);
    return text.subarray(Math.max(0, text.length - limit.bytes)).toString('utf8');
  } finally {
    await handle.close();
  }
}

function contentOf(raw: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let start = 0; start < raw.length; ) {
    const end = raw.indexOf(newline, start);
    const line = raw.subarray(start, end < 0 ? raw.length : end);
    const parsed = parseCriLine(line);
    if (parsed) parts.push(parsed.content);
    start = end < 0 ? raw.length : end + 1;
  }
  return Buffer.concat(parts);
}
