import type { Files } from '../files.ts';
import type { Metric } from './metric.ts';

/** What the kernel says of this process, in base units; what it does not say is left out. */
type Figures = Record<string, number | undefined>;

/** In which the kernel counts the time of processes (`USER_HZ`), a second. */
const ticksPerSecond = 100;

/** As Prometheus's clients for Linux name them. */
const told: readonly (readonly [name: string, type: Metric['type'], help: string])[] = [
  ['process_cpu_seconds_total', 'counter', 'Time that all threads have had a processor, in seconds.'],
  ['process_max_fds', 'gauge', 'How many file descriptors may be open.'],
  ['process_open_fds', 'gauge', 'How many file descriptors are open.'],
  ['process_network_receive_bytes_total', 'counter', 'Bytes that came over the network of the process.'],
  [
    'process_network_transmit_bytes_total',
    'counter',
    'Bytes that were sent over the network of the process.',
  ],
  ['process_resident_memory_bytes', 'gauge', 'Memory that is in use, in bytes.'],
  ['process_heap_bytes', 'gauge', 'Memory for data, in bytes.'],
  ['process_start_time_seconds', 'gauge', 'When the process began, in seconds since 1970.'],
  ['process_virtual_memory_bytes', 'gauge', 'Addresses that are in use, in bytes.'],
  ['process_virtual_memory_max_bytes', 'gauge', 'How many addresses may be in use, in bytes.'],
];

/** The metrics of this process that every program has whom Prometheus watches, read when somebody looks. */
export class ProcessMetrics {
  readonly #files: Pick<Files, 'readText' | 'list'>;
  readonly #metrics: readonly Metric[];
  #figures: Figures = {};

  constructor(files: Pick<Files, 'readText' | 'list'>) {
    this.#files = files;
    this.#metrics = told.map(([name, type, help]) => ({
      name,
      type,
      help,
      values: () => {
        const value = this.#figures[name];
        return value === undefined ? [] : [{ labels: {}, value }];
      },
    }));
  }

  /** With the values of now. */
  async metrics(): Promise<readonly Metric[]> {
    this.#figures = await readFigures(this.#files);
    return this.#metrics;
  }
}

async function readFigures(files: Pick<Files, 'readText' | 'list'>): Promise<Figures> {
  const text = (path: string) => files.readText(path).catch(() => '');
  const [stat, status, limits, system, network, descriptors] = await Promise.all([
    text('/proc/self/stat'),
    text('/proc/self/status'),
    text('/proc/self/limits'),
    text('/proc/stat'),
    text('/proc/self/net/netstat'),
    files.list('/proc/self/fd').catch(() => []),
  ]);
  return {
    ...timesOf(stat, system),
    process_max_fds: limitOf(limits, 'Max open files'),
    // A system that does not tell has none; one that does has at least those that this took.
    process_open_fds: descriptors.length || undefined,
    ...networkOf(network),
    process_resident_memory_bytes: kibibytes(status, 'VmRSS'),
    process_heap_bytes: kibibytes(status, 'VmData'),
    process_virtual_memory_bytes: kibibytes(status, 'VmSize'),
    process_virtual_memory_max_bytes: limitOf(limits, 'Max address space'),
  };
}

/** Fields are counted from what comes after the name, which may hold anything. */
function timesOf(stat: string, system: string): Figures {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = (field: number) => Number(fields[field - 3]) / ticksPerSecond;
  const bootSeconds = Number(/^btime (\d+)$/m.exec(system)?.[1]);
  return {
    process_cpu_seconds_total: known(ticks(14) + ticks(15)),
    process_start_time_seconds: known(bootSeconds + ticks(22)),
  };
}

const known = (value: number) => (Number.isFinite(value) ? value : undefined);

function kibibytes(status: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status);
  return found ? Number(found[1]) * 1024 : undefined;
}

/** What has no limit has the largest there is. */
function limitOf(limits: string, name: string): number | undefined {
  const soft = new RegExp(`^${name} +(\\S+)`, 'm').exec(limits)?.[1];
  return soft === 'unlimited' ? 2 ** 64 : soft === undefined ? undefined : known(Number(soft));
}

/** Two lines a protocol: the names, then the numbers. */
function networkOf(netstat: string): Figures {
  const [names = [], numbers = []] = netstat
    .split('\n')
    .filter((line) => line.startsWith('IpExt:'))
    .map((line) => line.split(' '));
  const of = (name: string) => known(Number(numbers[names.indexOf(name)]));
  return {
    process_network_receive_bytes_total: of('InOctets'),
    process_network_transmit_bytes_total: of('OutOctets'),
  };
}
