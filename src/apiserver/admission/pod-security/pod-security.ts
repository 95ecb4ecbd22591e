import type { Namespace, Pod, PodSpec, PodTemplateSpec } from '../../../api/core/v1.ts';
import { namespaces, pods } from '../../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../../api/resource.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { invalidObject, renderErrors } from '../../../machinery/field-error.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { isAbout, refuse } from '../refuse.ts';
import { checks, type Finding, type PodLike } from './checks.ts';
import {
  askedText,
  isEquivalent,
  isFullyPrivileged,
  isSame,
  isStricter,
  labelPrefix,
  type Mode,
  newestMinor,
  noPolicy,
  type Policy,
  policyOf,
  type Standard,
  standardText,
} from './levels.ts';
import { PodSecurityCounts } from './pod-security-counts.ts';

/** How many pods of a namespace are looked at when it asks more of them. */
const maxPodsChecked = 3000;

/** What an administrator asks of all pods, and of whom not. */
export interface PodSecurityConfiguration {
  /** For namespaces whose labels do not say. */
  defaults: Policy;
  exemptions: {
    usernames: ReadonlySet<string>;
    namespaces: ReadonlySet<string>;
    runtimeClasses: ReadonlySet<string>;
  };
}

const nobody: ReadonlySet<string> = new Set();

interface Means {
  configuration: PodSecurityConfiguration;
  counts: PodSecurityCounts;
}

/** Pods keep to the pod security standard that the labels of their namespace ask for. */
export function podSecurityAs(
  configuration: PodSecurityConfiguration,
  counts = new PodSecurityCounts(),
): AdmissionPlugin {
  const means: Means = { configuration, counts };
  return {
    name: 'PodSecurity',
    countedBy: ({ podSecurity }) => podSecurityAs(configuration, podSecurity),
    validate(attributes) {
      if (attributes.operation !== 'CREATE' && attributes.operation !== 'UPDATE') return;
      if (isAbout(attributes, 'namespaces')) checkNamespace(attributes, configuration);
      else if (attributes.namespace !== '' && attributes.object) checkPods(attributes, means);
    },
  };
}

export const podSecurity = podSecurityAs({
  defaults: noPolicy,
  exemptions: { usernames: nobody, namespaces: nobody, runtimeClasses: nobody },
});

function checkNamespace(
  attributes: AdmissionAttributes,
  { defaults, exemptions }: PodSecurityConfiguration,
): void {
  const { object, old, context } = attributes;
  const { name, labels } = (object as Namespace).metadata;
  const { policy, errors } = policyOf(labels, defaults);
  const before = old && policyOf(old.metadata.labels, defaults);
  if (errors.length > 0 && (!before || !deepEqual(errors, before.errors))) {
    throw invalidObject({ group: '', kind: 'Namespace' }, name ?? '', errors);
  }
  const isExempt = exemptions.namespaces.has(name as string);
  const warnOfExemption = () => {
    if (isFullyPrivileged(policy) || isEquivalent(policy, defaults)) return;
    const asked = askedText(policy, labels);
    context.warn(
      `namespace "${name}" is exempt from Pod Security, and the policy (${asked}) will be ignored`,
    );
  };
  if (!before) {
    if (isExempt) warnOfExemption();
    return;
  }
  const [now, then] = [policy.enforce, before.policy.enforce];
  const isLooser = now.minor === then.minor && !isStricter(now.level, then.level);
  if (isSame(now, then) || now.level === 'privileged' || isLooser) return;
  if (isExempt) {
    warnOfExemption();
    return;
  }
  const checked = [...context.list(pods, name)].filter(
    ({ spec }) => !exemptions.runtimeClasses.has(spec.runtimeClassName ?? ''),
  );
  for (const warning of warningsOfPods(name as string, now, checked)) context.warn(warning);
}

/** What to say of pods that are there already, each way of failing once; one pod of each controller is looked at first. */
function warningsOfPods(namespace: string, standard: Standard, all: readonly Stored<Pod>[]): string[] {
  const failing = new Map<string, string[]>();
  const controllers = new Set<string>();
  const isNew = (pod: Stored<Pod>) => {
    const uid = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
    if (uid === undefined) return true;
    return !controllers.has(uid) && Boolean(controllers.add(uid));
  };
  const firsts = new Set(all.filter(isNew));
  const ordered = [...firsts, ...all.filter((pod) => !firsts.has(pod))];
  for (const pod of ordered.slice(0, maxPodsChecked)) {
    const reasons = findingsOf(standard, podLike(pod.metadata, pod.spec)).map(({ reason }) => reason);
    if (reasons.length === 0) continue;
    const names = failing.get(reasons.join(', ')) ?? [];
    failing.set(reasons.join(', '), [...names, pod.metadata.name]);
  }
  const warnings = [...failing].map(([reasons, names]) => {
    const others = names.length - 1;
    const also = others === 0 ? '' : ` (and ${others} other ${others === 1 ? 'pod' : 'pods'})`;
    return `${names.reduce((a, b) => (b < a ? b : a))}${also}: ${reasons}`;
  });
  warnings.sort((a, b) => (a < b ? -1 : 1));
  if (warnings.length > 0) {
    const shown = standardText(standard);
    warnings.unshift(
      `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${shown}"`,
    );
  }
  if (ordered.length > maxPodsChecked) {
    warnings.unshift(
      `new PodSecurity enforce level only checked against the first ${maxPodsChecked} of ${ordered.length} existing pods`,
    );
  }
  return warnings;
}

