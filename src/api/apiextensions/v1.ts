/**
 * @package io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1
 * @group apiextensions.k8s.io
 * @version v1
 */
import type {
  Bytes,
  Double,
  Int32,
  Int64,
  ListMeta,
  ObjectMeta,
  RawExtension,
  Status,
  Time,
} from '../meta/v1.ts';

/** Any JSON value. @scalar io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON */
export type JSONValue = unknown;
/** One schema for all items, or one for each. @scalar io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray */
export type JSONSchemaPropsOrArray = JSONSchemaProps | JSONSchemaProps[];
/** A schema, or whether anything is allowed. @scalar io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool */
export type JSONSchemaPropsOrBool = JSONSchemaProps | boolean;
/** A schema, or the names of properties. @scalar io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray */
export type JSONSchemaPropsOrStringArray = JSONSchemaProps | string[];
/** Presence alone enables the status subresource. @scalar io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus */
export type CustomResourceSubresourceStatus = { [key: string]: unknown };

/** @protoOnly */
export interface ConversionRequest {
  /** @proto 1 */
  uid?: string;
  /** @proto 2 */
  desiredAPIVersion?: string;
  /** @proto 3 */
  objects?: RawExtension[];
}

/** @protoOnly */
export interface ConversionResponse {
  /** @proto 1 */
  uid?: string;
  /** @proto 2 */
  convertedObjects?: RawExtension[];
  /** @proto 3 */
  result?: Status;
}

/** @protoOnly */
export interface ConversionReview {
  /** @proto 1 */
  request?: ConversionRequest;
  /** @proto 2 */
  response?: ConversionResponse;
}

export interface CustomResourceColumnDefinition {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  type: string;
  /** @proto 3 */
  format?: string;
  /** @proto 4 */
  description?: string;
  /** @proto 5 */
  priority?: Int32;
  /** @proto 6 */
  jsonPath: string;
}

export interface CustomResourceConversion {
  /** @proto 1 */
  strategy: string;
  /** @proto 2 */
  webhook?: WebhookConversion;
}

/** @kind @resource customresourcedefinitions @scope Cluster @shortNames crd,crds @categories api-extensions */
export interface CustomResourceDefinition {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: CustomResourceDefinitionSpec;
  /** @proto 3 */
  status?: CustomResourceDefinitionStatus;
}

export interface CustomResourceDefinitionCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  lastTransitionTime?: Time;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  message?: string;
  /** @proto 6 */
  observedGeneration?: Int64;
}

/** @kind */
export interface CustomResourceDefinitionList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: CustomResourceDefinition[];
}

export interface CustomResourceDefinitionNames {
  /** @proto 1 */
  plural: string;
  /** @proto 2 */
  singular?: string;
  /** @proto 3 @listType atomic */
  shortNames?: string[];
  /** @proto 4 */
  kind: string;
  /** @proto 5 */
  listKind?: string;
  /** @proto 6 @listType atomic */
  categories?: string[];
}

export interface CustomResourceDefinitionSpec {
  /** @proto 1 */
  group: string;
  /** @proto 3 */
  names: CustomResourceDefinitionNames;
  /** @proto 4 */
  scope: string;
  /** @proto 7 @listType atomic */
  versions: CustomResourceDefinitionVersion[];
  /** @proto 9 */
  conversion?: CustomResourceConversion;
  /** @proto 10 */
  preserveUnknownFields?: boolean;
}

export interface CustomResourceDefinitionStatus {
  /** @proto 1 @listType map @listMapKey type */
  conditions?: CustomResourceDefinitionCondition[];
  /** @proto 2 */
  acceptedNames?: CustomResourceDefinitionNames;
  /** @proto 3 @listType atomic */
  storedVersions?: string[];
  /** @proto 4 */
  observedGeneration?: Int64;
}

export interface CustomResourceDefinitionVersion {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  served: boolean;
  /** @proto 3 */
  storage: boolean;
  /** @proto 4 */
  schema?: CustomResourceValidation;
  /** @proto 5 */
  subresources?: CustomResourceSubresources;
  /** @proto 6 @listType atomic */
  additionalPrinterColumns?: CustomResourceColumnDefinition[];
  /** @proto 7 */
  deprecated?: boolean;
  /** @proto 8 */
  deprecationWarning?: string;
  /** @proto 9 @listType atomic */
  selectableFields?: SelectableField[];
}

export interface CustomResourceSubresourceScale {
  /** @proto 1 */
  specReplicasPath: string;
  /** @proto 2 */
  statusReplicasPath: string;
  /** @proto 3 */
  labelSelectorPath?: string;
}

