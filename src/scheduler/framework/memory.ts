import type { NodeInfo } from '../cache/node-info.ts';
import { putAt } from '../cache/node-list.ts';
import type { Decision, Plugin, Refusal } from './framework.ts';

/** Something about each node, by its place in the list of nodes. It is known as long as the same node stands there. */
export class PerNode<T> {
  readonly #nodes: (NodeInfo | undefined)[] = [];
  readonly #values: (T | undefined)[] = [];

  get(place: number, node: NodeInfo): T | undefined {
    return this.#nodes[place] === node ? this.#values[place] : undefined;
  }

  set(place: number, node: NodeInfo, value: T): void {
    putAt(this.#nodes, place, node);
    putAt(this.#values, place, value);
  }
}

/** What is said of the nodes of one block. */
export interface BlockVerdicts {
  readonly number: number;
  readonly nodes: readonly NodeInfo[];
  readonly verdicts: readonly (Refusal | undefined)[];
  /** How many are not refused. */
  readonly fitting: number;
  /** Where it is the same refusal of all. */
  readonly same: Refusal | undefined;
}

const none: readonly never[] = [];

/** What is said of the nodes, block by block: most blocks are as they were when the last pod like this one was looked at. */
export class PerBlock {
  readonly #known: (BlockVerdicts | undefined)[] = [];

  /** What is known of a block, or what `find` makes of those nodes that have changed. */
  get(
    number: number,
    nodes: readonly NodeInfo[],
    find: (node: NodeInfo) => Refusal | undefined,
  ): BlockVerdicts {
    const known = this.#known[number];
    if (known?.nodes === nodes) return known;
    const [before, said] = known ? [known.nodes, known.verdicts] : [none, none];
    const verdicts: (Refusal | undefined)[] = [];
    // Several blocks a decision: a call for each of their nodes would be a tenth of it.
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i] as NodeInfo;
      verdicts.push(before[i] === node ? said[i] : find(node));
    }
    const found = summed({ number, nodes, verdicts });
    putAt(this.#known, number, found);
    return found;
  }
}

function summed(block: Pick<BlockVerdicts, 'number' | 'nodes' | 'verdicts'>): BlockVerdicts {
  const [first] = block.verdicts;
  let [fitting, isSame] = [0, true];
  for (const verdict of block.verdicts) {
    if (verdict === undefined) fitting++;
    if (verdict !== first) isSame = false;
  }
  return { ...block, fitting, same: isSame ? first : undefined };
}

/** The same but for what is said of one of the nodes. */
export function withVerdict(block: BlockVerdicts, at: number, verdict: Refusal | undefined): BlockVerdicts {
  if (block.verdicts[at] === verdict) return block;
  return summed({ ...block, verdicts: block.verdicts.map((known, i) => (i === at ? verdict : known)) });
}

/** The highest score among some nodes; minus infinity where there is none. */
export interface Best {
  readonly score: number;
  /** How many have it. */
  readonly count: number;
}

/** What the nodes of one block score. */
export interface BlockScores {
  readonly nodes: readonly NodeInfo[];
  /** Whoever misses one fills it in. */
  readonly scores: (number | undefined)[];
  /** Of all that fit, and by which verdicts they do. */
  best: { of: BlockVerdicts; is: Best } | undefined;
}

/** What the nodes score, block by block. */
export class ScoresPerBlock {
  readonly #known: (BlockScores | undefined)[] = [];

  /** What is known of those nodes that have not changed. */
  of(number: number, nodes: readonly NodeInfo[]): BlockScores {
    const known = this.#known[number];
    if (known?.nodes === nodes) return known;
    const [before, said] = known ? [known.nodes, known.scores] : [none, none];
    const scores: (number | undefined)[] = [];
    for (let i = 0; i < nodes.length; i++) scores.push(before[i] === nodes[i] ? said[i] : undefined);
    const fresh: BlockScores = { nodes, scores, best: undefined };
    putAt(this.#known, number, fresh);
    return fresh;
  }
}

/** What has been found out about pods that are alike. */
export class Known {
  /** How many of the filters, the first ones, sign. */
  readonly signed: number;
  /** What those said of each node, whoever it is kept for; null: nothing. */
  readonly verdicts = new PerNode<Refusal | null>();
  /** What all of them say of the nodes as they are kept for others, where all sign. */
  readonly blocks = new PerBlock();
  readonly #parts = new Map<string, unknown>();

  constructor(signed: number) {
    this.signed = signed;
  }

  /** What somebody else keeps here. */
  part<T>(name: string, make: () => T): T {
    if (!this.#parts.has(name)) this.#parts.set(name, make());
    return this.#parts.get(name) as T;
  }
}

/** Of so many kinds of pods something is known; of others it is found out anew. */
const mostKinds = 8;

/** Whether a plugin's score is one that a node gives to pods that are alike. */
export const signsScore = ({ sign, normalize }: Plugin) => sign !== undefined && normalize === undefined;

/**
 * A node answers pods that are alike in the same way until it changes. Pods are alike where the filters that have something to say about
 * them sign the same, so do the plugins that score, and they matter as much: then they give way to the same pods that nodes are kept for. From the first filter on that does not sign, each pod is looked at for itself.
 */
export class Memory {
  readonly #known = new Map<string, Known>();

  of({ filters, pod, profile }: Pick<Decision, 'filters' | 'pod' | 'profile'>): Known {
    const unsigned = filters.findIndex(({ sign }) => !sign);
    const signed = unsigned < 0 ? filters.length : unsigned;
    const signs: unknown[] = [profile.schedulerName, pod.priority, signed];
    for (let i = 0; i < signed; i++) signs.push(filters[i]?.name, filters[i]?.sign?.(pod));
    for (const plugin of profile.at.score) if (signsScore(plugin)) signs.push(plugin.sign?.(pod));
    const signature = JSON.stringify(signs);
    const known = this.#known.get(signature) ?? new Known(signed);
    // The last one used stands at the end.
    this.#known.delete(signature);
    this.#known.set(signature, known);
    if (this.#known.size > mostKinds) this.#known.delete(this.#known.keys().next().value as string);
    return known;
  }
}
