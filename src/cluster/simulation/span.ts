/** A value as a message names it. */
export const shown = (value: unknown) => (typeof value === 'number' ? String(value) : JSON.stringify(value));

const unitsMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a span: a number of them, or text such as `90s`, `5m`, `1h30m` or `2d`. Throws where it is neither. */
export function spanMs(span: number | string): number {
  if (typeof span === 'number' && Number.isFinite(span) && span >= 0) return span;
  const parts = [...String(span).matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== span)
    throw new Error(`${shown(span)} is no span of time: write 90s, 5m, 1h30m, 2d, or milliseconds`);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitsMs[unit ?? ''] as number), 0);
}
