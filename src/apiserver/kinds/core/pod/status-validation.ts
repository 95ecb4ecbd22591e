import type {
  Container,
  ContainerExtendedResourceRequest,
  ContainerStatus,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
  ResourceStatus,
} from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  forbiddenField,
  internalError,
  invalid,
  invalids,
  noErrors,
  required,
  tooLong,
} from '../../../../machinery/field-error.ts';
import { byteLength } from '../../../../machinery/go-text.ts';
import { bothFamilies, legacyIpErrors } from '../../../../machinery/ip.ts';
import { dns1123SubdomainErrors, unixIdErrors } from '../../../../machinery/names.ts';
import { restartsAfter } from '../../../../machinery/restart-rules.ts';
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
  const { spec } = old;
  const changes = (
    name: 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses',
    containers: readonly Container[] | undefined,
  ) =>
    transitions(`status.${name}`, { now: status[name], before: before[name] }, (ended) =>
      mayRestart(spec, containers, ended),
    );
  return allErrors(
    annotationChanges(pod, old),
    each('status.conditions', status.conditions, conditionErrors),
    nominationErrors(pod, old),
    observed('status', status.observedGeneration),
    immutable('status.qosClass', status.qosClass, before.qosClass),
    changes('containerStatuses', spec.containers),
    changes('initContainerStatuses', spec.initContainers ?? []),
    changes('ephemeralContainerStatuses', undefined),
    resourceClaims(pod),
    extendedClaim(pod),
    addresses('status.podIPs', status.podIPs, before.podIPs),
    hostAddresses(status, before),
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

function conditionErrors({ type, observedGeneration }: PodCondition, path: string): readonly FieldError[] {
  return allErrors(
    observed(path, observedGeneration),
    systemConditions.has(type) ? noErrors : qualifiedName(`${path}.Type`, type),
  );
}

function observed(field: string, generation = 0): readonly FieldError[] {
  const why = 'must be a non-negative integer';
  return generation < 0 ? [invalid(`${field}.observedGeneration`, generation, why)] : noErrors;
}

/** A pod that has its node is not promised another. */
function nominationErrors({ status }: Pod, old: Stored<Pod>): readonly FieldError[] {
  const field = 'status.nominatedNodeName';
  const name = status?.nominatedNodeName;
  if (!name || name === old.status?.nominatedNodeName) return noErrors;
  const why = 'may not be set on pods that are already bound to a node';
  return allErrors(
    invalids(field, name, dns1123SubdomainErrors(name)),
    old.spec.nodeName ? [forbiddenField(field, why)] : noErrors,
  );
}

/** Whether a container that has ended may run again: one of `containers`, or none where there are no such. */
function mayRestart(
  spec: PodSpec,
  containers: readonly Container[] | undefined,
  { name, state }: ContainerStatus,
): boolean {
  if (!containers) return false;
  if (spec.initContainers?.some(restartsOthers) || spec.containers.some(restartsOthers)) return true;
  const own = containers.find((c) => c.name === name);
  return own !== undefined && restartsAfter({ spec }, own, state?.terminated?.exitCode ?? 0);
}

const restartsOthers = ({ restartPolicyRules }: Container): boolean =>
  restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers') === true;

type Statuses = readonly ContainerStatus[] | undefined;

function transitions(
  field: string,
  { now, before }: { now: Statuses; before: Statuses },
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
      : allErrors(errors, dnsSubdomain(`${path}.resourceClaimName`, resourceClaimName));
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

/** One address of each family; those that were told before are not looked at again. */
function addresses(
  field: string,
  list: readonly Address[] = [],
  before: readonly Address[] = [],
): readonly FieldError[] {
  if (list.length === 0) return noErrors;
  const known = before.map(({ ip }) => ip);
  const errors = each(field, list, ({ ip }, path) => invalids(path, ip, legacyIpErrors(ip, known)));
  return list.length < 2 ? errors : allErrors(errors, oneOfEach(field, list));
}

function oneOfEach(field: string, list: readonly Address[]): readonly FieldError[] {
  const areBoth = bothFamilies(list.map(({ ip }) => ip));
  if (areBoth && list.length === 2) return noErrors;
  const unreadable = 'failed to check for dual stack with error:ip <nil> is invalid';
  return [
    ...(areBoth === undefined ? [internalError(field, unreadable)] : noErrors),
    invalid(field, list.map(shownAddress), 'may specify no more than one IP for each IP family'),
  ];
}

function hostAddresses({ hostIP = '', hostIPs }: PodStatus, before: PodStatus): readonly FieldError[] {
  const field = 'status.hostIPs';
  const first = hostIPs?.[0];
  if (!first) return noErrors;
  const same = hostIP === first.ip;
  return allErrors(
    same ? noErrors : [invalid(`${field}[0].ip`, first.ip, 'must be equal to `hostIP`')],
    addresses(field, hostIPs, before.hostIPs),
  );
}

function users(
  field: string,
  statuses: readonly ContainerStatus[] | undefined,
  os: string | undefined,
): readonly FieldError[] {
  return each(field, statuses, ({ user }, statusPath) => {
    const linux = user?.linux;
    if (!linux) return noErrors;
    const path = `${statusPath}.user.linux`;
    if (os === 'windows') return [forbiddenField(path, 'cannot be set for a windows pod')];
    const id = (name: string, value: number) => invalids(`${path}.${name}`, value, unixIdErrors(value));
    const groups = each(`${path}.supplementalGroups`, linux.supplementalGroups, (gid, p) =>
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
  return each(field, resources, ({ resourceID, health: state, message }, path) =>
    allErrors(
      supported(`${path}.health`, state, ['Healthy', 'Unhealthy', 'Unknown']),
      message === undefined ? noErrors : healthMessage(`${path}.message`, message),
      repeated(resourceID) ? [duplicate(`${path}.resourceID`, resourceID)] : noErrors,
    ),
  );
}

const maxMessageLength = 1024;

function healthMessage(field: string, message: string): readonly FieldError[] {
  if (message === '') return [required(field, 'must be non-empty if specified')];
  return byteLength(message) > maxMessageLength ? [tooLong(field, maxMessageLength)] : noErrors;
}

function noHealth({ allocatedResourcesStatus }: ContainerStatus, field: string): readonly FieldError[] {
  if (!allocatedResourcesStatus?.length) return noErrors;
  return [forbiddenField(`${field}.allocatedResourcesStatus`, 'must not be specified in container status')];
}
