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

/**
 * Events by the object they are about and the way they are watched: encoded once for all who watch in the same way, as long
 * as they do so within so many bytes of other events.
 */
export class FrameMemo {
  readonly #limitBytes: number;
  readonly #frames = new Map<CachedObject, Map<string, Uint8Array>>();
  #bytes = 0;
  /** What was encoded last, for whoever asks next: an event goes to all its watchers in a row. */
  #latest: { cached: CachedObject; key: string; bytes: Uint8Array } | undefined;

  constructor(limitBytes = 8 << 20) {
    this.#limitBytes = limitBytes;
  }

  /** How much is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  remember(cached: CachedObject, key: string, make: () => Uint8Array): Uint8Array {
    if (this.#latest?.cached === cached && this.#latest.key === key) return this.#latest.bytes;
    const bytes = this.#frames.get(cached)?.get(key) ?? this.#keep(cached, key, make());
    this.#latest = { cached, key, bytes };
    return bytes;
  }

  #keep(cached: CachedObject, key: string, bytes: Uint8Array): Uint8Array {
    const known = this.#frames.get(cached);
    if (known) known.set(key, bytes);
    else this.#frames.set(cached, new Map([[key, bytes]]));
    this.#bytes += bytes.length;
    for (const [oldest, frames] of this.#frames) {
      if (this.#bytes <= this.#limitBytes || oldest === cached) break;
      this.#frames.delete(oldest);
      for (const frame of frames.values()) this.#bytes -= frame.length;
    }
    return bytes;
  }
}

const memo = new FrameMemo();

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

/** The same of a cached object, whose JSON is ready: it is written where it is sent from, and nothing is decoded. */
function cachedJsonEvent(type: string, cached: CachedObject): Uint8Array {
  const head = `{"type":"${type}","object":`;
  const out = Buffer.allocUnsafe(head.length + cached.jsonBytes + lineEnd.length);
  out.set(lineEnd, cached.writeJson(out, out.write(head, 0, 'latin1'), 0));
  return out;
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
        if (format.encoding === 'json') return cachedJsonEvent(type, cached);
        return event(type, encodeBare({ object: cached.object, cached }, plain, codecs));
      };
      const key = keys[type] as string;
      return memo.remember(cached, by ? `${key} ${by.key}` : key, make);
    },
  };
}
