import type {
  ConfigMap,
  Container,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  Pod,
  Secret,
} from '../../api/core/v1.ts';
import type { Sums } from '../../machinery/resource-sums.ts';
import { expand, mostCharacters } from './expand.ts';
import { type PodAddresses, podFieldValue, resourceFieldValue } from './field-ref.ts';
import { own } from '../../machinery/own.ts';

/** Objects of the pod's namespace; undefined where there is none. */
export interface ConfigSource {
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
}

export interface EnvInput {
  pod: Pod;
  container: Container;
  /** Variables about services; what the container sets wins. */
  services: Map<string, string>;
  addresses: PodAddresses;
  allocatable: Sums;
  config: ConfigSource;
}

/** A container that cannot be made as its pod wants it; the message is for the container's waiting state. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

/** The variables of a container, each name once. Throws ContainerConfigError for what is missing. */
export async function containerEnv(input: EnvInput): Promise<Map<string, string>> {
  const own = new Map<string, string>();
  for (const source of input.container.envFrom ?? []) await addSource(input, source, own);
  const valueOf = (name: string) => own.get(name) ?? input.services.get(name);
  let room = mostCharacters;
  for (const variable of input.container.env ?? []) {
    const value = await valueFor(input, variable, { valueOf, room });
    if (value === undefined) continue;
    room -= value.length;
    own.set(variable.name, value);
  }
  for (const [name, value] of input.services) if (!own.has(name)) own.set(name, value);
  return own;
}

async function addSource(input: EnvInput, source: EnvFromSource, own: Map<string, string>): Promise<void> {
  for (const [key, value] of await readSource(input, source)) {
    const name = `${source.prefix ?? ''}${key}`;
    if (!name.includes('=') && name !== '') own.set(name, value);
  }
}

async function readSource(input: EnvInput, source: EnvFromSource): Promise<[string, string][]> {
  const { configMapRef, secretRef } = source;
  if (configMapRef) {
    const found = await input.config.configMap(configMapRef.name ?? '');
    if (!found && !configMapRef.optional) throw missing('configmap', configMapRef.name);
    return Object.entries(found?.data ?? {});
  }
  if (!secretRef) return [];
  const found = await input.config.secret(secretRef.name ?? '');
  if (!found && !secretRef.optional) throw missing('secret', secretRef.name);
  return Object.entries(found?.data ?? {}).map(([key, value]) => [key, decode(value)]);
}

const missing = (kind: string, name = '') =>
  new ContainerConfigError(`${kind} ${JSON.stringify(name)} not found`);
const decode = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');

async function valueFor(
  input: EnvInput,
  { value, valueFrom }: EnvVar,
  { valueOf, room }: { valueOf: (name: string) => string | undefined; room: number },
): Promise<string | undefined> {
  try {
    if (!valueFrom) return expand(value ?? '', valueOf, room);
    return await referred(input, valueFrom);
  } catch (error) {
    if (error instanceof ContainerConfigError) throw error;
    throw new ContainerConfigError((error as Error).message, { cause: error });
  }
}

async function referred(input: EnvInput, from: EnvVarSource): Promise<string | undefined> {
  const { pod, container, addresses, allocatable } = input;
  if (from.fieldRef) return podFieldValue(pod, from.fieldRef.fieldPath, addresses);
  if (from.resourceFieldRef)
    return resourceFieldValue(pod, from.resourceFieldRef, { container, allocatable });
  if (from.configMapKeyRef) return fromConfigMap(input, from.configMapKeyRef);
  if (from.secretKeyRef) return fromSecret(input, from.secretKeyRef);
  throw new ContainerConfigError('environment variable has no source that this node knows');
}

type KeyRef = NonNullable<EnvVarSource['configMapKeyRef']>;

async function fromConfigMap(input: EnvInput, ref: KeyRef): Promise<string | undefined> {
  const found = await input.config.configMap(ref.name ?? '');
  if (!found && !ref.optional) throw missing('configmap', ref.name);
  const value = own(found?.data, ref.key);
  if (value === undefined && !ref.optional) throw keyMissing(input.pod, 'ConfigMap', ref);
  return value;
}

async function fromSecret(input: EnvInput, ref: KeyRef): Promise<string | undefined> {
  const found = await input.config.secret(ref.name ?? '');
  if (!found && !ref.optional) throw missing('secret', ref.name);
  const value = own(found?.data, ref.key);
  if (value === undefined && !ref.optional) throw keyMissing(input.pod, 'Secret', ref);
  return value === undefined ? undefined : decode(value);
}

const keyMissing = (pod: Pod, kind: string, ref: KeyRef) =>
  new ContainerConfigError(`couldn't find key ${ref.key} in ${kind} ${pod.metadata.namespace}/${ref.name}`);
