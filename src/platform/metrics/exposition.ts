import type { Metric, Value } from './metric.ts';

/** The form in which Prometheus reads metrics. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

/** Metrics as text, those left out that have no values. */
export function expositionOf(metrics: Iterable<Metric>): string {
  return [...metrics].flatMap(linesOf).join('');
}

function linesOf({ name, type, help, stability, values }: Metric): string[] {
  const all = values();
  if (all.length === 0) return [];
  const told = stability ? `[${stability}] ${help}` : help;
  const head = [`# HELP ${name} ${told.replace(/[\\\n]/g, escaped)}\n`, `# TYPE ${name} ${type}\n`];
  return [...head, ...all.map((value) => lineOf(name, value))];
}

function lineOf(name: string, { labels, value, metricName = name }: Value): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) => `${label}="${String(text).replace(/[\\"\n]/g, escaped)}"`,
  );
  return `${metricName}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
}

const escaped = (character: string) => (character === '\n' ? '\\n' : `\\${character}`);
