const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

const withRest = (whole: string, rest: number, unit: string) =>
  rest === 0 ? whole : `${whole}${rest}${unit}`;

function days(hours: number): string {
  const count = Math.floor(hours / 24);
  if (hours < 24 * 8) return withRest(`${count}d`, hours % 24, 'h');
  if (count < 365 * 2) return `${count}d`;
  const years = Math.floor(count / 365);
  return count < 365 * 8 ? withRest(`${years}y`, count % 365, 'd') : `${years}y`;
}

/**
 * A span as people read it in a table: at most two units, coarser the longer it is (`90s`, `5m30s`, `3h`, `2d4h`).
 * Up to two seconds below zero are clocks that differ; less is `<invalid>`.
 */
export function humanDuration(spanMs: number): string {
  const seconds = Math.trunc(spanMs / second);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(spanMs / minute);
  if (minutes < 10) return withRest(`${minutes}m`, seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(spanMs / hour);
  if (hours < 8) return withRest(`${hours}h`, minutes % 60, 'm');
  return hours < 48 ? `${hours}h` : days(hours);
}

/** How long ago a moment was. */
export function humanAge(time: string | null | undefined, nowMs: number): string {
  return time ? humanDuration(nowMs - Date.parse(time)) : '<unknown>';
}
