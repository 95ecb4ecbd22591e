import type { Node, Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { ServiceCIDR } from '../api/networking/v1.ts';
import type { AddressFamily } from '../machinery/address-family.ts';
import { ipRange, outermostRanges } from '../machinery/ip.ts';
import { ownServiceRanges } from '../machinery/service-ranges.ts';
import type { Log } from '../platform/log.ts';
import { TurnSteps } from '../platform/turn.ts';
import type { Flow } from './backend.ts';
import { Claims } from './claims.ts';
import { contributionOf } from './contribution.ts';
import { proxiedAddress } from './endpoints.ts';
import { type Front, frontKey, frontsOf, portsWithoutLocal, type WithoutLocal } from './fronts.ts';
import { type ServiceHealth, serviceHealthOf } from './health-servers.ts';
import { viewOf } from './node-view.ts';
import { Ruleset } from './ruleset.ts';

/** Services planned, and lines written, after which the kubelet and DNS of this process have their turn: a line has hundreds of elements. */
const servicesPerTurn = 50;
const linesPerTurn = 16;

/** The cluster as the proxy sees it now. */
export interface ProxiedCluster {
  service(key: string): Service | undefined;
  /** All slices of a Service, of whichever family. */
  slicesOf(key: string): readonly EndpointSlice[];
  nodes(): readonly Node[];
  /** This node. */
  node(): Node | undefined;
  serviceCidrs(): readonly ServiceCIDR[];
}

export interface FamilyRulesOptions {
  readonly family: AddressFamily;
  readonly nodeName: string;
  /** Addresses of all pods of the cluster, where they have any of the family. */
  readonly podRange: string | undefined;
  readonly cluster: ProxiedCluster;
  readonly log: Log;
  /** What load balancers and metrics are to be told of a Service; undefined of one that is not served. */
  onPlanned(key: string, told: { health?: ServiceHealth; withoutLocal?: WithoutLocal }): void;
}

/** What a Service wants. */
interface Wanted {
  fronts: readonly Front[];
  /** Its cluster address, which is refused on all other ports. */
  address: string | undefined;
}

/** Keeps what the rules of one family should be, as Services and EndpointSlices want them. */
export class FamilyRules {
  readonly #options: FamilyRulesOptions;
  readonly #ruleset: Ruleset;
  readonly #dirty = new Set<string>();
  readonly #claims = new Claims();
  /** What each Service wants, and those of it that no other Service has. */
  readonly #wanted = new Map<string, Wanted>();
  readonly #fronts = new Map<string, readonly Front[]>();
  /** Flows that go to backends that are gone, until the rules that say so are in force. */
  readonly #stale = new Map<string, Flow>();
  #rangesChanged = true;

  constructor(options: FamilyRulesOptions) {
    this.#options = options;
    this.#ruleset = new Ruleset(options.family, options.podRange);
  }

  /** Whether a Service has, or had when it was last looked at, anything to do with this family. */
  concerns(key: string, service: Service | undefined): boolean {
    if (this.#wanted.has(key)) return true;
    return service !== undefined && proxiedAddress(service, this.#options.family) !== undefined;
  }

  /** A Service is to be looked at anew. */
  mark(key: string): void {
    this.#dirty.add(key);
  }

  /** The ranges of Services are to be looked at anew. */
  markRanges(): void {
    this.#rangesChanged = true;
  }

  /** The script that brings the table up to date with all that was marked, or makes it anew; empty where nothing has changed. */
  async script({ isWhole }: { isWhole: boolean }): Promise<string> {
    const keys = [...this.#dirty];
    this.#dirty.clear();
    const steps = new TurnSteps(servicesPerTurn);
    const touched = new Set(keys);
    for (const key of keys) {
      for (const moved of this.#claim(key)) touched.add(moved);
      await steps.taken();
    }
    for (const key of touched) {
      for (const flow of this.#place(key)) this.#stale.set(flowKey(flow), flow);
      await steps.taken();
    }
    if (this.#rangesChanged) this.#placeRanges();
    return textOf(isWhole ? this.#ruleset.reload() : this.#ruleset.takeChanges());
  }

  /** Flows that have lost their backends by what is in force now, each told once. */
  takeStale(): readonly Flow[] {
    const flows = [...this.#stale.values()];
    this.#stale.clear();
    return flows;
  }

  #placeRanges(): void {
    this.#rangesChanged = false;
    const { family, podRange, cluster } = this.#options;
    const serviceCidrs = cluster.serviceCidrs();
    const own = ownServiceRanges({ serviceCidrs, nodes: cluster.nodes(), podRange, family });
    const ranges = own.flatMap((range) => ipRange(range) ?? []);
    this.#ruleset.setServiceRanges(outermostRanges(ranges).map(({ text }) => text));
  }

  /** Notes what a Service wants now; gives the other Services whose part changes by it. */
  #claim(key: string): Set<string> {
    const { cluster, family, nodeName, onPlanned } = this.#options;
    const service = cluster.service(key);
    const node = viewOf(nodeName, cluster.node(), family);
    const slices = cluster.slicesOf(key);
    const address = service && proxiedAddress(service, family);
    const fronts = service ? frontsOf(service, slices, node) : [];
    const moved = this.#claims.set(key, service?.metadata ?? {}, fronts);
    onPlanned(
      key,
      service
        ? {
            health: serviceHealthOf(service, slices, node),
            withoutLocal: portsWithoutLocal(service, fronts, family),
          }
        : {},
    );
    this.#sayWhatIsTaken(key, fronts);
    if (address === undefined) this.#wanted.delete(key);
    else this.#wanted.set(key, { fronts, address });
    return moved;
  }

  #sayWhatIsTaken(key: string, fronts: readonly Front[]): void {
    const known = new Set(this.#wanted.get(key)?.fronts.map(frontKey));
    for (const front of fronts.map(frontKey)) {
      const holder = this.#claims.holder(front);
      if (holder !== key && !known.has(front))
        this.#options.log.warn('another Service has this address and port', { service: key, front, holder });
    }
  }

  /** Brings one Service's part up to date; gives the flows that go to backends it has lost. */
  #place(key: string): Flow[] {
    const wanted = this.#wanted.get(key);
    const isOurs = (front: Front) => this.#claims.holder(frontKey(front)) === key;
    const fronts = (wanted?.fronts ?? []).filter(isOurs);
    this.#ruleset.set(key, wanted && contributionOf(fronts, wanted.address));
    const before = this.#fronts.get(key) ?? [];
    if (wanted) this.#fronts.set(key, fronts);
    else this.#fronts.delete(key);
    return staleFlows(before, fronts);
  }
}

async function textOf(lines: Iterable<string>): Promise<string> {
  const steps = new TurnSteps(linesPerTurn);
  let text = '';
  for (const line of lines) {
    text += `${line}\n`;
    await steps.taken();
  }
  return text;
}

const flowKey = ({ protocol, address, port }: Flow) => `${protocol} ${address} ${port}`;

/** UDP has no end of a connection: what was sent to a backend that is gone must be made to choose again. */
export function staleFlows(before: readonly Front[], after: readonly Front[]): Flow[] {
  const [had, has] = [udpFronts(before), udpFronts(after)];
  return [...new Map([...had, ...has])]
    .filter(([key]) => losesFlows(had.get(key), has.get(key)))
    .map(([, { protocol, address, port }]) => ({ protocol, address, port }));
}

/** By their keys: a Service may have thousands of ports. */
const udpFronts = (fronts: readonly Front[]): ReadonlyMap<string, Front> =>
  new Map(fronts.filter(({ protocol }) => protocol === 'udp').map((front) => [frontKey(front), front]));

function losesFlows(before: Front | undefined, after: Front | undefined): boolean {
  const backendsIn = (front: Front | undefined) =>
    [front?.action, front?.inner].flatMap((action) =>
      action?.type === 'spread' ? action.backends.map((b) => `${b.address}:${b.port}`) : [],
    );
  const had = backendsIn(before);
  const has = new Set(backendsIn(after));
  // Also flows that began while nobody was there go on to nobody.
  return had.some((backend) => !has.has(backend)) || (had.length === 0 && has.size > 0);
}
