import {
  costOfEach,
  elementSize,
  type Estimate,
  exactly,
  product,
  type Size,
  sizeOf,
  sum,
  times,
  unknownSize,
} from './extent.ts';

/** A call whose arguments have been estimated. */
export interface EstimatedCall {
  name: string;
  target: Estimate | undefined;
  args: readonly Estimate[];
}

/** What a call costs at most besides its arguments, and how large what it gives is, where that is known. */
export interface CallEstimate {
  cost: number;
  size?: Size | undefined;
}

type Estimator = (target: Estimate | undefined, args: readonly Estimate[]) => CallEstimate | undefined;

/** What going over one character costs, and one character of a regular expression. */
const perCharacter = 0.1;
const perPatternCharacter = 0.25;
/** Longest regular expression behind a named format. */
const namedPattern = 128;
const namedFormat = 64;
const addressBytes = 16;

const traversal = (value: Estimate, factor = 1) => costOfEach(sizeOf(value).max, factor * perCharacter);
const searched = (text: Estimate, pattern: Estimate) =>
  times(costOfEach(sizeOf(text).max + 1, perCharacter), costOfEach(sizeOf(pattern).max, perPatternCharacter));

const fixed: Estimator = () => ({ cost: 1 });

/** Goes over what it is called on, once or as often as `factor` says, and gives as much again. */
const ofTarget =
  (factor = 1): Estimator =>
  (target) =>
    target && { cost: traversal(target, factor), size: sizeOf(target) };

/** Goes over its first argument. */
const ofArgument =
  (factor = 1, sized = false): Estimator =>
  (_, [arg]) =>
    arg && { cost: traversal(arg, factor), ...(sized && { size: sizeOf(arg) }) };

const overElements: Estimator = (target) => {
  if (!target) return undefined;
  const element = elementSize(target);
  if (!element) return { cost: traversal(target) };
  const isText = target.type.kind === 'list' && ['string', 'bytes'].includes(target.type.element.kind);
  const each = isText ? 1 + costOfEach(element.max, perCharacter) : 1;
  return { cost: times(sizeOf(target).max, each) };
};

const replace: Estimator = (target, [what, by]) => {
  if (!target || !what || !by) return undefined;
  const [text, gone, put] = [sizeOf(target), sizeOf(what), sizeOf(by)];
  const most = longest(text, gone, put);
  const least = shortest(text, gone, put);
  const size = { min: times(least.count, put.min) + least.kept, max: times(most.count, put.max) + most.kept };
  return { cost: traversal(target, 2), size };
};

/** The most often that something can be replaced, and what is kept besides. */
function longest(text: Size, gone: Size, put: Size): { count: number; kept: number } {
  if (gone.min === 0) return { count: text.max + 1, kept: text.max };
  if (put.max <= gone.min) return { count: 0, kept: text.max };
  return { count: Math.ceil(text.max / gone.min), kept: 0 };
}

function shortest(text: Size, gone: Size, put: Size): { count: number; kept: number } {
  if (gone.max === 0) return { count: text.min + 1, kept: text.min };
  if (gone.max <= put.min) return { count: 0, kept: text.min };
  return { count: Math.ceil(text.min / gone.max), kept: 0 };
}

/** At worst, each character becomes a text of its own, unless the call says how many there may be. */
const split: Estimator = (target, [, limit]) => {
  if (!target) return undefined;
  const max = typeof limit?.literal === 'bigint' ? Number(limit.literal) : sizeOf(target).max;
  return { cost: traversal(target, 2), size: { min: 0, max } };
};

const join: Estimator = (target, [separator]) => {
  if (!target) return undefined;
  const list = sizeOf(target);
  let size = product(list, elementSize(target) ?? exactly(0));
  if (separator) {
    const gaps = { min: Math.max(list.min - 1, 0), max: Math.max(list.max - 1, 0) };
    size = sum(size, product(sizeOf(separator), gaps));
  }
  return { cost: costOfEach(size.max, perCharacter), size };
};

const find: Estimator = (target, [pattern]) =>
  target && pattern && { cost: searched(target, pattern), size: { min: 0, max: sizeOf(target).max } };

/** Comparing the bytes of two addresses; of a range, its bytes are masked first. */
const contains =
  (ofRange: boolean): Estimator =>
  (_, [other]) => {
    if (!other) return undefined;
    const comparing = Math.ceil(2 * addressBytes * perCharacter);
    const masking = ofRange ? Math.ceil(addressBytes * perCharacter) + 1 : 0;
    const parsing = other.type.kind === 'opaque' ? 0 : traversal(other);
    return { cost: comparing + masking + parsing };
  };

const addressOf: Estimator = (target, [text]) => (target ? { cost: 1 } : text && { cost: traversal(text) });

const validate: Estimator = (_, [text]) =>
  text && { cost: Math.ceil(traversal(text) * namedPattern * perPatternCharacter) };

