import type { CustomResourceDefinition } from '../../api/apiextensions/v1.ts';
import type { Resource } from '../../api/resource.ts';
import type { RegistryDispatcher } from '../registry/dispatcher.ts';
import { isCustom, type Kind } from '../registry/kind.ts';
import type { ConversionWebhook } from './conversion.ts';
import { customKind, ending } from './custom-kind.ts';
import type { AcceptedNames } from './definition/accepted-names.ts';
import { isTrue } from './definition/conditions.ts';

/** What is served of one definition. */
interface Entry {
  group: string;
  accepted: AcceptedNames;
  /** Tells one state of the definition, as far as it is served, from another. */
  state: string;
  isEnding: boolean;
  kinds: readonly Kind[];
}

type Registries = Pick<RegistryDispatcher, 'serve' | 'withdraw' | 'served'>;

/**
 * Keeps what the registries serve in step with the definitions. A definition of a resource that is built in changes nothing: what is
 * served under the name stays that, with its own rules, and the definition has no objects.
 */
export class ServedDefinitions {
  readonly #dispatcher: Registries;
  readonly #webhook: ConversionWebhook;
  readonly #entries = new Map<string, Entry>();

  constructor(dispatcher: Registries, webhook: ConversionWebhook) {
    this.#dispatcher = dispatcher;
    this.#webhook = webhook;
  }

  /** Serves a definition as it is now; what is served is told at once, its objects may take until the promise resolves. */
  async update(definition: CustomResourceDefinition): Promise<void> {
    const name = definition.metadata.name ?? '';
    const before = this.#entries.get(name);
    const entry = this.#entryOf(definition, before);
    this.#entries.set(name, entry);
    if (before && before.state === entry.state && before.isEnding === entry.isEnding) return;
    const gone = before?.kinds.filter((kind) => !entry.kinds.some((next) => sameResource(next, kind)));
    for (const { resource } of gone ?? []) this.#dispatcher.withdraw(resource);
    const shown = entry.isEnding ? entry.kinds.map(ending) : entry.kinds;
    await Promise.all(shown.map((kind) => this.#dispatcher.serve(kind)));
  }

  #entryOf(definition: CustomResourceDefinition, before: Entry | undefined): Entry {
    const { metadata, spec, status } = definition;
    const accepted = status?.acceptedNames ?? {};
    const isEstablished = isTrue(definition, 'Established');
    const state = JSON.stringify([metadata.uid, metadata.generation, isEstablished, accepted]);
    const kinds = state === before?.state ? before.kinds : this.#kindsOf(definition, isEstablished);
    return { group: spec.group, accepted, state, isEnding: isTrue(definition, 'Terminating'), kinds };
  }

  #kindsOf(definition: CustomResourceDefinition, isEstablished: boolean): Kind[] {
    if (!isEstablished) return [];
    const served = definition.spec.versions.filter((version) => version.served);
    const kinds = served.map((version) => customKind(definition, version, this.#webhook));
    return kinds.filter((kind) => !this.#isBuiltIn(kind));
  }

  #isBuiltIn({ resource: { group, plural } }: Kind): boolean {
    for (const { view } of this.#dispatcher.served()) {
      const { resource } = view;
      if (!isCustom(view) && resource.group === group && resource.plural === plural) return true;
    }
    return false;
  }

  /** Serves a definition no longer. */
  remove(name: string): void {
    for (const { resource } of this.#entries.get(name)?.kinds ?? []) this.#dispatcher.withdraw(resource);
    this.#entries.delete(name);
  }

  /**
   * A resource of an established definition, of the version that is stored if that is served: no webhook is asked then. That
   * version is served from now on where none is. Undefined where the resource is built in.
   */
  async resourceOf(definition: CustomResourceDefinition): Promise<Resource | undefined> {
    const name = definition.metadata.name ?? '';
    const entry = this.#entries.get(name);
    const storage = definition.spec.versions.find((version) => version.storage);
    const known = entry?.kinds.map((kind) => kind.resource) ?? [];
    if (known.length > 0) return known.find(({ version }) => version === storage?.name) ?? known[0];
    if (!storage || !entry) throw new Error(`no version of ${name} is stored`);
    const kind = ending(customKind(definition, storage, this.#webhook));
    if (this.#isBuiltIn(kind)) return undefined;
    this.#entries.set(name, { ...entry, kinds: [kind] });
    await this.#dispatcher.serve(kind);
    return kind.resource;
  }

  /** Names of the other definitions of a group. */
  othersOf(group: string, name: string): { name: string; accepted: AcceptedNames }[] {
    return [...this.#entries]
      .filter(([other, entry]) => other !== name && entry.group === group)
      .map(([other, { accepted }]) => ({ name: other, accepted }));
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }
}

const sameResource = (a: Kind, b: Kind) =>
  a.resource.version === b.resource.version && a.resource.plural === b.resource.plural;
