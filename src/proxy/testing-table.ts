/**
 * The proxy's table of one family as nft would have it after some scripts: chains with their rules, and elements of sets and maps. It is as strict as the kernel:
 * what is deleted has to be there, what is added must not have another value, and no chain goes that an element leads to.
 */
export class NftTable {
  readonly #family: 'ip' | 'ip6';
  readonly #elements = new Map<string, Map<string, string>>();
  readonly chains = new Map<string, string[]>();

  constructor(family: 'ip' | 'ip6' = 'ip') {
    this.#family = family;
  }

  /** Carries a script out, line by line; what is of another family stays out. */
  apply(script: string): void {
    for (const line of script.split('\n')) this.#carryOut(line);
  }

  /** The elements of a set or map by their keys, '' for their values in sets. */
  elements(set: string): ReadonlyMap<string, string> {
    return this.#elements.get(set) ?? new Map();
  }

  /** Addresses and ports over which packets to a front are spread, by the chain and the pool that it leads to; sorted. */
  backendsOf(front: string, maps: 'outer' | 'inner' = 'outer'): string[] {
    const [verdicts, pools] = maps === 'outer' ? ['services', 'pools'] : ['inner', 'inner-pools'];
    const chain = this.elements(verdicts).get(front);
    if (chain === undefined) return [];
    const count = Number(/^goto (?:spread|sticky-\d+s)-(\d+)/.exec(chain)?.[1]);
    const pool = this.elements(pools).get(front);
    const chosen = Array.from(
      { length: count },
      (_, i) => this.elements('choices').get(`${pool} . ${i}`) ?? '',
    );
    return chosen.map((slot) => this.elements('slots').get(slot) ?? `nobody at ${slot}`).sort();
  }

  /** How many elements there are. */
  get size(): number {
    return [...this.#elements.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #carryOut(line: string): void {
    const [, verb, what, family, name = '', rest = ''] =
      /^(\w+) (\w+) (ip6?) k8ts-proxy ?(\S*) ?(.*)$/.exec(line) ?? [];
    if (family !== this.#family) return;
    if (what === 'element') this.#element(verb === 'add', name, rest.slice(2, -2).split(', '));
    else if (what === 'chain' && verb === 'add') this.chains.set(name, this.chains.get(name) ?? []);
    else if (what === 'chain') this.#deleteChain(name);
    else if (what === 'rule') this.chains.get(name)?.push(rest);
    else if (verb === 'delete' && what === 'table') {
      this.#elements.clear();
      this.chains.clear();
    }
  }

  #element(isAdded: boolean, set: string, texts: readonly string[]): void {
    const elements = this.#elements.get(set) ?? new Map<string, string>();
    this.#elements.set(set, elements);
    for (const text of texts) {
      const [key = '', value = ''] = text.split(' : ');
      const known = elements.get(key);
      if (isAdded ? (known ?? value) !== value : known === undefined)
        throw new Error(`${set} ${text}: has ${known}`);
      const chain = value.startsWith('goto ') ? value.slice(5) : undefined;
      if (chain && !this.chains.has(chain) && !['refuse', 'ignore'].includes(chain))
        throw new Error(`no chain ${chain}`);
      if (isAdded) elements.set(key, value);
      else elements.delete(key);
    }
  }

  #deleteChain(name: string): void {
    const leading = [...this.#elements.values()].flatMap((elements) => [...elements.values()]);
    if (leading.includes(`goto ${name}`) || !this.chains.delete(name))
      throw new Error(`chain ${name}: not to be deleted`);
  }
}
