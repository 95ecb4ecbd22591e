/** One entry of a container's log file in the CRI format: `time stream tags content`. */
export interface CriLine {
  timeMs: number;
  /** As it stands in the file: RFC 3339 with up to nine decimals. */
  time: string;
  stream: 'stdout' | 'stderr';
  /** The line goes on in the next entry of its stream. */
  partial: boolean;
  /** With the line's end where it is not partial. */
  content: Buffer;
}

const space = 0x20;
const newline = 0x0a;

/** Takes one line (without its newline) of a log file apart; undefined where it is not in the CRI format. */
export function parseCriLine(line: Buffer): CriLine | undefined {
  const afterTime = line.indexOf(space);
  const afterStream = line.indexOf(space, afterTime + 1);
  if (afterTime < 0 || afterStream < 0) return undefined;
  const afterTags = line.indexOf(space, afterStream + 1);
  const tagsEnd = afterTags < 0 ? line.length : afterTags;
  const time = line.toString('latin1', 0, afterTime);
  const stream = line.toString('latin1', afterTime + 1, afterStream);
  const tags = line.toString('latin1', afterStream + 1, tagsEnd).split(':');
  const timeMs = Date.parse(time);
  if (Number.isNaN(timeMs) || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
  const text = line.subarray(Math.min(line.length, tagsEnd + 1));
  const partial = tags[0] === 'P';
  return {
    timeMs,
    time,
    stream,
    partial,
    content: partial ? text : Buffer.concat([text, Buffer.of(newline)]),
  };
}
