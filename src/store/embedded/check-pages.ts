import type { LmdbFile, Tree } from './lmdb-file.ts';

/** Kinds of pages, and of what a leaf's node holds. */
const [branchPage, leafPage, overflowPage] = [1, 2, 4];
const [isElsewhere, isTree] = [1, 2];
const headerBytes = 24;
const nodeBytes = 8;
const noRoot = 2 ** 64;
const noKey = Buffer.alloc(0);

/** Between which keys those of a page lie; the first may be the lower one. */
interface Bounds {
  low?: Buffer;
  high?: Buffer;
}

/** Where in its page a node's key begins: what describes the node is before it, its data are behind it. */
type KeyAt = number;
/** Must not look at other pages. */
type Each = (page: Buffer, keyAt: KeyAt) => void;
type Compare = (a: Buffer, b: Buffer) => number;

const keySize = (page: Buffer, at: KeyAt) => page.readUInt16LE(at - 2);
const flagsOf = (page: Buffer, at: KeyAt) => page.readUInt16LE(at - 4);
const sizeOf = (page: Buffer, at: KeyAt) => page.readUInt32LE(at - 8);
const dataAt = (page: Buffer, at: KeyAt) => at + keySize(page, at);
const keyOf = (page: Buffer, at: KeyAt) => page.subarray(at, dataAt(page, at));
const long = (page: Buffer, at: number) => page.readUInt32LE(at) + page.readUInt32LE(at + 4) * 2 ** 32;

/** Where the data of a node are that do not fit into its page. */
interface Elsewhere {
  start: number;
  transaction: number;
  pages: number;
  /** How many pages so many bytes take. */
  expected: number;
}

function elsewhereOf(page: Buffer, at: KeyAt): Elsewhere {
  const place = dataAt(page, at);
  return {
    start: long(page, place),
    transaction: long(page, place + 8),
    pages: long(page, place + 16),
    expected: Math.floor((headerBytes - 1 + sizeOf(page, at)) / page.length) + 1,
  };
}

const damaged = (what: string) => new Error(`it is damaged: ${what}`);

/**
 * Throws where pages of an LMDB file cannot be what LMDB has written: it maps the file and believes it, so a page that
 * points astray would end the process, or let it write where something else stands. Every page that is in use is read once, of
 * values only where they are: records have checksums of their own.
 */
export function checkPages(file: LmdbFile): void {
  new PageCheck(file).run();
}

class PageCheck {
  readonly #file: LmdbFile;
  /** By page: whether it has been met. */
  readonly #met: Uint8Array;
  /** The nodes of the page that is looked at. */
  readonly #nodes: KeyAt[] = [];

  constructor(file: LmdbFile) {
    this.#file = file;
    this.#met = new Uint8Array(file.meta.lastPage + 1);
    this.#met.fill(1, 0, 2);
  }

  run(): void {
    const { free, main, transaction } = this.#file.meta;
    const tables: Tree[] = [];
    this.#walk(main, (page, at) => {
      if (flagsOf(page, at) !== isTree || sizeOf(page, at) !== this.#file.treeBytes)
        throw new Error('it is not a store of k8ts, or damaged');
      tables.push(this.#file.treeAt(page, dataAt(page, at)));
    });
    for (const table of tables) this.#walk(table);
    // Whatever a transaction has changed, the root of its tables it has written anew.
    if (main.root !== noRoot && long(this.#file.page(main.root), 8) !== transaction)
      throw damaged('its newest state');
    const lists: Buffer[] = [];
    this.#walk(free, (page, at) => lists.push(this.#dataOf(page, at)), compareNumbers);
    for (const list of lists) this.#checkFree(list);
  }

  /** Walks a tree; `each` is told of the nodes of its leaves. */
  #walk(tree: Tree, each?: Each, compare?: Compare): void {
    const found = { branches: 0, leaves: 0, overflows: 0, entries: 0 };
    const visit = (number: number, level: number, bounds: Bounds): void => {
      const isLeaf = level === tree.depth;
      const page = this.#enter(number, isLeaf);
      const sound = compare
        ? isOrdered(page, this.#nodes, { isLeaf, bounds, compare })
        : isOrderedByBytes(page, this.#nodes, { isLeaf, bounds });
      if (!sound) throw damaged(`page ${number}`);
      if (isLeaf) {
        found.leaves++;
        found.entries += this.#nodes.length;
        const elsewhere: Elsewhere[] = [];
        for (const at of this.#nodes) {
          if (flagsOf(page, at) & isElsewhere) elsewhere.push(elsewhereOf(page, at));
          each?.(page, at);
        }
        for (const data of elsewhere) found.overflows += this.#checkOverflow(data);
        return;
      }
      found.branches++;
      // The page is read into what others are read into as well.
      const children = this.#nodes.map((at) => ({
        key: Buffer.from(keyOf(page, at)),
        child: sizeOf(page, at) + flagsOf(page, at) * 2 ** 32,
      }));
      for (const [i, { key, child }] of children.entries())
        visit(child, level + 1, { low: i > 0 ? key : bounds.low, high: children[i + 1]?.key ?? bounds.high });
    };
    if (tree.root !== noRoot) visit(tree.root, 1, {});
    const isWhole =
      found.branches === tree.branches &&
      found.leaves === tree.leaves &&
      found.overflows === tree.overflows &&
      found.entries === tree.entries;
    if (!isWhole) throw damaged(`${tree.entries} keys are expected where ${found.entries} are`);
  }

