import { ingressclasses } from '../../../api/generated/resources.ts';
import type { IngressClass, IngressClassParametersReference } from '../../../api/networking/v1.ts';
import {
  type FieldError,
  forbiddenField,
  notSupported,
  required,
  tooLong,
} from '../../../machinery/field-error.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';
import { dnsLabel, domainPath, immutable } from '../shared/validate.ts';
import { localReference } from './backend-validation.ts';

export const ingressClassKind: Kind<IngressClass> = {
  resource: ingressclasses,
  countsGeneration: true,
  defaults(object) {
    if (object.spec.parameters) object.spec.parameters.scope ??= 'Cluster';
  },
  validate: (object) => classErrors(object),
  validateUpdate: (object, old) => [
    ...immutable('spec.controller', object.spec.controller, old.spec.controller),
    ...classErrors(object),
  ],
  columns: [
    nameColumn,
    text('Controller', 'Who serves ingresses of the class.', (c) => c.spec.controller ?? ''),
    text('Parameters', 'Object that says more about the class.', parameters),
    ageColumn,
  ],
};

function parameters({ spec: { parameters } }: IngressClass): string {
  if (!parameters) return '<none>';
  const { kind, apiGroup, name } = parameters;
  return `${apiGroup === undefined ? kind : `${kind}.${apiGroup}`}/${name}`;
}

const maxControllerLength = 250;

function classErrors({ spec: { controller, parameters } }: IngressClass): readonly FieldError[] {
  const field = 'spec.controller';
  const errors = [...(controller ? domainPath(field, controller) : [required(field)])];
  if ((controller ?? '').length > maxControllerLength) errors.unshift(tooLong(field, maxControllerLength));
  return parameters ? [...errors, ...parameterErrors('spec.parameters', parameters)] : errors;
}

function parameterErrors(field: string, reference: IngressClassParametersReference): readonly FieldError[] {
  const { scope, namespace } = reference;
  const errors = localReference(field, reference);
  const path = `${field}.namespace`;
  if (scope === undefined) return [...errors, required(`${field}.scope`)];
  if (scope === 'Cluster') {
    const why = "`parameters.scope` is set to 'Cluster'";
    return namespace === undefined ? errors : [...errors, forbiddenField(path, why)];
  }
  if (scope !== 'Namespace')
    return [...errors, notSupported(`${field}.scope`, scope, ['Cluster', 'Namespace'])];
  if (namespace !== undefined) return [...errors, ...dnsLabel(path, namespace)];
  return [...errors, required(path, "`parameters.scope` is set to 'Namespace'")];
}
