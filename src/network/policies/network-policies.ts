import type { Namespace, Pod } from '../../api/core/v1.ts';
import { namespaces, networkpolicies, pods } from '../../api/generated/resources.ts';
import type { NetworkPolicy } from '../../api/networking/v1.ts';
import type { Component } from '../../client/component.ts';
import type { Informer } from '../../client/informer.ts';
import type { Informers } from '../../client/informers.ts';
import {
  type AddressFamily,
  addressFamilies,
  familyOf,
  ipv4,
  plainAddress,
} from '../../machinery/address-family.ts';
import { sameLabels } from '../../machinery/label-selector.ts';
import { type Deferred, deferred } from '../../platform/deferred.ts';
import { orAborted } from '../../platform/on-abort.ts';
import type { Platform } from '../../platform/platform.ts';
import { hasIPv6, runNft } from '../../platform/nft.ts';
import { TurnSteps } from '../../platform/turn.ts';
import { InOrder } from '../in-order.ts';
import { type AddressedPod, IsolationPlan, selects } from './isolation.ts';
import { isOpen, openTable, type PolicyTable, table, tableChanges } from './policy-table.ts';

export interface NetworkPoliciesOptions {
  nodeName: string;
  /** Informers of somebody who may see all pods, namespaces and network policies. */
  informers: Informers;
  platform: Pick<Platform, 'processes' | 'clock' | 'log'>;
}

/** How often it is checked that the table still stands. */
const checkMs = 30_000;
/** The longest that containers wait for the isolation of their pod: the server may not be there, or not let us see. */
const admissionMs = 10_000;
/** Pods planned after which others have their turn. */
const podsPerTurn = 20;

const hasEnded = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** The table of each family that this machine has. */
type Tables = ReadonlyMap<AddressFamily, PolicyTable>;

interface Others {
  pods: Informer<Pod>;
  namespaces: Informer<Namespace>;
}

/** Keeps, on one node, what may come to its pods and leave them as the network policies of the cluster want it. */
export class NetworkPolicies implements Component {
  readonly name = 'network-policies';
  readonly #options: NetworkPoliciesOptions;
  readonly #policies: Informer<NetworkPolicy>;
  /** All pods and namespaces: only followed once there is a policy. */
  #others: Others | undefined;
  /** Pods of this node by each address that they have been given: the API may not have it yet. */
  readonly #admitted = new Map<string, Pod>();
  /** Of which this machine has addresses; unknown until rules are first made. */
  #families: readonly AddressFamily[] | undefined;
  /** Pods that wait for a table made after now. */
  #waiting: Deferred<void>[] = [];
  /** The tables that stand; unknown at first, and after a failure. */
  #applied: Tables | undefined;
  readonly #sinceMs: number;
  /** Whether the server has told which policies there are. */
  #isTold = false;
  readonly #order: InOrder;

