import type { Pod } from '../../api/core/v1.ts';
import { matchesLabels, type Selector } from '../../machinery/label-selector.ts';

interface Scalers {
  selector: Selector;
  names: Set<string>;
}

/** What the autoscalers of one namespace scale: those that scale the same under the text of their selector. */
interface Known {
  texts: Map<string, string>;
  scalers: Map<string, Scalers>;
}

/** Which pods each autoscaler was last seen to scale, so that two that scale the same do not work against each other. */
export class ScaledSelectors {
  readonly #byNamespace = new Map<string, Known>();

  set(
    { namespace = '', name }: { namespace?: string; name: string },
    text: string,
    selector: Selector,
  ): void {
    const known = this.#byNamespace.get(namespace) ?? { texts: new Map(), scalers: new Map() };
    this.#byNamespace.set(namespace, known);
    if (known.texts.get(name) === text) return;
    leave(known, name);
    known.texts.set(name, text);
    const same = known.scalers.get(text);
    if (same) same.names.add(name);
    else known.scalers.set(text, { selector, names: new Set([name]) });
  }

  remove({ namespace = '', name }: { namespace?: string; name: string }): void {
    const known = this.#byNamespace.get(namespace);
    if (!known) return;
    leave(known, name);
    if (known.texts.size === 0) this.#byNamespace.delete(namespace);
  }

  /**
   * The autoscalers of a namespace that scale any of these pods of it, as `namespace/name`, sorted. Each selector is compared once with
   * all pods of the same labels: a thousand autoscalers ask, each about as many pods as it has.
   */
  scaling(namespace: string, pods: readonly Pod[]): string[] {
    const labels = new Map(pods.map(({ metadata }) => [JSON.stringify(metadata.labels), metadata.labels]));
    const different = [...labels.values()];
    const found: string[] = [];
    for (const { selector, names } of this.#byNamespace.get(namespace)?.scalers.values() ?? [])
      if (different.some((some) => matchesLabels(selector, some)))
        for (const name of names) found.push(`${namespace}/${name}`);
    return found.sort();
  }
}

function leave({ texts, scalers }: Known, name: string): void {
  const text = texts.get(name);
  if (text === undefined) return;
  texts.delete(name);
  const same = scalers.get(text);
  same?.names.delete(name);
  if (same?.names.size === 0) scalers.delete(text);
}
