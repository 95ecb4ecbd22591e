import type {
  Container,
  ContainerExtendedResourceRequest,
  ContainerStatus,
  Pod,
  PodSpec,
  ResourceStatus,
} from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  required,
} from '../../../../machinery/field-error.ts';
import { ipFamily, legacyIpErrors } from '../../../../machinery/ip.ts';
import { dns1123SubdomainErrors, unixIdErrors } from '../../../../machinery/names.ts';
import {
  dnsLabel,
  dnsSubdomain,
  each,
  immutable,
  qualifiedName,
  repeats,
  supported,
} from '../../shared/validate.ts';
import { annotationChanges } from './update-validation.ts';

const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** What a report of a pod's state may say. */
export function podStatusErrors(pod: Pod, old: Stored<Pod>): readonly FieldError[] {
  const status = pod.status ?? {};
  const before = old.status ?? {};
  const nominated = status.nominatedNodeName;
  const { spec } = old;
  return allErrors(
    annotationChanges(pod, old),
    each('metadata.conditions', status.conditions, ({ type }, path) =>
      systemConditions.has(type) ? noErrors : qualifiedName(`${path}.Type`, type),
    ),
    nominated && nominated !== before.nominatedNodeName
      ? invalids('status.nominatedNodeName', nominated, dns1123SubdomainErrors(nominated))
      : noErrors,
    immutable('status.qosClass', status.qosClass, before.qosClass),
    transitions(
      'status.containerStatuses',
      status.containerStatuses,
      before.containerStatuses,
      mayRestart(spec),
    ),
    transitions(
      'status.initContainerStatuses',
      status.initContainerStatuses,
      before.initContainerStatuses,
      (s) => mayRestart(spec)(s) || isSidecar(spec, s.name),
    ),
    transitions(
      'status.ephemeralContainerStatuses',
      status.ephemeralContainerStatuses,
      before.ephemeralContainerStatuses,
      () => false,
    ),
    resourceClaims(pod),
    extendedClaim(pod),
    addresses('status.podIPs', status.podIPs),
    hostAddresses(pod),
    statusLists(pod).flatMap(([field, list]) => users(field, list, spec.os?.name)),
    allocatedHealth('status.containerStatuses', status.containerStatuses, spec.containers),
    allocatedHealth('status.initContainerStatuses', status.initContainerStatuses, spec.initContainers),
    each('status.ephemeralContainerStatuses', status.ephemeralContainerStatuses, noHealth),
  );
}

function statusLists({ status }: Pod): [field: string, list: readonly ContainerStatus[] | undefined][] {
  const names = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;
  return names.map((name) => [`status.${name}`, status?.[name]]);
}

/** Whether a container that has ended may run again. */
function mayRestart(spec: PodSpec): (status: ContainerStatus) => boolean {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  if (all.some(restartsOthers)) return () => true;
  return ({ name, state }) => {
    const own = all.find((c) => c.name === name);
    const policy = own?.restartPolicy ?? spec.restartPolicy;
    if (policy === 'Always' || own?.restartPolicyRules?.length) return true;
    return policy === 'OnFailure' && state?.terminated?.exitCode !== 0;
  };
}

const restartsOthers = ({ restartPolicyRules }: Container): boolean =>
  restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers') === true;

function isSidecar(spec: PodSpec, name: string): boolean {
  return spec.initContainers?.find((c) => c.name === name)?.restartPolicy === 'Always';
}

function transitions(
  field: string,
  now: readonly ContainerStatus[] | undefined,
  before: readonly ContainerStatus[] | undefined,
  allowed: (status: ContainerStatus) => boolean,
): readonly FieldError[] {
  return each(field, before, (old, path) => {
    if (!old.state?.terminated || allowed(old)) return noErrors;
    const revived = (now ?? []).some((s) => s.name === old.name && !s.state?.terminated);
    return revived
      ? [forbiddenField(`${path}.state`, 'may not be transitioned to non-terminated state')]
      : noErrors;
  });
}

function resourceClaims({ spec, status }: Pod): readonly FieldError[] {
  const repeated = repeats();
  const known = new Set((spec.resourceClaims ?? []).map((c) => c.name));
  return each('status.resourceClaimStatuses', status?.resourceClaimStatuses, (claim, path) => {
    const { name, resourceClaimName } = claim;
    const why = 'must match the name of an entry in `spec.resourceClaims`';
    const errors = [...(known.has(name) ? noErrors : [invalid(`${path}.name`, name, why)])];
    if (repeated(name)) errors.push(duplicate(`${path}.name`, name));
    return resourceClaimName === undefined
      ? errors
      : allErrors(errors, dnsSubdomain(`${path}.name`, resourceClaimName));
  });
}

/** The claim behind a pod's extended resources, and which of its requests is for which container. */
function extendedClaim({ spec, status }: Pod): readonly FieldError[] {
  const claim = status?.extendedResourceClaimStatus;
  if (!claim) return noErrors;
  const field = 'status.extendedResourceClaimStatus';
  const { requestMappings, resourceClaimName } = claim;
  const repeated = repeats();
  return allErrors(
    requestMappings?.length
      ? noErrors
      : [required(`${field}.requestMappings`, 'at least one request mapping is required')],
    each(`${field}.requestMappings`, requestMappings, (mapping, path) => {
      const { containerName, resourceName, requestName } = mapping;
      const isRepeated = repeated([containerName, resourceName, requestName].join(' '));
      return allErrors(
        mappedResource(spec, mapping, path),
        // Upstream leaves the place in the list out.
        dnsLabel(`${field}.requestName`, requestName),
        isRepeated
          ? [
              duplicate(`${path}.containerName`, containerName),
              duplicate(`${path}.resourceName`, resourceName),
              duplicate(`${path}.requestName`, requestName),
            ]
          : noErrors,
      );
    }),
    resourceClaimName
      ? dnsSubdomain(`${field}.resourceClaimName`, resourceClaimName)
      : [required(`${field}.resourceClaimName`)],
  );
}

