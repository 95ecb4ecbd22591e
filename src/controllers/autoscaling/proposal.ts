import type {
  ExternalMetricSource,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
} from '../../api/autoscaling/v2.ts';
import type { LabelSelector } from '../../api/meta/v1.ts';
import type { Selector } from '../../machinery/label-selector.ts';
import { formatQuantity, milliValue, type QuantityFormat, quantityOf } from '../../machinery/quantity.ts';
import type { MetricsApi } from './metrics.ts';
import {
  type Count,
  countByAverage,
  countByShare,
  countByUtilization,
  countByValue,
  type Present,
} from './replicas.ts';

/** How many replicas one metric asks for, how upstream calls it, and what it is now. */
export interface Proposal {
  replicas: number;
  name: string;
  status: MetricStatus;
}

/** What is scaled, as it is now; `statusReplicas`: how many there are, whatever number is wished. */
export interface Scaled extends Present {
  metrics: MetricsApi;
  namespace: string;
  selector: Selector;
  statusReplicas: number;
}

/** A metric could not be had. The message is the condition's and the event's; `whole` says it with all around it. */
export class MetricError extends Error {
  override readonly name = 'MetricError';
  readonly reason: string;
  readonly whole: string;

  constructor(reason: string, { message, whole = message }: { message: string; whole?: string }) {
    super(message);
    this.reason = reason;
    this.whole = whole;
  }
}

/** Reads one metric and says what it asks for. Rejects with a MetricError. (`computeReplicasForMetric`) */
export function propose(spec: MetricSpec, scaled: Scaled): Promise<Proposal> {
  if (spec.object) return proposeForObject(spec.object, scaled);
  if (spec.pods) return proposeForPods(spec.pods, scaled);
  if (spec.external) return proposeForExternal(spec.external, scaled);
  const source = spec.resource ?? spec.containerResource;
  if (source) return proposeForResource(spec, source, scaled);
  const message = `unknown metric source type "${spec.type}"`;
  return Promise.reject(new MetricError('InvalidMetricSourceType', { message }));
}

/** Puts upstream's words around what went wrong. */
async function told<T>(
  reason: string,
  wrap: (message: string) => string,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { message } = error as Error;
    throw new MetricError(reason, { message, whole: wrap(message) });
  }
}

const maxInt64 = 2n ** 63n - 1n;

function amount(milli: number, format: QuantityFormat = 'DecimalSI'): string {
  const value = BigInt(milli);
  return formatQuantity(quantityOf(value > maxInt64 ? maxInt64 : value, format, -3));
}

async function proposeForObject(
  { describedObject, metric, target }: ObjectMetricSource,
  scaled: Scaled,
): Promise<Proposal> {
  const { namespace, metrics } = scaled;
  const { kind, name } = describedObject;
  const isShared = target.averageValue !== undefined && target.type === 'AverageValue';
  const wrap = (why: string) =>
    `failed to get object metric value: ${isShared ? `failed to get ${metric.name} object metric: ` : ''}${why}`;
  const what = isShared ? externalName(metric.name, metric.selector) : `${kind} metric ${metric.name}`;
  return told('FailedGetObjectMetric', wrap, async () => {
    const read = () =>
      metrics
        .object(namespace, { reference: describedObject, metric: metric.name, narrowed: metric.selector })
        .catch(({ message }: Error) => {
          throw new Error(`unable to get metric ${metric.name} on ${kind} ${namespace}/${name}: ${message}`);
        });
    const { replicas, current } = await countTotal('object', { scaled, target, read });
    return { replicas, name: what, status: { type: 'Object', object: { describedObject, metric, current } } };
  });
}

async function proposeForPods({ metric, target }: PodsMetricSource, scaled: Scaled): Promise<Proposal> {
  const wrap = (why: string) => `failed to get pods metric value: ${why}`;
  return told('FailedGetPodsMetric', wrap, async () => {
    const { metrics, namespace, selector } = scaled;
    const asked = { selector, metric: metric.name, narrowed: metric.selector };
    const samples = await metrics.pods(namespace, asked).catch(({ message }: Error) => {
      throw new Error(`unable to get metric ${metric.name}: ${message}`);
    });
    const aim = milliValue(target.averageValue ?? '0');
    const { replicas, average } = countByAverage(scaled, { samples, target: aim });
    const current = { averageValue: amount(average) };
    return {
      replicas,
      name: `pods metric ${metric.name}`,
      status: { type: 'Pods', pods: { metric, current } },
    };
  });
}

