import type { PodResourceClaim, PodSpec, PodTemplateSpec } from '../../../../api/core/v1.ts';
import type { ObjectMeta } from '../../../../api/meta/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  required,
  tooLong,
} from '../../../../machinery/field-error.ts';
import { byteLength } from '../../../../machinery/go-text.ts';
import { labelsErrors } from '../../../../machinery/label-selector.ts';
import { dns1123SubdomainErrors, rangeErrors } from '../../../../machinery/names.ts';
import {
  dnsLabel,
  dnsSubdomain,
  each,
  qualifiedName,
  repeats,
  requireSupported,
} from '../../shared/validate.ts';
import { affinity } from './affinity.ts';
import { mirrorKey, podAnnotations, profilesMatchAnnotations } from './annotations.ts';
import { ephemeralContainers, initContainers, mainContainers } from './containers.ts';
import { type SpecContext, specContext } from './context.ts';
import { filesOfVariables } from './environment.ts';
import { dnsConfig, hostAliases, hostNetworkPorts, hostUsers } from './network.ts';
import { podResources } from './pod-resources.ts';
import { resourceRequirements } from './resources.ts';
import { schedulingGates, spreadConstraints, tolerations } from './scheduling.ts';
import { podSecurity } from './security.ts';
import { annotationKeys } from './template-metadata.ts';
import { podVolumes } from './volumes.ts';
import { hostProcesses, operatingSystem } from './windows.ts';

const maxInt32 = 2 ** 31 - 1;

/** The spec of a pod, or of a template where `pod` is left out (upstream's `ValidatePodSpec`). */
export function podSpec(field: string, spec: PodSpec, pod?: ObjectMeta): readonly FieldError[] {
  const volumes = podVolumes(`${field}.volumes`, spec.volumes, pod);
  const context = specContext(spec, volumes.valid, pod);
  return allErrors(
    spec.terminationGracePeriodSeconds === undefined
      ? [required(`${field}.terminationGracePeriodSeconds`)]
      : noErrors,
    volumes.errors,
    resourceClaims(`${field}.resourceClaims`, spec.resourceClaims, pod),
    mainContainers(`${field}.containers`, spec.containers, context),
    initContainers(`${field}.initContainers`, spec, context),
    ephemeralContainers(`${field}.ephemeralContainers`, spec, context),
    podResources(`${field}.resources`, spec, context),
    placement(field, spec, context),
    names(field, spec),
    limits(field, spec, context),
    operatingSystem(field, spec),
    filesOfVariables(field, spec),
  );
}