function mappedResource(
  { initContainers = [], containers }: PodSpec,
  { containerName, resourceName }: ContainerExtendedResourceRequest,
  path: string,
): readonly FieldError[] {
  const found = [...initContainers, ...containers].find(({ name }) => name === containerName);
  if (!found) {
    const why = 'must match the name of an entry in spec.initContainers.name or spec.containers.name';
    return [invalid(`${path}.containerName`, containerName, why)];
  }
  if (Object.hasOwn(found.resources?.requests ?? {}, resourceName)) return noErrors;
  const entries = 'spec.initContainers.resources.requests or spec.containers.resources.requests';
  const why = `must match the extended resource name of an entry in ${entries}`;
  return [invalid(`${path}.resourceName`, resourceName, why)];
}

type Address = { ip: string };

/** As errors of upstream show it: by the name that Go has for the field. */
const shownAddress = ({ ip }: Address) => ({ IP: ip });

function addresses(field: string, list: readonly Address[] = []): readonly FieldError[] {
  const errors = each(field, list, ({ ip }, path) => invalids(path, ip, legacyIpErrors(ip)));
  return list.length < 2 ? errors : allErrors(errors, oneOfEach(field, list), repeatedAddresses(field, list));
}

function oneOfEach(field: string, list: readonly Address[]): readonly FieldError[] {
  const families = new Set(list.map(({ ip }) => ipFamily(ip)));
  if (families.size === 2 && list.length === 2) return noErrors;
  return [invalid(field, list.map(shownAddress), 'may specify no more than one IP for each IP family')];
}

function repeatedAddresses(field: string, list: readonly Address[]): readonly FieldError[] {
  const repeated = repeats();
  return each(field, list, (entry, path) =>
    repeated(entry.ip) ? [duplicate(path, shownAddress(entry))] : noErrors,
  );
}

function hostAddresses({ status }: Pod): readonly FieldError[] {
  const field = 'status.hostIPs';
  const list = status?.hostIPs ?? [];
  const [first] = list;
  if (!first) return noErrors;
  const same = (status?.hostIP ?? '') === first.ip;
  return allErrors(
    same ? noErrors : [invalid(`${field}[0].ip`, first.ip, 'must be equal to `hostIP`')],
    each(field, list, ({ ip }, path) => invalids(path, ip, legacyIpErrors(ip))),
    list.length < 2 ? noErrors : allErrors(repeatedAddresses(field, list), oneOfEach(field, list)),
  );
}

function users(
  field: string,
  statuses: readonly ContainerStatus[] | undefined,
  os: string | undefined,
): readonly FieldError[] {
  return each(field, statuses, ({ user }, path) => {
    const linux = user?.linux;
    if (!linux) return noErrors;
    if (os === 'windows') return [forbiddenField(`${path}.linux`, 'cannot be set for a windows pod')];
    const id = (name: string, value: number) => invalids(`${path}.linux.${name}`, value, unixIdErrors(value));
    const groups = each(`${path}.linux.supplementalGroups`, linux.supplementalGroups, (gid, p) =>
      invalids(p, gid, unixIdErrors(gid)),
    );
    return allErrors(id('uid', linux.uid), id('gid', linux.gid), groups);
  });
}

/** How well devices are that a container has: devices of what it asks for, each named once. */
function allocatedHealth(
  field: string,
  statuses: readonly ContainerStatus[] | undefined,
  containers: readonly Container[] | undefined,
): readonly FieldError[] {
  return each(field, statuses, ({ name, allocatedResourcesStatus }, path) => {
    const container = containers?.find((c) => c.name === name);
    return each(`${path}.allocatedResourcesStatus`, allocatedResourcesStatus, (status, p) =>
      allErrors(
        container ? askedFor(`${p}.name`, status.name, container) : noErrors,
        health(`${p}.resources`, status),
      ),
    );
  });
}

function askedFor(field: string, name: string, { resources }: Container): readonly FieldError[] {
  if (!name.startsWith('claim:')) {
    if (resources?.requests?.[name] !== undefined) return noErrors;
    return [invalid(field, name, "must match one of the container's resource requests")];
  }
  const claims = (resources?.claims ?? []).map((c) => `claim:${c.name}${c.request ? `/${c.request}` : ''}`);
  const why =
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
  return claims.includes(name) ? noErrors : [invalid(field, name, why)];
}

function health(field: string, { resources }: ResourceStatus): readonly FieldError[] {
  const repeated = repeats();
  return each(field, resources, ({ resourceID, health: state }, path) =>
    allErrors(
      supported(`${path}.health`, state, ['Healthy', 'Unhealthy', 'Unknown']),
      repeated(resourceID) ? [duplicate(`${path}.resourceID`, resourceID)] : noErrors,
    ),
  );
}

function noHealth({ allocatedResourcesStatus }: ContainerStatus, field: string): readonly FieldError[] {
  if (!allocatedResourcesStatus?.length) return noErrors;
  return [forbiddenField(`${field}.allocatedResourcesStatus`, 'must not be specified in container status')];
}
