import { parseDuration } from '../../machinery/duration.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { qualifiedNameErrors } from '../../machinery/names.ts';
import { isExtendedResource } from '../../machinery/resource-claims.ts';
import {
  booleanAt,
  ConfigurationError,
  expectKeys,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  type Untyped,
} from './reading.ts';

/** How to talk with a server that has a word in decisions. A verb that is empty is not asked for. */
export interface ExtenderConfiguration {
  readonly urlPrefix: string;
  readonly filterVerb: string;
  readonly preemptVerb: string;
  readonly prioritizeVerb: string;
  readonly bindVerb: string;
  /** What its scores are multiplied with. */
  readonly weight: number;
  readonly tls: ExtenderTls;
  readonly timeoutMs: number;
  /** It knows the nodes and pods itself: names will do. */
  readonly nodeCacheCapable: boolean;
  /** It is asked about pods that want one of these; about all where there are none. */
  readonly managedResources: readonly ManagedResource[];
  /** Pods are placed without its word where it cannot give any. */
  readonly ignorable: boolean;
}

export interface ManagedResource {
  readonly name: string;
  /** Nobody but the extender looks at whether a node has it. */
  readonly ignoredByScheduler: boolean;
}

/** Who the server must be and who the scheduler is. PEM, or a file that holds it. */
export interface ExtenderTls {
  readonly insecure: boolean;
  readonly serverName?: string;
  readonly cert?: Pem;
  readonly key?: Pem;
  readonly ca?: Pem;
}

export type Pem = { readonly text: string } | { readonly file: string };

const verbs = ['filterVerb', 'preemptVerb', 'prioritizeVerb', 'bindVerb'] as const;
const others = ['urlPrefix', 'weight', 'enableHTTPS', 'tlsConfig', 'httpTimeout', 'nodeCacheCapable'];
const defaultTimeoutMs = 5000;

const invalid = (value: string | number, problem: string) =>
  `Invalid value: ${typeof value === 'string' ? goQuote(value) : value}: ${problem}`;

/** Reads the list `extenders` of a configuration. */
export function parseExtenders(root: Untyped): ExtenderConfiguration[] {
  const extenders = listAt(root, 'extenders', '').map((entry, i) => parseExtender(entry, `extenders[${i}]`));
  const seen = new Set<string>();
  extenders.forEach(({ managedResources }, i) => {
    managedResources.forEach(({ name }, j) => checkResource(name, { seen, path: resourcePath(i, j) }));
  });
  const binders = extenders.filter(({ bindVerb }) => bindVerb !== '').length;
  if (binders > 1)
    throw new ConfigurationError(
      'extenders',
      invalid(`found ${binders} extenders implementing bind`, 'only one extender can implement bind'),
    );
  return extenders;
}

const resourcePath = (i: number, j: number) => `extenders[${i}].managedResources[${j}].name`;

function checkResource(name: string, { seen, path }: { seen: Set<string>; path: string }): void {
  const [problem] = qualifiedNameErrors(name);
  if (problem) throw new ConfigurationError(path, invalid(name, problem));
  if (!isExtendedResource(name))
    throw new ConfigurationError(path, invalid(name, 'is an invalid extended resource name'));
  if (seen.has(name))
    throw new ConfigurationError(path, invalid(name, 'duplicate extender managed resource name'));
  seen.add(name);
}

function parseExtender(value: unknown, path: string): ExtenderConfiguration {
  const object = objectAt({ '': value }, '', path);
  expectKeys(object, [...verbs, ...others, 'managedResources', 'ignorable'], path);
  const [filterVerb = '', preemptVerb = '', prioritizeVerb = '', bindVerb = ''] = verbs.map((verb) =>
    stringAt(object, verb, path),
  );
  const weight = numberAt(object, 'weight', { path, range: whole }) ?? 0;
  if (prioritizeVerb !== '' && weight <= 0)
    throw new ConfigurationError(
      `${path}.weight`,
      invalid(weight, 'must have a positive weight applied to it'),
    );
  return {
    urlPrefix: stringAt(object, 'urlPrefix', path) ?? '',
    filterVerb,
    preemptVerb,
    prioritizeVerb,
    bindVerb,
    weight,
    tls: parseTls(object, path),
    timeoutMs: timeoutAt(object, path),
    nodeCacheCapable: booleanAt(object, 'nodeCacheCapable', path),
    managedResources: parseResources(object, path),
    ignorable: booleanAt(object, 'ignorable', path),
  };
}

const whole: [number, number] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];

function timeoutAt(object: Untyped, path: string): number {
  const text = stringAt(object, 'httpTimeout', path);
  if (text === undefined) return defaultTimeoutMs;
  try {
    return parseDuration(text) / 1e6 || defaultTimeoutMs;
  } catch (error) {
    throw new ConfigurationError(`${path}.httpTimeout`, (error as Error).message);
  }
}

function parseResources(object: Untyped, path: string): ManagedResource[] {
  return listAt(object, 'managedResources', path).map((entry, i) => {
    const at = `${path}.managedResources[${i}]`;
    const resource = objectAt({ '': entry }, '', at);
    expectKeys(resource, ['name', 'ignoredByScheduler'], at);
    return {
      name: stringAt(resource, 'name', at) ?? '',
      ignoredByScheduler: booleanAt(resource, 'ignoredByScheduler', at),
    };
  });
}

/** With HTTPS and no authority that is to be trusted, whoever answers is believed. (upstream's rule) */
function parseTls(extender: Untyped, path: string): ExtenderTls {
  const at = `${path}.tlsConfig`;
  const object = objectAt(extender, 'tlsConfig', path);
  const files = ['certFile', 'keyFile', 'caFile', 'certData', 'keyData', 'caData'];
  expectKeys(object, ['insecure', 'serverName', ...files], at);
  const [cert, key, ca] = (['cert', 'key', 'ca'] as const).map((name) => pemAt(object, name, at));
  const isHttps = booleanAt(extender, 'enableHTTPS', path);
  const insecure = booleanAt(object, 'insecure', at);
  if (insecure && ca)
    throw new ConfigurationError(
      at,
      'specifying a root certificates file with the insecure flag is not allowed',
    );
  const serverName = stringAt(object, 'serverName', at);
  return {
    insecure: insecure || (isHttps && !ca),
    ...(serverName && { serverName }),
    ...(ca && { ca }),
    // One without the other shows nobody.
    ...(cert && key && { cert, key }),
  };
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Data goes before a file. */
function pemAt(object: Untyped, name: string, path: string): Pem | undefined {
  const data = stringAt(object, `${name}Data`, path)?.replace(/\s/g, '');
  if (data && !base64.test(data)) throw new ConfigurationError(`${path}.${name}Data`, 'must be base64');
  if (data) return { text: Buffer.from(data, 'base64').toString() };
  const file = stringAt(object, `${name}File`, path);
  return file ? { file } : undefined;
}

/** The resources that no one but extenders looks at. */
export function ignoredResources(extenders: readonly ExtenderConfiguration[]): string[] {
  return extenders.flatMap(({ managedResources }) =>
    managedResources.filter((resource) => resource.ignoredByScheduler).map(({ name }) => name),
  );
}
