import type { GroupVersionKind } from '../../machinery/schema.ts';
import type { JsonSchema } from './json-schema.ts';
import type { ForeignV2 } from './merge-v2.ts';

/** What another server says of a group and version that it answers for. */
export interface ForeignDocument {
  group: string;
  version: string;
  /** Its whole document of OpenAPI 2.0. */
  v2?: ForeignV2;
  /** Its document of OpenAPI 3.0 for this version, as it came. */
  v3?: Uint8Array;
}

/** A resource as the server offers it: what OpenAPI has to tell of it. */
export interface OpenApiResource {
  group: string;
  version: string;
  kind: string;
  /** Name in the URL. */
  plural: string;
  namespaced: boolean;
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  verbs: readonly string[];
  /** Full name of the type, such as `io.k8s.api.core.v1.Pod`; of a custom resource, the name that its definition gets. */
  type: string;
  /** Of a custom resource: the schema of its version (`openAPIV3Schema`); absent where it has none. */
  schema?: JsonSchema;
  /** Whether the resource is a custom one. */
  custom?: boolean;
  /** Of a custom resource: the kind of its lists, where its definition names one. */
  listKind?: string;
  /** Of a custom resource: fields by which objects can be selected besides the usual ones, such as `spec.color`. */
  selectableFields?: readonly string[];
  subresources: readonly OpenApiSubresource[];
}

/** A subresource as the server offers it. */
export interface OpenApiSubresource {
  /** Such as `status`. */
  name: string;
  /** get, create, update, patch: with objects of `kind` as bodies and answers. */
  verbs: readonly string[];
  /** What is sent and answered; for streams, the kind of the options. */
  kind: GroupVersionKind;
  /** HTTP methods in upper case, for streams and proxies (`connect`). */
  connect?: readonly string[];
  /** Whether a path of the target may follow, as with proxies. */
  trailingPath?: boolean;
  /** Full name of the type whose fields are query parameters, such as PodLogOptions. */
  options?: string;
  /** The answer is text. */
  text?: boolean;
}

/** The full name of the type of a resource's lists. */
export function listTypeOf({ type, listKind }: OpenApiResource): string {
  return listKind === undefined ? `${type}List` : type.slice(0, type.lastIndexOf('.') + 1) + listKind;
}
