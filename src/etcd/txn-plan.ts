import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  ResponseOpSchema,
  TxnRequest,
} from '../store/etcd/generated/etcd/rpc_pb.js';
import { holds } from './compare.ts';
import * as errors from './errors.ts';
import { isWithin, type KeyRange, rangeOf, writableKey } from './keys.ts';
import { changesPerCommit } from '../store/core/log.ts';
import type { Changes, View } from './mvcc.ts';
import { rangeAnswer } from './range-answer.ts';
import { keyValue, type Record } from './record.ts';

/** The branch that a transaction takes, and those of the transactions in it. */
interface Path {
  succeeded: boolean;
  ops: readonly RequestOp[];
  inner: ReadonlyMap<RequestOp, Path>;
}

type Answer = MessageInitShape<typeof ResponseOpSchema>;

/**
 * What one request changes, and its answer. Operations see those before them; comparisons, also of transactions
 * within, and the checks see what was before.
 */
export class Draft {
  readonly #view: View;
  readonly #hasLease: (id: bigint) => boolean;
  readonly #changes = new Map<string, Record | undefined>();

  constructor(view: View, hasLease: (id: bigint) => boolean) {
    this.#view = view;
    this.#hasLease = hasLease;
  }

  get changes(): Changes {
    if (this.#changes.size > changesPerCommit)
      throw new errors.EtcdError(
        'InvalidArgument',
        `etcdserver: at most ${changesPerCommit} keys change at one revision here`,
      );
    return this.#changes;
  }

  /** The revision as of now, within the request. */
  get header() {
    return { revision: BigInt(this.#changes.size > 0 ? this.#next : this.#view.revision) };
  }

  async txn(request: TxnRequest) {
    const path = await this.#pathOf(request);
    await this.#checkPuts(path);
    await this.#checkRanges(path);
    return this.#run(path);
  }

  async range(request: RangeRequest) {
    const range = rangeOf(request.key, request.rangeEnd);
    const found =
      request.revision > 0n ? await this.#readAt(range, request.revision) : await this.#read(range);
    return { header: this.header, ...rangeAnswer(request, found) };
  }

  async put(request: PutRequest) {
    const key = writableKey(request.key);
    const [before] = await this.#read({ from: key, single: true });
    this.#changes.set(key, {
      key,
      value: request.ignoreValue && before ? before.value : request.value,
      lease: request.ignoreLease && before ? before.lease : request.lease,
      version: (before?.version ?? 0) + 1,
      createRevision: before?.createRevision ?? this.#next,
      modRevision: this.#next,
    });
    return { header: this.header, prevKv: request.prevKv && before ? keyValue(before) : undefined };
  }

  async deleteRange(request: DeleteRangeRequest) {
    const found = await this.#read(rangeOf(request.key, request.rangeEnd));
    for (const { key } of found) this.delete(key);
    const prevKvs = request.prevKv ? found.map((record) => keyValue(record)) : [];
    return { header: this.header, deleted: BigInt(found.length), prevKvs };
  }

  /** What stands in a range as of now, within the request. */
  at(range: KeyRange): Promise<Record[]> {
    return this.#read(range);
  }

  /** Deletes a key, where it is there. */
  async remove(key: string): Promise<{ removed: boolean }> {
    const [found] = await this.#read({ from: key, single: true });
    if (found) this.delete(key);
    return { removed: found !== undefined };
  }

  /** Deletes a key that is there. */
  delete(key: string): void {
    const madeHere = this.#changes.get(key)?.createRevision === this.#next;
    if (madeHere) this.#changes.delete(key);
    else this.#changes.set(key, undefined);
  }

  /** Refuses a put that cannot be made. */
  async checkPut(request: PutRequest): Promise<void> {
    this.#checkLease(request);
    await this.#checkKey(request);
  }

  #checkLease({ lease }: PutRequest): void {
    if (lease !== 0n && !this.#hasLease(lease)) throw errors.leaseNotFound();
  }

  async #checkKey(request: PutRequest): Promise<void> {
    if (!request.ignoreValue && !request.ignoreLease) return;
    const found = await this.#view.read({ from: writableKey(request.key), single: true });
    if (found.length === 0) throw errors.keyNotFound();
  }

  get #next(): number {
    return this.#view.revision + 1;
  }

  async #read(range: KeyRange): Promise<Record[]> {
    if (range.single && this.#changes.has(range.from)) {
      const record = this.#changes.get(range.from);
      return record ? [record] : [];
    }
    const before = await this.#view.read(range);
    if (range.single || this.#changes.size === 0) return before;
    const all = new Map(before.map((record) => [record.key, record]));
    for (const [key, record] of this.#changes) {
      if (!isWithin(key, range)) continue;
      if (record) all.set(key, record);
      else all.delete(key);
    }
    return [...all.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async #readAt(range: KeyRange, revision: bigint): Promise<Record[]> {
    if (revision > this.#view.revision) throw errors.futureRevision();
    return this.#view.readAt(range, Number(revision));
  }

  async #pathOf(request: TxnRequest): Promise<Path> {
    const succeeded = await this.#holds(request);
    const ops = succeeded ? request.success : request.failure;
    const inner = new Map<RequestOp, Path>();
    for (const op of ops) {
      if (op.request.case === 'requestTxn') inner.set(op, await this.#pathOf(op.request.value));
    }
    return { succeeded, ops, inner };
  }

  async #holds({ compare }: TxnRequest): Promise<boolean> {
    for (const each of compare) {
      if (!holds(each, await this.#view.read(rangeOf(each.key, each.rangeEnd)))) return false;
    }
    return true;
  }

  /**
   * All puts before any range, and the key of each before its lease, as etcd 3.5 does (a put by itself is the other way
   * round): which refusal a client gets depends on it.
   */
  async #checkPuts({ ops, inner }: Path): Promise<void> {
    for (const op of ops) {
      if (op.request.case === 'requestPut') {
        await this.#checkKey(op.request.value);
        this.#checkLease(op.request.value);
      }
      const within = inner.get(op);
      if (within) await this.#checkPuts(within);
    }
  }

  async #checkRanges({ ops, inner }: Path): Promise<void> {
    for (const op of ops) {
      if (op.request.case === 'requestRange' && op.request.value.revision > 0n)
        await this.#readAt({ from: '\x01', to: '\x01' }, op.request.value.revision);
      const within = inner.get(op);
      if (within) await this.#checkRanges(within);
    }
  }

  async #run(path: Path): Promise<{ header: { revision: bigint }; succeeded: boolean; responses: Answer[] }> {
    const responses: Answer[] = [];
    for (const op of path.ops) responses.push({ response: await this.#answer(op, path) });
    return { header: this.header, succeeded: path.succeeded, responses };
  }

  async #answer(op: RequestOp, path: Path): Promise<Answer['response']> {
    const { request } = op;
    switch (request.case) {
      case 'requestRange':
        return { case: 'responseRange', value: await this.range(request.value) };
      case 'requestPut':
        return { case: 'responsePut', value: await this.put(request.value) };
      case 'requestDeleteRange':
        return { case: 'responseDeleteRange', value: await this.deleteRange(request.value) };
      default: {
        const { header: _, ...value } = await this.#run(path.inner.get(op) as Path);
        return { case: 'responseTxn', value: { header: {}, ...value } };
      }
    }
  }
}
