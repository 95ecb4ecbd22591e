import type { Status } from '../../api/meta/v1.ts';
import { frameProtobufEvent } from '../../machinery/protobuf.ts';
import type { CachedObject, WatchFrame } from '../request.ts';
import { type Codecs, encodeBare } from './encode.ts';
import type { Format } from './negotiate.ts';

/** Writes the events of one watch. */
export interface WatchEncoder {
  contentType: string;
  frame(frame: WatchFrame): Uint8Array;
  /** The event that tells why a watch cannot go on. */
  error(status: Status): Uint8Array;
}

type Memo = Map<string, Uint8Array>;

/** Events by the object they are about: encoded once for all who watch it in the same way. */
const memos = new WeakMap<CachedObject, Memo>();

/** What was encoded last, for whoever asks next: an event goes to all its watchers in a row. */
let latest: { cached: CachedObject; key: string; bytes: Uint8Array } | undefined;

function remember(cached: CachedObject, key: string, make: () => Uint8Array): Uint8Array {
  if (latest?.cached === cached && latest.key === key) return latest.bytes;
  let memo = memos.get(cached);
  if (!memo) {
    memo = new Map();
    memos.set(cached, memo);
  }
  let bytes = memo.get(key);
  if (!bytes) {
    bytes = make();
    memo.set(key, bytes);
  }
  latest = { cached, key, bytes };
  return bytes;
}

/** The keys of events that nothing is converted in. */
const plainKeys: Record<string, Record<string, string>> = Object.fromEntries(
  ['json', 'protobuf'].map((encoding) => [
    encoding,
    Object.fromEntries(['ADDED', 'MODIFIED', 'DELETED'].map((type) => [type, `${type} ${encoding}`])),
  ]),
);

const lineEnd = Buffer.from('}\n');

function jsonEvent(type: string, object: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, lineEnd]);
}

/** What is sent in place of the object, for watches that ask for a table or metadata alone. */
export interface FrameConversion {
  /** Tells conversions apart whose results differ. */
  key: string;
  /** A fresh value for the object. */
  convert(object: object): object;
}

/** An encoder for a watch in this format. Pretty printing does not apply: an event is a line. */
export function watchEncoder(
  format: Format,
  codecs: Codecs,
  conversion?: () => FrameConversion,
): WatchEncoder {
  const event = format.encoding === 'protobuf' ? frameProtobufEvent : jsonEvent;
  const plain: Format = { encoding: format.encoding, pretty: false };
  const keys = plainKeys[format.encoding] as Record<string, string>;
  const bare = (object: object) => encodeBare({ object: object as Status }, plain, codecs);
  return {
    contentType:
      format.encoding === 'protobuf'
        ? 'application/vnd.kubernetes.protobuf;stream=watch'
        : 'application/json',
    error: (status) => event('ERROR', bare(status)),
    frame(frame) {
      const by = conversion?.();
      if (frame.type === 'BOOKMARK')
        return event('BOOKMARK', bare(by ? by.convert(frame.object) : frame.object));
      const { cached, type } = frame;
      const make = () => {
        if (by) return event(type, bare(by.convert(cached.object)));
        return event(type, encodeBare({ object: cached.object, cached }, plain, codecs));
      };
      const key = keys[type] as string;
      return remember(cached, by ? `${key} ${by.key}` : key, make);
    },
  };
}
