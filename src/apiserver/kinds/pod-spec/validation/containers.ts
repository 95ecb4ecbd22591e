import type {
  Container,
  ContainerResizePolicy,
  ContainerRestartRule,
  EphemeralContainer,
  PodSpec,
} from '../../../../api/core/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  notFoundValue,
  ratcheted,
  required,
  tooMany,
} from '../../../../machinery/field-error.ts';
import {
  dnsLabel,
  each,
  forbidValue,
  repeats,
  requireSupported,
  requireValue,
  supported,
} from '../../shared/validate.ts';
import type { AnyContainer, SpecContext } from './context.ts';
import { environment, environmentFrom } from './environment.ts';
import { lifecycle, probes } from './handlers.ts';
import { volumeDevices, volumeMounts } from './mounts.ts';
import { containerPorts, hostPortConflicts } from './ports.ts';
import { resourceRequirements } from './resources.ts';
import { containerSecurity } from './security.ts';

/** What holds for containers of every sort. */
function common(field: string, container: AnyContainer, context: SpecContext): readonly FieldError[] {
  const { name, image, resources = {} } = container;
  return allErrors(
    name ? dnsLabel(`${field}.name`, name) : [required(`${field}.name`)],
    requireValue(`${field}.image`, image),
    requireSupported(`${field}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      'File',
      'FallbackToLogsOnError',
    ]),
    containerPorts(`${field}.ports`, container.ports),
    environment(`${field}.env`, container.env),
    environmentFrom(`${field}.envFrom`, container.envFrom),
    volumeMounts(`${field}.volumeMounts`, container, context),
    volumeDevices(`${field}.volumeDevices`, container, context),
    requireSupported(`${field}.imagePullPolicy`, container.imagePullPolicy, [
      'Always',
      'IfNotPresent',
      'Never',
    ]),
    resourceRequirements(`${field}.resources`, resources, context),
    resizePolicy(`${field}.resizePolicy`, container.resizePolicy, context),
    containerSecurity(`${field}.securityContext`, container.securityContext, context.hostUsers),
  );
}

/** What holds for the containers of a pod, but not for those of a template: names of images are names alone. */
export function paddedImage(field: string, { image = '' }: AnyContainer): readonly FieldError[] {
  if (image.trim() === image) return noErrors;
  return [invalid(`${field}.image`, image, 'must not have leading or trailing whitespace')];
}

function resizePolicy(
  field: string,
  policies: readonly ContainerResizePolicy[] | undefined,
  context: SpecContext,
): readonly FieldError[] {
  const repeated = repeats();
  return each(field, policies, ({ resourceName = '', restartPolicy }, path) => {
    const errors = repeated(resourceName) ? [duplicate(path, resourceName)] : [];
    errors.push(...requireSupported(field, resourceName, ['cpu', 'memory']));
    errors.push(...requireSupported(field, restartPolicy, ['NotRequired', 'RestartContainer']));
    if (context.restartPolicy !== 'Never' || restartPolicy === 'NotRequired') return errors;
    const why = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
    return [...errors, invalid(field, restartPolicy ?? '', why)];
  });
}

/** The containers that do the work, side by side. */
export function mainContainers(
  field: string,
  containers: readonly Container[] | undefined,
  context: SpecContext,
): readonly FieldError[] {
  if (!containers?.length) return [required(field)];
  const repeated = repeats();
  const errors = each(field, containers, (container, path) =>
    allErrors(
      common(path, container, context),
      repeated(container.name ?? '') ? [duplicate(`${path}.name`, container.name)] : noErrors,
      container.lifecycle
        ? lifecycle(`${path}.lifecycle`, container.lifecycle, context.gracePeriodSeconds)
        : noErrors,
      probes(path, container, context.gracePeriodSeconds),
      restartRules(path, container),
    ),
  );
  return allErrors(errors, hostPortConflicts(field, containers));
}

/** The containers that run before, one after the other; those that are always restarted stay. */
export function initContainers(field: string, spec: PodSpec, context: SpecContext): readonly FieldError[] {
  const repeated = repeats();
  for (const { name } of spec.containers ?? []) repeated(name);
  return each(field, spec.initContainers, (container, path) =>
    allErrors(
      common(path, container, context),
      // Upstream looks at the rules of a container that comes first only where it has a policy.
      restartRules(path, container).slice(0, container.restartPolicy === undefined ? 1 : undefined),
      container.name && repeated(container.name) ? [duplicate(`${path}.name`, container.name)] : noErrors,
      hostPortConflicts(field, [container]),
      initHooks(path, container, context),
      restartsToResize(path, container),
    ),
  );
}

/** What runs once and ends is not started anew to get other amounts. */
function restartsToResize(field: string, { restartPolicy, resizePolicy }: Container): readonly FieldError[] {
  if (restartPolicy === 'Always') return noErrors;
  const why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
  return each(`${field}.resizePolicy`, resizePolicy, ({ restartPolicy: how }, path) =>
    how === 'RestartContainer'
      ? ratcheted('restartOfInitContainer', [invalid(`${path}.restartPolicy`, how, why)])
      : noErrors,
  );
}

function initHooks(field: string, container: Container, context: SpecContext): readonly FieldError[] {
  if (container.restartPolicy !== 'Always') {
    const why = 'may not be set for init containers without restartPolicy=Always';
    const names = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;
    return names.flatMap((name) => forbidValue(`${field}.${name}`, container[name], why));
  }
  const hooks = container.lifecycle;
  return allErrors(
    hooks ? lifecycle(`${field}.lifecycle`, hooks, context.gracePeriodSeconds) : noErrors,
    probes(field, container, context.gracePeriodSeconds),
  );
}

const restartPolicies = ['Always', 'Never', 'OnFailure'];
const maxRules = 20;
const maxExitCodes = 255;

/** A container's own way of being restarted. */
function restartRules(
  field: string,
  { restartPolicy, restartPolicyRules = [] }: Container,
): readonly FieldError[] {
  const path = `${field}.restartPolicy`;
  if (restartPolicy === undefined && restartPolicyRules.length === 0) return noErrors;
  const why = 'must specify restartPolicy when restart rules are used';
  const errors: FieldError[] = [];
  if (restartPolicy === undefined) errors.push(required(path, why));
  else errors.push(...supported(path, restartPolicy, restartPolicies));
  const rulesField = `${field}.restartPolicyRules`;
  if (restartPolicyRules.length > maxRules)
    errors.push(tooMany(rulesField, restartPolicyRules.length, maxRules));
  return allErrors(
    errors,
    each(rulesField, restartPolicyRules, (rule, rulePath) => restartRule(rulePath, rule)),
  );
}

function restartRule(field: string, { action, exitCodes }: ContainerRestartRule): readonly FieldError[] {
  const errors = [...supported(`${field}.action`, action, ['Restart', 'RestartAllContainers'])];
  if (!exitCodes) return [...errors, required(`${field}.exitCodes`, 'must be specified')];
  const { operator, values = [] } = exitCodes;
  const path = `${field}.exitCodes`;
  errors.push(...supported(`${path}.operator`, operator, ['In', 'NotIn']));
  if (values.length > maxExitCodes) errors.push(tooMany(`${path}.values`, values.length, maxExitCodes));
  return errors;
}

/** In the order in which upstream has the fields. */
const serviceFields = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

/** The containers that people add to look into a pod: no part of its work. */
export function ephemeralContainers(
  field: string,
  spec: PodSpec,
  context: SpecContext,
): readonly FieldError[] {
  if (!spec.ephemeralContainers?.length) return noErrors;
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((c) => c.name));
  const repeated = repeats();
  for (const name of others) repeated(name);
  return each(field, spec.ephemeralContainers, (container, path) => {
    const { name, targetContainerName: target } = container;
    const errors = [...common(path, container, context), ...paddedImage(path, container)];
    if (repeated(name ?? '')) errors.push(duplicate(`${path}.name`, name));
    if (target && !others.has(target)) errors.push(notFoundValue(`${path}.targetContainerName`, target));
    return allErrors(errors, notForLooking(path, container));
  });
}

function notForLooking(field: string, container: EphemeralContainer): readonly FieldError[] {
  const why = 'cannot be set for an Ephemeral Container';
  const isSet = (name: (typeof serviceFields)[number]) =>
    name === 'resources' ? Object.keys(container.resources ?? {}).length > 0 : container[name] !== undefined;
  const errors = serviceFields.filter(isSet).map((name) => forbiddenField(`${field}.${name}`, why));
  const mounts = each(`${field}.volumeMounts`, container.volumeMounts, ({ subPath, subPathExpr }, path) =>
    allErrors(
      subPath ? [forbiddenField(`${path}.subPath`, why)] : noErrors,
      subPathExpr ? [forbiddenField(`${path}.subPathExpr`, why)] : noErrors,
    ),
  );
  return allErrors(errors, mounts);
}
