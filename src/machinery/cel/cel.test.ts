import { describe, expect, test } from 'vitest';
import { compile } from './cel.ts';
import { CelCompileError } from './errors.ts';
import { fromJson } from './json-value.ts';
import { toJson } from './to-json.ts';
import { dynType, formatType, intType, listType, objectType, stringType } from './types.ts';
import { type CelValue, Optional } from './values.ts';

const object = {
  metadata: { name: 'web', labels: { app: 'a', 'k8s.io/x': 'y' }, nothing: null },
  spec: { replicas: 3, ratio: 1.5, ports: [80, 443], names: ['b', 'a'] },
};
const deep = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));

function run(expression: string, costLimit?: number): unknown {
  const program = compile(expression, { variables: { object: dynType, deep: dynType } });
  const lookup = (name: string) => fromJson(name === 'deep' ? deep : object);
  const value = program.evaluate(lookup, costLimit === undefined ? {} : { costLimit });
  return shown(value);
}

const shown = (value: CelValue): unknown => {
  if (typeof value === 'bigint') return value;
  return value instanceof Optional && value.value === undefined ? undefined : toJson(value);
};

describe('objects of the API', () => {
  test.each([
    ['object.spec.replicas + 1', 4n],
    ['object.spec.ratio * 2.0', 3],
    ['object.spec.replicas == 3.0', true],
    ['type(object.spec.replicas) == int && type(object.spec.ratio) == double', true],
    ["has(object.metadata.labels) && 'app' in object.metadata.labels", true],
    ['has(object.metadata.none)', false],
    ['has(object.metadata.nothing) && object.metadata.nothing == null', true],
    ["object.metadata.labels['k8s.io/x']", 'y'],
    ["object.?spec.?none.?deeper.orValue('d')", 'd'],
    ["object.metadata.labels[?'none'].hasValue()", false],
    ['object.spec.ports.exists(p, p == 443)', true],
    ['object.metadata.labels.all(k, v, k != v)', true],
    ['object.spec.ports.map(p, p > 100, p + 1)', [444]],
    ["object.metadata.labels.transformMap(k, v, v + '!')", { app: 'a!', 'k8s.io/x': 'y!' }],
    ["{'a': 1, ?'b': object.?none}", { a: 1 }],
    ['[1, ?object.?none, 2]', [1, 2]],
    ['cel.bind(n, object.metadata.name, n + n)', 'webweb'],
    ['object.?spec.optMap(s, s.replicas).value()', 3n],
    ['object.?spec.orValue(1 / 0).replicas', 3n],
    ['object.?spec.or(optional.of(1 / 0)).replicas.value()', 3n],
    ['object.?none.or(object.?spec).?replicas.orValue(1)', 3n],
    ['dyn(1).orValue(2)', 1n],
    ['has(dyn(null).a) || has(dyn(1).a)', false],
    ['dyn(null).?a.hasValue() || dyn(null)[?0].hasValue()', false],
  ])('%s', (expression, wanted) => {
    expect(run(expression)).toEqual(wanted);
  });

  test.each([
    ['object.metadata.none', 'no such key: none'],
    ['dyn(null).name', 'no such key: name'],
    ['dyn(null)[0]', 'no such key: 0'],
    ["dyn('a').b", 'no such key: b'],
    ['dyn([1]).b', "unsupported index type 'string' in list"],
    ['has(dyn([1]).b)', "unsupported index type 'string' in list"],
    ['object.spec.ports[2]', 'index out of bounds: 2'],
    ['object.?none.orValue(1 / (object.spec.replicas - 3))', 'division by zero'],
    ["object.spec.replicas.startsWith('a')", "no such overload: 'startsWith' applied to 'int.(string)'"],
    ['1 / (object.spec.replicas - 3)', 'division by zero'],
    ['9223372036854775807 + object.spec.replicas', 'integer overflow'],
  ])('%s fails', (expression, message) => {
    expect(() => run(expression)).toThrow(message);
  });
});

