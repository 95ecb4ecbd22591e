import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from '@bufbuild/protobuf';

/** A call in which messages go on, however it came: over gRPC or as JSON. */
export interface StreamCall<I, O> {
  onMessage(fn: (message: I) => void): void;
  /** The client has said all it wants to say. */
  onHalfClose(fn: () => void): void;
  /** The call is over, by whom ever. */
  onClose(fn: () => void): void;
  /** False where the client does not take what it is sent: `onDrain` tells when it does again. */
  write(message: O): boolean;
  onDrain(fn: () => void): void;
  /** Ends the call; with an error where one is given. */
  end(error?: unknown): void;
}

/** One method of a service and what answers it. */
export type Route =
  | { method: DescMethod; unary(request: never, call: CallInfo): Promise<unknown> }
  | { method: DescMethod; stream(call: StreamCall<never, never>): void };

export interface CallInfo {
  /** Aborted when the client is gone; to be asked for by those who wait. */
  readonly signal: AbortSignal;
}

interface Method<I extends DescMessage, O extends DescMessage> {
  input: I;
  output: O;
}

/** A method with one answer. */
export function unary<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & Method<I, O>,
  answer: (request: MessageShape<I>, call: CallInfo) => Promise<MessageInitShape<O>>,
): Route {
  return { method, unary: answer as never };
}

/** A method whose answers go on. */
export function streaming<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & Method<I, O>,
  serve: (call: StreamCall<MessageShape<I>, MessageInitShape<O>>) => void,
): Route {
  return { method, stream: serve as never };
}
