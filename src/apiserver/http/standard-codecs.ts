import { dump } from 'js-yaml';
import {
  encodeProtobuf,
  encodeProtobufMessage,
  joinProtobufList,
  wrapProtobuf,
} from '../../machinery/protobuf.ts';
import { parseApiVersion } from '../../machinery/schema.ts';
import type { ListAnswer } from '../request.ts';
import type { Codecs } from './encode.ts';

/** YAML as upstream writes it: keys in order, lists not indented, no line broken. */
const yamlOptions = {
  sortKeys: true,
  seqNoIndent: true,
  lineWidth: -1,
  noRefs: true,
  skipInvalid: true,
} as const;

function protobufList({ apiVersion, kind, metadata, items }: ListAnswer): Uint8Array {
  const version = parseApiVersion(apiVersion) ?? { group: '', version: apiVersion };
  const gvk = { ...version, kind: kind.replace(/List$/, '') };
  const messages = items.map((item) => encodeProtobufMessage(item.object, gvk));
  return wrapProtobuf({ apiVersion, kind }, joinProtobufList(metadata, messages));
}

/** The formats that the API is spoken in besides JSON. */
export const standardCodecs: Codecs = {
  protobuf: encodeProtobuf,
  protobufList,
  yaml: (value) => dump(value, yamlOptions),
};
