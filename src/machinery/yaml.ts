import { CORE_SCHEMA, defineScalarTag, loadAll, mergeTag, NOT_RESOLVED, YAMLException } from 'js-yaml';
import { setOwn } from './clone.ts';
import { wholeNumber } from './exact-json.ts';
import { goQuote } from './go-text.ts';
import { mostValues } from './value-count.ts';

/*
 * YAML as `sigs.k8s.io/yaml` reads it: the scalars of go-yaml v2 (booleans and octals of YAML 1.1, dates stay text),
 * keys are text. What can grow out of bounds is bounded.
 */

const truths = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const lies = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);

const boolTag = defineScalarTag<boolean>('tag:yaml.org,2002:bool', {
  implicit: true,
  implicitFirstChars: [...'yYnNtTfFoO'],
  resolve: (source) => (truths.has(source) ? true : lies.has(source) ? false : NOT_RESOLVED),
  identify: (data) => typeof data === 'boolean',
});

function parseInteger(source: string): number | bigint | typeof NOT_RESOLVED {
  const plain = source.replaceAll('_', '');
  const match = /^([-+]?)(?:0b([01]+)|0x([0-9a-fA-F]+)|0o?([0-7]+)|(0|[1-9][0-9]*))$/.exec(plain);
  if (!match || !/^[-+]?[0-9]/.test(source)) return NOT_RESOLVED;
  const [, sign, binary, hex, octal, decimal] = match;
  const digits = binary ?? hex ?? octal ?? decimal;
  const prefix = binary ? '0b' : hex ? '0x' : octal ? '0o' : '';
  const size = BigInt(prefix + digits);
  return wholeNumber(sign === '-' ? -size : size);
}

const intTag = defineScalarTag<number | bigint>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: [...'-+0123456789'],
  resolve: parseInteger,
  identify: (data) => Number.isInteger(data),
});

const floatPattern = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

const floatTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  implicitFirstChars: [...'-+.0123456789'],
  resolve: (source) => (floatPattern.test(source) ? Number(source) : NOT_RESOLVED),
  identify: (data) => typeof data === 'number',
});

const schema = CORE_SCHEMA.withTags(boolTag, intTag, floatTag, mergeTag);
const bounds = { schema, maxAliases: 1000, maxDepth: 500, maxTotalMergeKeys: 10_000 };

/** Text that is no YAML, in the words of go-yaml as far as js-yaml's reason allows. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
}

function explain(error: YAMLException): string {
  const { mark, reason } = error;
  if (!mark) return `yaml: ${reason}`;
  if (reason !== 'duplicated mapping key') return `yaml: line ${mark.line + 1}: ${reason}`;
  const key = /^["']?([^\n:"']*)/.exec(mark.buffer.slice(mark.position))?.[1] ?? '';
  return `yaml: unmarshal errors:\n  line ${mark.line + 1}: key ${goQuote(key.trim())} already set in map`;
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new YamlError(explain(error), { cause: error });
  }
}

/** Copies what aliases share, so that one place changes alone; stops where they multiply beyond reason. */
function unshare(value: unknown, budget: { nodes: number }): unknown {
  if (--budget.nodes < 0) throw new YamlError('yaml: document contains excessive aliasing');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => unshare(item, budget));
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) setOwn(copy, key, unshare(item, budget));
  return copy;
}

/** Without an alias there is nothing shared. */
const owned = (text: string, value: unknown) =>
  text.includes('*') ? unshare(value, { nodes: mostValues }) : value;

/**
 * Reads the first document; null if there is none. Duplicate keys: the last one counts, as in go-yaml; `strict`
 * refuses them. Throws YamlError.
 */
export function parseYaml(text: string, { strict = false } = {}): unknown {
  return owned(text, guarded(() => loadAll(text, { ...bounds, json: !strict }))[0] ?? null);
}

/** Reads every document of a stream. Throws YamlError. */
export function parseYamlStream(text: string): unknown[] {
  return guarded(() => loadAll(text, { ...bounds, json: true })).map((document) => owned(text, document));
}
