import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.ts';
import { flowschemas, prioritylevelconfigurations } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { causedBy } from '../../client/transport.ts';
import { timestamp } from '../../platform/clock.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import {
  mandatoryLevels,
  mandatorySchemas,
  suggestedLevels,
  suggestedSchemas,
} from '../kinds/flowcontrol/bootstrap.ts';
import { planConfigured, planDangling } from './flow-control-plan.ts';
import { Keeper, type KeeperOptions, writeOnce } from './keeper.ts';

export interface FlowControlOptions extends KeeperOptions {
  reader: ObjectReader;
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
/** Keeps the flow schemas and priority levels that every server has, and says of each schema whether its level is there. */
export class FlowControl extends Keeper {
  readonly #options: FlowControlOptions;

  constructor(options: FlowControlOptions) {
    super(options, {
      what: 'the configuration of flow control',
      paths: [`${base}/prioritylevelconfigurations`, `${base}/flowschemas`],
      pass: () => this.#pass(),
    });
    this.#options = options;
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
    await writeOnce(
      this.#options.transport,
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
    await writeOnce(this.#options.transport, {
      method: 'PUT',
      path: `${base}/flowschemas/${encodeURIComponent(schema.metadata.name as string)}/status`,
      body: { ...schema, status },
      query: consumer,
      cause: causedBy(schema, `its priority level is ${hasLevel ? 'there' : 'missing'}`),
    });
  }
}