  constructor(options: NetworkPoliciesOptions) {
    this.#options = options;
    this.#policies = options.informers.of(networkpolicies);
    const { clock, log } = options.platform;
    this.#order = new InOrder({
      what: 'network policies',
      sync: (signal) => this.#sync(signal),
      lookAgain: { afterMs: checkMs, look: () => void this.#check() },
      clock,
      log,
    });
    this.#sinceMs = clock.monotonic();
    void this.#policies.synced.then(() => (this.#isTold = true));
  }

  /**
   * Resolves once a pod of this node, whose containers have not started yet, is isolated as far as policies are about it: they are to
   * have no moment without. Never rejects; after ten seconds it no longer waits, nor for policies that nobody has told this node in its first
   * ten seconds.
   */
  async admit(pod: Pod, addresses: readonly string[]): Promise<void> {
    const { clock, log } = this.#options.platform;
    const plain = addressFamilies.flatMap((family) => plainAddressesOf(addresses, family).slice(0, 1));
    if (pod.spec.hostNetwork || plain.length === 0) return;
    for (const address of plain) this.#admitted.set(address, pod);
    const isolated = deferred<void>();
    const late = clock.after(this.#patienceMs(), () => {
      log.warn('a pod starts before its network policies stand', { uid: pod.metadata.uid });
      isolated.resolve();
    });
    void this.#policies.synced.then(() => this.#whenIsolated(pod, isolated));
    await isolated.promise;
    late.cancel();
  }

  #patienceMs(): number {
    if (this.#isTold) return admissionMs;
    return Math.max(0, this.#sinceMs + admissionMs - this.#options.platform.clock.monotonic());
  }

  #whenIsolated(pod: Pod, isolated: Deferred<void>): void {
    if (!this.#policies.list().some((policy) => selects(policy, pod))) return isolated.resolve();
    this.#waiting.push(isolated);
    this.#order.changed();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { changed } = this.#order;
    this.#policies.onChange({ added: changed, updated: changed, deleted: changed });
    await orAborted(this.#policies.synced, signal);
    await this.#order.run(signal);
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      await this.#apply(await this.#plan(signal));
    } catch (error) {
      this.#applied = undefined;
      this.#waiting.push(...waiting);
      throw error;
    }
    for (const isolated of waiting) isolated.resolve();
  }

  /** All families in one transaction: a pod that is isolated in one is so in the other. */
  async #apply(wanted: Tables): Promise<void> {
    const lines = [...wanted].flatMap(([family, its]) =>
      tableChanges(family, this.#applied?.get(family), its),
    );
    const { processes } = this.#options.platform;
    if (lines.length > 0) await runNft(processes, `${lines.join('\n')}\n`);
    this.#applied = wanted;
  }

  async #familiesHere(): Promise<readonly AddressFamily[]> {
    if (this.#families) return this.#families;
    const { processes, log } = this.#options.platform;
    const hasBoth = await hasIPv6(processes, table);
    if (!hasBoth) log.info('this machine has no IPv6: network policies hold for IPv4 alone');
    return (this.#families = hasBoth ? addressFamilies : [ipv4]);
  }

  async #plan(signal: AbortSignal): Promise<Tables> {
    const families = await this.#familiesHere();
    const policies = this.#policies.list();
    if (policies.length === 0) return new Map(families.map((family) => [family, openTable]));
    const others = (this.#others ??= this.#follow());
    await orAborted(Promise.all([others.pods.synced, others.namespaces.synced]), signal);
    signal.throwIfAborted();
    const world = { policies, namespaces: others.namespaces.list() };
    const pods = others.pods.list();
    const tables = new Map<AddressFamily, PolicyTable>();
    const steps = new TurnSteps(podsPerTurn);
    for (const family of families) {
      const addressed = this.#addressed(pods, family);
      const plan = new IsolationPlan(family, { ...world, pods: addressed });
      for (const found of addressed) {
        if (found.pod.spec.nodeName !== this.#options.nodeName) continue;
        plan.isolate(found);
        await steps.taken();
      }
      tables.set(family, plan.table);
    }
    return tables;
  }

  #follow(): Others {
    const { informers } = this.#options;
    const others = { pods: informers.of(pods), namespaces: informers.of(namespaces) };
    const { changed } = this.#order;
    others.pods.onChange({
      added: changed,
      updated: (pod, old) => void (isElsewhere(pod, old) && changed()),
      deleted: (pod) => {
        this.#forget(pod);
        changed();
      },
    });
    others.namespaces.onChange({
      added: changed,
      updated: (one, old) => void (sameLabels(one, old) || changed()),
      deleted: changed,
    });
    return others;
  }

  #forget({ metadata }: Pod): void {
    for (const [address, pod] of this.#admitted)
      if (pod.metadata.uid === metadata.uid) this.#admitted.delete(address);
  }

  /** The pods with addresses of their own in a family; what has been given to one here is newer than what the API has. */
  #addressed(all: readonly Pod[], family: AddressFamily): AddressedPod[] {
    const admitted = [...this.#admitted].filter(([address]) => familyOf(address) === family);
    const given = new Map(admitted.map(([address, { metadata }]) => [metadata.uid, address]));
    const known = all.flatMap((pod): AddressedPod[] => {
      const address = given.get(pod.metadata.uid) ?? addressOf(pod, family);
      given.delete(pod.metadata.uid);
      return address === undefined || pod.spec.hostNetwork || hasEnded(pod) ? [] : [{ pod, address }];
    });
    const unseen = admitted.filter(([, { metadata }]) => given.has(metadata.uid));
    return [...known, ...unseen.map(([address, pod]) => ({ pod, address }))];
  }

  async #check(): Promise<void> {
    const { processes } = this.#options.platform;
    for (const [{ nft }, its] of this.#applied ?? []) {
      if (isOpen(its)) continue;
      if ((await processes.run('nft', ['list', 'chain', nft, table, 'forward'])).code === 0) continue;
      this.#applied = undefined;
      this.#order.changed();
      return;
    }
  }
}

const plainAddressesOf = (all: readonly string[], family: AddressFamily): string[] =>
  all.flatMap((address) => plainAddress(address, family) ?? []);

function addressOf({ status }: Pod, family: AddressFamily): string | undefined {
  const all = (status?.podIPs ?? []).map(({ ip }) => ip);
  return plainAddressesOf(all, family)[0];
}

/** Whether a pod has become another to those who look at its labels and its addresses. */
function isElsewhere(pod: Pod, old: Pod): boolean {
  const isMoved = addressFamilies.some((family) => addressOf(pod, family) !== addressOf(old, family));
  return isMoved || !sameLabels(pod, old) || hasEnded(pod) !== hasEnded(old);
}
