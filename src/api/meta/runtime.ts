/**
 * @package io.k8s.apimachinery.pkg.runtime
 */
import type { Bytes } from './v1.ts';

/** What comes first in every protobuf document: what the rest of it is. @protoOnly */
export interface TypeMeta {
  /** Group and version of the object that follows. @proto 1 */
  apiVersion?: string;
  /** Its kind. @proto 2 */
  kind?: string;
}

/** The envelope of an object in protobuf, behind the four bytes `k8s` and zero. @protoOnly */
export interface Unknown {
  /** What the object is. @proto 1 */
  typeMeta?: TypeMeta;
  /** The encoded object. @proto 2 */
  raw?: Bytes;
  /** How `raw` is compressed; empty for not at all. @proto 3 */
  contentEncoding?: string;
  /** How `raw` is encoded; empty for protobuf. @proto 4 */
  contentType?: string;
}