async function proposeForExternal(
  { metric, target }: ExternalMetricSource,
  scaled: Scaled,
): Promise<Proposal> {
  const { name, selector } = metric;
  const { metrics, namespace } = scaled;
  const inner = target.averageValue ? `${name} external metric` : `external metric ${name}`;
  const wrap = (why: string) =>
    `failed to get ${name} external metric value: ${hasTarget(target) ? `failed to get ${inner}: ` : ''}${why}`;
  return told('FailedGetExternalMetric', wrap, async () => {
    const read = async () => {
      const values = await metrics.external(namespace, name, selector).catch(({ message }: Error) => {
        const path = `${namespace}/${name}/${selectorText(selector)}`;
        throw new Error(`unable to get external metric ${path}: ${message}`);
      });
      return values.reduce((sum, value) => sum + value, 0);
    };
    const { replicas, current } = await countTotal('external', { scaled, target, read });
    const status = { type: 'External', external: { metric, current } };
    return { replicas, name: externalName(name, selector), status };
  });
}

const hasTarget = ({ value, averageValue }: MetricTarget) => (value ?? averageValue) !== undefined;

/** By one value that stands for all replicas: it should be so much, or so much for each. */
async function countTotal(
  what: 'object' | 'external',
  { scaled, target, read }: { scaled: Scaled; target: MetricTarget; read(): Promise<number> },
): Promise<{ replicas: number; current: { value?: string; averageValue?: string } }> {
  if (!hasTarget(target)) {
    const lacks = 'neither a value target nor an average value target was set';
    throw new Error(`invalid ${what} metric source: ${lacks}`);
  }
  const value = await read();
  if (target.averageValue === undefined) {
    const replicas = countByValue(scaled, value / milliValue(target.value as string));
    return { replicas, current: { value: amount(value) } };
  }
  const present = { replicas: scaled.statusReplicas, tolerance: scaled.tolerance };
  const { replicas, average } = countByShare(present, { value, target: milliValue(target.averageValue) });
  return { replicas, current: { averageValue: amount(average) } };
}

async function proposeForResource(
  { containerResource }: MetricSpec,
  { name: resource, target }: { name: string; target: MetricTarget },
  scaled: Scaled,
): Promise<Proposal> {
  const container = containerResource?.container;
  const what = container === undefined ? `${resource} resource` : `${container} container`;
  const reason = container === undefined ? 'FailedGetResourceMetric' : 'FailedGetContainerResourceMetric';
  const wrap = (why: string) => `failed to get ${what} metric value: ${why}`;
  return told(reason, wrap, async () => {
    const { averageUtilization, ...count } = await countResource(scaled, { resource, container, target });
    const averageValue = amount(count.average, resource === 'memory' ? 'BinarySI' : 'DecimalSI');
    const current = { averageValue, ...(averageUtilization !== undefined && { averageUtilization }) };
    const status: MetricStatus =
      container === undefined
        ? { type: 'Resource', resource: { name: resource, current } }
        : { type: 'ContainerResource', containerResource: { name: resource, container, current } };
    const kind = container === undefined ? 'resource' : 'container resource';
    const name =
      averageUtilization === undefined
        ? `${resource} resource`
        : `${resource} ${kind} utilization (percentage of request)`;
    return { replicas: count.replicas, name, status };
  });
}

async function countResource(
  scaled: Scaled,
  { resource, container, target }: { resource: string; container?: string; target: MetricTarget },
): Promise<Count & { averageUtilization?: number }> {
  const { averageValue, averageUtilization: percent } = target;
  if (averageValue === undefined && percent === undefined) {
    const lacks = 'neither an average utilization target nor an average value (usage) target was set';
    throw new Error(`invalid resource metric source: ${lacks}`);
  }
  const { metrics, namespace, selector } = scaled;
  try {
    const samples = await metrics
      .resource(namespace, { selector, resource, container })
      .catch(({ message }: Error) => {
        throw new Error(`unable to get metrics for resource ${resource}: ${message}`);
      });
    if (averageValue !== undefined)
      return countByAverage(scaled, { samples, resource, target: milliValue(averageValue) });
    const asked = { samples, resource, container, percent: percent as number };
    const { utilization, ...count } = countByUtilization(scaled, asked);
    return { ...count, averageUtilization: utilization };
  } catch (error) {
    const what = averageValue === undefined ? 'utilization' : 'usage';
    const { message } = error as Error;
    throw new Error(`failed to get ${resource} ${what}: ${message}`, { cause: error });
  }
}

const externalName = (name: string, selector: LabelSelector | undefined) =>
  `external metric ${name}(${selectorText(selector)})`;

/** A selector as Go prints it with `%+v`. */
function selectorText(selector: LabelSelector | undefined): string {
  if (!selector) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const exact = labels.map(([key, value]) => `${key}: ${value},`).join('');
  const others = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${exact}},MatchExpressions:[]LabelSelectorRequirement{${others.join('')}},}`;
}
