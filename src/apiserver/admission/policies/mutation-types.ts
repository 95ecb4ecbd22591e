import type { RecordTypes } from '../../../machinery/cel/cel.ts';
import { overFirst } from '../../../machinery/cel/library/cost.ts';
import { libraryOf, overload } from '../../../machinery/cel/signature.ts';
import { dynType, listType, objectType, openType, stringType } from '../../../machinery/cel/types.ts';
import { CelList, CelMap, type CelValue, EntryMap } from '../../../machinery/cel/values.ts';
import { authorizerLibrary } from '../expressions/authorizer.ts';

const jsonPatch = objectType('JSONPatch', {
  op: stringType,
  path: stringType,
  from: stringType,
  value: dynType,
});

/** A piece of the object, of a type that says where it belongs. */
class ObjectPiece extends EntryMap {
  readonly type: string;

  constructor(type: string, fields: CelMap) {
    super();
    this.type = type;
    for (const key of fields.keys()) this.add(key, fields.get(key) as CelValue);
  }
}

const texts = new Set<CelValue>(['op', 'path', 'from']);

/** An operation of a patch: of its texts, what is not said is empty, and what is empty is not said. */
class PatchOperation extends EntryMap {
  constructor(fields: CelMap) {
    super();
    for (const key of fields.keys()) {
      const value = fields.get(key) as CelValue;
      if (value !== '' || !texts.has(key)) this.add(key, value);
    }
  }
  override get(key: CelValue): CelValue | undefined {
    const value = super.get(key);
    return value === undefined && texts.has(key) ? '' : value;
  }
  override has(key: CelValue): boolean {
    return super.get(key) !== undefined;
  }
}

/** What is wrong with the types of the pieces in a piece: each is named after the field that it stands in. */
export function mismatches(value: CelValue): readonly string[] {
  return value instanceof ObjectPiece ? mismatchesUnder(value, value.type) : [];
}

function mismatchesUnder(value: CelValue, expected: string): readonly string[] {
  if (value instanceof CelList) return [...value].flatMap((item) => mismatchesUnder(item, expected));
  if (!(value instanceof CelMap)) return [];
  const isPiece = value instanceof ObjectPiece;
  const isWrong = isPiece && value.type !== expected;
  const why = 'which matches field name path from root Object type';
  return [
    ...(isWrong ? [`unexpected type name "${value.type}", expected "${expected}", ${why}`] : []),
    ...[...value.keys()].flatMap((key) =>
      mismatchesUnder(value.get(key) as CelValue, isPiece ? `${expected}.${String(key)}` : expected),
    ),
  ];
}

/** What the expressions of mutations have to give. */
export const mutationTypes = {
  applyConfiguration: openType('Object'),
  jsonPatch: listType(jsonPatch),
};

/** `Object` and `Object.spec.template` are pieces of the object; what fields they have is seen when they are applied. */
const records: RecordTypes = {
  find(name) {
    if (name === 'JSONPatch') return jsonPatch;
    return /^Object(?:\.\w+)*$/.test(name) ? openType(name) : undefined;
  },
  make: (name, fields) => (name === 'JSONPatch' ? new PatchOperation(fields) : new ObjectPiece(name, fields)),
};

const escapeKey = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** What the expressions of mutations may use besides. */
export const mutationScope = {
  records,
  library: new Map([
    ...authorizerLibrary,
    ...libraryOf([overload('jsonpatch.escapeKey(string): string', escapeKey, overFirst())]),
  ]),
};
