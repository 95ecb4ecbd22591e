/** What clients did and saw while servers were killed, in the order in which they came to know it. */

/** A version of an object. Each write has a token of its own, so that a version tells whose it is. */
export interface Version {
  key: string;
  uid: string;
  token: string;
  revision: number;
}

export interface Put {
  verb: 'create' | 'update';
  key: string;
  token: string;
}

/** A deletion names the object it means, and perhaps the one version that it may delete. */
export interface Deletion {
  verb: 'delete';
  key: string;
  uid: string;
  expected?: number;
}

/** What a watcher is told: the version that a revision wrote, or the last one that it took away. */
export interface Told extends Version {
  deleted: boolean;
}

export type Entry =
  | { type: 'invoke'; op: number; write: Put | Deletion }
  /** Acknowledged. A put is answered with what it has written. */
  | { type: 'ack'; op: number; version?: Version }
  /** Answered with an error that says: not done. */
  | { type: 'refused'; op: number }
  /** No answer came, or one that leaves it open. */
  | { type: 'unknown'; op: number }
  | { type: 'read'; version: Version }
  /** All there is, as of a revision; `askedAt`: asked for as the newest, when the ledger was so long. */
  | { type: 'list'; revision: number; versions: Version[]; askedAt?: number }
  /** A watch begins: with what was listed (`revision` is the list's), or where the watcher's last one had ended. */
  | { type: 'watch'; watcher: string; after: number; base?: Version[] }
  | { type: 'event'; watcher: string; told: Told }
  /** The server is gone: what had no answer by now will get none. */
  | { type: 'crash' }
  /** A new server answers, and nothing has been asked of it yet but this list. */
  | { type: 'restart'; revision: number; versions: Version[] };

/** Appends, and gives operations their numbers. */
export class Ledger {
  readonly entries: Entry[] = [];
  #ops = 0;
  /** The newest revision that anybody has been told of. */
  newest = 0;

  invoke(write: Put | Deletion): number {
    const op = this.#ops++;
    this.add({ type: 'invoke', op, write });
    return op;
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    if (entry.type === 'ack' && entry.version) this.#saw(entry.version.revision);
    else if (entry.type === 'read') this.#saw(entry.version.revision);
    else if (entry.type === 'event') this.#saw(entry.told.revision);
    else if (entry.type === 'list' || entry.type === 'restart') this.#saw(entry.revision);
  }

  #saw(revision: number): void {
    this.newest = Math.max(this.newest, revision);
  }
}