const checkedSubresources = new Set(['', 'ephemeralcontainers', 'resize']);

/** Why a user or a namespace is asked nothing. */
function exemptionOf(
  { namespace, context }: AdmissionAttributes,
  { exemptions }: PodSecurityConfiguration,
): string | undefined {
  if (exemptions.namespaces.has(namespace)) return 'namespace';
  return exemptions.usernames.has(context.user.name) ? 'user' : undefined;
}

function checkPods(attributes: AdmissionAttributes, { configuration, counts }: Means): void {
  const { kind, subresource, namespace, operation, object, old, context } = attributes;
  const { group, plural } = kind.resource;
  const isPod = group === '' && plural === 'pods';
  const template = isPod ? (object as Pod) : templateOf(attributes);
  if (!template?.spec || (isPod && !checkedSubresources.has(subresource))) return;
  const about = { operation, subresource, isPod };
  const note = (key: string, value: string) => attributes.annotate(`${labelPrefix}${key}`, value);
  const exempt = (why: string) => {
    note('exempt', why);
    counts.noteExemption(about);
  };
  const exemption = exemptionOf(attributes, configuration);
  if (exemption) return exempt(exemption);
  const { policy, errors } = policyOf(
    context.getLean(namespaces, { name: namespace })?.metadata.labels as Record<string, string> | undefined,
    configuration.defaults,
  );
  const isAsked = !isFullyPrivileged(policy);
  if (!isAsked && !isPod) return;
  if (isPod && old && isAsked && !isSignificant(object as Pod, old as Stored<Pod>)) return;
  if (isAsked && configuration.exemptions.runtimeClasses.has(template.spec.runtimeClassName ?? ''))
    return exempt('runtimeClass');
  if (isPod) note('enforce-policy', standardText(policy.enforce));
  if (errors.length > 0) {
    note('error', `Failed to parse policy: ${renderErrors(errors)}`);
    counts.noteError(about);
  }
  const pod = podLike(template.metadata, template.spec);
  /** How the pod fails what a mode asks. All that is enforced is counted, and of the others what fails. */
  const violation = (mode: Mode) => {
    const standard = policy[mode];
    const found = findingsOf(standard, pod);
    const isAllowed = found.length === 0;
    if (mode === 'enforce' || !isAllowed) counts.noteEvaluation(about, mode, { standard, isAllowed });
    if (isAllowed) return undefined;
    const texts = found.map(({ reason, detail }) => `${reason} (${detail})`);
    return `PodSecurity "${standardText(standard)}": ${texts.join(', ')}`;
  };
  const refused = isPod ? violation('enforce') : undefined;
  const noted = violation('audit');
  if (noted) note('audit-violations', `would violate ${noted}`);
  if (refused) throw refuse(attributes, `violates ${refused}`);
  const warned = violation('warn');
  if (warned) context.warn(`would violate ${warned}`);
}

/** What a kind makes its pods of, if it makes any. */
function templateOf({ kind, subresource, object }: AdmissionAttributes): PodTemplateSpec | undefined {
  if (subresource !== '') return undefined;
  const { group, plural } = kind.resource;
  const spec = (object as { spec?: { template?: PodTemplateSpec; jobTemplate?: { spec?: never } } }).spec;
  switch (`${group}/${plural}`) {
    case '/podtemplates':
      return (object as { template?: PodTemplateSpec }).template;
    case 'batch/cronjobs':
      return (spec?.jobTemplate?.spec as { template?: PodTemplateSpec } | undefined)?.template;
    case '/replicationcontrollers':
    case 'apps/daemonsets':
    case 'apps/deployments':
    case 'apps/replicasets':
    case 'apps/statefulsets':
    case 'batch/jobs':
      return spec?.template;
    default:
      return undefined;
  }
}

const podLike = (metadata: Partial<KubernetesObject['metadata']> | undefined, spec: PodSpec): PodLike => ({
  annotations: metadata?.annotations ?? {},
  spec,
});

/** Whether an update of a pod touches what the standards are about: containers that come, and their images and profiles. */
function isSignificant(pod: Pod, old: Stored<Pod>): boolean {
  const partOf = ({ metadata, spec }: Pod | Stored<Pod>) => ({
    images: [spec.initContainers, spec.containers, spec.ephemeralContainers].map((list) =>
      (list ?? []).map(({ name, image }) => [name, image]),
    ),
    profiles: Object.entries(metadata.annotations ?? {}).filter(([key]) =>
      /^container\.(apparmor|seccomp)\.security\./.test(key),
    ),
  });
  return !deepEqual(partOf(pod), partOf(old));
}

/** How a pod fails a standard. */
function findingsOf({ level, minor = newestMinor }: Standard, pod: PodLike): Finding[] {
  if (level === 'privileged') return [];
  const version = Math.min(minor, newestMinor);
  return checks.flatMap((check) => {
    if (check.since > version) return [];
    if (level === 'baseline' && check.level === 'restricted') return [];
    if (level === 'restricted' && version >= (check.overriddenSince ?? Number.POSITIVE_INFINITY)) return [];
    return check.find(pod, version) ?? [];
  });
}
