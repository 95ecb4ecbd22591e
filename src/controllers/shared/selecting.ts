import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { matchesLabels, type Selector } from '../../machinery/label-selector.ts';
import { byNamespace, indexByNamespace } from './pods.ts';

/** Sets of labels of which it is remembered what selects them. */
const mostKnown = 10_000;
/** Longer texts of labels are not worth keeping. */
const longestKnown = 4096;

/**
 * The objects of a namespace that select others of it, asked by the labels of those. Pods of one template have the same labels, so
 * what selects them is found out once, until an object that selects comes, goes or selects otherwise: each of ten thousand pods would be
 * compared with hundreds of selectors at each of its changes.
 */
export class Selecting<T extends KubernetesObject> {
  readonly #informer: Informer<T>;
  readonly #selectorOf: (object: Stored<T>) => Selector | undefined;
  /** Keys by namespace, and in it by the text of labels. */
  readonly #known = new Map<string, Map<string, readonly string[]>>();
  #count = 0;

  /** `selectorOf`: what an object selects, the same each time for the same version of it; it may throw where that cannot be read. */
  constructor(informer: Informer<T>, selectorOf: (object: Stored<T>) => Selector | undefined) {
    this.#informer = informer;
    this.#selectorOf = (object) => {
      try {
        return selectorOf(object);
      } catch {
        return undefined;
      }
    };
    indexByNamespace(informer);
    const forget = (object: Stored<T>) => this.#forget(object.metadata.namespace ?? '');
    informer.onChange({
      added: forget,
      deleted: forget,
      updated: (object, old) => {
        if (!deepEqual(this.#selectorOf(object), this.#selectorOf(old))) forget(object);
      },
    });
  }

  /** The keys of those that select an object. */
  keysFor({ metadata: { namespace = '', labels = {} } }: KubernetesObject): readonly string[] {
    // Most namespaces have no disruption budget, and many no Service.
    if (this.#informer.countByIndex(byNamespace, namespace) === 0) return [];
    const text = JSON.stringify(labels);
    const known = this.#known.get(namespace)?.get(text);
    if (known) return known;
    const near = this.#informer.byIndex(byNamespace, namespace);
    const keys = near.flatMap((object) =>
      matchesLabels(this.#selectorOf(object), labels) ? keyOf(object) : [],
    );
    if (text.length <= longestKnown) this.#remember(namespace, text, keys);
    return keys;
  }

  #remember(namespace: string, text: string, keys: readonly string[]): void {
    if (this.#count >= mostKnown) {
      this.#known.clear();
      this.#count = 0;
    }
    const known = this.#known.get(namespace);
    if (known) known.set(text, keys);
    else this.#known.set(namespace, new Map([[text, keys]]));
    this.#count++;
  }

  #forget(namespace: string): void {
    this.#count -= this.#known.get(namespace)?.size ?? 0;
    this.#known.delete(namespace);
  }
}
