import { performance } from 'node:perf_hooks';
import type { Transport } from '../../src/client/transport.ts';
import { StatusError } from '../../src/machinery/status-error.ts';
import { type Random, seededRandom } from '../../src/platform/random.ts';
import type { Call, Operation, Result, Version } from './operation.ts';

interface ConfigMap {
  metadata: { name: string; resourceVersion: string };
  data?: { token?: string };
}

export const collection = '/api/v1/namespaces/default/configmaps';

/** Lists show what bears the label of a record. */
export const labelsOf = (name: string) => ({ record: name });
export const selectorOf = (name: string) => `record=${name}`;

export const versionOf = ({ metadata, data }: ConfigMap): Version => ({
  key: metadata.name,
  token: data?.token ?? '',
  revision: Number(metadata.resourceVersion),
});

export interface RecordOptions {
  /** The way to each server; clients are spread over them. */
  transports: readonly Transport[];
  clients: number;
  keys: readonly string[];
  seed: number;
  /** Tells the objects and tokens of this record from those of others. */
  name: string;
  /** Each client stops after its operation under way. */
  done(history: readonly Operation[]): boolean;
}

/** Lets clients read and write the same few objects, and writes down what each asked for and was answered. */
export async function record(options: RecordOptions): Promise<Operation[]> {
  const history: Operation[] = [];
  const random = seededRandom(options.seed);
  const runs = Array.from({ length: options.clients }, (_, i) => {
    const transport = options.transports[i % options.transports.length] as Transport;
    const client = `${options.name}-${i}`;
    return new Recorder({
      ...options,
      client,
      transport,
      random: seededRandom(random.int(2 ** 31)),
      history,
    }).run();
  });
  await Promise.all(runs);
  return history;
}

interface RecorderOptions extends RecordOptions {
  client: string;
  transport: Transport;
  random: Random;
  history: Operation[];
}

class Recorder {
  readonly #options: RecorderOptions;
  /** The newest version of each key that this client has seen. */
  readonly #known = new Map<string, Version>();
  #tokens = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    while (!this.#options.done(this.#options.history)) await this.#one();
  }

  async #one(): Promise<void> {
    const { history, client } = this.#options;
    const call = this.#plan();
    const invoked = performance.now();
    // There from the start, so that one that is never answered is in the history as well.
    const operation: Operation = {
      client,
      call,
      invoked,
      returned: Number.POSITIVE_INFINITY,
      result: { type: 'unknown' },
    };
    history.push(operation);
    const result = await this.#carryOut(call);
    if (result.type !== 'unknown') operation.returned = performance.now();
    operation.result = result;
    this.#learn(call, result);
  }

  #plan(): Call {
    const { keys, random, client } = this.#options;
    const key = keys[random.int(keys.length)] as string;
    const dice = random.next();
    const expected = this.#known.get(key);
    const notOlderThan = random.next() < 0.5 ? 0 : (expected?.revision ?? 0);
    if (dice < 0.25) return { verb: 'get', key };
    if (dice < 0.3) return { verb: 'get', key, notOlderThan };
    if (dice < 0.37) return { verb: 'list' };
    if (dice < 0.4) return { verb: 'list', notOlderThan };
    const token = `${client}-${this.#tokens++}`;
    if (!expected) return { verb: 'create', key, token };
    return dice < 0.85 ? { verb: 'update', key, token, expected } : { verb: 'delete', key, expected };
  }

  async #carryOut(call: Call): Promise<Result> {
    const { transport, name } = this.#options;
    try {
      return answerOf(call, await transport.request(requestOf(call, name)));
    } catch (error) {
      const code = error instanceof StatusError ? (error.status.code ?? 500) : 500;
      if (code === 404) return { type: 'missing' };
      if (code === 409) return { type: 'conflict' };
      if (code < 500 && code !== 429) throw error;
      return { type: 'unknown' };
    }
  }

  #learn(call: Call, result: Result): void {
    if (result.type === 'listed') {
      this.#known.clear();
      for (const version of result.versions) this.#known.set(version.key, version);
    } else if ('version' in result && result.version) this.#known.set(result.version.key, result.version);
    else if (call.verb !== 'list' && result.type !== 'unknown' && call.verb !== 'create')
      this.#known.delete(call.key);
  }
}

function requestOf(call: Call, record: string): Parameters<Transport['request']>[0] {
  if (call.verb === 'list')
    return {
      method: 'GET',
      path: collection,
      query: { labelSelector: selectorOf(record), resourceVersion: call.notOlderThan },
    };
  const path = `${collection}/${call.key}`;
  if (call.verb === 'get') return { method: 'GET', path, query: { resourceVersion: call.notOlderThan } };
  const resourceVersion = call.verb === 'create' ? undefined : String(call.expected.revision);
  if (call.verb === 'delete') return { method: 'DELETE', path, body: { preconditions: { resourceVersion } } };
  const body = {
    metadata: { name: call.key, labels: labelsOf(record), resourceVersion },
    data: { token: call.token },
  };
  return call.verb === 'create' ? { method: 'POST', path: collection, body } : { method: 'PUT', path, body };
}

function answerOf(call: Call, answer: unknown): Result {
  if (call.verb === 'list') {
    const { metadata, items } = answer as { metadata: { resourceVersion: string }; items: ConfigMap[] };
    return { type: 'listed', revision: Number(metadata.resourceVersion), versions: items.map(versionOf) };
  }
  if (call.verb === 'delete') return { type: 'done' };
  const version = versionOf(answer as ConfigMap);
  return call.verb === 'get' ? { type: 'read', version } : { type: 'done', version };
}
