import { DUMP_SCHEMA, defineScalarTag, dump, intCoreTag } from 'js-yaml';
import type { KubernetesObject } from '../../api/resource.ts';
import { encodeProtobuf, joinProtobufList, wrapProtobuf } from '../../machinery/protobuf.ts';
import type { Pieces } from '../../platform/pieces.ts';
import type { ListAnswer } from '../request.ts';
import type { Codecs } from './encode.ts';

const intTag = defineScalarTag<unknown>('tag:yaml.org,2002:int', {
  ...intCoreTag,
  identify: (value) => typeof value === 'bigint' || intCoreTag.identify(value),
});

/** YAML as upstream writes it: keys in order, lists not indented, no line broken. */
const yamlOptions = {
  schema: DUMP_SCHEMA.withTags(intTag),
  sortKeys: true,
  seqNoIndent: true,
  lineWidth: -1,
  noRefs: true,
  skipInvalid: true,
} as const;

function protobufList({ apiVersion, kind, metadata, items }: ListAnswer): Pieces {
  const messages = items.map((item) => item.protobuf());
  return joinProtobufList({ apiVersion, kind }, metadata, messages);
}

function protobuf(object: object, message?: string): Uint8Array {
  if (message === undefined) return encodeProtobuf(object);
  const { apiVersion = '', kind = '' } = object as KubernetesObject;
  return wrapProtobuf({ apiVersion, kind }, Buffer.from(message, 'latin1'));
}

/** The formats that the API is spoken in besides JSON. */
export const standardCodecs: Codecs = {
  protobuf,
  protobufList,
  yaml: (value) => dump(value, yamlOptions),
};
