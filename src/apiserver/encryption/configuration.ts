import { type DurationError, parseDuration } from '../../machinery/duration.ts';
import {
  type FieldError,
  invalid,
  invalidUnshown,
  renderErrors,
  required,
} from '../../machinery/field-error.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { type KmsConfiguration, kmsErrors } from './kms/configuration.ts';

/** A key by its name; the secret is in base64. */
export interface NamedKey {
  name: string;
  secret: string;
}

interface Keys {
  keys: readonly NamedKey[];
}

/** One way to store values. Exactly one field is set. */
export interface ProviderConfiguration {
  aesgcm?: Keys;
  aescbc?: Keys;
  secretbox?: Keys;
  identity?: object;
  kms?: KmsConfiguration;
}

/** How objects of some resources are stored: with the first provider, and read with any. */
export interface ResourceConfiguration {
  /** `secrets`, `deployments.apps`, or with wildcards `*.` (the core group), `*.apps`, `*.*`. */
  resources: readonly string[];
  providers: readonly ProviderConfiguration[];
}

/** `apiserver.config.k8s.io` EncryptionConfiguration. */
export interface EncryptionConfiguration {
  resources: readonly ResourceConfiguration[];
}

/** The names that upstream has given the kind. */
const kinds = ['apiserver.config.k8s.io/v1 EncryptionConfiguration', 'v1 EncryptionConfig'];

/** What was read as a configuration. Throws an Error where it is none. */
export function decodeEncryption(read: unknown): EncryptionConfiguration {
  const { apiVersion, kind } = (read ?? {}) as Record<string, unknown>;
  if (!kinds.includes(`${apiVersion} ${kind}`))
    throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
  const misfits = shapeErrors(read, whole, '');
  if (misfits.length > 0) throw new Error(`strict decoding error: ${misfits.join(', ')}`);
  return { resources: (read as Partial<EncryptionConfiguration>).resources ?? [] };
}

/** Throws an Error in upstream's words that says what is wrong with a configuration, which may be followed while it changes. */
export function checkEncryption(configuration: EncryptionConfiguration, { isFollowed = false } = {}): void {
  const errors = configurationErrors(configuration, isFollowed);
  if (errors.length > 0) throw new Error(renderErrors(errors));
}

/** What a value must look like: text, a whole number, how long something lasts, a list of something, or an object with these fields alone. */
type Shape = 'text' | 'integer' | 'duration' | [Shape] | { [field: string]: Shape };

const keys = { keys: [{ name: 'text', secret: 'text' }] } satisfies Shape;
const kms = {
  apiVersion: 'text',
  name: 'text',
  cachesize: 'integer',
  endpoint: 'text',
  timeout: 'duration',
} satisfies Shape;
const whole = {
  apiVersion: 'text',
  kind: 'text',
  resources: [
    {
      resources: ['text'],
      providers: [{ aesgcm: keys, aescbc: keys, secretbox: keys, identity: {}, kms }],
    },
  ],
} satisfies Shape;

function shapeErrors(value: unknown, shape: Shape, path: string): string[] {
  if (value === undefined || value === null) return [];
  if (typeof shape === 'string') return plainErrors(value, shape, path);
  if (Array.isArray(shape)) {
    const [of] = shape;
    if (!Array.isArray(value)) return [`${path} must be a list`];
    return value.flatMap((one, i) => shapeErrors(one, of, `${path}[${i}]`));
  }
  if (typeof value !== 'object' || Array.isArray(value)) return [`${path} must be an object`];
  return Object.entries(value).flatMap(([field, one]) => {
    const at = path ? `${path}.${field}` : field;
    const known = Object.hasOwn(shape, field) ? shape[field] : undefined;
    return known ? shapeErrors(one, known, at) : [`unknown field ${goQuote(at)}`];
  });
}

function plainErrors(value: unknown, shape: Extract<Shape, string>, path: string): string[] {
  if (shape === 'integer') return Number.isInteger(value) ? [] : [`${path} must be an integer`];
  if (typeof value !== 'string') return [`${path} must be a string`];
  if (shape === 'text') return [];
  try {
    parseDuration(value);
    return [];
  } catch (error) {
    return [(error as DurationError).message];
  }
}

const atLeastOne = (what: string) => `at least one ${what} is required`;

function configurationErrors({ resources }: EncryptionConfiguration, isFollowed: boolean): FieldError[] {
  if (resources.length === 0) return [required('resources', atLeastOne('resources'))];
  const taken = new Set<string>();
  return resources.flatMap((one, i) => {
    const names = one?.resources ?? [];
    const providers = one?.providers ?? [];
    const [r, p] = [`resources[${i}].resources`, `resources[${i}].providers`];
    return [
      ...(names.length === 0 ? [required(r, atLeastOne(r))] : []),
      ...overlapErrors(names, r),
      ...names.flatMap((name, j) => nameErrors(name, `${r}[${j}]`)),
      ...(providers.length === 0 ? [required(p, atLeastOne(p))] : []),
      ...providers.flatMap((provider, j) =>
        providerErrors(provider ?? {}, { field: `${p}[${j}]`, taken, isFollowed }),
      ),
    ];
  });
}

