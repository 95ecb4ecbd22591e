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

/** Any JSON value. @scalar io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON @wire raw 1 bytes */
export type JSONValue = unknown;
/**
 * One schema for all items, or one for each.
 * @scalar io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray @wire schema 1 JSONSchemaProps, jSONSchemas 2 JSONSchemaProps[]
 */
export type JSONSchemaPropsOrArray = JSONSchemaProps | JSONSchemaProps[];
/**
 * A schema, or whether anything is allowed.
 * @scalar io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool @wire allows 1 boolean, schema 2 JSONSchemaProps
 */
export type JSONSchemaPropsOrBool = JSONSchemaProps | boolean;
/**
 * A schema, or the names of properties.
 * @scalar io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray @wire schema 1 JSONSchemaProps, property 2 string[]
 */
export type JSONSchemaPropsOrStringArray = JSONSchemaProps | string[];
/**
 * Presence alone enables the status subresource.
 * @scalar io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus
 */
export type CustomResourceSubresourceStatus = { [key: string]: unknown };

/** Objects a webhook should convert. @protoOnly */
export interface ConversionRequest {
  /** ID of this call; the answer has to repeat it. @proto 1 */
  uid?: string;
  /** Group and version to convert to. @proto 2 */
  desiredAPIVersion?: string;
  /** The objects; they may be in different versions. @proto 3 */
  objects?: RawExtension[];
}

/** What a conversion webhook answers. @protoOnly */
export interface ConversionResponse {
  /** ID of the call. @proto 1 */
  uid?: string;
  /** The converted objects, in the order they came. @proto 2 */
  convertedObjects?: RawExtension[];
  /** Success, or why not. @proto 3 */
  result?: Status;
}

/** What is sent to and received from a conversion webhook. @protoOnly */
export interface ConversionReview {
  /** The request, on the way there. @proto 1 */
  request?: ConversionRequest;
  /** The answer, on the way back. @proto 2 */
  response?: ConversionResponse;
}

/** A column that `kubectl get` shows. */
export interface CustomResourceColumnDefinition {
  /** Heading. @proto 1 */
  name: string;
  /** OpenAPI type: `integer`, `number`, `string`, `boolean` or `date`. @proto 2 */
  type: string;
  /** OpenAPI format, such as `int32` or `name`. @proto 3 */
  format?: string;
  /** What it shows. @proto 4 */
  description?: string;
  /** 0 is always shown, higher only in wide output. @proto 5 */
  priority?: Int32;
  /** Where the value stands, such as `.spec.replicas`. @proto 6 */
  jsonPath: string;
}

/** How objects get from one version to another. */
export interface CustomResourceConversion {
  /** `None` (default) only changes apiVersion, `Webhook` asks a webhook. @proto 1 */
  strategy: string;
  /** The webhook; only with `Webhook`. @proto 2 @pointer */
  webhook?: WebhookConversion;
}

/**
 * Adds a resource type to the API; named `<plural>.<group>`.
 * @kind @resource customresourcedefinitions @scope Cluster @shortNames crd,crds @categories api-extensions
 */
export interface CustomResourceDefinition {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Names, versions and schemas of the type. @proto 2 */
  spec: CustomResourceDefinitionSpec;
  /** Whether it is served. @proto 3 */
  status?: CustomResourceDefinitionStatus;
}

/** One aspect of a definition's state. */
export interface CustomResourceDefinitionCondition {
  /**
   * `Established`, `NamesAccepted`, `NonStructuralSchema`, `Terminating` or
   * `KubernetesAPIApprovalPolicyConformant`.
   * @proto 1
   */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When `status` last took another value. @proto 3 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 4 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 5 */
  message?: string;
  /** The `metadata.generation` the condition speaks of. @proto 6 */
  observedGeneration?: Int64;
}

/** Many CustomResourceDefinition objects, as one answer. @kind */
export interface CustomResourceDefinitionList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The CustomResourceDefinition objects. @proto 2 */
  items: CustomResourceDefinition[];
}

/** Names of a type. */
export interface CustomResourceDefinitionNames {
  /** Plural name in the URL, lower case. @proto 1 */
  plural: string;
  /** Singular name; the kind in lower case unless set. @proto 2 */
  singular?: string;
  /** Abbreviations people may type. @proto 3 @listType atomic */
  shortNames?: string[];
  /** Kind in CamelCase. @proto 4 */
  kind: string;
  /** Kind of lists; the kind with `List` unless set. @proto 5 */
  listKind?: string;
  /** Groupings such as `all`. @proto 6 @listType atomic */
  categories?: string[];
}

/** Names, versions and schemas of a type. */
export interface CustomResourceDefinitionSpec {
  /** API group; must end the definition's name. @proto 1 */
  group: string;
  /** Names of the type. @proto 3 */
  names: CustomResourceDefinitionNames;
  /** `Cluster` or `Namespaced`. @proto 4 */
  scope: string;
  /** The versions; one of them is stored. @proto 7 @listType atomic */
  versions: CustomResourceDefinitionVersion[];
  /** How objects get from one version to another. @proto 9 @pointer */
  conversion?: CustomResourceConversion;
  /** Must be false here; pruning is a matter of the schema. @proto 10 */
  preserveUnknownFields?: boolean;
}

