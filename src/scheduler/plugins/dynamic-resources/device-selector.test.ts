import { describe, expect, test } from 'vitest';
import type { Device } from '../../../api/resource/v1.ts';
import { deviceMatcher } from './device-selector.ts';

const domain = 'dra.example.com';
const free = { begin: () => undefined, spend: () => undefined };
const deviceWith = (more: Partial<Device>): Device => ({ name: 'd', ...more });
const of = (attribute: NonNullable<Device['attributes']>[string]) =>
  deviceWith({ attributes: { name: attribute } });

function matched(expression: string, device: Device, driver = domain): boolean | string {
  try {
    return deviceMatcher()(expression, { driver, device }, free);
  } catch (error) {
    return (error as Error).message;
  }
}

const name = `device.attributes["${domain}"].name`;
const nothing = deviceWith({});
const oneAttribute = of({ bool: true });
const version = of({ version: '1.0.0' });
const memory = deviceWith({ capacity: { name: { value: '1Mi' } } });

describe('a selector holds for a device as upstream says:', () => {
  test.each<[string, Device, boolean]>([
    ['true', nothing, true],
    ['"no-such-domain" in device.attributes', nothing, false],
    [`"${domain}" in device.attributes`, oneAttribute, true],
    [`device.driver == "${domain}"`, nothing, true],
    [name, oneAttribute, true],
    [`device.attributes["${domain}"]["name"]`, oneAttribute, true],
    [`cel.bind(dra, device.attributes["${domain}"], dra.name)`, oneAttribute, true],
    [
      'device.attributes["other.example.com"].name',
      deviceWith({ attributes: { 'other.example.com/name': { bool: true } } }),
      true,
    ],
    [`${name} > 0`, of({ int: 1 }), true],
    [`${name} == "fish"`, of({ string: 'fish' }), true],
    [`${name}.isGreaterThan(semver("0.0.1"))`, version, true],
    [`${name}.isGreaterThan(semver("v0.0.1", true)) && isSemver("v1.0.0", true)`, version, true],
    [`device.capacity["${domain}"].name.isGreaterThan(quantity("1Ki"))`, memory, true],
    [
      `!("name" in device.capacity["${domain}"]) || device.capacity["${domain}"].name.isGreaterThan(quantity("1Ki"))`,
      nothing,
      true,
    ],
    [`device.attributes.exists_one(x, x == "${domain}")`, oneAttribute, true],
    [`device.attributes["${domain}"].exists_one(x, x == "name")`, oneAttribute, true],
    [`${name}.split("example").size() >= 2`, of({ string: 'some_example_value' }), true],
    [`${name}.matches("[^a]?sym")`, of({ string: 'asymetric' }), true],
    ['device.allowMultipleAllocations == false', nothing, true],
    ['device.allowMultipleAllocations', deviceWith({ allowMultipleAllocations: true }), true],
  ])('%s', (expression, device, wanted) => {
    expect(matched(expression, device)).toBe(wanted);
  });

  test('without a driver', () => {
    expect(matched('device.driver == ""', nothing, '')).toBe(true);
  });
});

const tens = '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]';
const nested = (depth: number): string =>
  depth === 0 ? "int('1'.find('[0-9]*')) < 100" : `${tens}.all(x${depth}, ${nested(depth - 1)})`;

describe('it fails as upstream does:', () => {
  test.each<[string, Device, string]>([
    [
      'device.attributes["no-such-domain"].noSuchAttr.isGreaterThan(quantity("0"))',
      nothing,
      'no such key: noSuchAttr',
    ],
    [
      'device.attributes["no-such-domain"]["noSuchAttr"].isGreaterThan(quantity("0"))',
      nothing,
      'no such key: noSuchAttr',
    ],
    [name, of({ string: 'true' }), 'CEL result of type string could not be converted to bool'],
    ['true', of({}), 'attribute name: unsupported attribute value'],
    ['?!', nothing, 'Syntax error'],
    [nested(7), nothing, 'actual cost limit exceeded'],
  ])('%s', (expression, device, wanted) => {
    expect(matched(expression, device)).toContain(wanted);
  });
});

test('it is evaluated once for a device; what that and compiling it costs counts once', () => {
  const costs: number[] = [];
  const meter = { begin: () => costs.push(0), spend: (cost: number) => costs.push(cost) };
  const matches = deviceMatcher();
  const [one, other] = [of({ int: 1 }), of({ int: 2 })];
  const ask = (device: Device) => {
    costs.length = 0;
    const matched = matches(`${name} == 1`, { driver: domain, device }, meter);
    return { matched, count: costs.length };
  };
  expect(ask(one)).toEqual({ matched: true, count: 4 });
  expect(ask(one)).toEqual({ matched: true, count: 0 });
  expect(ask(other)).toEqual({ matched: false, count: 3 });
});
