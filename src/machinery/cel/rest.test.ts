import { describe, expect, test } from 'vitest';
import { afterTurn } from '../../platform/turn.ts';
import { compile } from './cel.ts';
import { CelError } from './errors.ts';
import { fromJson } from './json-value.ts';
import { inTurns } from './rest.ts';
import { toJson } from './to-json.ts';
import { dynType } from './types.ts';
import { LazyMap } from './values.ts';

const numbers = Array.from({ length: 120 }, (_, i) => i);
const object = {
  numbers,
  words: numbers.map((i) => `word ${i}`),
  map: Object.fromEntries(numbers.map((i) => [`k${i}`, i])),
  bits: Array.from({ length: 30_000 }, (_, i) => 'ab'[Math.floor((i * 0.618_034) ** 2 * 7) % 2]).join(''),
  text: 'lorem ipsum 12 '.repeat(3000),
};

function begun(expression: string) {
  const program = compile(expression, { variables: { object: dynType, variables: dynType } });
  const value = fromJson(object);
  const squares = compile('object.numbers.map(x, object.numbers.all(y, x + y >= 0))', {
    variables: { object: dynType },
  });
  const cost = { spent: 0, times: 0 };
  const own = squares.begin(() => value);
  const variables = new LazyMap(new Set(['squares']), () => own());
  const lookup = (name: string) => (name === 'object' ? value : variables);
  const onCost = (spent: number) => {
    cost.spent = spent;
    cost.times++;
  };
  return {
    cost,
    evaluate: () => program.evaluate(lookup, { onCost }),
    begin: () => program.begin(lookup, { onCost }),
  };
}

const outcome = async (work: () => unknown) => {
  try {
    return toJson((await work()) as never);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return error.message;
  }
};

describe('what rests comes to the same, for the same cost:', () => {
  test.each([
    'object.numbers.all(x, object.numbers.all(y, x + y >= 0))',
    'object.numbers.exists(x, object.numbers.exists(y, x + y == 200))',
    'object.numbers.exists_one(x, object.numbers.exists_one(y, x + y == 180))',
    'object.numbers.map(x, object.numbers.filter(y, y > x).size())',
    'object.numbers.filter(x, object.map.all(k, object.map[k] >= 0) && x > 7)',
    'object.numbers.map(x, object.numbers.all(y, y >= 0) && object.map.exists(k, object.map[k] == x), x * 2)',
    'object.map.transformMap(k, v, object.numbers.filter(x, x < v).size())',
    'object.map.transformMapEntry(k, v, {k + "!": object.numbers.all(x, x < v)})',
    'object.words.map(w, object.words.join(",").contains(w) ? object.numbers.filter(x, x < 3) : [])',
    'object.numbers.filter(x, object.numbers.all(y, y >= 0)).map(z, object.words.all(w, w != ""))',
    'cel.bind(a, object.numbers.map(x, object.numbers.all(y, y + 200 > x)), a.exists(b, b) && object.numbers.all(x, a[x]))',
    'optional.of(object.numbers.map(x, object.numbers.all(y, y + 200 > x))).optMap(l, l.map(b, b ? 1 : 0).sum()).value()',
    'object.numbers.all(x, object.numbers.all(y, y / x >= 0)) || object.numbers.all(x, object.numbers.all(y, y < 120))',
    'object.numbers.all(x, object.numbers.map(y, x / (119 - y)).size() == 0) || object.numbers.exists(x, object.numbers.all(y, y + x < 130))',
    'object.numbers.map(x, object.numbers.all(y, y + x >= 0) ? x : x / 0)[119] / 0 == 1',
    'object.numbers.all(x, object.numbers.all(y, object.numbers.all(z, x + y + z + 1 > 0)))',
    'variables.squares.size() == 120 && variables.squares[3] && object.numbers.all(x, variables.squares.exists(s, !s) == false)',
    'object.text.find("[a-z]+[3-9]")',
    'object.text.findAll("[a-z]+").size() + object.text.findAll("[0-9]", 2000).size()',
    'object.text.find("x[a-z]+y") + object.text.find("1+[a-z0-9 ]{5}$") + object.text.find("m i.* 12")',
    'object.words.map(w, object.text.find("m i[a-z ]*" + w + "|$"))',
    'object.numbers.exists(x, object.text.findAll("1.").size() / (x - 5) == 3000) || object.text.find("x") == ""',
    'object.numbers.all(x, object.text.findAll("1.").size() / (3 - x) >= 0) || object.text.findAll("u").size() == 3000',
    'object.bits.matches("(a|b)*a(a|b){12}c") || object.bits.matches("b(a|b){13}$")',
  ])('%s', async (expression) => {
    const [whole, inParts] = [begun(expression), begun(expression)];
    const work = inTurns(inParts.begin());
    expect(work).toBeInstanceOf(Promise);
    expect(await outcome(() => work)).toEqual(await outcome(whole.evaluate));
    expect(inParts.cost).toEqual(whole.cost);
    expect(inParts.cost.times).toBe(1);
  });
});

describe('a long evaluation', () => {
  const long = 'object.numbers.all(x, object.numbers.all(y, x + y >= 0))';

  test('has no turn with another, and others have theirs between', async () => {
    const order: string[] = [];
    let isOver = false;
    const mark = () => {
      order.push('turn');
      if (!isOver) afterTurn(mark);
    };
    const part = (name: string) => {
      const evaluation = begun(long).begin();
      return () => {
        order.push(name);
        return evaluation();
      };
    };
    const works = ['a', 'b'].map((name) => inTurns(part(name)));
    afterTurn(mark);
    await Promise.all(works);
    isOver = true;
    expect(order.filter((what) => what === 'turn').length).toBeGreaterThan(
      order.filter((what) => what === 'a').length,
    );
    expect(order.slice(2).join(' ')).not.toMatch(/a b|b a|a a|b b/);
  });

  test('ends when nobody waits for it any longer', async () => {
    const gone = new AbortController();
    const { begin, cost } = begun(long);
    const work = inTurns(begin(), gone.signal);
    gone.abort(new Error('gone'));
    await expect(work).rejects.toThrow('gone');
    expect(cost.times).toBe(0);
  });

  test('is made at once where it is short', () => {
    expect(inTurns(begun('object.numbers.all(x, x >= 0)').begin())).toBe(true);
  });
});
