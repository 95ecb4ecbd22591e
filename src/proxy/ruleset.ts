import type { AddressFamily } from '../machinery/address-family.ts';
import { elementLines } from '../platform/nft.ts';
import { type ChainSpec, declarations, poolMaps, rulesOf, spreadChain, table } from './chains.ts';
import { type Contribution, nothing, setNames } from './contribution.ts';
import { Counted } from './counted.ts';
import { type PoolElements, Pools } from './pools.ts';

const rangesName = 'service-ranges';
const mapNames = [...setNames, ...poolMaps, rangesName] as const;
type MapName = (typeof mapNames)[number];
const poolParts = ['slots', 'live', 'choices'] as const;

type Elements = Iterable<readonly [key: string, value: string]>;

function* withValues(elements: Elements): Iterable<string> {
  for (const [key, value] of elements) yield value ? `${key} : ${value}` : key;
}

function* keysOf(elements: Elements): Iterable<string> {
  for (const [key] of elements) yield key;
}

function* joined<T>(parts: Iterable<Iterable<T>>): Iterable<T> {
  for (const part of parts) yield* part;
}

/** Pools with clients of a front that is not theirs any more: these clients are remembered by the front, and may come to it again. */
function leftBehind(before: Contribution, after: Contribution): ReadonlySet<string> {
  const pools = poolMaps.flatMap((map) =>
    [...before.poolsOf[map]]
      .filter(([front, pool]) => after.poolsOf[map].get(front) !== pool)
      .map(([, pool]) => pool),
  );
  return new Set(pools.filter((pool) => after.pools.get(pool)?.isSticky));
}

/**
 * The table of one family as it should be, as the sum of what Services contribute. `set` notes a change, `takeChanges` gives the
 * nft commands for all that was noted since; `reload` gives those that make the table anew.
 */
export class Ruleset {
  readonly #family: AddressFamily;
  readonly #podRange: string | undefined;
  readonly #contributions = new Map<string, Contribution>();
  /** Elements that several Services have stand once: the same pod may be behind several. */
  readonly #elements = new Map<MapName, Counted>(mapNames.map((name) => [name, new Counted()]));
  readonly #chains = new Counted();
  readonly #pools = new Pools();
  #serviceRanges: ReadonlyMap<string, string> = new Map();
  #mustReload = true;

  /** `podRange` has the addresses of all pods of the cluster; undefined where they have none of the family. */
  constructor(family: AddressFamily, podRange: string | undefined) {
    this.#family = family;
    this.#podRange = podRange;
  }

  /** What a Service contributes now; `undefined` where it is gone. */
  set(service: string, next: Contribution | undefined): void {
    const before = this.#contributions.get(service) ?? nothing;
    const after = next ?? nothing;
    if (next) this.#contributions.set(service, next);
    else this.#contributions.delete(service);
    this.#changeChains(before.chains, after.chains);
    for (const name of setNames)
      this.#changeElements(name, before.elements.get(name), after.elements.get(name));
    this.#changePools(service, before, after);
  }

  #changePools(service: string, before: Contribution, after: Contribution): void {
    const poolOf = (pool: string) => `${service} ${pool}`;
    for (const [pool, value] of after.pools) this.#pools.set(poolOf(pool), value);
    for (const map of poolMaps)
      this.#changeElements(map, before.poolsOf[map], after.poolsOf[map], (pool) =>
        this.#pools.numberOf(poolOf(pool)),
      );
    for (const pool of before.pools.keys())
      if (!after.pools.has(pool)) this.#pools.set(poolOf(pool), undefined);
    for (const pool of leftBehind(before, after)) this.#pools.renumber(poolOf(pool));
  }

  /** Ranges, none within another, whose addresses are Services' alone: what goes to one that no Service has is dropped. */
  setServiceRanges(ranges: readonly string[]): void {
    const next = new Map(ranges.map((range) => [range, '']));
    this.#changeElements(rangesName, this.#serviceRanges, next);
    this.#serviceRanges = next;
  }

  /** The commands for what has changed since the last call, a line each; none where nothing has. Nothing may be noted until all are read. */
  takeChanges(): Iterable<string> {
    if (this.#mustReload) return this.reload();
    const lines = this.#changes();
    this.#settle();
    return lines;
  }

  /** The commands that make the whole table anew, whatever stands there, in one transaction. To be read as those of `takeChanges`. */
  reload(): Iterable<string> {
    this.#mustReload = false;
    this.#settle();
    return this.#whole();
  }

  #settle(): void {
    for (const elements of this.#elements.values()) elements.settle();
    this.#chains.settle();
    this.#pools.settle();
  }

  /** What goes before what comes, so that an element may pass from one Service to another; chains stand as long as anything leads to them. */
  #changes(): Iterable<string> {
    const chains = this.#chains.changes();
    const pools = this.#pools.changes();
    const maps = [...this.#elements].map(([name, elements]) => ({ name, ...elements.changes() }));
    return joined([
      ...chains.fresh.map((chain) => this.#chainLines(chain)),
      ...maps.map(({ name, gone }) => this.#deleteLines(name, gone)),
      ...poolParts.map((part) => this.#deleteLines(part, keysOf(pools.gone[part]))),
      ...poolParts.map((part) => this.#addLines(part, pools.fresh[part])),
      ...maps.map(({ name, fresh }) => this.#addLines(name, fresh)),
      chains.gone.map((chain) => `delete chain ${this.#family.nft} ${table} ${chain}`),
    ]);
  }

  *#whole(): Iterable<string> {
    const its = `table ${this.#family.nft} ${table}`;
    yield* [`add ${its}`, `delete ${its}`, `${its} {${declarations(this.#family, this.#podRange)}}`];
    for (const chain of this.#chains.all()) yield* this.#chainLines(chain);
    const pools = this.#pools.all();
    for (const part of poolParts) yield* this.#addLines(part, pools[part]);
    for (const [name, elements] of this.#elements) yield* this.#addLines(name, elements.all());
  }

  #addLines(set: MapName | keyof PoolElements, elements: Elements): Iterable<string> {
    return elementLines('add', { family: this.#family.nft, table, set }, withValues(elements));
  }

  #deleteLines(set: MapName | keyof PoolElements, keys: Iterable<string>): Iterable<string> {
    return elementLines('delete', { family: this.#family.nft, table, set }, keys);
  }

  /** The chain of a text that `#chains` keeps. */
  #chainLines([name, rules]: readonly [string, string]): string[] {
    const its = `${this.#family.nft} ${table} ${name}`;
    return [`add chain ${its}`, ...rules.split('\n').map((rule) => `add rule ${its} ${rule}`)];
  }

  #changeChains(before: readonly ChainSpec[], after: readonly ChainSpec[]): void {
    for (const chain of after) this.#chains.add(spreadChain(chain), rulesOf(chain, this.#family).join('\n'));
    for (const chain of before) this.#chains.remove(spreadChain(chain));
  }

  #changeElements(
    set: MapName,
    before: ReadonlyMap<string, string> = new Map(),
    after: ReadonlyMap<string, string> = new Map(),
    written = (value: string) => value,
  ): void {
    const elements = this.#elements.get(set);
    for (const [key, value] of before) if (after.get(key) !== value) elements?.remove(key);
    for (const [key, value] of after) if (before.get(key) !== value) elements?.add(key, written(value));
  }
}
