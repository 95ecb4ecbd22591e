import type { Probe } from '../../api/core/v1.ts';

export type ProbeKind = 'liveness' | 'readiness' | 'startup';

/** How one try of a probe went. */
export interface ProbeOutcome {
  ok: boolean;
  /** What to tell people; what it printed, or why it failed. */
  output: string;
  /** It could not be tried at all, which decides nothing. */
  errored?: boolean;
  /** It counts as well, but people should hear of it. */
  warning?: boolean;
}

/** What a probe has found out about one run of a container. */
export interface ProbeMemory {
  containerId: string;
  /** The verdict in force; undefined until there is one. */
  verdict: boolean | undefined;
  lastOk: boolean | undefined;
  /** Outcomes in a row like the last. */
  streak: number;
}

/** A container that has just started: not ready, and nothing is held against it. */
export function freshMemory(kind: ProbeKind, containerId: string): ProbeMemory {
  return { containerId, verdict: kind === 'readiness' ? false : undefined, lastOk: undefined, streak: 0 };
}

/** Takes one outcome in: as many in a row as the probe's threshold make a verdict. */
export function remember(memory: ProbeMemory, outcome: ProbeOutcome, probe: Probe): ProbeMemory {
  if (outcome.errored) return memory;
  const streak = memory.lastOk === outcome.ok ? memory.streak + 1 : 1;
  const threshold = outcome.ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  const verdict = streak >= threshold ? outcome.ok : memory.verdict;
  return { ...memory, verdict, lastOk: outcome.ok, streak };
}

/** Whether the probe has nothing more to say of this run: a start is over, or the container will be killed. */
export function isSettled(kind: ProbeKind, memory: ProbeMemory): boolean {
  if (kind === 'startup') return memory.verdict !== undefined;
  return kind === 'liveness' && memory.verdict === false;
}
