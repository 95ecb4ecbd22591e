import { ipaddresses, servicecidrs, services } from '../../api/generated/resources.ts';
import type { IPAddress, ServiceCIDR } from '../../api/networking/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { causedBy } from '../../client/transport.ts';
import { timestamp } from '../../platform/clock.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { defaultRangeName, serviceCidrs } from '../kinds/core/service/service.ts';
import { Keeper, type KeeperOptions, writeOnce } from './keeper.ts';
import { planRange, strayAddresses, wantedAddresses } from './service-addresses-plan.ts';

export interface ServiceAddressesOptions extends KeeperOptions {
  reader: ObjectReader;
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

  constructor(options: ServiceAddressesOptions) {
    super(options, {
      what: 'the addresses of services',
      paths: [ranges, addresses, '/api/v1/services'],
      pass: () => this.#pass(),
    });
    this.#options = options;
  }

  async #pass(): Promise<void> {
    const { reader } = this.#options;
    if (!reader.get(servicecidrs, { name: defaultRangeName })) await this.#makeRange();
    const wanted = wantedAddresses(reader.list(services));
    await this.#keepAddresses(wanted);
    const all = [...reader.list(servicecidrs)];
    const inUse = [...wanted.keys()];
    await Promise.all(all.map((range) => this.#keepRange(range, { all, inUse })));
  }

  async #makeRange(): Promise<void> {
    await writeOnce(this.#options.transport, {
      method: 'POST',
      path: ranges,
      body: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'ServiceCIDR',
        metadata: { name: defaultRangeName },
        spec: { cidrs: serviceCidrs },
      },
      cause: { reason: 'services have addresses from it' },
    });
  }

  async #keepAddresses(wanted: ReadonlyMap<string, IPAddress>): Promise<void> {
    const { reader, transport } = this.#options;
    const stray = strayAddresses(reader.list(ipaddresses), wanted);
    await Promise.all(
      stray.map((address) =>
        writeOnce(transport, {
          method: 'DELETE',
          path: `${addresses}/${encodeURIComponent(address.metadata.name)}`,
          cause: causedBy(address, 'no service has the address as it says'),
        }),
      ),
    );
    const missing = [...wanted.values()].filter(
      ({ metadata }) => !reader.get(ipaddresses, { name: metadata.name as string }),
    );
    const cause = { reason: 'a service has the address' };
    await Promise.all(
      missing.map((body) => writeOnce(transport, { method: 'POST', path: addresses, body, cause })),
    );
  }

  async #keepRange(
    range: Stored<ServiceCIDR>,
    { all, inUse }: { all: readonly Stored<ServiceCIDR>[]; inUse: readonly string[] },
  ): Promise<void> {
    const { transport, platform } = this.#options;
    const others = all.filter((other) => other !== range);
    const step = planRange(range, { others, inUse, now: timestamp(platform.clock) });
    if (step.do === 'nothing') return;
    const path = `${ranges}/${range.metadata.name}`;
    const cause = causedBy(range, 'the range has been looked at');
    if (step.do === 'report') {
      const body = { ...range, status: { ...range.status, conditions: step.conditions } };
      return writeOnce(transport, { method: 'PUT', path: `${path}/status`, body, cause });
    }
    const body = { ...range, metadata: { ...range.metadata, finalizers: step.finalizers } };
    await writeOnce(transport, { method: 'PUT', path, body, cause });
  }
}
