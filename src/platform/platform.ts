import { type Clock, systemClock } from './clock.ts';
import { type Files, systemFiles } from './files.ts';
import type { Log } from './log.ts';
import { lastingProcesses, type Processes, systemProcesses } from './processes.ts';
import { type Random, systemRandom } from './random.ts';

/** Everything a component may use of the world outside, handed to it by who makes it. */
export interface Platform {
  clock: Clock;
  random: Random;
  log: Log;
  files: Files;
  processes: Processes;
}

/** The real world. With `outliveTerminal`, so do the services that are started: what a terminal sends to all its processes does not reach them. */
export function systemPlatform(log: Log, { outliveTerminal = false } = {}): Platform {
  const processes = outliveTerminal ? lastingProcesses : systemProcesses;
  return { clock: systemClock, random: systemRandom, log, files: systemFiles, processes };
}
