import { type FieldSchema, type TypeSchema, typeSchema } from '../schema.ts';

/** A field of a message. */
export interface ProtoField {
  number: number;
  /** Name in JSON; empty for an embedded type, whose fields JSON shows inline. */
  name: string;
  field: FieldSchema;
}

const cache = new WeakMap<TypeSchema, readonly ProtoField[]>();

function build(type: TypeSchema): ProtoField[] {
  const own = [...type.ownFields]
    .filter(([, field]) => field.proto !== undefined)
    .map(([name, field]): ProtoField => ({ number: field.proto as number, name, field }));
  if (type.embed)
    own.push({ number: type.embed.proto, name: '', field: { type: 'ref', ref: type.embed.ref } });
  return own.sort((a, b) => a.number - b.number);
}

/** The fields of a type's message, by number. */
export function layoutOf(type: TypeSchema): readonly ProtoField[] {
  let layout = cache.get(type);
  if (!layout) {
    layout = build(type);
    cache.set(type, layout);
  }
  return layout;
}

const props: FieldSchema = {
  type: 'ref',
  ref: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
};

/** The type of a CustomResourceDefinition's schema, which the scalars of that package hold. */
export const jsonSchemaProps = (): TypeSchema => typeSchema(props.ref as string);
