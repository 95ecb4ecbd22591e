import type { Clock } from '../clock.ts';

/** What has come of one check in one place. */
interface Outcomes {
  name: string;
  /** Where it was asked for: `healthz`, `livez`, `readyz`. */
  type: string;
  isWell: boolean;
  success: number;
  error: number;
}

/** Counts what health checks find, under upstream's names: what objectives of the service are measured by. */
export class HealthCounts {
  readonly #outcomes = new Map<string, Outcomes>();
  readonly #startSeconds: number;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#startSeconds = clock.now() / 1000;
  }

  note(name: string, type: string, isWell: boolean): void {
    const key = `${type} ${name}`;
    const found = this.#outcomes.get(key) ?? { name, type, isWell, success: 0, error: 0 };
    found.isWell = isWell;
    found[isWell ? 'success' : 'error']++;
    this.#outcomes.set(key, found);
  }

  /** What `/metrics/slis` tells. */
  exposition(): string {
    const all = [...this.#outcomes.values()];
    const results = all.map(
      ({ name, type, isWell }) => `kubernetes_healthcheck{name="${name}",type="${type}"} ${Number(isWell)}`,
    );
    const totals = all.flatMap(({ name, type, ...counts }) =>
      (['error', 'success'] as const)
        .filter((status) => counts[status] > 0)
        .map(
          (status) =>
            `kubernetes_healthchecks_total{name="${name}",status="${status}",type="${type}"} ${counts[status]}`,
        ),
    );
    return [
      ...metric('kubernetes_healthcheck', 'gauge', 'Whether a check found all well the last time.', results),
      ...metric('kubernetes_healthchecks_total', 'counter', 'What checks have found.', totals),
      ...metric('process_start_time_seconds', 'gauge', 'When the process began.', [
        `process_start_time_seconds ${this.#startSeconds}`,
      ]),
      '',
    ].join('\n');
  }
}

const metric = (name: string, type: string, help: string, lines: readonly string[]) =>
  lines.length > 0 ? [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines] : [];
