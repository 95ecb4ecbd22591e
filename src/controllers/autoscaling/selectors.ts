import type { Pod } from '../../api/core/v1.ts';
import { matchesLabels, type Selector } from '../../machinery/label-selector.ts';

/** Which pods each autoscaler was last seen to scale, so that two that scale the same do not work against each other. */
export class ScaledSelectors {
  readonly #byNamespace = new Map<string, Map<string, Selector>>();

  set({ namespace = '', name }: { namespace?: string; name: string }, selector: Selector): void {
    const known = this.#byNamespace.get(namespace) ?? new Map<string, Selector>();
    this.#byNamespace.set(namespace, known.set(name, selector));
  }

  remove({ namespace = '', name }: { namespace?: string; name: string }): void {
    const known = this.#byNamespace.get(namespace);
    known?.delete(name);
    if (known?.size === 0) this.#byNamespace.delete(namespace);
  }

  /** The autoscalers of a namespace that scale any of these pods of it, as `namespace/name`, sorted. */
  scaling(namespace: string, pods: readonly Pod[]): string[] {
    return [...(this.#byNamespace.get(namespace) ?? [])]
      .filter(([, selector]) => pods.some(({ metadata }) => matchesLabels(selector, metadata.labels)))
      .map(([name]) => `${namespace}/${name}`)
      .sort();
  }
}
