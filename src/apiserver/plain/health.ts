import { goQuote } from '../../machinery/go-text.ts';
import type { Exchange } from '../corridor/exchange.ts';
import type { PathMux, PlainAnswer } from '../corridor/plain-routes.ts';
import type { HealthCounts } from '../../platform/metrics/health-counts.ts';

/** One thing that must be well. Gives why it is not. */
export interface HealthCheck {
  name: string;
  check(): Promise<string | undefined> | string | undefined;
}

/** What has to be done once after the start before the server is ready. */
export class StartHooks {
  readonly #done = new Map<string, boolean>();

  add(name: string): void {
    this.#done.set(name, false);
  }

  finish(name: string): void {
    this.#done.set(name, true);
  }

  checks(): HealthCheck[] {
    return [...this.#done.keys()].map((name) => this.check(name, `poststarthook/${name}`));
  }

  /** What asks whether one of them is done, under a name of its own. */
  check(hook: string, name: string): HealthCheck {
    return { name, check: () => (this.#done.get(hook) ? undefined : 'not finished') };
  }
}

export const ping: HealthCheck = { name: 'ping', check: () => undefined };

/** Whether what is logged is held up; nobody waits for that here. */
export const logging: HealthCheck = { name: 'log', check: () => undefined };

const text = 'text/plain; charset=utf-8';
const headers = { 'x-content-type-options': 'nosniff' };

/** Serves `/healthz`, `/livez` or `/readyz`, and each of its checks below it. */
export function serveHealth(
  mux: PathMux,
  path: string,
  { checks, counts }: { checks: readonly HealthCheck[]; counts: HealthCounts },
): void {
  mux.handle(path, (x) => whole(x, path.slice(1), { checks, counts }));
  mux.handle(`${path}/`, (x) => single(x.path.slice(path.length + 1), checks));
  for (const { name } of checks) mux.announce(`${path}/${name}`);
}

async function single(name: string, checks: readonly HealthCheck[]): Promise<PlainAnswer | undefined> {
  const found = checks.find((check) => check.name === name);
  if (!found) return undefined;
  const reason = await found.check();
  if (reason === undefined) return { contentType: text, body: 'ok' };
  return { code: 500, contentType: text, headers, body: `internal server error: ${reason}\n` };
}

async function whole(
  x: Exchange,
  name: string,
  { checks, counts }: { checks: readonly HealthCheck[]; counts: HealthCounts },
): Promise<PlainAnswer> {
  const excluded = new Set(x.query.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const { name: checkName, check } of checks) {
    if (excluded.delete(checkName)) {
      lines.push(`[+]${checkName} excluded: ok`);
      continue;
    }
    const isWell = (await check()) === undefined;
    counts.note(checkName, name, isWell);
    if (!isWell) failed = true;
    lines.push(isWell ? `[+]${checkName} ok` : `[-]${checkName} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const unknown = [...excluded].sort().map(goQuote).join(',');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown}`);
  }
  const verbose = (verdict: string) => `${lines.join('\n')}\n${name} check ${verdict}\n`;
  if (failed) return { code: 500, contentType: text, headers, body: verbose('failed') };
  return { contentType: text, headers, body: x.query.has('verbose') ? verbose('passed') : 'ok' };
}