describe('the type of what may be one of two things is what is known of both, as upstream has it:', () => {
  test.each([
    ['object.?spec.?hostNetwork.orValue(false)', 'dyn'],
    ['object.?spec.?hostNetwork.orValue(false) == true', 'bool'],
    ['true ? object.spec.replicas : 1', 'dyn'],
    ['true ? 1 : object.spec.replicas', 'dyn'],
    ['true ? [1] : object.spec.ports', 'dyn'],
    ['true ? [1] : [object.spec.replicas]', 'list(dyn)'],
    ['true ? [1] : []', 'list(int)'],
    ['true ? [] : [[1]]', 'list(list(int))'],
    ["{'a': 'b'}[?'a'].orValue('c')", 'string'],
    ["{'a': 'b'}[?'a'].orValue(object.spec.name)", 'dyn'],
    ['optional.none().orValue(1)', 'int'],
    ['optional.none().or(optional.of("a")).value()', 'string'],
    ['optional.none().?x.orValue(1)', 'dyn'],
    ['optional.none()[?0].value()', 'dyn'],
    ['optional.none().optMap(v, v.a + 1).orValue(2)', 'int'],
    ['optional.none().value()', 'dyn'],
    ['optional.none()', 'optional_type(dyn)'],
    ['true ? optional.none() : optional.of(1)', 'optional_type(int)'],
    ["'a' + object.?name.orValue('b')", 'string'],
    ["true ? duration('1s') : null", 'duration'],
  ])('%s', (expression, wanted) => {
    expect(formatType(compile(expression, { variables: { object: dynType } }).type)).toBe(wanted);
  });
});

describe('functions of Kubernetes', () => {
  test.each([
    ["'abc 123 def 45'.find('[0-9]+')", '123'],
    ["'abc 123 def 45'.findAll('[0-9]+')", ['123', '45']],
    ["'abc 123 def 45'.findAll('[0-9]+', 1)", ['123']],
    ["'xab xa'.findAll('xa|xab')", ['xa', 'xa']],
    ["'foo bar'.findAll('\\\\b.')", ['f', ' ', 'b']],
    ["'Äpfel'.find('(?i)ÄPF')", 'Äpf'],
    ["'aaa'.findAll('a*?')", ['', '', '', '']],
    ['object.spec.names.isSorted()', false],
    ['object.spec.ports.sum() + object.spec.ports.min()', 603n],
    ["['1h'].filter(t, false).map(t, duration(t)).sum() < duration('1s')", true],
    ["[1500.0, -0.00012].map(x, '%.2e'.format([x]))", ['1.50×10⁰³', '-1.20×10⁻⁰⁴']],
    ["object.spec.names.indexOf('a')", 1n],
    ["['b', 'a', 'b'].distinct().sort()", ['a', 'b']],
    ['[-3, 1, -5, -2, 4].sortBy(e, -(e * e))', [-5, 4, -3, -2, 1]],
    ['[].sortBy(e, e).size() + [1].map(i, [2, i].sortBy(e, e + i)[0]).sum()', 1n],
    ["[{'n': 1, 'i': 1}, {'n': 0, 'i': 2}, {'n': 1, 'i': 0}].sortBy(e, e.n).map(e, e.i)", [2, 1, 0]],
    ['object.spec.ports.sortBy(e, -e)', [443, 80]],
    ["optional.ofNonZeroValue(duration('0s')).hasValue()", false],
    ["optional.ofNonZeroValue(timestamp('0001-01-01T00:00:00Z')).hasValue()", false],
    ['[[dyn(1)], [dyn(2), dyn([3])]].flatten()', [1, 2, [3]]],
    ['sets.equivalent([1, 2], [2, 1, 1])', true],
    ["url('https://user@example.com:80/a%20b?x=1&x=2#f').getHost()", 'example.com:80'],
    ["url('https://[::1]:80/a').getHostname()", '::1'],
    ["url('https://example.com/a b').getEscapedPath()", '/a%20b'],
    ["url('/p?x=1&x=2').getQuery()", { x: ['1', '2'] }],
    ["isURL('example.com')", false],
    ["quantity('1.5Gi').isGreaterThan(quantity('1500M'))", true],
    ["quantity('50k').add(20).asInteger()", 50_020n],
    ["quantity('50m').isInteger() || isQuantity('1 Mi')", false],
    ["ip('10.0.0.1').family() == 4 && isIP('::ffff:1.2.3.4') == false", true],
    ["ip.isCanonical('2001:DB8::1')", false],
    ["cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.0.0.0/8').containsIP(ip('10.9.9.9'))", true],
    ["string(cidr('10.1.2.3/8').masked())", '10.0.0.0/8'],
    ["format.dns1123Label().validate('a-b').hasValue()", false],
    ["format.named('dns1123Label').value().validate('A').value().size() > 0", true],
    ["semver('1.2.3-rc.1').isLessThan(semver('v1.2.3', true))", true],
    ["'%s has %d, %.2f, %x'.format(['a', 5, 2.345, 255])", 'a has 5, 2.35, ff'],
    ["timestamp('2024-07-01T10:00:00Z').getHours('Europe/Berlin')", 12n],
    ["duration('1h2m3s4ms').getMilliseconds()", 3_723_004n],
    ["duration('90m') - duration('1h') == duration('1800s')", true],
    ["'a,b,c'.split(',', 2).join('|')", 'a|b,c'],
  ])('%s', (expression, wanted) => {
    expect(run(expression)).toEqual(wanted);
  });

  test('patterns take time linear in the text', () => {
    const text = `'${'a'.repeat(5000)}'`;
    expect(run(`${text}.matches('^(a+)+b$')`)).toBe(false);
    expect(run(`${text}.find('(a|a)*b')`)).toBe('');
  });
});

