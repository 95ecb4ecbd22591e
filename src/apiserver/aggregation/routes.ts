import type { APIService } from '../../api/apiregistration/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { registrationGroup } from '../discovery/priorities.ts';
import type { RequestInfo } from '../request.ts';

const discoveryTarget = /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)\/?$/;

/** Which versions other servers answer for. Looking one up costs nothing as long as there are none. */
export class Routes {
  readonly #groups = new Map<string, Map<string, Stored<APIService>>>();

  /** The APIService that answers for a request, unless that is this server itself. */
  find(info: RequestInfo): Stored<APIService> | undefined {
    if (this.#groups.size === 0) return undefined;
    if (info.isResource) return this.#groups.get(info.group)?.get(info.version);
    const { group = '', version = '' } = discoveryTarget.exec(info.path)?.groups ?? {};
    return this.#groups.get(group)?.get(version);
  }

  /** All of them. */
  *all(): Iterable<Stored<APIService>> {
    for (const versions of this.#groups.values()) yield* versions.values();
  }

  /** Passes requests on from now on; the group that registrations themselves belong to cannot be given away. */
  set(service: Stored<APIService>): void {
    const { group = '', version = '' } = service.spec;
    if (group === registrationGroup) return;
    const versions = this.#groups.get(group) ?? new Map<string, Stored<APIService>>();
    this.#groups.set(group, versions.set(version, service));
  }

  remove({ group = '', version = '' }: { group?: string; version?: string }): void {
    const versions = this.#groups.get(group);
    versions?.delete(version);
    if (versions?.size === 0) this.#groups.delete(group);
  }

  clear(): void {
    this.#groups.clear();
  }
}
