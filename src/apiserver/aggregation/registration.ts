import type { CustomResourceDefinition } from '../../api/apiextensions/v1.ts';
import type { APIService } from '../../api/apiregistration/v1.ts';
import { apiservices, customresourcedefinitions } from '../../api/generated/resources.ts';
import type { Transport } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';
import type { Platform } from '../../platform/platform.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { builtInPriority, metricsGroup } from '../discovery/priorities.ts';
import { KeyedWork } from './keyed-work.ts';
import {
  type GroupVersion,
  groupVersionOf,
  localService,
  planRegistration,
  serviceName,
} from './registration-plan.ts';

export interface RegistrationOptions {
  platform: Pick<Platform, 'clock' | 'log'>;
  transport: Transport;
  reader: ObjectReader;
  /** Group and version of all that is served when the server starts. */
  served(): Iterable<GroupVersion>;
}

export const servicesPath = '/apis/apiregistration.k8s.io/v1/apiservices';
const cause = { reason: 'each version that this server serves is registered' };

/** Registers what this server serves: its own versions when it starts, those of custom resources as they come and go. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #work: KeyedWork;
  readonly #builtIn = new Set<string>();
  readonly #atStart = new Set<string>();
  readonly #synced = new Set<string>();
  /** The versions of each definition, for when it no longer has them. */
  readonly #defined = new Map<string, readonly string[]>();

  constructor(options: RegistrationOptions) {
    this.#options = options;
    const { clock, log } = options.platform;
    const onFailure = (name: string, error: unknown) =>
      log.warn('an APIService cannot be kept', { name, error });
    this.#work = new KeyedWork({
      clock,
      firstRetryMs: 5,
      maxRetryMs: 30_000,
      onFailure,
      work: async (name) => void (await this.#sync(name)),
    });
  }

  /** Resolves when everything that is served has been registered. */
  async start(): Promise<void> {
    const { reader, served } = this.#options;
    for (const gv of served()) if (builtInPriority(gv)) this.#builtIn.add(serviceName(gv));
    for (const { metadata } of reader.list(apiservices)) this.#atStart.add(metadata.name);
    const defined: string[] = [];
    for (const definition of reader.list(customresourcedefinitions))
      defined.push(...this.#note(definition, false));
    const all = new Set([...this.#builtIn, ...this.#atStart, ...defined]);
    await Promise.all([...all].map((name) => this.#work.add(name)));
  }

  stop(): void {
    this.#work.stop();
  }

  /** An APIService has changed or is gone. */
  onService(name: string): void {
    void this.#work.add(name);
  }

  /** A CustomResourceDefinition has changed or is gone. */
  onDefinition(definition: CustomResourceDefinition, isDeleted: boolean): void {
    for (const name of this.#note(definition, isDeleted)) void this.#work.add(name);
  }

  /** Keeps a definition's versions in mind; gives those it has or had. */
  #note({ metadata, spec }: CustomResourceDefinition, isDeleted: boolean): Set<string> {
    const key = metadata.name ?? '';
    const versions = spec.versions.filter(({ served }) => served);
    const now = versions.map(({ name }) => serviceName({ group: spec.group, version: name }));
    const before = this.#defined.get(key) ?? [];
    if (isDeleted) this.#defined.delete(key);
    else this.#defined.set(key, now);
    return new Set([...before, ...now]);
  }

  #wanted(name: string): APIService | undefined {
    const gv = groupVersionOf(name);
    if (this.#builtIn.has(name)) return localService(gv, gv.group === metricsGroup ? undefined : 'onstart');
    for (const names of this.#defined.values()) if (names.includes(name)) return localService(gv, 'true');
    return undefined;
  }

  async #sync(name: string): Promise<void> {
    const current = this.#options.reader.get(apiservices, { name });
    const step = planRegistration({
      wanted: this.#wanted(name),
      current,
      wasThere: this.#atStart.has(name),
      isSynced: this.#synced.has(name),
    });
    try {
      if (step) await this.#carryOut(name, step, current?.metadata.uid);
    } catch (error) {
      // Whatever came in between brings the name here again.
      const isSuperseded = (['AlreadyExists', 'Conflict', 'NotFound'] as const).some((r) =>
        hasReason(error, r),
      );
      if (!isSuperseded) throw error;
    }
    this.#synced.add(name);
  }

  async #carryOut(
    name: string,
    step: NonNullable<ReturnType<typeof planRegistration>>,
    uid: string | undefined,
  ): Promise<void> {
    const { transport } = this.#options;
    const path = `${servicesPath}/${name}`;
    if (step.type === 'create') {
      await transport.request({ method: 'POST', path: servicesPath, body: step.object, cause });
    } else if (step.type === 'update') {
      await transport.request({ method: 'PUT', path, body: step.object, cause });
    } else {
      await transport.request({ method: 'DELETE', path, body: { preconditions: { uid } }, cause });
    }
  }
}
