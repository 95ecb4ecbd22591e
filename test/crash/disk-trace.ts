/** What a process did to a file and said on its standard output, read from what strace wrote down of it. */

/** Places are lines of the trace: a call begins at one, and has returned at another. */
interface Span {
  begun: number;
  /** Infinity where it never returned. */
  returned: number;
}

export interface DiskWrite extends Span {
  offset: number;
  bytes: Buffer;
  /** On disk when it has returned: the file was opened so (O_DSYNC). */
  synced: boolean;
}

export interface DiskTrace {
  writes: DiskWrite[];
  /** Calls after which all that was written before is on disk. */
  syncs: Span[];
  /** Lines on standard output. */
  said: { at: number; line: string }[];
  /** How many lines the trace has. */
  length: number;
}

/** The calls that a trace must have; what is written in full, and as hexadecimal. */
export const straceOptions = [
  ...['-f', '-qq', '-xx', '-s', '1000000', '-e', 'signal=none', '-e'],
  'trace=openat,close,lseek,write,writev,pwrite64,pwritev,pwritev2,fdatasync,fsync,msync,sync_file_range,ftruncate',
];

interface Call extends Span {
  name: string;
  args: string;
  result: number;
}

/** Calls that strace tells in two parts are put together. */
function callsOf(text: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, Call>();
  for (const [at, line] of text.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const begun = /^(\w+)\((.*)$/.exec(rest);
    const call = resumed
      ? open.get(thread)
      : begun && {
          name: begun[1] as string,
          args: '',
          begun: at,
          returned: Number.POSITIVE_INFINITY,
          result: -1,
        };
    if (!call) continue;
    if (!resumed) calls.push(call);
    const part = resumed ? (resumed[1] as string) : (begun?.[2] as string);
    const isCut = part.endsWith('<unfinished ...>');
    const end = isCut ? -1 : part.lastIndexOf(') ');
    call.args += isCut
      ? part.slice(0, part.indexOf('<unfinished'))
      : part.slice(0, end < 0 ? undefined : end);
    if (isCut) open.set(thread, call);
    const result = /^\) += (-?\d+)/.exec(end < 0 ? '' : part.slice(end));
    if (!result) continue;
    call.returned = at;
    call.result = Number(result[1]);
  }
  return calls;
}

const strings = /"((?:\\x[0-9a-f]{2})*)"/g;

/** The bytes of all texts among the arguments, one after the other. */
function bytesOf(args: string): Buffer {
  return Buffer.concat(
    [...args.matchAll(strings)].map(([, hex = '']) => Buffer.from(hex.replaceAll('\\x', ''), 'hex')),
  );
}

const lastNumber = (args: string) => Number(args.slice(args.lastIndexOf(',') + 1));
const knownCalls = new Set([
  'openat',
  'close',
  'lseek',
  'write',
  'writev',
  'pwrite64',
  'fdatasync',
  'fsync',
  'ftruncate',
]);

/** Reads a trace, with an eye on the file whose path ends so. Throws at a call that it does not know how to read. */
export function readTrace(text: string, fileName: string): DiskTrace {
  const trace: DiskTrace = { writes: [], syncs: [], said: [], length: text.split('\n').length };
  /** Descriptors of the file, and where each stands. */
  const files = new Map<number, { synced: boolean; position: number }>();
  let said = '';
  for (const call of callsOf(text)) {
    const { name, args, result } = call;
    const descriptor = Number.parseInt(args, 10);
    if (name === 'openat' && bytesOf(args).toString().endsWith(fileName)) {
      files.set(result, { synced: /O_D?SYNC/.test(args), position: 0 });
      continue;
    }
    if (name === 'write' && descriptor === 1) {
      const lines = (said + bytesOf(args).toString()).split('\n');
      said = lines.pop() as string;
      trace.said.push(...lines.map((line) => ({ at: call.begun, line })));
    }
    const file = files.get(descriptor);
    if (!file) continue;
    if (!knownCalls.has(name)) throw new Error(`Nobody has told what ${name} does to the file`);
    if (name === 'close') files.delete(descriptor);
    else if (name === 'lseek') file.position = result;
    else if (name === 'fdatasync' || name === 'fsync') trace.syncs.push(call);
    else if (name === 'pwrite64') {
      trace.writes.push({ ...call, ...file, offset: lastNumber(args), bytes: bytesOf(args) });
    } else if (name === 'write' || name === 'writev') {
      const bytes = bytesOf(args);
      trace.writes.push({ ...call, ...file, offset: file.position, bytes });
      file.position += bytes.length;
    }
  }
  return trace;
}

const sectorBytes = 512;

/** Whether a write is on disk for good when the power goes just before a line of the trace. */
function isDurable({ synced, returned }: DiskWrite, syncs: readonly Span[], at: number): boolean {
  if (returned >= at) return false;
  return synced || syncs.some((sync) => sync.begun > returned && sync.returned < at);
}

/**
 * The file as it may be found after the power went just before a line of the trace. What is not durable is there or
 * not, sector by sector, as `keeps` says; a sector is written whole or not at all.
 */
export function afterPowerLoss({ writes, syncs }: DiskTrace, at: number, keeps: () => boolean): Buffer {
  const begun = writes.filter((write) => write.begun < at);
  const image = Buffer.alloc(Math.max(0, ...begun.map(({ offset, bytes }) => offset + bytes.length)));
  let size = 0;
  for (const write of begun) {
    const durable = isDurable(write, syncs, at);
    const end = write.offset + write.bytes.length;
    for (let from = write.offset; from < end; ) {
      const to = Math.min(end, from - (from % sectorBytes) + sectorBytes);
      if (durable || keeps()) {
        write.bytes.copy(image, from, from - write.offset, to - write.offset);
        size = Math.max(size, to);
      }
      from = to;
    }
  }
  return image.subarray(0, size);
}
