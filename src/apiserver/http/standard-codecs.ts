import type { KubernetesObject } from '../../api/resource.ts';
import { encodeProtobuf, joinProtobufList, wrapProtobuf } from '../../machinery/protobuf.ts';
import { yamlText } from '../../machinery/yaml-text.ts';
import type { Pieces } from '../../platform/pieces.ts';
import type { ListAnswer } from '../request.ts';
import type { Codecs } from './encode.ts';

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
  yaml: yamlText,
};
