import {
  dns1035LabelErrors,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  labelValueErrors,
  qualifiedNameErrors,
} from '../../names.ts';
import { type Overload, overload } from '../signature.ts';
import { ArrayList, Opaque, Optional } from '../values.ts';
import { matchingCost } from './cost.ts';
import { isUrl } from './url.ts';

type Rule = (text: string) => readonly string[];

/** A prefix may end in a dash, which a name may not. */
const prefix =
  (rule: Rule): Rule =>
  (text) =>
    rule(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
const pattern =
  (matcher: RegExp, why: string): Rule =>
  (text) =>
    matcher.test(text) ? [] : [why];

const date = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const dateTime =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(?:[.,]\d+)?(?:[zZ]|[+-]([01]\d|2[0-3]):?[0-5]\d)$/;

/** Forms by name, and how long a pattern upstream takes for each to have. */
const rules: Record<string, { rule: Rule; patternSize: number }> = {
  dns1123Label: { rule: dns1123LabelErrors, patternSize: 30 },
  dns1123Subdomain: { rule: dns1123SubdomainErrors, patternSize: 60 },
  dns1035Label: { rule: dns1035LabelErrors, patternSize: 30 },
  qualifiedName: { rule: qualifiedNameErrors, patternSize: 60 },
  dns1123LabelPrefix: { rule: prefix(dns1123LabelErrors), patternSize: 30 },
  dns1123SubdomainPrefix: { rule: prefix(dns1123SubdomainErrors), patternSize: 60 },
  dns1035LabelPrefix: { rule: prefix(dns1035LabelErrors), patternSize: 30 },
  labelValue: { rule: labelValueErrors, patternSize: 40 },
  uri: {
    rule: (text) => (isUrl(text) ? [] : [`parse ${JSON.stringify(text)}: invalid URI for request`]),
    patternSize: 1103,
  },
  uuid: {
    rule: pattern(/^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i, 'does not match the UUID format'),
    patternSize: 70,
  },
  byte: {
    rule: pattern(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'invalid base64'),
    patternSize: 84,
  },
  date: { rule: pattern(date, 'invalid date'), patternSize: 71 },
  datetime: { rule: pattern(dateTime, 'invalid datetime'), patternSize: 71 },
};

class FormatValue extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly rule: Rule;
  readonly patternSize: number;
  constructor({ rule, patternSize }: { rule: Rule; patternSize: number }) {
    super();
    this.rule = rule;
    this.patternSize = patternSize;
  }
  equals(other: Opaque): boolean {
    return other instanceof FormatValue && other.rule === this.rule;
  }
}

/** Forms that text can have, by name. */
export function formats(): Overload[] {
  const type = 'kubernetes.NamedFormat';
  return [
    ...Object.entries(rules).map(([name, rule]) =>
      overload(`format.${name}(): ${type}`, () => new FormatValue(rule)),
    ),
    overload(`format.named(string): optional<${type}>`, (name: string) => {
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
      return rule ? new Optional(new FormatValue(rule)) : new Optional();
    }),
    overload(
      `${type}::validate(string): optional<list<string>>`,
      ({ rule }: FormatValue, text: string) => {
        const errors = rule(text);
        return errors.length > 0 ? new Optional(new ArrayList(errors)) : new Optional();
      },
      ([format, text]) => matchingCost(text, (format as FormatValue).patternSize),
    ),
  ];
}
