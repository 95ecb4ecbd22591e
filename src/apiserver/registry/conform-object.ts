import type { KubernetesObject } from '../../api/resource.ts';
import { ConformError, conform, type MismatchWords } from '../../machinery/conform.ts';
import { noObject } from '../../machinery/decode.ts';
import { printJson } from '../../machinery/exact-json.ts';
import { invalid, invalidObject } from '../../machinery/field-error.ts';
import {
  findType,
  formatApiVersion,
  type GroupVersionKind,
  parseApiVersion,
} from '../../machinery/schema.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { withoutUndefined } from '../cache/json-value.ts';

const metadataType = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/**
 * An object in the form of its type, and the fields that the type does not have. The value must be nobody else's; `shown`
 * is what an error shows in its place, and `words` are those in which it is told.
 */
export function conformed(
  given: KubernetesObject,
  typeName: string,
  shown: () => string = () => printJson(given),
  words?: MismatchWords,
): { object: KubernetesObject; unknown: string[] } {
  if (Array.isArray(given)) throw unusable(shown(), noObject(given));
  const value = withoutUndefined(given);
  try {
    if (findType(typeName)) {
      const { value: object, unknown } = conform(value, typeName, words);
      return { object: object as unknown as KubernetesObject, unknown: [...unknown] };
    }
    const metadata = conform(value.metadata ?? {}, metadataType);
    value.metadata = metadata.value;
    return { object: value, unknown: metadata.unknown.map((path) => `metadata.${path}`) };
  } catch (error) {
    if (!(error instanceof ConformError)) throw error;
    const refused = unusable(shown(), error.message);
    refused.cause = error;
    throw refused;
  }
}

/** The answer to a patch whose result is no object of the kind. */
export function unusable(shown: string, why: string): StatusError {
  return invalidObject({ group: '', kind: '' }, '', [invalid('patch', shown, why)]);
}

/** The answer to a custom object that says it is of another kind or version; what is built in cannot be read as such. */
export function wrongType({ kind, apiVersion = '', metadata }: KubernetesObject, expected: GroupVersionKind) {
  const version = formatApiVersion(expected);
  const errors = [
    ...(kind === expected.kind ? [] : [invalid('kind', kind, `must be ${expected.kind}`)]),
    ...(apiVersion === version ? [] : [invalid('apiVersion', apiVersion, `must be ${version}`)]),
  ];
  const group = parseApiVersion(apiVersion || version)?.group ?? expected.group;
  return invalidObject({ group, kind: kind as string }, metadata?.name ?? '', errors);
}
