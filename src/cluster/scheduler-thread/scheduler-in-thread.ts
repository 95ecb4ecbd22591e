import type { Component } from '../../client/component.ts';
import { passTransport } from '../../client/passed-transport.ts';
import type { Transport } from '../../client/transport.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Metric, Value } from '../../platform/metrics/metric.ts';
import { startThread, type Thread } from '../../platform/thread.ts';
import type { Command, MeasuredMetric, Report, SchedulerTask } from './messages.ts';

export interface InThreadOptions {
  /** What the thread runs. */
  program: URL;
  task: SchedulerTask;
  /** The scheduler's way to the API server. */
  transport: Transport;
  log: Log;
  clock: Clock;
  /** Is told of what can be measured while the thread runs. */
  measured: ThreadMetrics;
}

/** What is under way when the scheduler is to stop has so long to end. */
const graceMs = 5000;

/** The scheduler in a thread of its own, so that neither its decisions nor its memory of the cluster hold others up. */
export function schedulerInThread(options: InThreadOptions): Component {
  return { name: 'kube-scheduler', run: (signal) => run(options, signal) };
}

async function run(
  { program, task, transport, log, clock, measured }: InThreadOptions,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const thread = startThread(program, task);
  const passed = passTransport(thread.channel, transport);
  measured.follow(thread);
  thread.control.on('message', (told) => {
    const report = told as Report;
    if (report.type !== 'log') return;
    const { level, component, message, fields } = report;
    (component ? log.named(component) : log)[level](message, fields);
  });
  const stop = () => {
    thread.control.postMessage({ type: 'stop' } satisfies Command);
    clock.sleep(graceMs, overdue.signal).then(
      () => thread.terminate(),
      () => {},
    );
  };
  const overdue = new AbortController();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await thread.ended;
    if (!signal.aborted) throw new Error('its thread has ended');
  } finally {
    signal.removeEventListener('abort', stop);
    overdue.abort();
    passed.close();
  }
}

/** What threads of this process have measured, for whoever looks. */
export class ThreadMetrics {
  #thread: Thread | undefined;
  #next = 0;
  readonly #waiting = new Map<number, (metrics: readonly MeasuredMetric[]) => void>();
  readonly #values = new Map<string, readonly Value[]>();
  readonly #metrics = new Map<string, Metric>();

  /** Asks this thread from now on, until it has ended. */
  follow(thread: Thread): void {
    this.#thread = thread;
    thread.control.on('message', (told) => {
      const report = told as Report;
      if (report.type === 'measured') this.#answered(report.id, report.metrics);
    });
    const over = () => {
      if (this.#thread === thread) this.#thread = undefined;
      for (const id of this.#waiting.keys()) this.#answered(id, []);
    };
    thread.ended.then(over, over);
  }

  /** All there are by now. What a thread has told last is what it has measured, if it is gone. */
  async metrics(): Promise<Iterable<Metric>> {
    const measured = this.#thread ? await this.#ask(this.#thread) : [];
    for (const { name, values, ...about } of measured) {
      this.#values.set(name, values);
      if (!this.#metrics.has(name))
        this.#metrics.set(name, { name, ...about, values: () => [...(this.#values.get(name) ?? [])] });
    }
    return this.#metrics.values();
  }

  #ask(thread: Thread): Promise<readonly MeasuredMetric[]> {
    const id = this.#next++;
    thread.control.postMessage({ type: 'measure', id } satisfies Command);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  #answered(id: number, metrics: readonly MeasuredMetric[]): void {
    this.#waiting.get(id)?.(metrics);
    this.#waiting.delete(id);
  }
}
