import type { StatusError } from '../../machinery/status-error.ts';
import type { ReplyStream } from '../../platform/http.ts';
import type { FrameSink, WatchAnswer } from '../request.ts';
import type { TurnWriter } from './turn-writer.ts';
import type { WatchEncoder } from './watch-encoder.ts';

export interface WatchStreamOptions {
  stream: ReplyStream;
  answer: WatchAnswer;
  encoder: WatchEncoder;
  writer: TurnWriter;
  /** What may be under way to a client before it is waited for. */
  bufferBytes: number;
  /** Aborted when the client has gone. */
  signal: AbortSignal;
  /** Called for each event. */
  onEvent?: (() => void) | undefined;
  /** Called once, when the watch is over. */
  onOver?(): void;
}

/**
 * Sends a watch's events as they come. A client that does not take them is sent no more until it has; meanwhile
 * nothing is kept for it but its place among the events that everybody shares.
 */
export function streamWatch(options: WatchStreamOptions): void {
  const { stream, answer, encoder, writer, bufferBytes, signal } = options;
  const box = writer.open(stream);
  let over = false;
  const finish = (end: () => void) => {
    if (over) return;
    over = true;
    signal.removeEventListener('abort', onGone);
    end();
    options.onOver?.();
  };
  const sink: FrameSink = {
    onFrame(frame) {
      if (over) return false;
      options.onEvent?.();
      return writer.write(box, encoder.frame(frame), bufferBytes);
    },
    drained() {
      writer.flush(box);
      return stream.drained();
    },
    onEnd(error) {
      finish(() => {
        writer.flush(box);
        end(options, error);
      });
    },
  };
  const onGone = () => {
    handle.stop();
    finish(() => {
      writer.discard(box);
      stream.abort();
    });
  };
  signal.addEventListener('abort', onGone, { once: true });
  const handle = answer.open(sink);
  if (signal.aborted) onGone();
}

/** A client that has stopped reading would not get to see why either: its stream is broken off. */
function end({ stream, encoder, bufferBytes }: WatchStreamOptions, error: StatusError | undefined): void {
  if (stream.bufferedBytes > bufferBytes) return stream.abort();
  if (error) stream.write(encoder.error(error.status));
  stream.end();
}
