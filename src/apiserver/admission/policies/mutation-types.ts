import type { RecordTypes } from '../../../machinery/cel/cel.ts';
import { overFirst } from '../../../machinery/cel/library/cost.ts';
import { libraryOf, overload } from '../../../machinery/cel/signature.ts';
import { dynType, listType, objectType, opaqueType, stringType } from '../../../machinery/cel/types.ts';

const jsonPatch = objectType('JSONPatch', {
  op: stringType,
  path: stringType,
  from: stringType,
  value: dynType,
});

/** What the expressions of mutations have to give. */
export const mutationTypes = {
  applyConfiguration: opaqueType('Object'),
  jsonPatch: listType(jsonPatch),
};

/** `Object` and `Object.spec.template` are pieces of the object; what fields they have is seen when they are applied. */
const records: RecordTypes = {
  find(name) {
    if (name === 'JSONPatch') return jsonPatch;
    return /^Object(?:\.\w+)*$/.test(name) ? opaqueType(name) : undefined;
  },
  make: (_, fields) => fields,
};

const escapeKey = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** What the expressions of mutations may use besides. */
export const mutationScope = {
  records,
  library: libraryOf([overload('jsonpatch.escapeKey(string): string', escapeKey, overFirst())]),
};
