import { type FieldError, invalid } from '../../../machinery/field-error.ts';

/** The pod security standards, from the loosest to the strictest. */
const levels = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof levels)[number];

/** A standard as it was in a minor version of Kubernetes 1; absent for the newest. */
export interface Standard {
  level: Level;
  minor?: number;
}

/** The newest version of the standards that is known; those of later versions are taken for it. */
export const newestMinor = 36;

const modes = ['enforce', 'audit', 'warn'] as const;
export type Mode = (typeof modes)[number];

/** What a namespace asks of its pods: some are refused, some noted, some warned of. */
export type Policy = Record<Mode, Standard>;

export const labelPrefix = 'pod-security.kubernetes.io/';

const versionPattern = /^v1\.(0|[1-9]\d*)$/;

/** What pods are held to where nobody says. */
export const noPolicy: Policy = {
  enforce: { level: 'privileged' },
  audit: { level: 'privileged' },
  warn: { level: 'privileged' },
};

/**
 * What the labels of a namespace ask, or else the defaults, and what is wrong with them: what cannot be read is enforced as strictly as
 * can be.
 */
export function policyOf(
  labels: Readonly<Record<string, string>> = {},
  defaults: Policy = noPolicy,
): {
  policy: Policy;
  errors: readonly FieldError[];
} {
  const errors: FieldError[] = [];
  const complain = (label: string, why: string) =>
    errors.push(invalid(`metadata.labels[${label}]`, labels[label], why));
  const policy: Policy = {
    enforce: { ...defaults.enforce },
    audit: { ...defaults.audit },
    warn: { ...defaults.warn },
  };
  let isEnforced = false;
  for (const mode of modes) {
    const [label, versionLabel] = [`${labelPrefix}${mode}`, `${labelPrefix}${mode}-version`];
    const [level, version] = [labels[label], labels[versionLabel]];
    const isLevel = levels.includes(level as Level);
    if (isLevel) policy[mode].level = level as Level;
    else if (level !== undefined) {
      if (mode === 'enforce') policy.enforce.level = 'restricted';
      complain(label, `must be one of ${levels.join(', ')}`);
    }
    if (mode === 'enforce') isEnforced = isLevel;
    const minor = versionPattern.exec(version ?? '')?.[1];
    if (minor !== undefined) policy[mode].minor = Number(minor);
    else if (version === 'latest') delete policy[mode].minor;
    else if (version !== undefined) {
      complain(versionLabel, 'must be "latest" or "v1.x"');
    }
  }
  // What is enforced on pods is worth a warning to whoever makes what makes them.
  const isMore = isStricter(policy.enforce.level, policy.warn.level);
  if (isEnforced && isMore && labels[`${labelPrefix}warn`] === undefined) {
    const hasVersion = labels[`${labelPrefix}warn-version`] !== undefined;
    policy.warn = { ...(hasVersion ? policy.warn : policy.enforce), level: policy.enforce.level };
  }
  return { policy, errors };
}

/** Such as `restricted:latest`. */
export function standardText({ level, minor }: Standard): string {
  return `${level}:${minor === undefined ? 'latest' : `v1.${minor}`}`;
}

/** Whether a policy refuses nothing, notes nothing, and warns of nothing. */
export const isFullyPrivileged = (policy: Policy): boolean =>
  modes.every((mode) => policy[mode].level === 'privileged');

/** Whether two policies come to the same: what asks nothing has no versions. */
export const isEquivalent = (a: Policy, b: Policy): boolean =>
  modes.every(
    (mode) => a[mode].level === b[mode].level && (a[mode].level === 'privileged' || isSame(a[mode], b[mode])),
  );

/** What labels of a namespace ask beyond nothing, mode by mode: `enforce=restricted:latest, warn=baseline:v1.30`. */
export function askedText(policy: Policy, labels: Readonly<Record<string, string>> = {}): string {
  const isAsked = (mode: Mode) =>
    policy[mode].level !== 'privileged' &&
    ['', '-version'].some((end) => labels[`${labelPrefix}${mode}${end}`] !== undefined);
  return modes
    .filter(isAsked)
    .map((mode) => `${mode}=${standardText(policy[mode])}`)
    .join(', ');
}

export function isSame(a: Standard, b: Standard): boolean {
  return a.level === b.level && a.minor === b.minor;
}

/** Whether one level asks more than another. */
export function isStricter(a: Level, b: Level): boolean {
  return levels.indexOf(a) > levels.indexOf(b);
}
