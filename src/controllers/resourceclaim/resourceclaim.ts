import type { Pod, PodResourceClaim } from '../../api/core/v1.ts';
import { pods, resourceclaims, resourceclaimtemplates } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { ResourceClaim, ResourceClaimConsumerReference } from '../../api/resource/v1.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { claimFinalizer, claimNameOf, needsNoClaim } from '../../machinery/resource-claims.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { type ControllerContext, createController, done, type OwnWrites } from '../controller.ts';
import { controllerOf, controllerReference, isControlledBy } from '../shared/owners.ts';
import { ClaimMetrics } from './metrics.ts';
import { type Claim, generateNameOf, isDone, mustReserve, planClaim, podClaimAnnotation } from './plan.ts';

const byClaim = 'pods by claim';
const byEntry = 'claims by entry of owning pod';
const merge = 'application/merge-patch+json';
const podPrefix = 'pod:';
const claimPrefix = 'claim:';

/**
 * Makes the claims that pods want from templates, notes pods that others have given a node as users, and takes back what no pod uses:
 * `pkg/controller/resourceclaim`.
 */
export function createResourceClaimController(context: ControllerContext): Component {
  return createController({
    name: 'resource-claim-controller',
    queueName: 'resource_claim',
    context,
    setup: ({ queue, writes }) => {
      const work = new ResourceClaims(context, writes);
      work.watch((key) => queue.add(key));
      return async (key) => {
        if (key.startsWith(podPrefix)) await work.syncPod(key, key.slice(podPrefix.length));
        else await work.syncClaim(key.slice(claimPrefix.length));
        return done;
      };
    },
  });
}

class ResourceClaims {
  readonly #context: ControllerContext;
  readonly #writes: OwnWrites;
  readonly #pods;
  readonly #claims;
  readonly #templates;
  readonly #metrics: ClaimMetrics;

