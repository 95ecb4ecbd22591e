import { MessageChannel, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';

/** A thread of this process, and two ways to talk to it: one of its own, and one for whoever is given it. */
export interface Thread {
  /** For what the thread is told and tells of itself. */
  readonly control: Port;
  readonly channel: Port;
  /** Resolves when the thread has ended; rejects with what has ended it, if it has failed. */
  readonly ended: Promise<void>;
  /** Ends it at once, whatever it does. */
  terminate(): Promise<void>;
}

/** The end of a way between two threads. Messages are copied, and come in the order in which they were posted. */
export interface Port {
  postMessage(message: unknown): void;
  on(event: 'message', fn: (message: unknown) => void): void;
}

interface Given {
  data: unknown;
  channel: MessagePort;
}

/** Starts a thread that runs the program, which finds `data` and the other ends in `ownThread`. */
export function startThread(program: URL, data: unknown): Thread {
  const { port1, port2 } = new MessageChannel();
  const given: Given = { data, channel: port2 };
  const worker = new Worker(program, { workerData: given, transferList: [port2] });
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  }).finally(() => port1.close());
  return {
    control: worker,
    channel: port1,
    ended,
    async terminate() {
      await worker.terminate();
    },
  };
}

/** What a program that runs in such a thread was given. */
export function ownThread(): { data: unknown; control: Port; channel: Port; close(): void } {
  const { data, channel } = workerData as Given;
  const control = parentPort as MessagePort;
  return {
    data,
    control,
    channel,
    close() {
      channel.close();
      control.close();
    },
  };
}
