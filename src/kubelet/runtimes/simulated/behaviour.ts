import { milliValue, quantityValue } from '../../../machinery/quantity.ts';

/**
 * What a pod's annotations `simulated.k8ts.dev/<name>` make its containers do; `<name>.<container>` is for one
 * container alone. Spans are written as Go does (`1m30s`), cpu and memory as quantities.
 */
export interface Behaviour {
  /** Ends by itself after this time; runs until it is stopped where absent. `exit-after` */
  exitAfterMs?: number;
  /** `exit-code`; several, separated by commas, for one start after the other. */
  exitCode: number;
  /** `exit-reason`, such as OOMKilled. */
  exitReason?: string;
  /** Time from the stop signal to the end; longer than the grace period means that it is killed. `stop-after` */
  stopAfterMs: number;
  /** Fails to start with this message. `start-error` */
  startError?: string;
  /** Cannot be pulled, with this message. `pull-error` */
  pullError?: string;
  /** What it prints when it starts. `logs` */
  logs?: string;
  /** How every command executed in it ends, probes included; those succeed where absent. `exec-exit-code` */
  execExitCode?: number;
  /** What every command executed in it prints. `exec-output` */
  execOutput?: string;
  /** Whether something answers at the pod's address, on every port: HTTP, TCP and gRPC probes, and hooks. `listens`, of the pod as a whole */
  listens: boolean;
  /** `cpu` */
  cpuMillicores: number;
  /** `memory` */
  memoryBytes: number;
}

const prefix = 'simulated.k8ts.dev/';
const unitsMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Reads a span such as `1m30s`; undefined where it is none. */
export function parseSpanMs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) return undefined;
  return parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitsMs[unit as string] as number),
    0,
  );
}

/** What is written wrongly counts as not written: annotations are anyone's to write. */
function attempt<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  try {
    return text === undefined ? undefined : parse(text);
  } catch {
    return undefined;
  }
}

/** What a list separated by commas says of one attempt; its last entry holds for all that follow. */
const forAttempt = (text: string | undefined, attempt: number) => {
  const entries = text?.split(',');
  return entries?.[Math.min(attempt, entries.length - 1)]?.trim();
};

const wholeNumber = (text: string) => (/^\d{1,3}$/.test(text) ? Number(text) : undefined);

export function behaviourOf(annotations: Record<string, string>, container: string, start = 0): Behaviour {
  const told = (name: string) => annotations[`${prefix}${name}.${container}`] ?? annotations[prefix + name];
  return {
    exitAfterMs: attempt(told('exit-after'), parseSpanMs),
    exitCode: attempt(forAttempt(told('exit-code'), start), wholeNumber) ?? 0,
    exitReason: told('exit-reason'),
    stopAfterMs: attempt(told('stop-after'), parseSpanMs) ?? 0,
    startError: told('start-error'),
    pullError: told('pull-error'),
    logs: told('logs'),
    execExitCode: attempt(told('exec-exit-code'), wholeNumber),
    execOutput: told('exec-output'),
    listens: told('listens') !== 'false',
    cpuMillicores: attempt(told('cpu'), milliValue) ?? 1,
    memoryBytes: attempt(told('memory'), quantityValue) ?? 1 << 20,
  };
}