  /** The page with this number, which must be of the kind and not have been met before, and its nodes. */
  #enter(number: number, isLeaf: boolean): Buffer {
    this.#meet(number, 1);
    const page = this.#file.page(number);
    const isSound =
      long(page, 0) === number &&
      long(page, 8) <= this.#file.meta.transaction &&
      page.readUInt16LE(18) === (isLeaf ? leafPage : branchPage) &&
      this.#findNodes(page, isLeaf);
    if (!isSound) throw damaged(`page ${number}`);
    return page;
  }

  /** Marks pages as being in use, or free: nothing may be both, or twice. */
  #meet(number: number, count: number): void {
    const end = number + count;
    if (!(number >= 2 && count > 0 && end <= this.#met.length)) throw damaged(`there is no page ${number}`);
    for (let i = number; i < end; i++) {
      if (this.#met[i]) throw damaged(`page ${i} is used twice`);
      this.#met[i] = 1;
    }
  }

  /** Whether the nodes of a page fill the place they have, and no more. */
  #findNodes(page: Buffer, isLeaf: boolean): boolean {
    this.#nodes.length = 0;
    const room = page.length - headerBytes;
    const [lower, upper] = [page.readUInt16LE(20), page.readUInt16LE(22)];
    if (lower < 2 || lower % 2 !== 0 || lower > upper || upper > room) return false;
    let used = 0;
    for (let i = 0; i < lower; i += 2) {
      const start = page.readUInt16LE(headerBytes + i);
      const at = headerBytes + start + nodeBytes;
      if (start < upper || at > page.length) return false;
      const flags = flagsOf(page, at);
      if (isLeaf && flags > isTree) return false;
      const dataBytes = !isLeaf ? 0 : flags & isElsewhere ? this.#file.elsewhereBytes : sizeOf(page, at);
      const bytes = nodeBytes + keySize(page, at) + dataBytes;
      used += bytes + (bytes % 2);
      if (start + bytes > room || used > room) return false;
      this.#nodes.push(at);
    }
    return used === room - upper;
  }

  /** Checks pages that hold nothing but the data of one node; gives how many they are. */
  #checkOverflow({ start, transaction, pages, expected }: Elsewhere): number {
    this.#meet(start, expected);
    const page = this.#file.page(start);
    const isSound =
      pages === expected &&
      long(page, 0) === start &&
      long(page, 8) === transaction &&
      page.readUInt16LE(18) === overflowPage &&
      page.readUInt32LE(20) === expected;
    if (!isSound) throw damaged(`page ${start}`);
    return expected;
  }

  #dataOf(page: Buffer, at: KeyAt): Buffer {
    const [place, size] = [dataAt(page, at), sizeOf(page, at)];
    if (flagsOf(page, at) & isElsewhere) return this.#file.bytes(long(page, place), headerBytes, size);
    return Buffer.from(page.subarray(place, place + size));
  }

  /** A list of free pages: its length, then numbers of pages; a negative one says how many follow from the next on. */
  #checkFree(list: Buffer): void {
    const count = list.length >= 8 ? long(list, 0) : Number.NaN;
    if (!((count + 1) * 8 <= list.length)) throw damaged('a list of free pages');
    let run = 1;
    for (let i = 1; i <= count; i++) {
      const entry = Number(list.readBigInt64LE(i * 8));
      if (entry < 0) run = -entry;
      else if (entry > 0) {
        this.#meet(entry, run);
        run = 1;
      }
    }
  }
}

interface Order {
  isLeaf: boolean;
  bounds: Bounds;
}

/** Whether keys ascend and lie within their bounds. The first key of a branch is not looked at, nor always there. */
function isOrdered(page: Buffer, nodes: readonly KeyAt[], order: Order & { compare: Compare }): boolean {
  const { isLeaf, bounds, compare } = order;
  let before = bounds.low;
  for (let i = isLeaf ? 0 : 1; i < nodes.length; i++) {
    const key = keyOf(page, nodes[i] as KeyAt);
    const isNext = !before || compare(before, key) < (i === 0 ? 1 : 0);
    if (!isNext) return false;
    before = key;
  }
  return !before || !bounds.high || compare(before, bounds.high) < 0;
}

/** The same for keys that are compared by their bytes, which is nearly all, without a view of each. */
function isOrderedByBytes(page: Buffer, nodes: readonly KeyAt[], { isLeaf, bounds }: Order): boolean {
  const { low = noKey, high } = bounds;
  let [before, from, to] = [low, 0, low.length];
  for (let i = isLeaf ? 0 : 1; i < nodes.length; i++) {
    const at = nodes[i] as KeyAt;
    const end = dataAt(page, at);
    if (page.compare(before, from, to, at, end) < (i === 0 && to > from ? 0 : 1)) return false;
    [before, from, to] = [page, at, end];
  }
  return !high || before.compare(high, 0, high.length, from, to) < 0;
}

/** Keys that are numbers, the lowest byte first. */
function compareNumbers(a: Buffer, b: Buffer): number {
  if (a.length !== 8 || b.length !== 8) throw damaged('its list of free pages');
  return long(a, 0) - long(b, 0);
}