describe('what does not compile', () => {
  const failure = (expression: string) => {
    const self = objectType('Self', { count: intType, names: listType(stringType) });
    try {
      compile(expression, { variables: { self } });
      return 'compiled';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each([
    ['nope + 1', "ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope + 1\n | ^"],
    ['self.nope', "ERROR: <input>:1:5: undefined field 'nope'\n | self.nope\n | ....^"],
    [
      'self.count +\n self.names',
      "ERROR: <input>:1:12: found no matching overload for '_+_' applied to '(int, list(string))'\n | self.count +\n | ...........^",
    ],
    [
      'self.names.nope()',
      "ERROR: <input>:1:16: undeclared reference to 'nope' (in container '')\n | self.names.nope()\n | ...............^",
    ],
    [
      'self.count.all(x, true)',
      "ERROR: <input>:1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | self.count.all(x, true)\n | ....^",
    ],
    ['has(self)', 'ERROR: <input>:1:5: invalid argument to has() macro\n | has(self)\n | ....^'],
    [
      '[self.names].max()',
      "ERROR: <input>:1:17: found no matching overload for 'max' applied to 'list(list(string)).()'\n | [self.names].max()\n | ................^",
    ],
    [
      'self.names.sortBy(e, [e])',
      "ERROR: <input>:1:18: found no matching overload for '@sortByAssociatedKeys' applied to 'list(string).(list(list(string)))'\n | self.names.sortBy(e, [e])\n | .................^",
    ],
    [
      '{1: 2}.sortBy(e, e)',
      'ERROR: <input>:1:1: sortBy can only be applied to a list, identifier, comprehension, call or select expression\n | {1: 2}.sortBy(e, e)\n | ^',
    ],
    [
      "[duration('1h'), duration('1d')]",
      "ERROR: <input>:1:27: invalid duration argument\n | [duration('1h'), duration('1d')]\n | ..........................^",
    ],
    [
      "timestamp('2024-13-01T00:00:00Z')",
      "ERROR: <input>:1:11: invalid timestamp argument\n | timestamp('2024-13-01T00:00:00Z')\n | ..........^",
    ],
    [
      "self.names.all(n, n.matches('x++'))",
      "ERROR: <input>:1:29: invalid matches argument\n | self.names.all(n, n.matches('x++'))\n | ............................^",
    ],
    [
      "[1, 'a', false]",
      "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a', false]\n | ....^",
    ],
    [
      '[dyn(1), self.count, null]',
      "ERROR: <input>:1:14: expected type 'dyn' but found 'int'\n | [dyn(1), self.count, null]\n | .............^",
    ],
    [
      "{'a': 1, 2: 'b'}",
      "ERROR: <input>:1:10: expected type 'string' but found 'int'\n | {'a': 1, 2: 'b'}\n | .........^\nERROR: <input>:1:13: expected type 'int' but found 'string'\n | {'a': 1, 2: 'b'}\n | ............^",
    ],
    [
      "self.count ? 1 : 'a'",
      "ERROR: <input>:1:12: found no matching overload for '_?_:_' applied to '(int, int, string)'\n | self.count ? 1 : 'a'\n | ...........^",
    ],
  ])('%s', (expression, wanted) => {
    expect(failure(expression)).toBe(wanted);
  });

  test.each([
    '[[], [1], [self.count]]',
    "[optional.none(), optional.of('a')]",
    "[{}, {'a': 1}]",
    "'%s %d %s'.format([['a', 1], 2, {'a': 1, 'b': false}])",
    "[?optional.of('a'), 'b', ?optional.none()]",
    "{?'k': optional.none(), 'l': 1}",
    '[dyn(1), dyn(self.count)]',
    'duration(string(self.count)) > duration("0")',
  ])('%s does', (expression) => {
    expect(failure(expression)).toBe('compiled');
  });

  test.each(['', '1 +', 'a b', '[1, 2', "'open", 'a.in', '1..2', '@', 'for', '"\\q"', '9223372036854775808'])(
    '%j is no expression',
    (expression) => {
      expect(failure(expression)).toMatch(/^ERROR: <input>:\d+:\d+: Syntax error: /);
    },
  );

  test.each([
    ['self.true == 1', "1:6: Syntax error: mismatched input 'true' expecting IDENTIFIER"],
    ['self.names[0].true', "1:15: Syntax error: no viable alternative at input '.true'"],
    ["self.names! == '1'", "1:11: Syntax error: mismatched input '!' expecting <EOF>"],
    ['self.count)', "1:11: Syntax error: extraneous input ')' expecting <EOF>"],
  ])('%s is told as upstream tells it', (expression, wanted) => {
    expect(failure(expression).split('\n', 1)[0]).toBe(`ERROR: <input>:${wanted}`);
  });

  test('names all that is wrong, in order', () => {
    expect(
      failure('a + b')
        .split('\n')
        .filter((line) => line.startsWith('ERROR')),
    ).toHaveLength(2);
  });

  test('is not nested or long without bound', () => {
    const tooLong = 'expression code point size exceeds limit: size: 240001, limit 100000';
    expect(failure(`1${' + 1'.repeat(60_000)}`)).toBe(`ERROR: <input>:-1:0: ${tooLong}`);
    expect(failure(`"${'😀'.repeat(60_000)}" == ""`)).toBe('compiled');
  });

  test.each<[string, (n: number) => string, string]>([
    [
      'brackets',
      (n) => '('.repeat(n - 1) + '1' + ')'.repeat(n - 1),
      'expression recursion limit exceeded: 250',
    ],
    [
      'calls',
      (n) => 'dyn('.repeat(n - 1) + '1' + ')'.repeat(n - 1),
      'expression recursion limit exceeded: 250',
    ],
    ['fields', (n) => `dyn(1)${'.a'.repeat(n)}`, 'max recursion depth exceeded'],
    ['elements', (n) => `dyn(1)${'[0]'.repeat(n)}`, 'max recursion depth exceeded'],
    ['calls on something', (n) => `''${'.trim()'.repeat(n)}`, 'max recursion depth exceeded'],
    ['sums', (n) => `1${' + 1'.repeat(n)}`, 'max recursion depth exceeded'],
    ['comparisons', (n) => `true${' == true'.repeat(n)}`, 'max recursion depth exceeded'],
    ['both', (n) => `dyn(1)${'.a'.repeat(200)}${' == 1'.repeat(n - 200)}`, 'max recursion depth exceeded'],
  ])('has at most 250 %s in each other', (_, make, message) => {
    expect(failure(make(250))).not.toMatch(/recursion/);
    expect(failure(make(251))).toBe(`ERROR: <input>:-1:0: ${message}`);
    expect(failure(make(5000))).toBe(`ERROR: <input>:-1:0: ${message}`);
  });

  test('may join as many conditions as it likes', () => {
    expect(failure(`true${' && true'.repeat(5000)}`)).toBe('compiled');
  });
});

describe('cost', () => {
  test('is bounded', () => {
    const many = `[${Array.from({ length: 100 }, (_, i) => i).join(',')}]`;
    expect(() => run(`${many}.all(a, ${many}.all(b, ${many}.all(c, a + b + c >= 0)))`)).toThrow(
      'operation cancelled: actual cost limit exceeded',
    );
    expect(() => run('1 + 1 + 1', 1)).toThrow('cost limit exceeded');
    expect(() => run('1 + 1 + 1 == 0 || true', 1)).toThrow('cost limit exceeded');
  });

  test('objects deeper than the stack are an error, not the end', () => {
    expect(() => run('deep == deep || [deep] == [1]')).not.toThrow(RangeError);
  });
});

test('a text with many spaces is trimmed in one pass', () => {
  const text = `a${' '.repeat(300_000)}b`;
  const program = compile('text.trim() == text', { variables: { text: dynType } });
  expect(program.evaluate(() => fromJson(text))).toBe(true);
});

test('texts of many digits are read in one pass', () => {
  const text = `${'0'.repeat(300_000)}x`;
  for (const type of ['duration', 'double']) {
    const program = compile(`${type}(text)`, { variables: { text: dynType } });
    expect(() => program.evaluate(() => fromJson(text))).toThrow(/invalid duration|type conversion error/);
  }
});

describe('what costs little and takes long', () => {
  const numbers = Array.from({ length: 50_000 }, (_, i) => i);
  const entries = Object.fromEntries(numbers.map((i) => [`k${i}`, i]));
  const nested = Array(300).fill(numbers.slice(0, 300));
  const long = 'a'.repeat(1_000_000);
  const value = fromJson({
    numbers,
    entries,
    sameEntries: entries,
    nested,
    sameNested: nested,
    few: numbers.slice(0, 300),
    sameFew: numbers.slice(0, 300),
    long,
    half: long.slice(500_000),
  });
  const doubled = (names: string, first: string): string =>
    [...names].reduce(
      (body, name, i, all) => `cel.bind(${name}, [${all[i + 1] ?? first}, ${all[i + 1] ?? first}], ${body})`,
      names[0] as string,
    );

  test.each([
    'object.numbers.map(x, object.numbers).flatten().size() > 0',
    'object.few.map(x, object.few.map(y, object.numbers)).flatten(2).size() > 0',
    'object.numbers.map(x, object.numbers.slice(0, 50000)).size() > 0',
    'object.few.map(x, object.entries == object.sameEntries).size() > 0',
    'object.few.map(x, object.nested == object.sameNested).size() > 0',
    `${doubled('abcdefghijklmnopqrstuvwxyz', 'object.few')} == ${doubled('abcdefghijklmnopqrstuvwxyz', 'object.few')}`,
    'object.few.map(x, "%s".format([object.numbers])).size() > 0',
    'object.numbers.map(x, object.long.charAt(999999)).size() > 0',
    'object.few.map(x, object.long.replace("", "bcd")).size() > 0',
    'object.numbers.map(x, object.long).join().size() > 0',
    'object.few.map(x, object.long.findAll("")).size() > 0',
    'object.long.findAll("a.*b|a").size() > 0',
  ])('%s', (expression) => {
    const program = compile(expression, { variables: { object: dynType } });
    let spent = 0;
    const evaluate = () => program.evaluate(() => value, { onCost: (cost) => (spent = cost) });
    expect(evaluate).toThrow('operation cancelled: actual cost limit exceeded');
    expect(spent).toBeGreaterThan(90_000);
  });

  test.each([
    'object.numbers.all(x, object.long != "")',
    'object.numbers.all(x, object.long.contains("") && object.long.matches(""))',
  ])('nor does a long text take long that costs nothing: %s', (expression) => {
    const program = compile(expression, { variables: { object: dynType } });
    expect(program.evaluate(() => value)).toBe(true);
  });

  test('small values cost what they do upstream', () => {
    const program = compile('object.few == object.sameFew', { variables: { object: dynType } });
    let spent = 0;
    program.evaluate(() => value, { onCost: (cost) => (spent = cost) });
    expect(spent).toBe(34);
  });
});

describe('what cannot be made of a constant is found out before anything is evaluated:', () => {
  test.each([
    ["'a'.find(')') == ''", 'program instantiation failed: error parsing regexp: unexpected ): `)`'],
    ["'a'.findAll(')') == []", 'program instantiation failed: error parsing regexp: unexpected ): `)`'],
    ["'a'.findAll(')', 1) == []", 'program instantiation failed: error parsing regexp: unexpected ): `)`'],
    [
      "[1].all(x, int('a') == x)",
      "program instantiation failed: type conversion error from 'string' to 'int'",
    ],
    ['has(object.a) && uint(-1) > 1u', 'program instantiation failed: unsigned integer overflow'],
  ])('%s', (expression, said) => {
    const compiling = () => compile(expression, { variables: { object: dynType } });
    expect(compiling).toThrow(CelCompileError);
    try {
      compiling();
    } catch (error) {
      expect((error as CelCompileError).failed()).toBe(said);
      const ofMessage = (error as CelCompileError).failed('messageExpression');
      expect(ofMessage).toBe(said.replace('program', 'messageExpression'));
    }
  });

  test.each([
    ["'a'.find(dyn(')')) == ''", 'Illegal regex: error parsing regexp: unexpected ): `)`'],
    ["'a'.matches(dyn(')'))", 'error parsing regexp: unexpected ): `)`'],
  ])('a pattern that is no constant is not: %s', (expression, said) => {
    const program = compile(expression, { variables: {} });
    expect(() => program.evaluate(() => null)).toThrow(said);
  });
});

test('a moment keeps the zone in which it was written, as far as text shows it', () => {
  const moment = "timestamp('2011-08-18T19:03:37.01+01:00')";
  expect(run(`string(${moment})`)).toBe('2011-08-18T19:03:37.01+01:00');
  expect(run(`string(${moment} + duration('5h'))`)).toBe('2011-08-19T00:03:37.01+01:00');
  expect(run(`string(duration('1s') + ${moment} - duration('1s'))`)).toBe('2011-08-18T19:03:37.01+01:00');
  expect(run(`'%s'.format([${moment}])`)).toBe('2011-08-18T19:03:37.01+01:00');
  expect(run(`${moment} == timestamp('2011-08-18T18:03:37.01Z')`)).toBe(true);
  expect(run("string(timestamp('2011-08-18T00:30:00-09:30'))")).toBe('2011-08-18T00:30:00-09:30');
  expect(run("string(timestamp('2011-08-18T00:30:00+00:00'))")).toBe('2011-08-18T00:30:00Z');
});
