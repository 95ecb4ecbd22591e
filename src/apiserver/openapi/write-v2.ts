import { type AroundV2, eachPart, type PartV2, type SectionV2 } from './document-v2.ts';

/** What a document of OpenAPI 2.0 is written in. */
export interface FormV2 {
  /** One part, by itself. */
  part(...part: PartV2): Uint8Array;
  /** The pieces of a document: what stands around its parts, and these. */
  whole(around: AroundV2, made: Record<SectionV2, readonly Uint8Array[]>): Uint8Array[];
}

/** Writes a document part by part, others having their turn meanwhile: with some hundred custom resources it has tens of megabytes. */
export async function writeV2(around: AroundV2, parts: Iterable<PartV2>, form: FormV2): Promise<Uint8Array> {
  const made = await eachPart(parts, (...part) => form.part(...part));
  const of = (section: SectionV2) => made[section].map(([, bytes]) => bytes);
  const pieces = form.whole(around, {
    paths: of('paths'),
    definitions: of('definitions'),
    parameters: of('parameters'),
  });
  return Buffer.concat(pieces);
}

const comma = Buffer.from(',');

export const jsonV2: FormV2 = {
  part: (_, name, value) => Buffer.from(`${JSON.stringify(name)}:${JSON.stringify(value)}`),
  whole({ swagger, info, ...security }, { paths, definitions, parameters }) {
    const beginning = JSON.stringify({ swagger, info }).slice(0, -1);
    const listed = (section: string, parts: readonly Uint8Array[]) => [
      Buffer.from(`${section}:{`),
      ...parts.flatMap((part, i) => (i > 0 ? [comma, part] : [part])),
      Buffer.from('}'),
    ];
    return [
      Buffer.from(beginning),
      ...listed(',"paths"', paths),
      ...listed(',"definitions"', definitions),
      ...listed(',"parameters"', parameters),
      Buffer.from(`,${JSON.stringify(security).slice(1)}`),
    ];
  },
};