/** Whether a type is served. */
export interface CustomResourceDefinitionStatus {
  /** Aspects of its state. @proto 1 @listType map @listMapKey type */
  conditions?: CustomResourceDefinitionCondition[] | null;
  /** Names in use; may differ from the spec on a clash. @proto 2 */
  acceptedNames?: CustomResourceDefinitionNames;
  /** Versions in which objects have ever been stored. @proto 3 @listType atomic */
  storedVersions?: string[] | null;
  /** The newest `metadata.generation` that this status takes into account. @proto 4 */
  observedGeneration?: Int64;
}

/** One version of a type. */
export interface CustomResourceDefinitionVersion {
  /** The version, such as `v1beta1`; a DNS label. @proto 1 */
  name: string;
  /** It can be asked for. @proto 2 */
  served: boolean;
  /** Objects are stored in it; true for exactly one. @proto 3 */
  storage: boolean;
  /** What objects look like. @proto 4 @pointer */
  schema?: CustomResourceValidation;
  /** Which subresources there are. @proto 5 @pointer */
  subresources?: CustomResourceSubresources;
  /** Columns to show; the age unless set. @proto 6 @listType atomic */
  additionalPrinterColumns?: CustomResourceColumnDefinition[];
  /** Warn callers who use it. @proto 7 */
  deprecated?: boolean;
  /** The warning; a standard one unless set. Only for deprecated versions. @proto 8 @pointer */
  deprecationWarning?: string;
  /** Fields that field selectors may use; at most 8. @proto 9 @listType atomic */
  selectableFields?: SelectableField[];
}

/** Where the parts of a Scale stand in an object. */
export interface CustomResourceSubresourceScale {
  /** Wished number, below `.spec`. @proto 1 */
  specReplicasPath: string;
  /** Present number, below `.status`; 0 if there is none. @proto 2 */
  statusReplicasPath: string;
  /** Selector as text, below `.status` or `.spec`; needed for autoscalers. @proto 3 @pointer */
  labelSelectorPath?: string;
}

/** Subresources of a type. */
export interface CustomResourceSubresources {
  /** Serves `/status`: status is written only there, the rest only outside. @proto 1 @pointer */
  status?: CustomResourceSubresourceStatus;
  /** Serves `/scale`. @proto 2 @pointer */
  scale?: CustomResourceSubresourceScale;
}

/** Schema of a version. */
export interface CustomResourceValidation {
  /** The structural schema. @proto 1 @pointer */
  openAPIV3Schema?: JSONSchemaProps;
}

/** A pointer to further documentation. */
export interface ExternalDocumentation {
  /** What is found there. @proto 1 */
  description?: string;
  /** Where. @proto 2 */
  url?: string;
}

