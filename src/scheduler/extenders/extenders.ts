import type { Pod } from '../../api/core/v1.ts';
import {
  csidrivers,
  csinodes,
  csistoragecapacities,
  deviceclasses,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  resourceclaims,
  resourceslices,
  storageclasses,
} from '../../api/generated/resources.ts';
import type { Files } from '../../platform/files.ts';
import type { ClientTls } from '../../platform/http-client.ts';
import type { HttpPoster, HttpPosterMaker } from '../../platform/http-post.ts';
import type { Log } from '../../platform/log.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { NodeList } from '../cache/node-list.ts';
import type { ExtenderConfiguration, ExtenderTls, Pem } from '../configuration/extenders.ts';
import type { Action } from '../framework/events.ts';
import type { Plugin, Victims } from '../framework/framework.ts';
import type { Refusals } from '../framework/refusals.ts';
import { Extender } from './extender.ts';

/** The way to extenders. */
export interface ExtenderMeans {
  poster: HttpPosterMaker;
  /** Where certificates are read from. */
  files: Pick<Files, 'readText'>;
}

const anything: readonly Action[] = ['Add', 'Update', 'Delete'];
const nodeChanges: readonly Action[] = [
  'Add',
  'Update',
  'Delete',
  'UpdateAllocatable',
  'UpdateLabel',
  'UpdateTaint',
  'UpdateDeclaredFeatures',
];

/** Stands for all extenders where it is said who refused a pod: they do not say what could help, so everything may. */
export const extenderPlugin: Plugin = {
  name: 'Extender',
  events: [
    { resource: nodes, actions: nodeChanges },
    ...[
      pods,
      csidrivers,
      csinodes,
      csistoragecapacities,
      persistentvolumes,
      persistentvolumeclaims,
      storageclasses,
      resourceclaims,
      resourceslices,
      deviceclasses,
    ].map((resource) => ({ resource, actions: anything })),
  ],
};

/** The extenders that have a word in the decision on one pod. */
export interface Interested {
  filters: readonly Extender[];
  prioritizers: readonly Extender[];
  preemptors: readonly Extender[];
}

/** All extenders; the ignorable ones come last, so that they are spared what the others refuse. */
export class Extenders {
  readonly #all: readonly Extender[];
  readonly #posters: readonly HttpPoster[];
  readonly #log: Log;

  private constructor(all: readonly Extender[], posters: readonly HttpPoster[], log: Log) {
    this.#all = all.toSorted((a, b) => Number(a.configuration.ignorable) - Number(b.configuration.ignorable));
    this.#posters = posters;
    this.#log = log;
  }

  /** Rejects where a certificate cannot be read. */
  static async open(
    configurations: readonly ExtenderConfiguration[],
    { poster, files }: ExtenderMeans,
    { signal, log }: { signal: AbortSignal; log: Log },
  ): Promise<Extenders> {
    const tls = await Promise.all(configurations.map((extender) => readTls(extender.tls, files)));
    const posters = tls.map(poster);
    const all = configurations.map((one, i) => new Extender(one, posters[i] as HttpPoster, signal));
    return new Extenders(all, posters, log);
  }

