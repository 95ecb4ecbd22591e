import fc from 'fast-check';
import { type Arena, openArena, type Way } from './arena.ts';
import { checkRequest } from './invariants.ts';
import { makeRequest } from './make-request.ts';
import { type Plan, plan } from './mutations.ts';
import { describe } from './request.ts';

/** So many requests, then a server that has seen nothing. */
const requestsPerArena = 400;

/** How a run went. */
export interface Report {
  requests: number;
  byCode: Map<number, number>;
  slowest: { cpuMs: number; request: string };
  /** What was found, with the request that shows it and how to have it again; absent if nothing was. */
  found?: string;
}

export interface RunOptions {
  way: Way;
  seed: number;
  /** When to stop. */
  done(report: Report): boolean;
  /** How busy one request may keep the process. */
  cpuLimitMs: number;
  open?(): Promise<Arena>;
}

/** Sends changed requests until `done`, or until something is found; the plan of what is found is made small. */
export async function fuzz(options: RunOptions): Promise<Report> {
  const report: Report = { requests: 0, byCode: new Map(), slowest: { cpuMs: 0, request: '' } };
  const stray: unknown[] = [];
  const onStray = (error: unknown) => stray.push(error);
  process.on('unhandledRejection', onStray);
  try {
    for (let round = 0; !report.found && !options.done(report); round++) {
      report.found = await oneArena({ ...options, seed: options.seed + round }, report, stray);
    }
  } finally {
    process.off('unhandledRejection', onStray);
  }
  return report;
}

async function oneArena(options: RunOptions, report: Report, stray: unknown[]): Promise<string | undefined> {
  const open = options.open ?? (() => openArena(options.way));
  const arena = await open();
  const property = fc.asyncProperty(plan, async (given) => {
    if (options.done(report)) return;
    await oneRequest(given, { arena, report, stray, cpuLimitMs: options.cpuLimitMs });
  });
  try {
    const result = await fc.check(property, { seed: options.seed, numRuns: requestsPerArena });
    if (!result.failed) return undefined;
    const [given] = result.counterexample as [Plan];
    const error = result.errorInstance;
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `seed ${options.seed}\n${why}\n\n${describe(makeRequest(given))}`;
  } finally {
    await arena.stop();
  }
}

interface Run {
  arena: Arena;
  report: Report;
  stray: unknown[];
  cpuLimitMs: number;
}

async function oneRequest(given: Plan, { arena, report, stray, cpuLimitMs }: Run): Promise<void> {
  const request = makeRequest(given);
  const { code, cpuMs } = await checkRequest(arena, request, cpuLimitMs);
  report.requests++;
  report.byCode.set(code, (report.byCode.get(code) ?? 0) + 1);
  if (cpuMs > report.slowest.cpuMs) report.slowest = { cpuMs, request: describe(request) };
  if (stray.length > 0) throw stray.pop();
}
