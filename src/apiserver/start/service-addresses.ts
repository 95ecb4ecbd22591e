import { ipaddresses, servicecidrs, services } from '../../api/generated/resources.ts';
import type { ServiceCIDR } from '../../api/networking/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { causedBy } from '../../client/transport.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import type { PortRange } from '../kinds/core/service/port-range.ts';
import {
  defaultRangeName,
  type ServiceSettings,
  usualNodePorts,
  usualServiceCidrs,
} from '../kinds/core/service/service.ts';
import { addressesOf } from '../kinds/networking/service-address.ts';
import { type AddressRepairs, planAddressRepairs } from './address-repair-plan.ts';
import { Keeper, writeOnce } from './keeper.ts';
import { OwnEvents, type OwnEventsOptions } from './own-events.ts';
import { portWarnings } from './port-warnings.ts';
import { goList, planDefaultRange, planRange } from './service-addresses-plan.ts';

export interface ServiceAddressesOptions extends OwnEventsOptions {
  reader: ObjectReader;
  /** What services are allotted by this server: its ranges, and the ports of nodes. */
  allotted?: ServiceSettings | undefined;
}

const base = '/apis/networking.k8s.io/v1';
const ranges = `${base}/servicecidrs`;
const addresses = `${base}/ipaddresses`;

/**
 * Keeps the range that services have addresses from and the object of each address that one has, and holds back
 * ranges whose addresses are in use.
 */
export class ServiceAddresses extends Keeper {
  readonly #options: ServiceAddressesOptions;
  readonly #cidrs: readonly string[];
  readonly #nodePorts: PortRange;
  readonly #events: OwnEvents;
  readonly #repairEvents: OwnEvents;
  readonly #portEvents: OwnEvents;

  constructor(options: ServiceAddressesOptions) {
    super(options, {
      what: 'the addresses of services',
      paths: [ranges, addresses, '/api/v1/services'],
      pass: () => this.#pass(),
    });
    this.#options = options;
    const { cidrs = usualServiceCidrs, nodePorts = usualNodePorts } = options.allotted ?? {};
    this.#cidrs = cidrs;
    this.#nodePorts = nodePorts;
    this.#events = new OwnEvents(options, 'kubernetes-service-cidr-controller');
    this.#repairEvents = new OwnEvents(options, 'ipallocator-repair-controller');
    this.#portEvents = new OwnEvents(options, 'portallocator-repair-controller');
  }

  /** Gives after how long there may be more to do. */
  async #pass(): Promise<number | undefined> {
    const { reader, platform } = this.#options;
    await this.#keepDefaultRange();
    const nowMs = platform.clock.now();
    const all = [...reader.list(servicecidrs)];
    // All of it is read at once, so that it is all of one moment.
    const state = {
      services: reader.list(services),
      addresses: reader.list(ipaddresses),
      ranges: all,
      nowMs,
    };
    const repairs = planAddressRepairs(state);
    const inUse = [...reader.list(services)].flatMap(addressesOf).map(({ metadata }) => metadata.name ?? '');
    const ofPorts = portWarnings(reader.list(services), this.#nodePorts);
    await this.#repair(repairs);
    for (const { object, warning } of ofPorts) await this.#portEvents.warn(object, warning);
    const waits = await Promise.all(all.map((range) => this.#keepRange(range, { all, inUse, nowMs })));
    const again = [repairs.againMs, ...waits].filter((ms) => ms !== undefined);
    return again.length > 0 ? Math.min(...again) : undefined;
  }

  /** The range of the server's own ranges is made, and gets a second one; otherwise whoever changed it is right, and is told. */
  async #keepDefaultRange(): Promise<void> {
    const found = this.#options.reader.get(servicecidrs, { name: defaultRangeName });
    const step = planDefaultRange(found, this.#cidrs);
    if (step.do === 'make') return this.#makeRange();
    if (step.do === 'nothing' || !found) return;
    if (step.do === 'warn') return this.#events.warn(found, step);
    await this.#growRange(found).catch((error: Error) => {
      const [before, after] = [found.spec.cidrs?.[0], goList(this.#cidrs)];
      const message = `The default ServiceCIDR can not be upgraded from ${before} to dual stack ${after} : ${error.message}`;
      return this.#events.warn(found, { reason: 'KubernetesDefaultServiceCIDRError', message });
    });
  }

  async #growRange(found: Stored<ServiceCIDR>): Promise<void> {
    await writeOnce(this.#options.transport, {
      method: 'PUT',
      path: `${ranges}/${found.metadata.name}`,
      body: { ...found, spec: { ...found.spec, cidrs: [...this.#cidrs] } },
      cause: causedBy(found, 'services have addresses of a second family'),
    });
  }

  async #makeRange(): Promise<void> {
    await writeOnce(this.#options.transport, {
      method: 'POST',
      path: ranges,
      body: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'ServiceCIDR',
        metadata: { name: defaultRangeName },
        spec: { cidrs: this.#cidrs },
      },
      cause: { reason: 'services have addresses from it' },
    });
  }

  async #repair({ remove, make, warnings }: AddressRepairs): Promise<void> {
    const { transport } = this.#options;
    for (const { object, warning } of warnings) await this.#repairEvents.warn(object, warning);
    await Promise.all(
      remove.map((address) =>
        writeOnce(transport, {
          method: 'DELETE',
          path: `${addresses}/${encodeURIComponent(address.metadata.name)}`,
          cause: causedBy(address, 'no service has the address as it says'),
        }),
      ),
    );
    const cause = { reason: 'a service has the address' };
    await Promise.all(
      make.map((body) => writeOnce(transport, { method: 'POST', path: addresses, body, cause })),
    );
  }

  /** Gives after how long it wants to be looked at again. */
  async #keepRange(
    range: Stored<ServiceCIDR>,
    { all, inUse, nowMs }: { all: readonly ServiceCIDR[]; inUse: readonly string[]; nowMs: number },
  ): Promise<number | undefined> {
    const { transport } = this.#options;
    const others = all.filter((other) => other !== range);
    const step = planRange(range, { others, inUse, nowMs });
    if (step.do === 'nothing') return undefined;
    if (step.do === 'wait') return step.ms;
    const path = `${ranges}/${range.metadata.name}`;
    const cause = causedBy(range, 'the range has been looked at');
    if (step.do === 'report') {
      const body = { ...range, status: { ...range.status, conditions: step.conditions } };
      await writeOnce(transport, { method: 'PUT', path: `${path}/status`, body, cause });
    } else {
      const body = { ...range, metadata: { ...range.metadata, finalizers: step.finalizers } };
      await writeOnce(transport, { method: 'PUT', path, body, cause });
    }
    return undefined;
  }
}