  close(): void {
    for (const poster of this.#posters) poster.close();
  }

  /** Undefined where none has a word in the decision on the pod. */
  interestedIn(pod: Pod): Interested | undefined {
    if (!this.#haveAWord(pod)) return undefined;
    const interested = this.#all.filter((extender) => extender.isInterested(pod));
    return {
      filters: interested.filter(({ configuration }) => configuration.filterVerb !== ''),
      prioritizers: interested.filter(({ configuration }) => configuration.prioritizeVerb !== ''),
      preemptors: interested.filter(({ configuration }) => configuration.preemptVerb !== ''),
    };
  }

  #haveAWord(pod: Pod): boolean {
    for (const extender of this.#all) if (decides(extender) && extender.isInterested(pod)) return true;
    return false;
  }

  /** The nodes that all extenders leave, one after the other being asked. What they say of the rest goes into `refusals`. */
  async filter(
    { filters }: Interested,
    { pod, nodes: fitting, all, refusals }: Filtering,
  ): Promise<readonly NodeInfo[]> {
    let left = fitting;
    for (const extender of filters) {
      if (left.length === 0) break;
      const answer = await this.#unlessIgnorable(extender, () => extender.filter(pod, left));
      if (!answer) continue;
      const { failed, unresolvable } = answer;
      note(new Map([...failed].filter(([name]) => !unresolvable.has(name))), { all, refusals });
      note(unresolvable, { all, refusals, unresolvable: true });
      left = answer.nodes;
    }
    return left;
  }

  /** What extenders add to the score of each node. Those that fail add nothing. */
  async scores(
    { prioritizers }: Interested,
    pod: Pod,
    fitting: readonly NodeInfo[],
  ): Promise<number[] | undefined> {
    if (prioritizers.length === 0) return undefined;
    const failed = (extender: Extender) => (error: unknown) => {
      this.#log.debug('an extender gives no scores', { extender: extender.name, error: String(error) });
      return new Map<string, number>();
    };
    const all = await Promise.all(
      prioritizers.map((extender) => extender.prioritize(pod, fitting).catch(failed(extender))),
    );
    return fitting.map(({ name }) => all.reduce((sum, scores) => sum + (scores.get(name) ?? 0), 0));
  }

  /** What the extenders leave of the nodes on which room could be made. */
  async preempt(
    { preemptors }: Interested,
    { pod, candidates, nodes: all }: { pod: Pod; candidates: ReadonlyMap<string, Victims>; nodes: NodeList },
  ): Promise<ReadonlyMap<string, Victims>> {
    let left = candidates;
    for (const extender of preemptors) {
      if (left.size === 0) break;
      const answer = await this.#unlessIgnorable(extender, () => extender.preempt(pod, left, all));
      if (!answer) continue;
      for (const [name, victims] of answer) {
        if (victims.pods.length > 0) continue;
        if (!extender.configuration.ignorable)
          throw new Error(`expected at least one victim pod on node "${name}"`);
        answer.delete(name);
      }
      left = answer;
    }
    return left;
  }

  /** The extender that binds the pod, if one does: there is no more than one binder. */
  binderOf(pod: Pod): Extender | undefined {
    for (const extender of this.#all)
      if (extender.configuration.bindVerb !== '' && extender.isInterested(pod)) return extender;
    return undefined;
  }

  /** Whether the binder has bound the pod; where not, others are to. */
  async bind(binder: Extender, pod: Pod, node: string): Promise<boolean> {
    const bound = async () => {
      await binder.bind(pod, node);
      return true;
    };
    return (await this.#unlessIgnorable(binder, bound)) ?? false;
  }

  /** Undefined where an extender fails that can be done without. */
  async #unlessIgnorable<T>(extender: Extender, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!extender.configuration.ignorable) throw error;
      this.#log.info('an extender that can be done without fails', {
        extender: extender.name,
        error: String(error),
      });
      return undefined;
    }
  }
}

interface Filtering {
  pod: Pod;
  nodes: readonly NodeInfo[];
  /** Of the snapshot. */
  all: NodeList;
  refusals: Refusals;
}

const decides = ({ configuration: { filterVerb, prioritizeVerb, preemptVerb } }: Extender) =>
  filterVerb !== '' || prioritizeVerb !== '' || preemptVerb !== '';

/** Nodes that nobody knows are passed over. */
function note(
  failures: ReadonlyMap<string, string>,
  { all, refusals, unresolvable = false }: { all: NodeList; refusals: Refusals; unresolvable?: boolean },
): void {
  for (const [name, reason] of failures) {
    const place = all.placeOf(name);
    if (place === undefined) continue;
    refusals.set(place, { plugin: extenderPlugin.name, reasons: [reason], unresolvable });
  }
}

async function readTls(tls: ExtenderTls, files: ExtenderMeans['files']): Promise<ClientTls> {
  const read = async (pem: Pem | undefined) =>
    pem && ('file' in pem ? await files.readText(pem.file) : pem.text);
  const [ca, cert, key] = await Promise.all([read(tls.ca), read(tls.cert), read(tls.key)]);
  return { ca, cert, key, serverName: tls.serverName, insecure: tls.insecure };
}
