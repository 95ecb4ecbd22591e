import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.ts';
import { flowschemas, prioritylevelconfigurations } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { causedBy, type Transport, type WatchStream } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { timestamp } from '../../platform/clock.ts';
import type { Platform } from '../../platform/platform.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import {
  mandatoryLevels,
  mandatorySchemas,
  suggestedLevels,
  suggestedSchemas,
} from '../kinds/flowcontrol/bootstrap.ts';
import { planConfigured, planDangling } from './flow-control-plan.ts';

export interface FlowControlOptions {
  platform: Pick<Platform, 'clock' | 'log'>;
  reader: ObjectReader;
  transport: Transport;
}

interface Configured {
  resource: Resource<FlowSchema> | Resource<PriorityLevelConfiguration>;
  wanted: FlowSchema | PriorityLevelConfiguration;
  isMandatory: boolean;
}

const ofEach = (
  resource: Configured['resource'],
  objects: readonly Configured['wanted'][],
  isMandatory: boolean,
): Configured[] => objects.map((wanted) => ({ resource, wanted, isMandatory }));

const configuration: readonly Configured[] = [
  ...ofEach(prioritylevelconfigurations, mandatoryLevels, true),
  ...ofEach(prioritylevelconfigurations, suggestedLevels, false),
  ...ofEach(flowschemas, mandatorySchemas, true),
  ...ofEach(flowschemas, suggestedSchemas, false),
];

const base = '/apis/flowcontrol.apiserver.k8s.io/v1';
const producer = { fieldManager: 'api-priority-and-fairness-config-producer-v1' };
const consumer = { fieldManager: 'api-priority-and-fairness-config-consumer-v1' };
const retryMs = 1000;

/** Keeps the flow schemas and priority levels that every server has, and says of each schema whether its level is there. */
export class FlowControl {
  readonly #options: FlowControlOptions;
  #watches: WatchStream[] = [];
  #stopped = false;
  #working = false;
  #isDue = false;

  constructor(options: FlowControlOptions) {
    this.#options = options;
  }

  /** Resolves when everything stands. */
  async start(): Promise<void> {
    await this.#pass();
    await this.#follow();
  }

  stop(): void {
    this.#stopped = true;
    for (const watch of this.#watches) watch.stop();
  }

  async #follow(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    this.#watches = [];
    const sink = { onEvent: () => this.#enqueue(), onEnd: () => this.#later(() => this.#followAgain()) };
    for (const { plural } of [prioritylevelconfigurations, flowschemas]) {
      this.#watches.push(
        await this.#options.transport.watch({ method: 'GET', path: `${base}/${plural}` }, sink),
      );
    }
  }

  async #followAgain(): Promise<void> {
    try {
      await this.#follow();
      this.#enqueue();
    } catch (error) {
      this.#options.platform.log.warn('the configuration of flow control cannot be followed', { error });
      this.#later(() => this.#followAgain());
    }
  }

  #later(action: () => void): void {
    this.#options.platform.clock.after(retryMs, () => {
      if (!this.#stopped) action();
    });
  }

  #enqueue(): void {
    this.#isDue = true;
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    try {
      while (this.#isDue && !this.#stopped) {
        this.#isDue = false;
        await this.#pass();
      }
    } catch (error) {
      this.#options.platform.log.warn('the configuration of flow control cannot be kept', { error });
      this.#later(() => this.#enqueue());
    } finally {
      this.#working = false;
    }
  }

  async #pass(): Promise<void> {
    await Promise.all(configuration.map((part) => this.#ensure(part)));
    const { reader } = this.#options;
    await Promise.all([...reader.list(flowschemas)].map((schema) => this.#report(schema)));
  }

  async #ensure({ resource, wanted, isMandatory }: Configured): Promise<void> {
    const { name } = wanted.metadata as { name: string };
    const found = this.#options.reader.get(resource as Resource<FlowSchema>, { name });
    const body = planConfigured(wanted as FlowSchema, found, isMandatory);
    if (!body) return;
    const path = `${base}/${resource.plural}`;
    const cause = { reason: 'every server needs it to place requests' };
    await this.#write(
      found
        ? { method: 'PUT', path: `${path}/${name}`, body, query: producer, cause }
        : { method: 'POST', path, body, query: producer, cause },
    );
  }

  async #report(schema: FlowSchema & KubernetesObject): Promise<void> {
    const { reader, platform } = this.#options;
    const { name } = schema.spec.priorityLevelConfiguration;
    const hasLevel = reader.get(prioritylevelconfigurations, { name }) !== undefined;
    const status = planDangling(schema, hasLevel, timestamp(platform.clock));
    if (!status) return;
    await this.#write({
      method: 'PUT',
      path: `${base}/flowschemas/${encodeURIComponent(schema.metadata.name as string)}/status`,
      body: { ...schema, status },
      query: consumer,
      cause: causedBy(schema, `its priority level is ${hasLevel ? 'there' : 'missing'}`),
    });
  }

  /** Whatever came in between is seen, and brings the object here again. */
  async #write(request: Parameters<Transport['request']>[0]): Promise<void> {
    try {
      await this.#options.transport.request(request);
    } catch (error) {
      const isPast = (['AlreadyExists', 'Conflict', 'NotFound'] as const).some((reason) =>
        hasReason(error, reason),
      );
      if (!isPast) throw error;
    }
  }
}
