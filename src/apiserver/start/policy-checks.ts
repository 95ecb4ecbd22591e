import type { ValidatingAdmissionPolicy } from '../../api/admissionregistration/v1.ts';
import { validatingadmissionpolicies } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { inTurns, resting } from '../../machinery/cel/rest.ts';
import { causedBy } from '../../client/transport.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import type { Kind } from '../registry/kind.ts';
import { Keeper, type KeeperOptions, writeOnce } from './keeper.ts';
import type { CheckedKind, KnownKinds } from './policy-warnings.ts';

export interface PolicyChecksOptions extends KeeperOptions {
  reader: ObjectReader;
  /** Everything that is served, as clients see it. */
  served(): Iterable<{ view: Kind }>;
}

const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const manager = { fieldManager: 'validatingadmissionpolicy-status' };

/** Says in the status of each policy what its expressions get wrong about the objects that it is for. */
export class PolicyChecks extends Keeper {
  readonly #options: PolicyChecksOptions;

  constructor(options: PolicyChecksOptions) {
    super(options, {
      what: 'the status of admission policies',
      paths: [path],
      pass: () => this.#pass(),
    });
    this.#options = options;
  }

  async #pass(): Promise<void> {
    const policies = [...this.#options.reader.list(validatingadmissionpolicies)];
    const due = policies.filter(
      ({ metadata, status }) => (status?.observedGeneration ?? 0) !== (metadata.generation ?? 0),
    );
    await Promise.all(due.map((policy) => this.#check(policy)));
  }

  /** The engine of expressions is loaded where there is one to look at. */
  async #check(policy: Stored<ValidatingAdmissionPolicy>): Promise<void> {
    const { expressionWarnings } = await import('./policy-warnings.ts');
    const { celTypeOfKind } = await import('./kind-types.ts');
    const warnings = await inTurns(resting(expressionWarnings(policy, this.#known(celTypeOfKind))));
    const status = {
      ...policy.status,
      observedGeneration: policy.metadata.generation ?? 0,
      typeChecking: warnings.length > 0 ? { expressionWarnings: warnings } : {},
    };
    await writeOnce(this.#options.transport, {
      method: 'PUT',
      path: `${path}/${encodeURIComponent(policy.metadata.name)}/status`,
      body: { ...policy, status },
      query: manager,
      cause: causedBy(policy, 'its expressions have been looked at'),
    });
  }

  #known(typeOf: (kind: Kind) => CheckedKind['type'] | undefined): KnownKinds {
    const find = (matches: (resource: Kind['resource']) => boolean): CheckedKind | undefined => {
      for (const { view } of this.#options.served()) {
        const { group, version, kind } = view.resource;
        const type = matches(view.resource) ? typeOf(view) : undefined;
        if (type) return { group, version, kind, type };
      }
      return undefined;
    };
    return {
      ofResource: (group, version, plural) =>
        find((r) => r.group === group && r.version === version && r.plural === plural),
      ofKind: (group, version, kind) =>
        find((r) => r.group === group && r.version === version && r.kind === kind),
    };
  }
}
