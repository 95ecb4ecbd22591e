import type { ResourceClaim, ResourceClaimSpec } from '../../api/resource/v1.ts';
import { extendedClaimAnnotation } from '../../machinery/resource-claims.ts';
import type { Counter, Family, Meter, Reading } from '../../platform/metrics/meter.ts';
import { type Claim, podClaimAnnotation } from './plan.ts';

const stability = 'ALPHA';

/** Which claims there are, and how making those of templates goes, under upstream's names. */
export class ClaimMetrics {
  readonly #creates: Family<Counter>;

  constructor(meter: Meter, claims: () => readonly Claim[]) {
    this.#creates = meter.counter({
      name: 'resourceclaim_controller_creates_total',
      help: 'Attempts to make a ResourceClaim of a template, by how they ended.',
      stability,
      labels: ['status', 'admin_access'],
    });
    const resourceClaims = {
      name: 'resourceclaim_controller_resource_claims',
      help: 'ResourceClaims that there are.',
      stability,
      labels: ['allocated', 'admin_access', 'source'],
    } as const;
    meter.readings(resourceClaims, () => countsOf(claims()));
  }

  /** Counts an attempt to make `claim`, and passes on how it ends. */
  async made<T>({ spec }: ResourceClaim, making: Promise<T>): Promise<T> {
    const count = (status: string) => this.#creates.with(status, hasAdminAccess(spec)).add();
    try {
      const claim = await making;
      count('success');
      return claim;
    } catch (error) {
      count('failure');
      throw error;
    }
  }
}

const hasAdminAccess = ({ devices }: ResourceClaimSpec) =>
  String(devices?.requests?.some(({ exactly }) => exactly?.adminAccess) ?? false);

/** Who has made a claim; a person where nobody is named. */
function sourceOf({ metadata: { annotations } }: Claim): string {
  if (annotations?.[podClaimAnnotation]) return 'resource_claim_template';
  return annotations?.[extendedClaimAnnotation] === 'true' ? 'extended_resource' : '';
}

function countsOf(claims: readonly Claim[]): Reading[] {
  const counts = new Map<string, { labels: string[]; count: number }>();
  for (const claim of claims) {
    const labels = [
      String(claim.status?.allocation !== undefined),
      hasAdminAccess(claim.spec),
      sourceOf(claim),
    ];
    const known = counts.get(labels.join()) ?? { labels, count: 0 };
    known.count++;
    counts.set(labels.join(), known);
  }
  return [...counts.values()].map(({ labels, count }): Reading => [labels, count]);
}