/** A JSON schema, as far as custom resources allow it. */
export interface JSONSchemaProps {
  /** Not allowed here. @proto 1 */
  id?: string;
  /** Not allowed here. @proto 2 @protoName schema */
  $schema?: string;
  /** Not allowed here. @proto 3 @protoName ref @pointer */
  $ref?: string;
  /** What the value means. @proto 4 */
  description?: string;
  /** `object`, `array`, `string`, `integer`, `number` or `boolean`. @proto 5 */
  type?: string;
  /**
   * Further check for texts and numbers, such as `date-time`, `ipv4` or `int32`; unknown ones are ignored.
   * @proto 6
   */
  format?: string;
  /** A title. @proto 7 */
  title?: string;
  /** Value for what is left out; needs a structural schema. @proto 8 @pointer */
  default?: JSONValue;
  /** Largest number. @proto 9 @pointer */
  maximum?: Double;
  /** `maximum` itself is too large. @proto 10 */
  exclusiveMaximum?: boolean;
  /** Smallest number. @proto 11 @pointer */
  minimum?: Double;
  /** `minimum` itself is too small. @proto 12 */
  exclusiveMinimum?: boolean;
  /** Longest text, in characters. @proto 13 @pointer */
  maxLength?: Int64;
  /** Shortest text, in characters. @proto 14 @pointer */
  minLength?: Int64;
  /** Regular expression (RE2) the text must match somewhere. @proto 15 */
  pattern?: string;
  /** Most items. @proto 16 @pointer */
  maxItems?: Int64;
  /** Fewest items. @proto 17 @pointer */
  minItems?: Int64;
  /** Must not be true; use `x-kubernetes-list-type`. @proto 18 */
  uniqueItems?: boolean;
  /** The number has to be a multiple of this. @proto 19 @pointer */
  multipleOf?: Double;
  /** The allowed values. @proto 20 @listType atomic */
  enum?: JSONValue[];
  /** Most members. @proto 21 @pointer */
  maxProperties?: Int64;
  /** Fewest members. @proto 22 @pointer */
  minProperties?: Int64;
  /** Members that must be there. @proto 23 @listType atomic */
  required?: string[];
  /** Schema of the items. @proto 24 @pointer */
  items?: JSONSchemaPropsOrArray;
  /** All of these must hold. @proto 25 @listType atomic */
  allOf?: JSONSchemaProps[];
  /** Exactly one of these must hold. @proto 26 @listType atomic */
  oneOf?: JSONSchemaProps[];
  /** At least one of these must hold. @proto 27 @listType atomic */
  anyOf?: JSONSchemaProps[];
  /** This must not hold. @proto 28 @pointer */
  not?: JSONSchemaProps;
  /** Schemas of the members by name. @proto 29 */
  properties?: Record<string, JSONSchemaProps>;
  /** Schema of all other members; excludes `properties`. @proto 30 @pointer */
  additionalProperties?: JSONSchemaPropsOrBool;
  /** Not allowed here. @proto 31 */
  patternProperties?: Record<string, JSONSchemaProps>;
  /** Not allowed here. @proto 32 */
  dependencies?: Record<string, JSONSchemaPropsOrStringArray>;
  /** Not allowed here. @proto 33 @pointer */
  additionalItems?: JSONSchemaPropsOrBool;
  /** Not allowed here. @proto 34 */
  definitions?: Record<string, JSONSchemaProps>;
  /** A pointer to further documentation. @proto 35 @pointer */
  externalDocs?: ExternalDocumentation;
  /** An example. @proto 36 @pointer */
  example?: JSONValue;
  /** null is allowed too. @proto 37 */
  nullable?: boolean;
  /**
   * Keep members the schema does not know, from here down.
   * @proto 38 @pointer @protoName xKubernetesPreserveUnknownFields
   */
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  /**
   * The value is an object with apiVersion, kind and metadata of its own.
   * @proto 39 @protoName xKubernetesEmbeddedResource
   */
  'x-kubernetes-embedded-resource'?: boolean;
  /** The value is a whole number or a text. @proto 40 @protoName xKubernetesIntOrString */
  'x-kubernetes-int-or-string'?: boolean;
  /**
   * Members that identify an item; for list type `map`.
   * @proto 41 @protoName xKubernetesListMapKeys @listType atomic
   */
  'x-kubernetes-list-map-keys'?: string[];
  /** `atomic` (default), `set` or `map`: how lists are merged. @proto 42 @pointer @protoName xKubernetesListType */
  'x-kubernetes-list-type'?: string;
  /** `granular` (default) or `atomic`: how objects are merged. @proto 43 @pointer @protoName xKubernetesMapType */
  'x-kubernetes-map-type'?: string;
  /**
   * CEL rules.
   * @proto 44 @protoName xKubernetesValidations @listType map @listMapKey rule @patchStrategy merge @patchMergeKey rule
   */
  'x-kubernetes-validations'?: ValidationRule[];
}

/** A field that field selectors may use. */
export interface SelectableField {
  /** Where it stands, such as `.spec.color`; a text, number or truth value, not below `metadata`. @proto 1 */
  jsonPath: string;
}

/** A Service that answers calls. */
export interface ServiceReference {
  /** Its namespace. @proto 1 */
  namespace: string;
  /** Its name. @proto 2 */
  name: string;
  /** URL path to call. @proto 3 @pointer */
  path?: string;
  /** Its port; 443 unless set. @proto 4 @pointer */
  port?: Int32;
}

/** A CEL rule about a value. */
export interface ValidationRule {
  /** CEL that yields true for good values; `self` is the value, `oldSelf` the one before. @proto 1 */
  rule: string;
  /** What to tell on a violation; needed if the rule has line breaks. @proto 2 */
  message?: string;
  /** CEL that yields the message; wins over `message` if it works. @proto 3 */
  messageExpression?: string;
  /**
   * `FieldValueInvalid` (default), `FieldValueForbidden`, `FieldValueRequired` or `FieldValueDuplicate`.
   * @proto 4 @pointer
   */
  reason?: string;
  /** Field to blame, such as `.spec.size`; the place of the rule unless set. @proto 5 */
  fieldPath?: string;
  /** Run also without a previous value; `oldSelf` is then an optional. @proto 6 @pointer */
  optionalOldSelf?: boolean;
}

/** How to reach a webhook; either `service` or `url`. */
export interface WebhookClientConfig {
  /** A Service of this cluster. @proto 1 @pointer */
  service?: ServiceReference;
  /** PEM certificates to check the server's against; those of the host unless set. @proto 2 */
  caBundle?: Bytes;
  /** Full address with `https`; no user, no query, no fragment. @proto 3 @pointer */
  url?: string;
}

/** A conversion webhook. */
export interface WebhookConversion {
  /** How to reach it. @proto 2 @pointer */
  clientConfig?: WebhookClientConfig;
  /** Versions of ConversionReview it understands, in order of preference. @proto 3 @listType atomic */
  conversionReviewVersions: string[];
}
