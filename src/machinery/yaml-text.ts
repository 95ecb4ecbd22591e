import { DUMP_SCHEMA, defineScalarTag, dump, intCoreTag } from 'js-yaml';

const intTag = defineScalarTag<unknown>('tag:yaml.org,2002:int', {
  ...intCoreTag,
  identify: (value) => typeof value === 'bigint' || intCoreTag.identify(value),
});

const yamlOptions = {
  schema: DUMP_SCHEMA.withTags(intTag),
  sortKeys: true,
  seqNoIndent: true,
  lineWidth: -1,
  noRefs: true,
  skipInvalid: true,
} as const;

/** A value in YAML as upstream writes it: keys in order, lists not indented, no line broken. */
export const yamlText = (value: unknown): string => dump(value, yamlOptions);
