import type {
  Container,
  EnvVar,
  EphemeralContainer,
  LifecycleHandler,
  PodSpec,
  PodTemplateSpec,
  Probe,
} from '../../../api/core/v1.ts';
import { dropGatedFields } from './gated-fields.ts';
import { defaultPullPolicy } from './image-name.ts';
import { roundResources } from './resource-lists.ts';
import { defaultVolume } from './volume-defaults.ts';

/** Fills in a pod's spec, be it of a pod or of a template (upstream's `SetDefaults_PodSpec` and what it reaches). */
export function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= 'default-scheduler';
  if (spec.serviceAccount) spec.serviceAccountName ||= spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  spec.containers ??= [];
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of everyContainer(spec)) defaultContainer(container);
  roundResources(spec.overhead);
  roundResources(spec.resources?.limits);
  roundResources(spec.resources?.requests);
}

/** Fills in a template of pods, and takes out what is gated; gives the template, a new one if there was none. */
export function defaultPodTemplate(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const filled = template ?? {};
  filled.metadata ??= {};
  filled.spec ??= { containers: [] };
  defaultPodSpec(filled.spec);
  dropGatedFields(filled.spec);
  return filled;
}

function everyContainer(spec: PodSpec): (Container | EphemeralContainer)[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

function defaultContainer(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image);
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  roundResources(container.resources.limits);
  roundResources(container.resources.requests);
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const variable of container.env ?? []) defaultEnvironment(variable);
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  defaultHandler(container.lifecycle?.postStart);
  defaultHandler(container.lifecycle?.preStop);
}

function defaultEnvironment({ valueFrom }: EnvVar): void {
  if (!valueFrom) return;
  if (valueFrom.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1';
  if (valueFrom.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= '0';
  if (valueFrom.fileKeyRef) valueFrom.fileKeyRef.optional ??= false;
}

function defaultProbe(probe: Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.grpc) probe.grpc.service ??= '';
  defaultHandler(probe);
}

function defaultHandler(handler: Pick<LifecycleHandler, 'httpGet'> | undefined): void {
  if (!handler?.httpGet) return;
  handler.httpGet.path ||= '/';
  handler.httpGet.scheme ||= 'HTTP';
}
