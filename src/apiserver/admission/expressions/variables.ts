import { namespaces } from '../../../api/generated/resources.ts';
import { fromJson } from '../../../machinery/cel/json-value.ts';
import * as types from '../../../machinery/cel/types.ts';
import type { CelValue } from '../../../machinery/cel/values.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { Form } from '../forms.ts';
import { requestNamespace } from '../matching.ts';
import { admissionRequest } from '../review.ts';
import type { Answers } from './answers.ts';
import { authorizerTypes, authorizerValue, resourceCheckValue } from './authorizer.ts';

const { stringType, listType, mapType, boolType, dynType, objectType, timestampType, intType } = types;

const gvk = objectType('kubernetes.GroupVersionKind', {
  group: stringType,
  version: stringType,
  kind: stringType,
});
const gvr = objectType('kubernetes.GroupVersionResource', {
  group: stringType,
  version: stringType,
  resource: stringType,
});
const userInfo = objectType('kubernetes.UserInfo', {
  username: stringType,
  uid: stringType,
  groups: listType(stringType),
  extra: mapType(stringType, listType(stringType)),
});
const request = objectType('kubernetes.AdmissionRequest', {
  kind: gvk,
  resource: gvr,
  subResource: stringType,
  requestKind: gvk,
  requestResource: gvr,
  requestSubResource: stringType,
  name: stringType,
  namespace: stringType,
  operation: stringType,
  userInfo,
  dryRun: boolType,
  options: dynType,
});
const namespaceMetadata = {
  name: stringType,
  generateName: stringType,
  namespace: stringType,
  labels: mapType(stringType, stringType),
  annotations: mapType(stringType, stringType),
  UID: stringType,
  creationTimestamp: timestampType,
  deletionGracePeriodSeconds: intType,
  deletionTimestamp: timestampType,
  generation: intType,
  resourceVersion: stringType,
  finalizers: listType(stringType),
};
const namespaceCondition = objectType('kubernetes.NamespaceCondition', {
  status: stringType,
  type: stringType,
  lastTransitionTime: timestampType,
  message: stringType,
  reason: stringType,
});
const namespaceObject = objectType('kubernetes.Namespace', {
  metadata: objectType('kubernetes.NamespaceMetadata', namespaceMetadata),
  spec: objectType('kubernetes.NamespaceSpec', { finalizers: listType(stringType) }),
  status: objectType('kubernetes.NamespaceStatus', {
    conditions: listType(namespaceCondition),
    phase: stringType,
  }),
});

export interface VariableKinds {
  params?: boolean;
  authorizer?: boolean;
}

/** What the expressions of admission may name. */
export function variableTypes({ params, authorizer }: VariableKinds): Record<string, types.CelType> {
  return {
    object: dynType,
    oldObject: dynType,
    namespaceObject,
    request,
    ...(params && { params: dynType }),
    ...(authorizer && authorizerTypes),
  };
}

export interface VariableSource<Asked = Authorizer> {
  attributes: AdmissionAttributes;
  form: Form;
  authorizer: Asked;
  /** Null where a binding names none. */
  params?: unknown;
}

/** What the expressions of admission name, for one request; each made when it is asked for. */
export function variableValues(source: VariableSource<Answers>): (name: string) => CelValue {
  const { attributes, form, authorizer } = source;
  const { object, old, context } = attributes;
  const make: Record<string, () => CelValue> = {
    object: () => fromJson(object && form.show(object)),
    oldObject: () => fromJson(old && form.show(old)),
    request: () => fromJson(admissionRequest(attributes, form), request),
    namespaceObject: () => namespaceValue(attributes),
    params: () => fromJson(source.params),
    authorizer: () => authorizerValue(authorizer, context.user),
    'authorizer.requestResource': () => resourceCheckValue(authorizer, attributes),
  };
  const made = new Map<string, CelValue>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = make[name]?.() ?? null;
    made.set(name, value);
    return value;
  };
}

/** What conditions name: they are shown no namespace, and are told of the resource that was asked for, not of its equivalent. */
export function conditionValues(source: VariableSource<Answers>): (name: string) => CelValue {
  const { attributes, form } = source;
  const [asked = form] = attributes.forms();
  const values = variableValues({ ...source, form: { ...form, resource: asked.resource } });
  return (name) => (name === 'namespaceObject' ? null : values(name));
}

/** Namespaces have none themselves. */
function namespaceValue(attributes: AdmissionAttributes): CelValue {
  const { group, plural } = attributes.kind.resource;
  const name = group === '' && plural === 'namespaces' ? '' : requestNamespace(attributes);
  const found = name ? attributes.context.get(namespaces, { name }) : undefined;
  if (!found) return null;
  const { uid, ...metadata } = found.metadata;
  return fromJson({ ...found, metadata: { ...metadata, UID: uid } }, namespaceObject);
}
