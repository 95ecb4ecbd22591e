import type { APIService, APIServiceSpec } from '../../../api/apiregistration/v1.ts';
import { apiservices } from '../../../api/generated/resources.ts';
import { type FieldError, invalid, invalids, required } from '../../../machinery/field-error.ts';
import {
  dns1035LabelErrors,
  dns1123SubdomainErrors,
  pathSegmentNameErrors,
  portNumberErrors,
} from '../../../machinery/names.ts';
import { timestamp } from '../../../platform/clock.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { keepMeta } from '../shared/meta.ts';
import { keepStatus } from '../shared/status.ts';
import { each, requireValue, supported } from '../shared/validate.ts';
import { availability, localCondition, withCondition } from './conditions.ts';

const defaultPort = 443;
const maxGroupPriority = 20_000;
const maxVersionPriority = 1000;
const conditionStatuses = ['True', 'False', 'Unknown'];

/** Who serves one version of a group: this server, or one behind a Service. */
export const apiServiceKind: Kind<APIService> = {
  resource: apiservices,
  allowUnconditionalUpdate: false,
  countsGeneration: false,
  validateName: pathSegmentNameErrors,
  defaults(service) {
    service.spec ??= { groupPriorityMinimum: 0, versionPriority: 0 };
    if (service.spec.service) service.spec.service.port ??= defaultPort;
  },
  prepareForCreate(service, { platform }) {
    service.status = service.spec.service
      ? {}
      : { conditions: withCondition([], localCondition, timestamp(platform.clock)) };
  },
  prepareForUpdate: keepStatus,
  validate: (service) => [...nameErrors(service), ...specErrors(service.spec)],
  status: {
    resets: ['spec', 'metadata'],
    prepareForUpdate: ({ metadata }, old) => keepMeta(metadata, old.metadata),
    validateUpdate: ({ status }) =>
      each('status.conditions', status?.conditions, (condition, path) =>
        supported(`${path}.status`, condition.status, conditionStatuses),
      ),
  },
  columns: [
    nameColumn,
    text('Service', 'What answers for the version: a Service, or this server itself.', ({ spec }) =>
      spec.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : 'Local',
    ),
    text('Available', 'Whether it answers, and why not.', availableText),
    ageColumn,
  ],
};

function availableText(service: APIService): string {
  const condition = availability(service);
  if (!condition) return 'Unknown';
  const { status, reason } = condition;
  return status !== 'True' && reason ? `${status} (${reason})` : status;
}

function nameErrors({ metadata, spec }: APIService): readonly FieldError[] {
  const { name = '' } = metadata;
  const wanted = `${spec.version ?? ''}.${spec.group ?? ''}`;
  if (name === wanted || pathSegmentNameErrors(name).length > 0) return [];
  return [
    invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`),
  ];
}

function specErrors(spec: APIServiceSpec): readonly FieldError[] {
  const { group = '', version = '', groupPriorityMinimum, versionPriority } = spec;
  const errors: FieldError[] = [];
  if (group === '' && version !== 'v1') {
    errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  }
  if (group !== '') errors.push(...invalids('spec.group', group, dns1123SubdomainErrors(group)));
  errors.push(
    ...invalids('spec.version', version, dns1035LabelErrors(version)),
    ...priorityErrors('spec.groupPriorityMinimum', groupPriorityMinimum, maxGroupPriority),
    ...priorityErrors('spec.versionPriority', versionPriority, maxVersionPriority),
  );
  return [...errors, ...(spec.service ? serviceErrors(spec) : localErrors(spec))];
}

const priorityErrors = (field: string, value: number, max: number) =>
  value > 0 && value <= max ? [] : [invalid(field, value, `must be positive and less than ${max}`)];

function localErrors({ caBundle, insecureSkipTLSVerify }: APIServiceSpec): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (caBundle) {
    const size = `${Buffer.from(caBundle, 'base64').length} bytes`;
    errors.push(invalid('spec.caBundle', size, 'local APIServices may not have a caBundle'));
  }
  if (insecureSkipTLSVerify) {
    const why = 'local APIServices may not have insecureSkipTLSVerify';
    errors.push(invalid('spec.insecureSkipTLSVerify', true, why));
  }
  return errors;
}

function serviceErrors({ service, caBundle, insecureSkipTLSVerify }: APIServiceSpec): readonly FieldError[] {
  const { namespace, name, port = 0 } = service ?? {};
  const portErrors = portNumberErrors(port);
  return [
    ...requireValue('spec.service.namespace', namespace),
    ...requireValue('spec.service.name', name),
    ...(portErrors.length > 0
      ? [invalid('spec.service.port', port, `port is not valid: ${portErrors.join(', ')}`)]
      : []),
    ...(insecureSkipTLSVerify && caBundle
      ? [invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present')]
      : []),
  ];
}
