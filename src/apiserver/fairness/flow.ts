import type { FlowSchema } from '../../api/flowcontrol/v1.ts';
import type { UserInfo } from '../registry/kind.ts';
import type { RequestInfo } from '../request.ts';
import type { FlowCounts } from './flow-metrics.ts';
import type { PriorityLevel } from './priority-level.ts';
import { deal, hashFlow } from './shuffle-shard.ts';

/** How many requests are worked on and how many wait: of those that change something, or of those that do not. */
export interface KindCounts {
  taken: number;
  waiting: number;
}

/** Hands kept of one flow schema. */
const maxHands = 10_000;
const onlyHand = [0];

/** A flow schema that is in use, and where its requests go. */
export class Flow {
  readonly name: string;
  readonly uid: string;
  readonly level: PriorityLevel;
  readonly counts: FlowCounts;
  readonly #by: string | undefined;
  readonly #exits = new Map<KindCounts, () => void>();
  readonly #hands = new Map<string, readonly number[]>();

  constructor(schema: FlowSchema, level: PriorityLevel, counts: FlowCounts) {
    this.name = schema.metadata.name ?? '';
    this.uid = schema.metadata.uid ?? '';
    this.level = level;
    this.counts = counts;
    this.#by = schema.spec.distinguisherMethod?.type;
  }

  /** What gives back what a request of an exempt level holds; made once. */
  exitOf(kind: KindCounts): () => void {
    let exit = this.#exits.get(kind);
    if (!exit) {
      exit = () => {
        kind.taken--;
        this.counts.executing--;
        this.counts.executingSeats--;
      };
      this.#exits.set(kind, exit);
    }
    return exit;
  }

  /** The queues that a request's flow may use. */
  handOf(info: RequestInfo, user: UserInfo): readonly number[] {
    const { queues, handSize } = this.level;
    if (queues <= 1) return onlyHand;
    const distinguisher = this.distinguisherOf(info, user.name);
    let hand = this.#hands.get(distinguisher);
    if (!hand) {
      hand = deal(hashFlow(this.name, distinguisher), queues, handSize);
      if (this.#hands.size >= maxHands) this.#hands.clear();
      this.#hands.set(distinguisher, hand);
    }
    return hand;
  }

  /** What tells the flows of the schema apart. */
  distinguisherOf(info: RequestInfo, user: string): string {
    if (this.#by === 'ByUser') return user;
    return this.#by === 'ByNamespace' ? info.namespace : '';
  }
}
