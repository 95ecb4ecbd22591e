import type { ContainerStatus, Pod, PodSpec } from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { duplicate, type FieldError, forbiddenField, invalid } from '../../../../machinery/field-error.ts';
import { ipFamily, legacyIpErrors } from '../../../../machinery/ip.ts';
import { dns1123SubdomainErrors, unixIdErrors } from '../../../../machinery/names.ts';
import { each, immutable, invalids, qualifiedName, repeats } from '../../shared/validate.ts';
import { annotationChanges } from './update-validation.ts';

const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** What a report of a pod's state may say. */
export function podStatusErrors(pod: Pod, old: Stored<Pod>): FieldError[] {
  const status = pod.status ?? {};
  const before = old.status ?? {};
  const nominated = status.nominatedNodeName;
  const { spec } = old;
  return [
    ...annotationChanges(pod, old),
    ...each('metadata.conditions', status.conditions, ({ type }, path) =>
      systemConditions.has(type) ? [] : qualifiedName(`${path}.Type`, type),
    ),
    ...(nominated && nominated !== before.nominatedNodeName
      ? invalids('status.nominatedNodeName', nominated, dns1123SubdomainErrors(nominated))
      : []),
    ...immutable('status.qosClass', status.qosClass, before.qosClass),
    ...transitions(
      'status.containerStatuses',
      status.containerStatuses,
      before.containerStatuses,
      mayRestart(spec),
    ),
    ...transitions(
      'status.initContainerStatuses',
      status.initContainerStatuses,
      before.initContainerStatuses,
      (s) => mayRestart(spec)(s) || isSidecar(spec, s.name),
    ),
    ...transitions(
      'status.ephemeralContainerStatuses',
      status.ephemeralContainerStatuses,
      before.ephemeralContainerStatuses,
      () => false,
    ),
    ...resourceClaims(pod),
    ...addresses('status.podIPs', status.podIPs),
    ...hostAddresses(pod),
    ...users('status.containerStatuses', status.containerStatuses),
    ...users('status.initContainerStatuses', status.initContainerStatuses),
  ];
}

/** Whether a container that has ended may run again. */
function mayRestart(spec: PodSpec): (status: ContainerStatus) => boolean {
  return ({ name, state }) => {
    const own = spec.containers.find((c) => c.name === name);
    const policy = own?.restartPolicy ?? spec.restartPolicy;
    if (policy === 'Always' || own?.restartPolicyRules?.length) return true;
    return policy === 'OnFailure' && state?.terminated?.exitCode !== 0;
  };
}

function isSidecar(spec: PodSpec, name: string): boolean {
  return spec.initContainers?.find((c) => c.name === name)?.restartPolicy === 'Always';
}

function transitions(
  field: string,
  now: readonly ContainerStatus[] | undefined,
  before: readonly ContainerStatus[] | undefined,
  allowed: (status: ContainerStatus) => boolean,
): FieldError[] {
  return each(field, before, (old, path) => {
    if (!old.state?.terminated || allowed(old)) return [];
    const revived = (now ?? []).some((s) => s.name === old.name && !s.state?.terminated);
    return revived
      ? [forbiddenField(`${path}.state`, 'may not be transitioned to non-terminated state')]
      : [];
  });
}

function resourceClaims({ spec, status }: Pod): FieldError[] {
  const repeated = repeats();
  const known = new Set((spec.resourceClaims ?? []).map((c) => c.name));
  return each('status.resourceClaimStatuses', status?.resourceClaimStatuses, ({ name }, path) => {
    const why = 'must match the name of an entry in `spec.resourceClaims`';
    const errors = known.has(name) ? [] : [invalid(`${path}.name`, name, why)];
    return repeated(name) ? [...errors, duplicate(`${path}.name`, name)] : errors;
  });
}

function addresses(field: string, list: readonly { ip: string }[] = []): FieldError[] {
  const errors = each(field, list, ({ ip }, path) => invalids(path, ip, legacyIpErrors(ip)));
  if (list.length < 2) return errors;
  const families = new Set(list.map(({ ip }) => ipFamily(ip)));
  if (families.size < 2 || list.length > 2) {
    errors.push(invalid(field, list, 'may specify no more than one IP for each IP family'));
  }
  const repeated = repeats();
  return [
    ...errors,
    ...each(field, list, (entry, path) => (repeated(entry.ip) ? [duplicate(path, entry)] : [])),
  ];
}

function hostAddresses({ status }: Pod): FieldError[] {
  const [first] = status?.hostIPs ?? [];
  if (!first) return [];
  const errors = addresses('status.hostIPs', status?.hostIPs);
  if ((status?.hostIP ?? '') === first.ip) return errors;
  return [invalid('status.hostIPs[0].ip', first.ip, 'must be equal to `hostIP`'), ...errors];
}

function users(field: string, statuses: readonly ContainerStatus[] | undefined): FieldError[] {
  return each(field, statuses, ({ user }, path) => {
    const linux = user?.linux;
    if (!linux) return [];
    const id = (name: string, value: number) => invalids(`${path}.linux.${name}`, value, unixIdErrors(value));
    const groups = each(`${path}.linux.supplementalGroups`, linux.supplementalGroups, (gid, p) =>
      invalids(p, gid, unixIdErrors(gid)),
    );
    return [...id('uid', linux.uid), ...id('gid', linux.gid), ...groups];
  });
}
