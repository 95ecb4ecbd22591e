import type { Transport, WatchEvent } from '../../src/client/transport.ts';
import { StatusError } from '../../src/machinery/status-error.ts';
import { deferred } from '../../src/platform/deferred.ts';
import type { Change } from './operation.ts';
import { collection, selectorOf, versionOf } from './record.ts';

/** What a watcher was told from a revision on, over all breaks of its connection. */
export interface Course {
  watcher: string;
  from: number;
  told: Change[];
}

/** A watcher is told of all that happened, in its order, once, up to the last that it was told. */
export function checkCourse({ watcher, from, told }: Course, log: readonly Change[]): string[] {
  const end = told.at(-1)?.revision ?? from;
  const happened = log.filter(({ revision }) => revision > from && revision <= end);
  const differs = [...happened, undefined].findIndex((change, i) => !isSame(change, told[i]));
  if (differs === -1) return [];
  const [says, log_] = [told[differs], happened[differs]].map((change) => JSON.stringify(change));
  return [`${watcher} from @${from} on was told ${says}, where the log has ${log_}`];
}

const isSame = (a: Change | undefined, b: Change | undefined) =>
  a?.revision === b?.revision && a?.key === b?.key && a?.token === b?.token && a?.deleted === b?.deleted;

/** Watches the objects of a record, and goes on where it stood whenever the watch breaks off. */
export class Follower {
  readonly courses: Course[] = [];
  readonly #transport: Transport;
  readonly #record: string;
  readonly #name: string;

  constructor(options: { transport: Transport; record: string; name: string }) {
    this.#transport = options.transport;
    this.#record = options.record;
    this.#name = options.name;
  }

  /** The last revision that it knows of. */
  get at(): number {
    const course = this.courses.at(-1);
    return course?.told.at(-1)?.revision ?? course?.from ?? 0;
  }

  /** Goes on as long as the process. */
  async run(): Promise<never> {
    for (;;) {
      try {
        if (this.courses.length === 0) await this.#begin();
        await this.#follow(this.courses.at(-1) as Course);
      } catch (error) {
        if (error instanceof StatusError && error.status.code === 410) await this.#begin().catch(() => {});
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #begin(): Promise<void> {
    const query = { labelSelector: selectorOf(this.#record) };
    const list = (await this.#transport.request({ method: 'GET', path: collection, query })) as {
      metadata: { resourceVersion: string };
    };
    this.courses.push({ watcher: this.#name, from: Number(list.metadata.resourceVersion), told: [] });
  }

  async #follow({ told }: Course): Promise<void> {
    const query = { labelSelector: selectorOf(this.#record), resourceVersion: this.at };
    const ended = deferred();
    const sink = {
      onEvent: ({ type, object }: WatchEvent) =>
        void told.push({
          ...versionOf(object as Parameters<typeof versionOf>[0]),
          deleted: type === 'DELETED',
        }),
      onEnd: (error?: Error) => (error ? ended.reject(error) : ended.resolve()),
    };
    await this.#transport.watch({ method: 'GET', path: collection, query }, sink);
    await ended.promise;
  }
}
