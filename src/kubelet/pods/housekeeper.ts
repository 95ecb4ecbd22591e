import type { NodeHost } from '../node/node-host.ts';
import { removeWithLogs } from '../logs/container-logs.ts';
import { pruneLogLinks } from '../logs/log-links.ts';
import { qosCgroups } from '../cgroups/pod-cgroup.ts';
import type { VolumeManager } from '../volumes/volume-manager.ts';
import type { NodeContext } from './context.ts';
import { findGarbage } from './gc.ts';
import { podUidLabel } from './labels.ts';
import type { NodeFacts } from './node-facts.ts';
import type { PodWorkers } from './pod-workers.ts';

export interface HousekeeperOptions {
  context: NodeContext;
  host: NodeHost;
  facts: NodeFacts;
  workers: PodWorkers;
  volumes: VolumeManager;
}

/** Clears away what pods have left behind. */
export class Housekeeper {
  readonly #options: HousekeeperOptions;

  constructor(options: HousekeeperOptions) {
    this.#options = options;
  }

  async tidy(): Promise<void> {
    const known = new Set(this.#options.workers.all().map((w) => w.uid));
    const listed = await this.#collectGarbage(known);
    await this.#removeDirs(new Set([...known, ...listed]));
    const { context, facts } = this.#options;
    if (facts.logLinks) await pruneLogLinks(context.platform.files, facts.logLinks);
    await this.#removeCgroups(known, listed);
    await this.#weighClasses();
  }

  /** Gives the uids of the pods that the runtime has anything of. */
  async #collectGarbage(knownUids: ReadonlySet<string>): Promise<Set<string>> {
    const { runtime, platform } = this.#options.context;
    const [containers, sandboxes] = await Promise.all([runtime.containers.list(), runtime.sandboxes.list()]);
    const garbage = findGarbage({ containers, sandboxes, knownUids });
    const removals = [
      ...garbage.containers.map((id) => () => removeWithLogs(this.#options.context, id)),
      ...garbage.sandboxes.map((id) => () => runtime.sandboxes.remove(id)),
    ];
    for (const remove of removals)
      await remove().catch((error: Error) =>
        platform.log.warn('garbage not removed', { error: error.message }),
      );
    return new Set([...containers, ...sandboxes].flatMap((c) => c.labels[podUidLabel] ?? []));
  }

  async #removeDirs(known: ReadonlySet<string>): Promise<void> {
    const { volumes, context } = this.#options;
    for (const uid of await volumes.present()) {
      if (known.has(uid)) continue;
      await volumes
        .remove(uid)
        .catch((error: Error) =>
          context.platform.log.warn('orphaned pod folder not removed', { uid, error: error.message }),
        );
    }
  }

  async #removeCgroups(known: ReadonlySet<string>, listed: ReadonlySet<string>): Promise<void> {
    const { host, facts } = this.#options;
    for (const parent of ['', '/burstable', '/besteffort'].map((qos) => `${facts.podsCgroup}${qos}`))
      for (const name of await host.cgroups.list(parent)) {
        const uid = name.startsWith('pod') ? name.slice('pod'.length) : undefined;
        if (uid && !known.has(uid) && !listed.has(uid)) await host.cgroups.remove(`${parent}/${name}`);
      }
  }

  /** The cgroups of the classes weigh what their pods ask for. */
  async #weighClasses(): Promise<void> {
    const { host, facts, workers } = this.#options;
    const active = workers.active();
    for (const { path, limits } of qosCgroups(facts.podsCgroup, active))
      await host.cgroups.ensure(path, limits);
  }
}
