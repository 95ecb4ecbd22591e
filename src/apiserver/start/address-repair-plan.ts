import type { Service } from '../../api/core/v1.ts';
import type { IPAddress, ServiceCIDR } from '../../api/networking/v1.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { type AddressRange, addressRange, holdsAddress } from '../kinds/core/service/address-range.ts';
import {
  addressesOf,
  familyLabel,
  isServiceAddress,
  managerLabel,
} from '../kinds/networking/service-address.ts';
import type { Finding } from './own-events.ts';

/** What there is: services, and the objects that should say whose their addresses are. */
export interface AddressState {
  services: Iterable<Stored<Service>>;
  addresses: Iterable<Stored<IPAddress>>;
  ranges: Iterable<ServiceCIDR>;
  nowMs: number;
}

/** What brings the two in line again. What is removed goes first: an object that is wrong is made anew. */
export interface AddressRepairs {
  remove: Stored<IPAddress>[];
  make: IPAddress[];
  warnings: Finding[];
  /** After how long there may be more to do. */
  againMs?: number;
}

/**
 * Upstream's servers make an object before its service, and take it away where that is refused: for so long an object
 * may stand alone, and so long beside the one that a service has.
 */
const aloneMs = 60_000;
const besideMs = 5000;

/**
 * What has to be mended, as upstream's repair loop decides. Here a service and its objects are stored together, so there is
 * something to mend only where others have written: a person, upstream's servers, or whoever has filled the store.
 */
export function planAddressRepairs({ services, addresses, ranges, nowMs }: AddressState): AddressRepairs {
  const plan = new Planner({ services, addresses, ranges, nowMs });
  return plan.make();
}

class Planner {
  readonly #services = new Map<string, Stored<Service>>();
  readonly #addresses = new Map<string, Stored<IPAddress>>();
  readonly #ranges: AddressRange[];
  readonly #nowMs: number;
  readonly #repairs: AddressRepairs = { remove: [], make: [], warnings: [] };
  /** Names of what is made anew. */
  readonly #renewed = new Set<string>();

  constructor({ services, addresses, ranges, nowMs }: AddressState) {
    for (const service of services) this.#services.set(keyOf(service.metadata), service);
    for (const address of addresses) this.#addresses.set(address.metadata.name, address);
    this.#ranges = [...ranges].flatMap(({ spec }) => spec.cidrs ?? []).map(addressRange);
    this.#nowMs = nowMs;
  }

  make(): AddressRepairs {
    for (const service of this.#services.values())
      for (const wanted of addressesOf(service)) this.#lookAt(service, wanted);
    for (const address of this.#addresses.values()) this.#lookBack(address);
    return this.#repairs;
  }

  /** At one address of a service. */
  #lookAt(service: Stored<Service>, wanted: IPAddress): void {
    const ip = wanted.metadata.name as string;
    const shown = `[${wanted.metadata.labels?.[familyLabel]}]:`;
    const warn = (reason: string, message: string) => {
      this.#repairs.warnings.push({ object: service, warning: { reason, message } });
    };
    if (!this.#ranges.some((range) => holdsAddress(range, ip)))
      return warn(
        'ClusterIPOutOfRange',
        `Cluster IP ${shown} ${ip} is not within any configured Service CIDR; please recreate service`,
      );
    const found = this.#addresses.get(ip);
    if (!found) {
      this.#repairs.make.push(wanted);
      return warn('ClusterIPNotAllocated', `Cluster IP ${shown} ${ip} is not allocated; repairing`);
    }
    if (isOf(found, wanted)) return hasLabelsOf(found, wanted) ? undefined : this.#renew(found, wanted);
    const other = this.#ownerOf(found);
    if (other && other !== service && hasAddress(other, ip))
      return warn(
        'ClusterIPAlreadyAllocated',
        `Cluster IP ${shown}${ip} was assigned to multiple services; please recreate service`,
      );
    this.#renew(found, wanted);
    const { namespace, name } = service.metadata;
    warn(
      'ClusterIPNotAllocated',
      `the ClusterIP ${shown} ${ip} for Service ${namespace}/${name} has a wrong reference; repairing`,
    );
  }

  #renew(found: Stored<IPAddress>, wanted: IPAddress): void {
    if (this.#renewed.has(found.metadata.name)) return;
    this.#renewed.add(found.metadata.name);
    this.#repairs.remove.push(found);
    this.#repairs.make.push(wanted);
  }

  /** At an object: one that was made for services is of one that has the address. */
  #lookBack(address: Stored<IPAddress>): void {
    const { metadata, spec } = address;
    if (!isServiceAddress(address) || this.#renewed.has(metadata.name)) return;
    const { group = '', resource = '', namespace = '', name = '' } = spec.parentRef ?? {};
    const remove = (reason: string, message: string) => {
      this.#repairs.remove.push(address);
      this.#repairs.warnings.push({ object: address, warning: { reason, message } });
    };
    if (!isServiceRef(address)) {
      const ref = `&ParentReference{Group:${group},Resource:${resource},Namespace:${namespace},Name:${name},}`;
      return remove(
        'IPAddressNotAllocated',
        `IPAddress ${metadata.name} appears to have been modified, not referencing a Service ${ref}: cleaning up`,
      );
    }
    const service = this.#ownerOf(address);
    const shown = `IPAddress: ${metadata.name} for Service ${namespace}/${name}`;
    if (!service) {
      if (this.#isYoung(address, aloneMs)) return;
      return remove('IPAddressNotAllocated', `${shown} appears to have leaked: cleaning up`);
    }
    if (hasAddress(service, metadata.name)) return;
    if (createdMs(address) > createdMs(service) && this.#isYoung(address, besideMs)) return;
    remove('IPAddressWrongReference', `${shown} has a wrong reference; cleaning up`);
  }

  /** One that is will be looked at again when it no longer is. */
  #isYoung(address: Stored<IPAddress>, graceMs: number): boolean {
    const leftMs = createdMs(address) + graceMs - this.#nowMs;
    if (leftMs < 0) return false;
    const { againMs = Number.POSITIVE_INFINITY } = this.#repairs;
    this.#repairs.againMs = Math.min(againMs, leftMs + 1);
    return true;
  }

  #ownerOf(address: IPAddress): Stored<Service> | undefined {
    return isServiceRef(address) ? this.#services.get(keyOf(address.spec.parentRef ?? {})) : undefined;
  }
}

const keyOf = ({ namespace = '', name = '' }: { namespace?: string; name?: string }) =>
  `${namespace}/${name}`;
const createdMs = ({ metadata }: KubernetesObject) => Date.parse(metadata.creationTimestamp ?? '') || 0;

const isServiceRef = ({ spec: { parentRef } }: IPAddress) =>
  (parentRef?.group ?? '') === '' && parentRef?.resource === 'services';

const hasAddress = (service: Service, ip: string) =>
  addressesOf(service).some(({ metadata }) => metadata.name === ip);

const isOf = (found: IPAddress, wanted: IPAddress) =>
  isServiceRef(found) && keyOf(found.spec.parentRef ?? {}) === keyOf(wanted.spec.parentRef ?? {});

const hasLabelsOf = ({ metadata }: IPAddress, wanted: IPAddress) =>
  [familyLabel, managerLabel].every((label) => metadata.labels?.[label] === wanted.metadata.labels?.[label]);
