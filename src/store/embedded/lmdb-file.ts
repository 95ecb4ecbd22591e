import type { FileHandle } from 'node:fs/promises';
import { readNow } from '../../platform/files.ts';

/** How a tree of an LMDB file is described: of the free pages, of the tables, or a table. */
export interface Tree {
  depth: number;
  branches: number;
  leaves: number;
  overflows: number;
  entries: number;
  /** 2^64: the tree is empty. */
  root: number;
}

/** What the newer of the two pages at the start of the file says. */
export interface Meta {
  pageBytes: number;
  lastPage: number;
  transaction: number;
  free: Tree;
  main: Tree;
}

const magic = 0xbeefc0de;
const headerBytes = 24;
const metaPage = 8;
const smallestPage = 256;
const largestPage = 65_536;
/** More than is ever mapped. */
const largestFile = 2 ** 40;
/** Of a meta page, behind its header. */
const [freeAt, mainAt, lastPageAt, transactionAt, metaBytes] = [24, 72, 120, 128, 144];
const chunkPages = 8;
const chunks = 128;

/**
 * An LMDB file, read by its pages. LMDB itself maps the file and believes it, so what it must be able to rely on is
 * looked at before. A page that is given lasts until others are asked for.
 */
export class LmdbFile {
  readonly treeBytes = 48;
  /** What stands in a leaf of data that are elsewhere. */
  readonly elsewhereBytes = 24;
  readonly meta: Meta;
  readonly #handle: FileHandle;
  readonly #chunks: (Buffer | undefined)[] = [];
  readonly #held: number[] = [];

  /** Throws where the file does not begin as one of LMDB's. */
  constructor(handle: FileHandle) {
    this.#handle = handle;
    this.meta = this.#readMeta();
  }

  /** The size that the file has to have. */
  get expectedBytes(): number {
    return (this.meta.lastPage + 1) * this.meta.pageBytes;
  }

  page(number: number): Buffer {
    const { pageBytes } = this.meta;
    const chunk = Math.floor(number / chunkPages);
    const slot = chunk % chunks;
    const into = (this.#chunks[slot] ??= Buffer.alloc(chunkPages * pageBytes));
    if (this.#held[slot] !== chunk) {
      readNow(this.#handle, into, chunk * chunkPages * pageBytes);
      this.#held[slot] = chunk;
    }
    const at = (number % chunkPages) * pageBytes;
    return into.subarray(at, at + pageBytes);
  }

  /** Bytes behind the first ones of a page, also of those that follow. */
  bytes(number: number, skipped: number, count: number): Buffer {
    const into = Buffer.alloc(count);
    readNow(this.#handle, into, number * this.meta.pageBytes + skipped);
    return into;
  }

  treeAt(page: Buffer, at: number): Tree {
    const number = (offset: number) => Number(page.readBigUInt64LE(at + offset));
    return {
      depth: page.readUInt16LE(at + 6),
      branches: number(8),
      leaves: number(16),
      overflows: number(24),
      entries: number(32),
      root: number(40),
    };
  }

  #readMeta(): Meta {
    const head = Buffer.alloc(largestPage + headerBytes + metaBytes);
    const size = readNow(this.#handle, head, 0);
    const first = this.#metaAt(head.subarray(0, size), 0);
    const second = this.#metaAt(head.subarray(0, size), first.pageBytes);
    // Transactions write them in turns, and nothing but what a transaction changes differs.
    const [newest, other] = second.transaction > first.transaction ? [second, first] : [first, second];
    const isNext = newest.transaction - other.transaction === 1 || newest.transaction === 0;
    const isSound =
      isNext && newest.fixed.equals(other.fixed) && newest.transaction % 2 === Number(newest === second);
    const isPossible = newest.lastPage * newest.pageBytes < largestFile;
    if (!isPossible || (!isSound && newest.transaction > 0)) throw new Error('it is damaged, or not a store');
    return newest;
  }

  #metaAt(head: Buffer, page: number): Meta & { fixed: Buffer } {
    const at = page + headerBytes;
    const isMeta =
      head.length >= at + metaBytes &&
      head.readUInt16LE(page + 18) === metaPage &&
      head.readUInt32LE(at) === magic;
    const pageBytes = isMeta ? head.readUInt32LE(at + freeAt) : 0;
    if (pageBytes < smallestPage || pageBytes > largestPage) throw new Error('it is damaged, or not a store');
    return {
      pageBytes,
      lastPage: Number(head.readBigUInt64LE(at + lastPageAt)),
      transaction: Number(head.readBigUInt64LE(at + transactionAt)),
      free: this.treeAt(head, at + freeAt),
      main: this.treeAt(head, at + mainAt),
      fixed: Buffer.concat([
        head.subarray(at, at + 16),
        head.subarray(at + freeAt, at + freeAt + 6),
        head.subarray(at + mainAt, at + mainAt + 6),
      ]),
    };
  }
}
