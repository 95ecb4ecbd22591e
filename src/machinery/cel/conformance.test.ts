import type { Value } from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import { type SimpleTest } from '@bufbuild/cel-spec/cel/expr/conformance/test/simple_pb.js';
import { getConformanceSuite, type IncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { equal } from './equal.ts';
import { kubernetesLibrary } from './library/all.ts';
import { parseExpression } from './parser.ts';
import { Frame } from './frame.ts';
import { Planner } from './plan.ts';
import { dynType } from './types.ts';
import { ArrayList, type CelValue, EntryMap, TypeValue, Uint } from './values.ts';

/** The suites of the language's own specification that concern what Kubernetes has of it: no protobuf messages. */
const suites = new Set([
  'basic',
  'bindings_ext',
  'comparisons',
  'conversions',
  'fields',
  'fp_math',
  'integer_math',
  'lists',
  'logic',
  'macros',
  'macros2',
  'namespace',
  'optionals',
  'parse',
  'plumbing',
  'string',
  'string_ext',
  'timestamps',
]);

function fromValue({ kind }: Value): CelValue | undefined {
  switch (kind.case) {
    case 'nullValue':
      return null;
    case 'uint64Value':
      return new Uint(kind.value);
    case 'typeValue':
      return new TypeValue(kind.value);
    case 'listValue': {
      const items = kind.value.values.map(fromValue);
      return items.includes(undefined) ? undefined : new ArrayList(items as CelValue[]);
    }
    case 'mapValue': {
      const map = new EntryMap();
      for (const { key, value } of kind.value.entries) {
        const made = fromValue(value as Value);
        if (made === undefined) return undefined;
        map.add(fromValue(key as Value) as CelValue, made);
      }
      return map;
    }
    case 'boolValue':
    case 'int64Value':
    case 'doubleValue':
    case 'stringValue':
    case 'bytesValue':
      return kind.value;
    default:
      return undefined;
  }
}

/** Whether a case is about messages of protobuf, containers or unchecked expressions, which Kubernetes has none of. */
function isForeign({
  expr,
  container,
  resultMatcher,
  bindings,
  disableMacros,
  disableCheck,
}: SimpleTest): boolean {
  const text = JSON.stringify([resultMatcher, bindings], (_, v) => (typeof v === 'bigint' ? String(v) : v));
  return (
    container !== '' ||
    disableMacros ||
    disableCheck ||
    /TestAllTypes|objectValue|google\.protobuf\.(?!Timestamp|Duration)|enumValue/.test(expr + text)
  );
}

/** Without what Kubernetes asks of an expression besides: here, lists and maps may hold values of different types. */
function evaluate(expression: string, names: readonly string[], lookup: Frame['lookup']): CelValue {
  const node = parseExpression(expression);
  const library = kubernetesLibrary();
  const variables = new Map(names.map((name) => [name, dynType]));
  const { issues } = check(node, { variables, library });
  if (issues[0]) throw new Error(issues[0].message);
  const step = new Planner({ library, isVariable: (name) => variables.has(name) }).plan(node);
  return step(new Frame(lookup, Number.POSITIVE_INFINITY));
}

type Outcome = 'right' | 'wrong' | 'skipped';

function run(original: SimpleTest): Outcome {
  const { resultMatcher, bindings, expr } = original;
  const values = new Map<string, CelValue>();
  for (const [name, { kind }] of Object.entries(bindings)) {
    const value = kind.case === 'value' ? fromValue(kind.value) : undefined;
    if (value === undefined) return 'skipped';
    values.set(name, value);
  }
  const names = [...values.keys(), ...original.typeEnv.map((declaration) => declaration.name)];
  let got: CelValue | Error;
  try {
    got = evaluate(expr, names, (name) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`no value for ${name}`);
      return value;
    });
  } catch (error) {
    got = error as Error;
  }
  if (resultMatcher.case === 'evalError') return got instanceof Error ? 'right' : 'wrong';
  const wanted =
    resultMatcher.case === 'value' ? fromValue(resultMatcher.value) : resultMatcher.case ? undefined : true;
  if (wanted === undefined) return 'skipped';
  if (got instanceof Error) return 'wrong';
  return (Number.isNaN(got) && Number.isNaN(wanted)) || equal(got, wanted) ? 'right' : 'wrong';
}

function results(suite: IncrementalTestSuite, path: string): Record<Outcome, string[]> {
  const all: Record<Outcome, string[]> = { right: [], wrong: [], skipped: [] };
  for (const { original } of suite.tests) {
    const outcome = isForeign(original) ? 'skipped' : run(original);
    all[outcome].push(`${path}/${original.name}: ${original.expr}`);
  }
  for (const inner of suite.suites) {
    const found = results(inner, `${path}/${inner.name}`);
    for (const outcome of ['right', 'wrong', 'skipped'] as const) all[outcome].push(...found[outcome]);
  }
  return all;
}

/**
 * Where Kubernetes differs: whether a value without fields has one is no error, unless a feature of the library is on, and
 * numbers in scientific notation are printed as an older version of the library has it.
 */
const different: Record<string, string[]> = {
  optionals: [
    "optionals/optionals/map_null_entry_no_such_key: {'null_key': dyn(null)}.?null_key.invalid.hasValue()",
    'optionals/optionals/map_present_key_invalid_field: {true: dyn(0)}[?true].absent.hasValue()',
  ],
  string_ext: [
    'string_ext/format/scientific notation formatting clause: "%.6e".format([1052.032911275])',
    'string_ext/format/default precision for scientific notation: "%e".format([2.71828])',
    'string_ext/format/dyntype support for scientific notation: "%e".format([dyn(2.71828)])',
    'string_ext/format/scientific notation formatting clause in a string variable: str_var.format([1052.032911275])',
  ],
};

describe('the specification of the language', () => {
  for (const suite of getConformanceSuite().suites.filter(({ name }) => suites.has(name))) {
    test(suite.name, () => {
      const { right, wrong } = results(suite, suite.name);
      expect(wrong).toEqual(different[suite.name] ?? []);
      expect(right.length).toBeGreaterThan(0);
    });
  }
});
