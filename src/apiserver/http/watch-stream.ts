import type { StatusError } from '../../machinery/status-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ReplyStream } from '../../platform/http.ts';
import type { FrameSink, WatchAnswer } from '../request.ts';
import type { WatchEncoder } from './watch-encoder.ts';

export interface WatchStreamOptions {
  stream: ReplyStream;
  answer: WatchAnswer;
  encoder: WatchEncoder;
  clock: Clock;
  /** Ends an ordinary watch after this time. */
  timeoutMs: number;
  /** How far a client may fall behind. */
  bufferBytes: number;
  /** Aborted when the client has gone. */
  signal: AbortSignal;
  /** Called once, when the watch is over. */
  onOver?(): void;
}

/**
 * Sends a watch's events as they come. What there is at the start may be larger than a slow client can take at
 * once; it is shared bytes and is let through. From then on a client may lag by `bufferBytes`, and is ended beyond.
 */
export function streamWatch(options: WatchStreamOptions): void {
  const { stream, answer, encoder, clock, bufferBytes, signal } = options;
  let allowance = Number.POSITIVE_INFINITY;
  let over = false;
  const finish = (end: () => void) => {
    if (over) return;
    over = true;
    timer.cancel();
    end();
    options.onOver?.();
  };
  const sink: FrameSink = {
    onFrame(frame) {
      if (over) return false;
      allowance = Math.min(allowance, stream.bufferedBytes + bufferBytes);
      stream.write(encoder.frame(frame));
      return stream.bufferedBytes <= allowance;
    },
    onEnd: (error) => finish(() => end(options, error)),
  };
  const timer = clock.after(options.timeoutMs, () => {
    handle?.stop();
    finish(() => stream.end());
  });
  const handle = answer.open(sink);
  allowance = stream.bufferedBytes + bufferBytes;
  const onGone = () => {
    handle.stop();
    finish(() => stream.abort());
  };
  if (signal.aborted) onGone();
  else signal.addEventListener('abort', onGone, { once: true });
}

/** A client that has stopped reading would not get to see why either: its stream is broken off. */
function end({ stream, encoder, bufferBytes }: WatchStreamOptions, error: StatusError | undefined): void {
  if (stream.bufferedBytes > bufferBytes) return stream.abort();
  if (error) stream.write(encoder.error(error.status));
  stream.end();
}