const equalOpaques: Estimator = (_, [left, right]) => {
  if (left?.type.kind !== 'opaque' || right?.type.kind !== 'opaque') return undefined;
  const { name } = left.type;
  if (name !== right.type.name) return undefined;
  if (name === 'kubernetes.NamedFormat') return { cost: costOfEach(namedFormat, perCharacter) };
  // As upstream, only what is on the right is looked at.
  return { cost: name === 'kubernetes.URL' && right.size ? traversal(right) : 1 };
};

const pairs =
  (factor: number): Estimator =>
  (_, [left, right]) =>
    left && right && { cost: times(times(sizeOf(left).max, sizeOf(right).max), factor) + 1 };

const squared: Estimator = (target) =>
  target && { cost: times(sizeOf(target).max, sizeOf(target).max) + 1, size: sizeOf(target) };
const listed: Estimator = (target) => target && { cost: sizeOf(target).max + 1, size: sizeOf(target) };

const named = (names: string, estimator: Estimator): [string, Estimator][] =>
  names.split(' ').map((name) => [name, estimator]);

/** The functions of Kubernetes and of the extensions of the language, which come before the language's own. */
const extensions = new Map<string, Estimator>([
  ['check', () => ({ cost: 350_000 })],
  ...named(
    'serviceAccount path group resource subresource namespace name allowed reason error errored',
    fixed,
  ),
  ...named('fieldSelector labelSelector', (_, [text]) => {
    const length = text ? sizeOf(text).max : 0;
    return { cost: 10 + costOfEach(length, perCharacter) + costOfEach(costOfEach(length, 0.5), 50) };
  }),
  ...named('isSorted sum max min indexOf lastIndexOf', overElements),
  ...named('url jsonpatch.escapeKey', ofArgument(1, true)),
  ...named('lowerAscii upperAscii substring trim', ofTarget()),
  ['replace', replace],
  ['split', split],
  ['join', join],
  ...named('find findAll', find),
  ...named('cidr isIP isCIDR quantity isQuantity semver isSemver', ofArgument()),
  ['ip', addressOf],
  ['ip.isCanonical', ofArgument(2)],
  ...named(
    'masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast',
    fixed,
  ),
  ['containsIP', contains(false)],
  ['containsCIDR', contains(true)],
  ['validate', validate],
  ['_==_', equalOpaques],
  ['sets.contains', pairs(1)],
  ['sets.intersects', pairs(1)],
  ['sets.equivalent', pairs(2)],
  ...named('distinct sort @sortByAssociatedKeys', squared),
  ...named('reverse flatten slice', listed),
  ['lists.range', (_, [size]) => size && { cost: 1, size: unknownSize }],
]);

const texts = new Set(['string', 'bytes', 'dyn']);
const areTexts = (args: readonly Estimate[]) => args.every(({ type }) => texts.has(type.kind));

const compared: Estimator = (_, [left, right]) =>
  left && right && { cost: costOfEach(Math.min(sizeOf(left).max, sizeOf(right).max), perCharacter) };

const ordered: Estimator = (target, args) => (areTexts(args) ? compared(target, args) : undefined);

const added: Estimator = (_, [left, right]) => {
  if (!left || !right) return undefined;
  const size = sum(sizeOf(left), sizeOf(right));
  if (left.type.kind === 'list' && right.type.kind === 'list') return { cost: 1, size };
  return areTexts([left, right]) ? { cost: costOfEach(size.max, perCharacter), size } : undefined;
};

const converted =
  (from: string, resized: (size: Size) => Size): Estimator =>
  (_, [arg]) =>
    arg?.type.kind === from ? { cost: traversal(arg), size: resized(sizeOf(arg)) } : undefined;

/** The functions of the language whose cost depends on what they are given. */
const standard = new Map<string, Estimator>([
  ...named('_==_ _!=_', compared),
  ...named('_<_ _<=_ _>_ _>=_', ordered),
  ['_+_', added],
  ['@in', (_, [, list]) => (list && list.type.kind !== 'map' ? { cost: sizeOf(list).max } : undefined)],
  ...named('startsWith endsWith', (target, [part]) => target && part && { cost: traversal(part) }),
  ['contains', (target, [part]) => target && part && { cost: times(traversal(target), traversal(part)) }],
  ['matches', (target, [pattern]) => target && pattern && { cost: searched(target, pattern) }],
  ['format', (target) => target && { cost: traversal(target) }],
  ['bytes', converted('string', ({ min, max }) => ({ min, max: max * 4 }))],
  ['string', converted('bytes', ({ min, max }) => ({ min: Math.floor(min / 4), max }))],
  ['strings.quote', converted('string', ({ min, max }) => ({ min: min + 2, max: max * 2 + 2 }))],
]);

/** What a call costs at most besides its arguments, as upstream estimates it. */
export function estimateCall({ name, target, args }: EstimatedCall): CallEstimate {
  return extensions.get(name)?.(target, args) ?? standard.get(name)?.(target, args) ?? { cost: 1 };
}
