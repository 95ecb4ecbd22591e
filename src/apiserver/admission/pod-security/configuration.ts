import { expectKind } from '../../../machinery/configuration-kind.ts';
import { renderErrors } from '../../../machinery/field-error.ts';
import { labelPrefix, policyOf } from './levels.ts';
import type { PodSecurityConfiguration } from './pod-security.ts';

const apiVersions = ['v1', 'v1beta1', 'v1alpha1'].map(
  (version) => `pod-security.admission.config.k8s.io/${version}`,
);

/** Reads a `PodSecurityConfiguration`. Throws an Error that says what is wrong with it. */
export function readPodSecurity(read: unknown): PodSecurityConfiguration {
  expectKind(read, { kind: 'PodSecurityConfiguration', apiVersions });
  const { defaults = {}, exemptions = {} } = read as {
    defaults?: Record<string, string>;
    exemptions?: Record<string, unknown>;
  };
  const listOf = (field: string) => new Set(texts(exemptions[field] ?? [], `exemptions.${field}`));
  return {
    defaults: policyFrom(defaults),
    exemptions: {
      usernames: listOf('usernames'),
      namespaces: listOf('namespaces'),
      runtimeClasses: listOf('runtimeClasses'),
    },
  };
}

/** The defaults have the names of the labels; each stands for itself. */
function policyFrom(defaults: Record<string, string>) {
  const labels = Object.entries(defaults).map(([field, value]) => [`${labelPrefix}${field}`, value]);
  const said = (mode: string) => defaults[mode] ?? 'privileged';
  const { policy, errors } = policyOf({
    [`${labelPrefix}warn`]: said('warn'),
    ...Object.fromEntries(labels),
  });
  const named = errors.map((error) => ({
    ...error,
    field: error.field.replace(`metadata.labels[${labelPrefix}`, 'defaults.').replace(/\]$/, ''),
  }));
  if (named.length > 0) throw new Error(renderErrors(named));
  return policy;
}

function texts(value: unknown, field: string): string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new Error(`${field} must be a list of strings`);
}
