/** Secrets that hold a token of a service account. */
export const tokenSecretType = 'kubernetes.io/service-account-token';
/** The day on which a server was last shown the token of a Secret. */
export const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
/** The day from which on the token of a Secret is refused. */
export const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
/** The ConfigMap in kube-system, and its key, that says since which day servers note the use of tokens. */
export const trackingConfigMap = 'kube-apiserver-legacy-service-account-token-tracking';
export const trackingKey = 'since';

/** The day (UTC) as `2026-01-31`. */
export const dateOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

/** The beginning of such a day in milliseconds since the epoch; NaN where it is none. */
export function parseDate(text: string | undefined): number {
  const timeMs = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(timeMs) && dateOf(timeMs) === text ? timeMs : Number.NaN;
}