/** A resource and its group, of which each can be `*`. */
export interface GroupResource {
  resource: string;
  group: string;
}

export function groupResource(name: string): GroupResource {
  const dot = name.indexOf('.');
  return dot < 0
    ? { resource: name, group: '' }
    : { resource: name.slice(0, dot), group: name.slice(dot + 1) };
}

function overlapErrors(names: readonly string[], field: string): FieldError[] {
  const all = names.map(groupResource);
  const some = (test: (a: GroupResource, b: GroupResource) => boolean) =>
    all.some((a, i) => all.some((b, j) => i !== j && test(a, b)));
  const isSame = (a: GroupResource, b: GroupResource) => a.resource === b.resource && a.group === b.group;
  const overlaps = (a: GroupResource, b: GroupResource) =>
    (a.resource === '*' && a.group === '*') ||
    (a.group === b.group && (a.resource === '*' || b.resource === '*'));
  // What stands twice counts as that once, and as an overlap from then on.
  const pairs = all.flatMap((a, i) => all.filter((b, j) => i !== j && isSame(a, b)));
  const isRepeated = pairs.length > 0;
  const isMasked =
    some((a, b) => !isSame(a, b) && overlaps(a, b)) || pairs.slice(1).some((a) => overlaps(a, a));
  return [
    ...(isRepeated ? [invalid(field, names, 'the same resource cannot be specified multiple times')] : []),
    ...(isMasked
      ? [
          invalid(
            field,
            names,
            "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
          ),
        ]
      : []),
  ];
}

/** What upstream stores without serving it. */
const unserved = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'];

function nameErrors(name: string, field: string): FieldError[] {
  const { resource, group } = groupResource(name);
  const rules: [boolean, string][] = [
    [name.toLowerCase() !== name, 'resource name should not contain capital letters'],
    [
      name === '*',
      "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources",
    ],
    [unserved.includes(name), 'resources which do not have REST API/s cannot be encrypted'],
    [
      group === 'events.k8s.io',
      "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file",
    ],
    [group === 'extensions', "'extensions' group has been removed and cannot be used for encryption"],
    [group === '*' && resource !== '*', 'encrypting the same resource across groups is not supported'],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  return broken ? [invalid(field, name, broken[1])] : [];
}

const aesKeyBytes = [16, 24, 32];
const boxKeyBytes = [32];

interface ProviderPlace {
  field: string;
  /** Names of the plugins before it, to which its own is added. */
  taken: Set<string>;
  isFollowed: boolean;
}

function providerErrors(provider: ProviderConfiguration, place: ProviderPlace): FieldError[] {
  const set = Object.values(provider).filter((value) => value !== undefined && value !== null);
  // The provider is not repeated, as its keys are secret.
  if (set.length === 0)
    return [
      invalidUnshown(
        place.field,
        'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity',
      ),
    ];
  const errors = ownErrors(provider, place);
  if (set.length === 1) return errors;
  const several =
    'more than one provider specified in a single element, should split into different list elements';
  return [invalidUnshown(place.field, several), ...errors];
}

function ownErrors(
  { kms, aesgcm, aescbc, secretbox }: ProviderConfiguration,
  { field, taken, isFollowed }: ProviderPlace,
): FieldError[] {
  if (kms) {
    const errors = kmsErrors(kms, { field: `${field}.kms`, taken, isFollowed });
    taken.add(kms.name ?? '');
    return errors;
  }
  if (aesgcm) return keysErrors(aesgcm, `${field}.aesgcm.keys`, aesKeyBytes);
  if (aescbc) return keysErrors(aescbc, `${field}.aescbc.keys`, aesKeyBytes);
  return secretbox ? keysErrors(secretbox, `${field}.secretbox.keys`, boxKeyBytes) : [];
}

function keysErrors({ keys: all }: Partial<Keys>, field: string, sizes: readonly number[]): FieldError[] {
  if (!all?.length) return [required(field, atLeastOne('keys'))];
  return all.flatMap((key, i) => keyErrors(key ?? {}, `${field}[${i}]`, sizes));
}

const mandatory = (what: string) => `${what} is a mandatory field for a key`;

function keyErrors(
  { name, secret }: Partial<NamedKey>,
  path: string,
  sizes: readonly number[],
): FieldError[] {
  const errors = name ? [] : [required(`${path}.name`, mandatory('name'))];
  const field = `${path}.secret`;
  if (!secret) return [...errors, required(field, mandatory('secret'))];
  const key = secretBytes(secret);
  if (!key) return [...errors, invalid(field, 'REDACTED', 'secrets must be base64 encoded')];
  if (sizes.includes(key.length)) return errors;
  const why = `secret is not of the expected length, got ${key.length}, expected one of [${sizes.join(' ')}]`;
  return [...errors, invalid(field, 'REDACTED', why)];
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes of a key; undefined where it is not in base64. */
export function secretBytes(secret: string): Uint8Array | undefined {
  const text = secret.replace(/[\r\n]/g, '');
  return base64.test(text) ? Buffer.from(text, 'base64') : undefined;
}
