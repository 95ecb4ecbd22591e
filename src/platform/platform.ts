import { type Clock, systemClock } from './clock.ts';
import { type Files, systemFiles } from './files.ts';
import type { Log } from './log.ts';
import { type Processes, systemProcesses } from './processes.ts';
import { type Random, systemRandom } from './random.ts';

/** Everything a component may use of the world outside, handed to it by who makes it. */
export interface Platform {
  clock: Clock;
  random: Random;
  log: Log;
  files: Files;
  processes: Processes;
}

/** The real world. */
export function systemPlatform(log: Log): Platform {
  return { clock: systemClock, random: systemRandom, log, files: systemFiles, processes: systemProcesses };
}