export interface CustomResourceSubresources {
  /** @proto 1 */
  status?: CustomResourceSubresourceStatus;
  /** @proto 2 */
  scale?: CustomResourceSubresourceScale;
}

export interface CustomResourceValidation {
  /** @proto 1 */
  openAPIV3Schema?: JSONSchemaProps;
}

export interface ExternalDocumentation {
  /** @proto 1 */
  description?: string;
  /** @proto 2 */
  url?: string;
}

export interface JSONSchemaProps {
  /** @proto 1 */
  id?: string;
  /** @proto 2 @protoName schema */
  $schema?: string;
  /** @proto 3 @protoName ref */
  $ref?: string;
  /** @proto 4 */
  description?: string;
  /** @proto 5 */
  type?: string;
  /** @proto 6 */
  format?: string;
  /** @proto 7 */
  title?: string;
  /** @proto 8 */
  default?: JSONValue;
  /** @proto 9 */
  maximum?: Double;
  /** @proto 10 */
  exclusiveMaximum?: boolean;
  /** @proto 11 */
  minimum?: Double;
  /** @proto 12 */
  exclusiveMinimum?: boolean;
  /** @proto 13 */
  maxLength?: Int64;
  /** @proto 14 */
  minLength?: Int64;
  /** @proto 15 */
  pattern?: string;
  /** @proto 16 */
  maxItems?: Int64;
  /** @proto 17 */
  minItems?: Int64;
  /** @proto 18 */
  uniqueItems?: boolean;
  /** @proto 19 */
  multipleOf?: Double;
  /** @proto 20 @listType atomic */
  enum?: JSONValue[];
  /** @proto 21 */
  maxProperties?: Int64;
  /** @proto 22 */
  minProperties?: Int64;
  /** @proto 23 @listType atomic */
  required?: string[];
  /** @proto 24 */
  items?: JSONSchemaPropsOrArray;
  /** @proto 25 @listType atomic */
  allOf?: JSONSchemaProps[];
  /** @proto 26 @listType atomic */
  oneOf?: JSONSchemaProps[];
  /** @proto 27 @listType atomic */
  anyOf?: JSONSchemaProps[];
  /** @proto 28 */
  not?: JSONSchemaProps;
  /** @proto 29 */
  properties?: Record<string, JSONSchemaProps>;
  /** @proto 30 */
  additionalProperties?: JSONSchemaPropsOrBool;
  /** @proto 31 */
  patternProperties?: Record<string, JSONSchemaProps>;
  /** @proto 32 */
  dependencies?: Record<string, JSONSchemaPropsOrStringArray>;
  /** @proto 33 */
  additionalItems?: JSONSchemaPropsOrBool;
  /** @proto 34 */
  definitions?: Record<string, JSONSchemaProps>;
  /** @proto 35 */
  externalDocs?: ExternalDocumentation;
  /** @proto 36 */
  example?: JSONValue;
  /** @proto 37 */
  nullable?: boolean;
  /** @proto 38 @protoName xKubernetesPreserveUnknownFields */
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  /** @proto 39 @protoName xKubernetesEmbeddedResource */
  'x-kubernetes-embedded-resource'?: boolean;
  /** @proto 40 @protoName xKubernetesIntOrString */
  'x-kubernetes-int-or-string'?: boolean;
  /** @proto 41 @protoName xKubernetesListMapKeys @listType atomic */
  'x-kubernetes-list-map-keys'?: string[];
  /** @proto 42 @protoName xKubernetesListType */
  'x-kubernetes-list-type'?: string;
  /** @proto 43 @protoName xKubernetesMapType */
  'x-kubernetes-map-type'?: string;
  /** @proto 44 @protoName xKubernetesValidations @listType map @listMapKey rule @patchStrategy merge @patchMergeKey rule */
  'x-kubernetes-validations'?: ValidationRule[];
}

export interface SelectableField {
  /** @proto 1 */
  jsonPath: string;
}

export interface ServiceReference {
  /** @proto 1 */
  namespace: string;
  /** @proto 2 */
  name: string;
  /** @proto 3 */
  path?: string;
  /** @proto 4 */
  port?: Int32;
}

export interface ValidationRule {
  /** @proto 1 */
  rule: string;
  /** @proto 2 */
  message?: string;
  /** @proto 3 */
  messageExpression?: string;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  fieldPath?: string;
  /** @proto 6 */
  optionalOldSelf?: boolean;
}

export interface WebhookClientConfig {
  /** @proto 1 */
  service?: ServiceReference;
  /** @proto 2 */
  caBundle?: Bytes;
  /** @proto 3 */
  url?: string;
}

export interface WebhookConversion {
  /** @proto 2 */
  clientConfig?: WebhookClientConfig;
  /** @proto 3 @listType atomic */
  conversionReviewVersions: string[];
}
