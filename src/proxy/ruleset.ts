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

const addLines = (set: MapName | keyof PoolElements, elements: Elements) =>
  elementLines('add', { table, set }, withValues(elements));

const deleteLines = (set: MapName | keyof PoolElements, keys: Iterable<string>) =>
  elementLines('delete', { table, set }, keys);

function* withValues(elements: Elements): Iterable<string> {
  for (const [key, value] of elements) yield value ? `${key} : ${value}` : key;
}

function* keysOf(elements: Elements): Iterable<string> {
  for (const [key] of elements) yield key;
}

/** The chain of a text that `#chains` keeps. */
const chainLines = ([name, rules]: readonly [string, string]): string[] => [
  `add chain ip ${table} ${name}`,
  ...rules.split('\n').map((rule) => `add rule ip ${table} ${name} ${rule}`),
];

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
 * The table as it should be, as the sum of what Services contribute. `set` notes a change, `takeChanges` gives the
 * nft commands for all that was noted since; `reload` gives those that make the table anew.
 */
export class Ruleset {
  readonly #podRange: string;
  readonly #contributions = new Map<string, Contribution>();
  /** Elements that several Services have stand once: the same pod may be behind several. */
  readonly #elements = new Map<MapName, Counted>(mapNames.map((name) => [name, new Counted()]));
  readonly #chains = new Counted();
  readonly #pools = new Pools();
  #serviceRanges: ReadonlyMap<string, string> = new Map();
  #mustReload = true;

  /** `podRange` has the addresses of all pods of the cluster. */
  constructor(podRange: string) {
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
      ...chains.fresh.map(chainLines),
      ...maps.map(({ name, gone }) => deleteLines(name, gone)),
      ...poolParts.map((part) => deleteLines(part, keysOf(pools.gone[part]))),
      ...poolParts.map((part) => addLines(part, pools.fresh[part])),
      ...maps.map(({ name, fresh }) => addLines(name, fresh)),
      chains.gone.map((chain) => `delete chain ip ${table} ${chain}`),
    ]);
  }

  *#whole(): Iterable<string> {
    yield* [
      `add table ip ${table}`,
      `delete table ip ${table}`,
      `table ip ${table} {${declarations(this.#podRange)}}`,
    ];
    for (const chain of this.#chains.all()) yield* chainLines(chain);
    const pools = this.#pools.all();
    for (const part of poolParts) yield* addLines(part, pools[part]);
    for (const [name, elements] of this.#elements) yield* addLines(name, elements.all());
  }

  #changeChains(before: readonly ChainSpec[], after: readonly ChainSpec[]): void {
    for (const chain of after) this.#chains.add(spreadChain(chain), rulesOf(chain).join('\n'));
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