function placement(field: string, spec: PodSpec, context: SpecContext): readonly FieldError[] {
  return allErrors(
    hostNetworkPorts(field, spec, context.isPod),
    requireSupported(`${field}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    requireSupported(`${field}.dnsPolicy`, spec.dnsPolicy, [
      'ClusterFirstWithHostNet',
      'ClusterFirst',
      'Default',
      'None',
    ]),
    labelsErrors(spec.nodeSelector, `${field}.nodeSelector`),
    podSecurity(`${field}.securityContext`, spec),
    spec.affinity ? affinity(`${field}.affinity`, spec.affinity) : noErrors,
    dnsConfig(`${field}.dnsConfig`, spec),
    each(`${field}.readinessGates`, spec.readinessGates, ({ conditionType = '' }, path) =>
      qualifiedName(`${path}.conditionType`, conditionType),
    ),
    schedulingGates(`${field}.schedulingGates`, spec.schedulingGates),
    spreadConstraints(`${field}.topologySpreadConstraints`, spec.topologySpreadConstraints),
    hostProcesses(field, spec),
    hostUsers(field, spec),
    hostnameOverride(`${field}.hostnameOverride`, spec),
  );
}

function names(field: string, spec: PodSpec): readonly FieldError[] {
  const { activeDeadlineSeconds: deadline } = spec;
  const subdomain = (name: string, value: string | undefined) =>
    value ? invalids(`${field}.${name}`, value, dns1123SubdomainErrors(value)) : noErrors;
  const label = (name: string, value: string | undefined) =>
    value ? dnsLabel(`${field}.${name}`, value) : noErrors;
  return allErrors(
    subdomain('serviceAccountName', spec.serviceAccountName),
    subdomain('nodeName', spec.nodeName),
    deadline === undefined
      ? noErrors
      : invalids(`${field}.activeDeadlineSeconds`, deadline, rangeErrors(deadline, 1, maxInt32)),
    label('hostname', spec.hostname),
    label('subdomain', spec.subdomain),
    tolerations(`${field}.tolerations`, spec.tolerations),
    hostAliases(`${field}.hostAliases`, spec.hostAliases),
    subdomain('priorityClassName', spec.priorityClassName),
    spec.runtimeClassName === undefined
      ? noErrors
      : dnsSubdomain(`${field}.runtimeClassName`, spec.runtimeClassName),
  );
}

const maxHostnameLength = 64;

function hostnameOverride(field: string, spec: PodSpec): readonly FieldError[] {
  const { hostnameOverride: name } = spec;
  if (name === undefined) return noErrors;
  const not = (setting: string) => forbiddenField(field, `may not be specified when ${setting} is true`);
  return allErrors(
    spec.setHostnameAsFQDN ? [not('setHostnameAsFQDN')] : noErrors,
    spec.hostNetwork ? [not('hostNetwork')] : noErrors,
    byteLength(name) > maxHostnameLength ? [tooLong(field, maxHostnameLength)] : noErrors,
    dnsSubdomain(field, name),
  );
}

function limits(field: string, spec: PodSpec, context: SpecContext): readonly FieldError[] {
  const { overhead, preemptionPolicy } = spec;
  const policies = ['PreemptLowerPriority', 'Never'];
  return allErrors(
    preemptionPolicy === undefined
      ? noErrors
      : requireSupported(`${field}.preemptionPolicy`, preemptionPolicy, policies),
    overhead
      ? resourceRequirements(`${field}.overhead`, { limits: overhead }, { claimNames: context.claimNames })
      : noErrors,
  );
}

function resourceClaims(
  field: string,
  claims: readonly PodResourceClaim[] | undefined,
  pod: ObjectMeta | undefined,
): readonly FieldError[] {
  if (pod?.annotations?.[mirrorKey] !== undefined)
    return each(field, claims, () => [forbiddenField('[]', 'static pods do not support resource claims')]);
  const repeated = repeats();
  return each(field, claims, (claim, path) => {
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    const errors = [...(name ? dnsLabel(`${path}.name`, name) : [required(`${path}.name`)])];
    if (name && repeated(name)) errors.splice(0, errors.length, duplicate(`${path}.name`, name));
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const why = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      errors.push(invalid(path, shownClaim(claim), why));
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      errors.push(
        invalid(
          path,
          shownClaim(claim),
          'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
        ),
      );
    }
    for (const [key, value] of Object.entries({ resourceClaimName, resourceClaimTemplateName })) {
      if (value !== undefined) errors.push(...dnsSubdomain(`${path}.${key}`, value));
    }
    return errors;
  });
}

/** As errors of upstream show it: by the names that Go has for the fields. */
function shownClaim({ name, resourceClaimName, resourceClaimTemplateName }: PodResourceClaim): object {
  return {
    Name: name,
    ResourceClaimName: resourceClaimName ?? null,
    ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
  };
}

/** What a template says of its pods' metadata. */
export function templateMetadata(field: string, { metadata, spec }: PodTemplateSpec): readonly FieldError[] {
  return allErrors(
    labelsErrors(metadata?.labels, `${field}.labels`),
    annotationKeys(`${field}.annotations`, metadata?.annotations),
    podAnnotations(`${field}.annotations`, metadata, spec ?? { containers: [] }),
  );
}

/** A template of pods. */
export function podTemplateSpec(field: string, template: PodTemplateSpec): readonly FieldError[] {
  const { metadata } = template;
  const spec = template.spec ?? { containers: [] };
  const errors = [
    ...templateMetadata(field, template),
    ...podSpec(`${field}.spec`, spec),
    ...profilesMatchAnnotations(`${field}.spec`, metadata, spec),
  ];
  if (!spec.ephemeralContainers?.length) return errors;
  const why = 'ephemeral containers not allowed in pod template';
  return [...errors, forbiddenField(`${field}.spec.ephemeralContainers`, why)];
}