  constructor(context: ControllerContext, writes: OwnWrites) {
    this.#context = context;
    this.#writes = writes;
    this.#pods = context.informers.of(pods);
    this.#claims = context.informers.of(resourceclaims);
    this.#templates = context.informers.of(resourceclaimtemplates);
    this.#metrics = new ClaimMetrics(context.meter, () => this.#claims.list());
    this.#pods.addIndex(byClaim, claimKeysOf);
    this.#claims.addIndex(byEntry, (claim) => {
      const owner = controllerOf(claim);
      const isPods = owner?.kind === 'Pod' && owner.apiVersion === 'v1';
      return isPods ? [entryKey(owner.uid, claim.metadata.annotations?.[podClaimAnnotation] ?? '')] : [];
    });
  }

  watch(enqueue: (key: string) => void): void {
    const podKey = (pod: Stored<Pod>) => `${podPrefix}${keyOf(pod)}`;
    const onPod = (pod: Stored<Pod>, isGone: boolean) => {
      if (!pod.spec.resourceClaims?.length && !pod.status?.extendedResourceClaimStatus) return;
      if (isGone || isDone(pod)) for (const key of claimKeysOf(pod)) enqueue(`${claimPrefix}${key}`);
      if (!isGone && wantsClaims(pod)) enqueue(podKey(pod));
    };
    this.#pods.onChange({
      added: (pod) => onPod(pod, false),
      updated: (pod) => onPod(pod, false),
      deleted: (pod) => onPod(pod, true),
    });
    const onClaim = (claim: Claim) => {
      const key = keyOf(claim);
      enqueue(`${claimPrefix}${key}`);
      for (const pod of this.#pods.byIndex(byClaim, key)) onPod(pod, false);
    };
    this.#claims.onChange({ added: onClaim, updated: onClaim, deleted: onClaim });
    // A template that comes late is what the pods of its name wait for.
    this.#templates.onChange({
      added: ({ metadata }) => {
        for (const pod of this.#pods.list()) {
          const isWaiting = pod.spec.resourceClaims?.some(
            (entry) => entry.resourceClaimTemplateName === metadata.name && !claimNameOf(pod, entry),
          );
          if (isWaiting && pod.metadata.namespace === metadata.namespace) enqueue(podKey(pod));
        }
      },
    });
  }

  async syncPod(key: string, podKey: string): Promise<void> {
    const pod = this.#pods.get(podKey);
    if (!pod || !wantsClaims(pod)) return;
    const made: { name: string; resourceClaimName: string }[] = [];
    for (const entry of pod.spec.resourceClaims ?? []) {
      const claim = await this.#claimFor(key, pod, entry);
      if (claim) made.push({ name: entry.name, resourceClaimName: claim });
    }
    if (made.length > 0) await this.#noteMade(key, pod, made);
    if (!pod.spec.nodeName) return;
    for (const claimKey of claimKeysOf(pod)) {
      const claim = this.#claims.get(claimKey);
      if (claim && mustReserve(claim, pod)) await this.#reserve(claim, pod);
    }
  }

  /** The name of the claim that was made for an entry of a pod and is not noted there yet. */
  async #claimFor(key: string, pod: Stored<Pod>, entry: PodResourceClaim): Promise<string | undefined> {
    if (!entry.resourceClaimTemplateName || needsNoClaim(pod, entry)) return undefined;
    const known = claimNameOf(pod, entry);
    const there = known && this.#claims.get(`${pod.metadata.namespace}/${known}`);
    if (there && isControlledBy(there, pod)) return undefined;
    try {
      return await this.#findOrMake(key, pod, entry, entry.resourceClaimTemplateName);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `PodResourceClaim ${entry.name}: ${why}`;
      this.#context.events.record(pod, { type: 'Warning', reason: 'FailedResourceClaimCreation', message });
      throw error;
    }
  }

  async #findOrMake(
    key: string,
    pod: Stored<Pod>,
    entry: PodResourceClaim,
    templateName: string,
  ): Promise<string> {
    // Made before, by one who did not come to note it.
    const [orphan] = this.#claims.byIndex(byEntry, entryKey(pod.metadata.uid, entry.name));
    if (orphan) return orphan.metadata.name;
    const template = this.#templates.get(`${pod.metadata.namespace}/${templateName}`);
    if (!template) {
      const notFound = `resourceclaimtemplate.resource.k8s.io "${templateName}" not found`;
      throw new Error(`resource claim template "${templateName}": ${notFound}`);
    }
    const { labels, annotations } = template.spec.metadata ?? {};
    const claim: ResourceClaim = {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      metadata: {
        generateName: generateNameOf(pod.metadata.name, entry.name),
        namespace: pod.metadata.namespace,
        annotations: { ...annotations, [podClaimAnnotation]: entry.name },
        ...(labels && { labels: { ...labels } }),
        ownerReferences: [controllerReference(pod)],
      },
      spec: template.spec.spec,
    };
    const cause = causedBy(pod, `its claim ${entry.name} is made from the template ${templateName}`);
    try {
      const making = this.#context.client.of(resourceclaims).create(claim, { cause });
      const made = await this.#metrics.made(claim, making);
      this.#writes.wrote(key, this.#claims, made);
      return made.metadata.name;
    } catch (error) {
      this.#writes.failed(key, this.#claims, error);
      throw error;
    }
  }

  async #noteMade(
    key: string,
    pod: Stored<Pod>,
    made: readonly { name: string; resourceClaimName: string }[],
  ): Promise<void> {
    const type = 'application/strategic-merge-patch+json';
    const cause = causedBy(pod, 'its claims were made');
    const patched = await this.#context.client
      .of(pods)
      .patch(
        pod.metadata,
        { metadata: { uid: pod.metadata.uid }, status: { resourceClaimStatuses: made } },
        { type, cause, subresource: 'status' },
      );
    this.#writes.wrote(key, this.#pods, patched);
  }

  async #reserve(claim: Claim, pod: Stored<Pod>): Promise<void> {
    const user = { resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid };
    const reservedFor = [...(claim.status?.reservedFor ?? []), user];
    await this.#patchStatus(claim, { reservedFor }, 'a pod that was given its node uses it');
  }

  async syncClaim(claimKey: string): Promise<void> {
    const claim = this.#claims.get(claimKey);
    if (!claim) return;
    const valid: ResourceClaimConsumerReference[] = [];
    for (const user of claim.status?.reservedFor ?? []) {
      if (await this.#isUser(claim, user)) valid.push(user);
    }
    const plan = planClaim(claim, valid, this.#ownerOf(claim));
    let now = claim;
    if (plan.reservedFor || plan.deallocate) {
      const status = {
        ...(plan.reservedFor && { reservedFor: plan.reservedFor }),
        ...(plan.deallocate && { allocation: null }),
      };
      now = await this.#patchStatus(claim, status, 'pods that used it are gone');
    }
    if (plan.release) await this.#release(now);
    if (plan.remove) await this.#remove(claim);
  }

  /** What the informer does not know may be too new for it: the server is asked before a device is taken from a pod. */
  async #isUser({ metadata }: Claim, user: ResourceClaimConsumerReference): Promise<boolean> {
    // Others look after users that are no pods.
    if (user.apiGroup || user.resource !== 'pods') return true;
    const ref = { namespace: metadata.namespace, name: user.name };
    const known = this.#pods.get(keyOf({ metadata: ref }));
    if (known) return known.metadata.uid === user.uid && !isDone(known);
    const pod = await this.#context.client.of(pods).get(ref).catch(ignoring('NotFound'));
    return pod?.metadata.uid === user.uid;
  }

  /** Whether the pod for which the claim was made is done; undefined where there is none, or none is known. */
  #ownerOf(claim: Claim): { isDone: boolean } | undefined {
    const owner = controllerOf(claim);
    if (owner?.kind !== 'Pod' || owner.apiVersion !== 'v1') return undefined;
    const pod = this.#pods.get(`${claim.metadata.namespace}/${owner.name}`);
    // Where the pod is gone, the garbage collector takes the claim.
    return pod && { isDone: pod.metadata.uid !== owner.uid || isDone(pod) };
  }

  #patchStatus(claim: Claim, status: object, reason: string): Promise<Claim> {
    const { resourceVersion } = claim.metadata;
    const patch = { metadata: { resourceVersion }, status };
    const cause = causedBy(claim, reason);
    return this.#context.client
      .of(resourceclaims)
      .patch(claim.metadata, patch, { type: merge, subresource: 'status', cause });
  }

  async #release(claim: Claim): Promise<void> {
    const { resourceVersion, finalizers = [] } = claim.metadata;
    if (!finalizers.includes(claimFinalizer)) return;
    const metadata = { resourceVersion, finalizers: finalizers.filter((name) => name !== claimFinalizer) };
    const cause = causedBy(claim, 'no device is allocated to it');
    await this.#context.client.of(resourceclaims).patch(claim.metadata, { metadata }, { type: merge, cause });
  }

  async #remove(claim: Claim): Promise<void> {
    const cause = causedBy(claim, 'the pod that it was made for will not run again');
    const { uid } = claim.metadata;
    await this.#context.client
      .of(resourceclaims)
      .delete(claim.metadata, { cause, preconditions: { uid } })
      .catch(ignoring('NotFound'));
  }
}

const entryKey = (podUid: string, entry: string) => `${podUid}/${entry}`;

function claimKeysOf(pod: Stored<Pod>): string[] {
  const named = (pod.spec.resourceClaims ?? []).map((entry) => claimNameOf(pod, entry));
  const all = [...named, pod.status?.extendedResourceClaimStatus?.resourceClaimName];
  return all.filter(Boolean).map((name) => `${pod.metadata.namespace}/${name}`);
}

const wantsClaims = (pod: Pod): boolean => !pod.metadata.deletionTimestamp && !isDone(pod);
