import type { Pod } from '../../../api/core/v1.ts';
import { nodes, resourceclaims } from '../../../api/generated/resources.ts';
import type { Stored } from '../../../api/resource.ts';
import type { ResourceClaim } from '../../../api/resource/v1.ts';
import { causedBy } from '../../../client/transport.ts';
import { interestIn } from '../../framework/events.ts';
import type { Plugin, Refusal } from '../../framework/framework.ts';
import type { Handle, Lister } from '../../framework/handle.ts';
import { refusalsOf } from '../../framework/refusals.ts';
import { matchesSelector } from '../node-selection.ts';

const name = 'DynamicResources';
const refusalFor = refusalsOf(name);
const elsewhere = refusalFor(['resourceclaim not available on the node'], true);
/** So many pods may share a claim. */
const mostUsers = 256;

type Claim = Stored<ResourceClaim>;

/** The pod's claims, or why it has to wait for them. */
function claimsOf(pod: Pod, all: Lister<ResourceClaim>): Claim[] | string {
  const found: Claim[] = [];
  for (const entry of pod.spec.resourceClaims ?? []) {
    const made = pod.status?.resourceClaimStatuses?.find((status) => status.name === entry.name);
    if (!entry.resourceClaimName && !made)
      return `pod "${pod.metadata.namespace}/${pod.metadata.name}": ResourceClaim not created yet`;
    const claimName = entry.resourceClaimName ?? made?.resourceClaimName;
    // A template can turn out to need no claim.
    if (!claimName) continue;
    const claim = all.get(`${pod.metadata.namespace}/${claimName}`);
    if (!claim) return `resourceclaim.resource.k8s.io "${claimName}" not found`;
    if (claim.metadata.deletionTimestamp) return `resourceclaim "${claimName}" is being deleted`;
    found.push(claim);
  }
  return found;
}

const isReserved = ({ status }: Claim, pod: Stored<Pod>) =>
  status?.reservedFor?.some(({ uid }) => uid === pod.metadata.uid) ?? false;

function problemWith(claim: Claim, pod: Stored<Pod>): string | undefined {
  if (!claim.status?.allocation) return 'cannot allocate all claims';
  const users = claim.status.reservedFor?.length ?? 0;
  return !isReserved(claim, pod) && users >= mostUsers ? 'resourceclaim in use' : undefined;
}

/** Pods go where the devices are that have been allocated to their claims. */
export function dynamicResources(handle: Handle): Plugin {
  const all = handle.lister(resourceclaims);
  const refuse = (reason: string): Refusal => refusalFor([reason], true);
  return {
    name,
    events: [
      interestIn(resourceclaims, ['Add', 'Update'], (pod, claim) => {
        const claims = claimsOf(pod, all);
        return (
          typeof claims === 'string' || claims.some(({ metadata }) => metadata.uid === claim.metadata.uid)
        );
      }),
      interestIn(nodes, ['Add', 'UpdateLabel']),
    ],
    preEnqueue(pod) {
      const claims = pod.spec.resourceClaims ? claimsOf(pod, all) : [];
      return typeof claims === 'string' ? refuse(claims) : undefined;
    },
    preFilter({ pod: { pod }, state }) {
      if (!pod.spec.resourceClaims?.length) return { skip: true };
      const claims = claimsOf(pod, all);
      if (typeof claims === 'string') return { refusal: refuse(claims) };
      const problem = claims.map((claim) => problemWith(claim, pod)).find((p) => p !== undefined);
      if (problem !== undefined) return { refusal: refuse(problem) };
      state.set(name, claims);
      return undefined;
    },
    filter({ state }, { node }) {
      for (const { status } of state.get<Claim[]>(name) ?? [])
        if (!matchesSelector(node, status?.allocation?.nodeSelector)) return elsewhere;
      return undefined;
    },
    postFilter: ({ state }) => ({
      message: state.get(name) ? 'still not schedulable' : 'no new claims to deallocate',
    }),
    async preBind({ pod: { pod }, state }) {
      for (const claim of state.get<Claim[]>(name) ?? [])
        if (!isReserved(claim, pod)) await reserve(handle, claim, pod);
    },
  };
}

/** Notes that the pod uses the claim, so that it is kept for as long as the pod runs. */
async function reserve({ client }: Handle, claim: Claim, pod: Stored<Pod>): Promise<void> {
  const user = { resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid };
  const reservedFor = [...(claim.status?.reservedFor ?? []), user];
  const { resourceVersion } = claim.metadata;
  const cause = causedBy({ ...pod, apiVersion: 'v1', kind: 'Pod' }, 'the pod uses this claim');
  await client
    .of(resourceclaims)
    .patch(
      claim.metadata,
      { metadata: { resourceVersion }, status: { reservedFor } },
      { type: 'application/merge-patch+json', subresource: 'status', cause },
    );
}
