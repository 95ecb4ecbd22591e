import type { APIService, APIServiceCondition } from '../../api/apiregistration/v1.ts';
import { apiservices, endpointslices, services } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { causedBy, type Transport } from '../../client/transport.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { timestamp } from '../../platform/clock.ts';
import type { Platform } from '../../platform/platform.ts';
import { networkText } from '../../platform/network-text.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import type { UserInfo } from '../registry/kind.ts';
import { withCondition } from '../kinds/apiregistration/conditions.ts';
import { checkedAvailability, knownAvailability } from './availability-plan.ts';
import type { ExtensionServers } from './extension-server.ts';
import { KeyedWork, type Turn } from './keyed-work.ts';
import { servicesPath } from './registration.ts';

export interface AvailabilityOptions {
  platform: Pick<Platform, 'clock' | 'log'>;
  transport: Transport;
  reader: ObjectReader;
  servers: ExtensionServers;
}

/** As whom the server asks on its own account: somebody that may ask everything. */
export const aggregatorUser: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };

/** One of several has to succeed: the Service may have endpoints that do not answer. */
const attempts = 5;
const answerTimeoutMs = 5000;
/** Something that nobody watches, such as a route, may have changed. */
const resyncMs = 30_000;

/** Where the server of an APIService says what it serves. */
export function discoveryPath({ spec: { group = '', version = '' } }: APIService): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Keeps the condition `Available` of all APIServices. */
export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #work: KeyedWork;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
    const { clock, log } = options.platform;
    const onFailure = (name: string, error: unknown) =>
      log.info('an APIService is not available', { name, error: String(error) });
    this.#work = new KeyedWork({
      clock,
      firstRetryMs: 5,
      maxRetryMs: resyncMs,
      onFailure,
      work: (name) => this.#sync(name),
    });
  }

  /** Looks at an APIService; resolves when its condition says how it is. */
  look(name: string): Promise<void> {
    return this.#work.add(name);
  }

  stop(): void {
    this.#work.stop();
  }

  async #sync(name: string): Promise<Turn> {
    const service = this.#options.reader.get(apiservices, { name });
    if (!service) return undefined;
    const known = knownAvailability(service, this.#state(service));
    if (known) {
      await this.#write(service, known);
      return service.spec.service && { afterMs: resyncMs };
    }
    const failure = await this.#check(service);
    await this.#write(service, checkedAvailability(failure));
    if (failure) throw failure;
    return { afterMs: resyncMs };
  }

  #state({ spec }: APIService) {
    const { reader } = this.#options;
    const { namespace = '', name = '' } = spec.service ?? {};
    const service = name === '' ? undefined : reader.get(services, { namespace, name });
    const ofService = (labels: Record<string, string> = {}) => labels['kubernetes.io/service-name'] === name;
    const slices = service
      ? [...reader.list(endpointslices, namespace)].filter(({ metadata }) => ofService(metadata.labels))
      : [];
    return { service, slices };
  }

  /** Why the server does not answer; undefined where it does. The first good answer counts. */
  async #check(service: APIService): Promise<Error | undefined> {
    const tries = Array.from({ length: attempts }, () => this.#ask(service));
    try {
      return await Promise.any(tries.map((t) => t.then(() => undefined)));
    } catch (error) {
      return (error as AggregateError).errors.at(-1) as Error;
    }
  }

  async #ask(service: APIService): Promise<void> {
    const { servers } = this.#options;
    const { host } = servers.endpoint(service);
    const target = discoveryPath(service);
    const url = `https://${host}${target}`;
    const answer = await servers
      .call(service, { method: 'GET', target, user: aggregatorUser, timeoutMs: answerTimeoutMs })
      .catch((error: Error) => {
        throw new Error(
          `failing or missing response from ${url}: Get ${goQuote(url)}: ${networkText(error)}`,
        );
      });
    answer.body.destroy();
    if (answer.status >= 200 && answer.status < 300) return;
    throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${answer.status}`);
  }

  async #write(service: Stored<APIService>, condition: APIServiceCondition): Promise<void> {
    const { platform, transport } = this.#options;
    const before = service.status?.conditions ?? [];
    const conditions = withCondition(before, condition, timestamp(platform.clock));
    if (deepEqual(before, conditions)) return;
    const body = { ...service, status: { ...service.status, conditions } };
    const path = `${servicesPath}/${service.metadata.name}/status`;
    const cause = causedBy(service, `it is ${condition.reason ?? condition.status}`);
    try {
      await transport.request({ method: 'PUT', path, body, cause });
    } catch (error) {
      // The change that came in between brings the APIService here again.
      if (!hasReason(error, 'Conflict') && !hasReason(error, 'NotFound')) throw error;
    }
  }
}
