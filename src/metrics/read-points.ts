/** What was measured at one moment of something that uses cpu and memory. */
export interface Point {
  timeMs: number;
  /** When it began; 0 where that is not told. */
  startMs: number;
  /** Since it began. */
  cpuSeconds: number;
  memoryBytes: number;
}

/** What a kubelet tells at one moment. */
export interface Scrape {
  node?: Point;
  /** Containers by their names, by `namespace/pod`. Only pods of which all is told. */
  pods: Map<string, Map<string, Point>>;
}

/** Labels come in the order of their names, as Prometheus' libraries write them. */
const sample =
  /^(node|container)_(cpu_usage_seconds_total|memory_working_set_bytes|start_time_seconds)(?:\{container="([^"]*)",namespace="([^"]*)",pod="([^"]*)"\})? (\S+)(?: (\d+))?$/gm;

/** Reads the text of a kubelet's `/metrics/resource`. What tells no time was measured at `nowMs`. */
export function readPoints(text: string, nowMs: number): Scrape {
  const node: Partial<Point> = {};
  const pods = new Map<string, Map<string, Partial<Point>>>();
  for (const [, whose, what, container = '', namespace, pod, value, time] of text.matchAll(sample)) {
    const point = whose === 'node' ? node : pointOf(pods, `${namespace}/${pod}`, container);
    if (what === 'memory_working_set_bytes') point.memoryBytes = Number(value);
    else if (what === 'start_time_seconds') point.startMs = Number(value) * 1000;
    else {
      point.cpuSeconds = Number(value);
      point.timeMs = time === undefined ? nowMs : Number(time);
    }
  }
  return { ...(isWhole(node) && { node: { ...node, startMs: 0 } }), pods: wholePods(pods) };
}

function pointOf(
  pods: Map<string, Map<string, Partial<Point>>>,
  key: string,
  container: string,
): Partial<Point> {
  const containers = pods.get(key) ?? new Map<string, Partial<Point>>();
  pods.set(key, containers);
  const point = containers.get(container) ?? { startMs: 0 };
  containers.set(container, point);
  return point;
}

const isWhole = (point: Partial<Point>): point is Point =>
  Number.isFinite(point.cpuSeconds) && Number.isSafeInteger(point.memoryBytes);

const wholePods = (pods: Map<string, Map<string, Partial<Point>>>): Scrape['pods'] =>
  new Map([...pods].filter(([, containers]) => [...containers.values()].every(isWhole))) as Scrape['pods'];
