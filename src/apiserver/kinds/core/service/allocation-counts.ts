import type { Service } from '../../../../api/core/v1.ts';
import { ipaddresses, services } from '../../../../api/generated/resources.ts';
import { canonicalIp } from '../../../../machinery/ip.ts';
import type { Metric } from '../../../../platform/metrics/metric.ts';
import type { ObjectReader } from '../../../auth/object-reader.ts';
import { LabelledCounter, LabelledHistogram } from '../../../plain/labelled.ts';
import { isServiceAddress } from '../../networking/service-address.ts';
import { type AddressRange, holdsAddress } from './address-range.ts';
import type { PortRange } from './port-range.ts';

/** Whether somebody asked for this very one, or for any. */
export type Scope = 'static' | 'dynamic';

/** Prometheus' own, which upstream takes here. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const addressPrefix = 'kube_apiserver_clusterip_allocator_';
const portPrefix = 'kube_apiserver_nodeport_allocator_';

/** Of what services are allotted. */
export interface AllottedRanges {
  addresses: readonly AddressRange[];
  nodePorts: PortRange;
}

/** Counts what services are allotted, and what they cannot be, under upstream's names. */
export class AllocationCounts {
  readonly #addresses = new LabelledCounter();
  readonly #addressErrors = new LabelledCounter();
  readonly #durations = new LabelledHistogram(bounds);
  readonly #ports = new LabelledCounter();
  readonly #portErrors = new LabelledCounter();

  /** An address of a range was given away, or could not be. `seconds`: what it took to find it. */
  address(cidr: string, scope: Scope, seconds: number | undefined): void {
    const counter = seconds === undefined ? this.#addressErrors : this.#addresses;
    counter.add({ cidr, scope });
    if (seconds !== undefined) this.#durations.observe({ cidr }, seconds);
  }

  /** A port of the nodes was given away, or could not be. */
  port(scope: Scope, isAllotted: boolean): void {
    (isAllotted ? this.#ports : this.#portErrors).add({ scope });
  }

  /** What was counted, and what is held and free of each range when somebody looks. */
  metrics(reader: Pick<ObjectReader, 'list'>, ranges: () => AllottedRanges): Metric[] {
    const ofRanges = (value: (range: AddressRange, used: number) => number) => () =>
      ranges().addresses.map((range) => ({
        labels: { cidr: range.cidr },
        value: value(range, usedOf(range, reader)),
      }));
    const ofPorts = (value: (used: number, size: number) => number) => () => {
      const { nodePorts } = ranges();
      const size = nodePorts.last - nodePorts.first + 1;
      return [{ labels: {}, value: value(usedPorts(nodePorts, reader), size) }];
    };
    const gauge = (name: string, help: string, values: Metric['values']): Metric => ({
      ...{ name, help, values, type: 'gauge', stability: 'ALPHA' },
    });
    return [
      gauge(
        `${addressPrefix}allocated_ips`,
        'Addresses that services have.',
        ofRanges((_, used) => used),
      ),
      gauge(
        `${addressPrefix}available_ips`,
        'Addresses that no service has.',
        ofRanges(({ size }, used) => Math.max(0, Number(size) - used)),
      ),
      this.#addresses.metric(`${addressPrefix}allocation_total`, 'Addresses that services were given.'),
      this.#addressErrors.metric(
        `${addressPrefix}allocation_errors_total`,
        'Addresses that services could not be given.',
      ),
      this.#durations.metric(
        `${addressPrefix}allocation_duration_seconds`,
        'How long it took to find an address.',
      ),
      gauge(
        `${portPrefix}allocated_ports`,
        'Ports of nodes that services have.',
        ofPorts((used) => used),
      ),
      gauge(
        `${portPrefix}available_ports`,
        'Ports of nodes that no service has.',
        ofPorts((used, size) => size - used),
      ),
      this.#ports.metric(`${portPrefix}allocation_total`, 'Ports of nodes that services were given.'),
      this.#portErrors.metric(
        `${portPrefix}allocation_errors_total`,
        'Ports of nodes that services could not be given.',
      ),
    ];
  }
}

function usedOf(range: AddressRange, reader: Pick<ObjectReader, 'list'>): number {
  let used = 0;
  for (const address of reader.list(ipaddresses)) {
    const ip = canonicalIp(address.metadata.name);
    if (ip !== undefined && isServiceAddress(address) && holdsAddress(range, ip)) used++;
  }
  return used;
}

function usedPorts({ first, last }: PortRange, reader: Pick<ObjectReader, 'list'>): number {
  const used = new Set<number>();
  for (const { spec } of reader.list<Service>(services))
    for (const port of [spec.healthCheckNodePort, ...(spec.ports ?? []).map(({ nodePort }) => nodePort)])
      if (port && port >= first && port <= last) used.add(port);
  return used.size;
}
