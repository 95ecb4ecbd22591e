import { describe, expect, test } from 'vitest';
import { texts } from '../shared/testing.ts';
import { findInTurns, selectorCost, selectorErrors } from './selector.ts';

const attributes = 'device.attributes["dra.example.com"]';
const capacity = 'device.capacity["dra.example.com"]';
const tens = '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]';
const nested = ['x', 'y', 'z', 'z2', 'z3', 'z4', 'z5'].reduceRight(
  (body, variable) => `${tens}.all(${variable}, ${body})`,
  "int('1'.find('[0-9]*')) < 100",
);

describe('what a selector costs at most is what upstream estimates:', () => {
  test.each([
    ['true', 0],
    ['device.attributes["no-such-domain"].noSuchAttr.isGreaterThan(quantity("0"))', 6],
    ['device.attributes["no-such-domain"]["noSuchAttr"].isGreaterThan(quantity("0"))', 6],
    ['"dra.example.com" in device.attributes', 3],
    ['device.driver == ""', 2],
    ['device.driver == "dra.example.com"', 4],
    [`${attributes}.name`, 4],
    [`${attributes}["name"]`, 4],
    [`cel.bind(dra, ${attributes}, dra.name)`, 15],
    [`${attributes}.name > 0`, 5],
    [`${attributes}.name == "fish"`, 5],
    [`${attributes}.name.isGreaterThan(semver("0.0.1"))`, 6],
    [`${attributes}.name.isGreaterThan(semver("v0.0.1", true)) && isSemver("v1.0.0", true)`, 7],
    [`${capacity}.name.isGreaterThan(quantity("1Ki"))`, 6],
    [`"name" in ${capacity} && ${capacity}.name.isGreaterThan(quantity("1Ki"))`, 10],
    [`!("name" in ${capacity}) || ${capacity}.name.isGreaterThan(quantity("1Ki"))`, 11],
    [`${attributes}.a && ${attributes}.b && ${attributes}.c`, 12],
    ['device.attributes.exists_one(x, x == "dra.example.com")', 164],
    [`${attributes}.exists_one(x, x == "services")`, 133],
    [`${attributes}.services.split("example").size() >= 2`, 19],
    [`${attributes}.services.matches("[^a]?sym")`, 18],
    ['device.capacity.exists_one(x, x == "dra.example.com")', 164],
    [`${capacity}.exists_one(x, x == "memory")`, 133],
    [nested, 85_555_551],
    ['device.allowMultipleAllocations == true', 3],
  ])('%s', (expression, cost) => {
    expect(selectorCost(expression)).toBe(cost);
  });
});

test.each([
  ['?!', /^f\[0\]\.cel\.expression: Invalid value: "\?!": compilation failed: ERROR: .*Syntax error/],
  ['1', 'f[0].cel.expression: Invalid value: "1": must evaluate to bool or the unknown type, not int'],
  [nested, 'f[0].cel.expression: Forbidden: too complex, exceeds cost limit'],
  [`${attributes}.name.includes("fish")`, /undeclared reference to 'includes'/],
])('a selector is refused: %s', (expression, said) => {
  const [text, ...others] = texts(selectorErrors('f', [{ cel: { expression } }]));
  expect(others).toEqual([]);
  expect(text).toEqual(typeof said === 'string' ? said : expect.stringMatching(said));
});

test('many are compiled in turns, each once; a short one at once', async () => {
  const { signal } = new AbortController();
  const selectors = Array.from({ length: 20 }, (_, i) => {
    const expression = Array.from({ length: 60 }, () => `${attributes}.name${i} > 0`).join(' && ');
    return { cel: { expression } };
  });
  let looks = 0;
  const find = (all: typeof selectors) => () => {
    looks++;
    return selectorErrors('f', [...all, { cel: { expression: '1' } }]);
  };
  const found = findInTurns(find(selectors), signal);
  expect(found).toBeInstanceOf(Promise);
  expect(texts(await found)).toEqual([
    'f[20].cel.expression: Invalid value: "1": must evaluate to bool or the unknown type, not int',
  ]);
  expect(looks).toBeGreaterThan(3);
  expect(looks).toBeLessThan(25);
  expect(findInTurns(find([]), signal)).toHaveLength(1);
});
