import type { Node, PersistentVolume, Pod } from '../../../api/core/v1.ts';
import {
  csidrivers,
  csinodes,
  csistoragecapacities,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  storageclasses,
} from '../../../api/generated/resources.ts';
import type { Stored } from '../../../api/resource.ts';
import { causedBy } from '../../../client/transport.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import type { NodeInfo } from '../../cache/node-info.ts';
import type { Decision, Plugin, PreFilterResult, Refusal } from '../../framework/framework.ts';
import { interestIn, interestInChange } from '../../framework/events.ts';
import type { Handle, Lister } from '../../framework/handle.ts';
import { refusalsOf } from '../../framework/refusals.ts';
import {
  type Claim,
  isBound,
  mountedClaims,
  mounts,
  noSuchClaim,
  type StorageListers,
  waitsForPod,
} from './claims.ts';
import { areBound, type BindStep, selectedNode, type Written } from './until-bound.ts';
import {
  allowsNode,
  findVolume,
  hasCapacity,
  isLarger,
  migratedPlugins,
  reachesServed,
  sizeOf,
} from './volume-match.ts';
import { isKeptFor, storageClassOf } from '../../../machinery/volume-match.ts';

const name = 'VolumeBinding';
const refusalFor = refusalsOf(name);
const noProvisioner = 'kubernetes.io/no-provisioner';
const merge = 'application/merge-patch+json';
const checkEveryMs = 100;

const unreachable = "node(s) didn't match PersistentVolume's node affinity";
const nothingToBind = "node(s) didn't find available persistent volumes to bind";
const noSpace = 'node(s) did not have enough free storage';
const lost = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';

export interface VolumeBindingArgs {
  /** How long volumes may take to be bound. Ten minutes unless given. */
  bindTimeoutSeconds?: number;
}

/** How a pod's claims get their volumes on one node. */
interface Plan {
  /** Volumes that stand there already, for claims that have none. */
  bind: readonly BindStep[];
  /** Claims that a volume is to be made for. */
  provision: readonly Claim[];
}

interface State {
  bound: readonly Claim[];
  waiting: readonly Claim[];
  /** All there are, where some claim may want one. */
  volumes: readonly Stored<PersistentVolume>[];
  plans: Map<string, Plan>;
}

/** To which claim a volume is promised, and for which pod; their uids. */
interface Promised {
  claim: string;
  pod: string;
}

interface Sorted {
  bound: Claim[];
  waiting: Claim[];
  /** Why the pod cannot be placed yet. */
  problem?: string;
}

/** The pod's claims by what is left to do for them. */
function sortClaims(pod: Pod, { claims, classes }: StorageListers): Sorted {
  const sorted: Sorted = { bound: [], waiting: [] };
  let isEarly = false;
  const seen = new Set<string>();
  for (const { name: claimName, isEphemeral } of mountedClaims(pod)) {
    const claim = claims.get(`${pod.metadata.namespace}/${claimName}`);
    const problem = claim
      ? claimProblem(claim, isEphemeral ? pod : undefined)
      : missing(claimName, isEphemeral);
    if (problem !== undefined || !claim) return { ...sorted, problem };
    if (seen.has(claimName)) continue;
    seen.add(claimName);
    if (isBound(claim)) sorted.bound.push(claim);
    else if (!claim.spec?.volumeName && waitsForPod(claim, classes)) sorted.waiting.push(claim);
    else isEarly = true;
  }
  // The smallest first, so that it leaves the larger volumes to the others.
  sorted.waiting.sort((a, b) => sizeOf(a) - sizeOf(b));
  return isEarly ? { ...sorted, problem: 'pod has unbound immediate PersistentVolumeClaims' } : sorted;
}

const missing = (claim: string, isEphemeral: boolean) =>
  isEphemeral
    ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${claim}"`
    : noSuchClaim(claim);

function claimProblem({ metadata, spec, status }: Claim, owner: Pod | undefined): string | undefined {
  const { name: claim, namespace, deletionTimestamp, ownerReferences } = metadata;
  if (status?.phase === 'Lost')
    return `persistentvolumeclaim "${claim}" bound to non-existent persistentvolume "${spec?.volumeName}"`;
  if (deletionTimestamp) return `persistentvolumeclaim "${claim}" is being deleted`;
  const isOwned = !owner || ownerReferences?.some((o) => o.controller && o.uid === owner.metadata.uid);
  if (isOwned) return undefined;
  return `PVC ${namespace}/${claim} was not created for pod ${namespace}/${owner.metadata.name} (pod is not owner)`;
}

/** Pods go where their volumes are, or can be. */
export class VolumeBinding implements Plugin {
  readonly name = name;
  readonly events = eventsOf();
  readonly changeHelps = () => false;
  readonly #handle: Handle;
  readonly #storage: StorageListers;
  readonly #nodes: Lister<Node>;
  readonly #timeoutMs: number;
  /** Volumes that are promised to claims where the API does not show it yet, by name. */
  readonly #promised = new Map<string, Promised>();

  constructor(handle: Handle, storage: StorageListers, { bindTimeoutSeconds = 600 }: VolumeBindingArgs = {}) {
    this.#handle = handle;
    this.#storage = storage;
    this.#nodes = handle.lister(nodes);
    this.#timeoutMs = bindTimeoutSeconds * 1000;
  }

  preFilter({ pod, state }: Decision): PreFilterResult | undefined {
    if (pod.claims.length === 0) return { skip: true };
    const { bound, waiting, problem } = sortClaims(pod.pod, this.#storage);
    if (problem !== undefined) return { refusal: refusalFor([problem], true) };
    const volumes = waiting.length > 0 ? this.#storage.volumes.list() : [];
    state.set(name, { bound, waiting, volumes, plans: new Map() } satisfies State);
    return undefined;
  }

  filter({ state }: Decision, { node, name: nodeName }: NodeInfo): Refusal | undefined {
    const { bound, waiting, volumes, plans } = state.get<State>(name) as State;
    const plan = this.#planFor(waiting, node, volumes);
    const reasons = [...this.#boundReasons(bound, node), ...(typeof plan === 'string' ? [plan] : [])];
    if (reasons.length > 0 || typeof plan === 'string') return refusalFor(reasons, true);
    if (waiting.length > 0) plans.set(nodeName, plan);
    return undefined;
  }

  reserve(decision: Decision, node: string): undefined {
    const pod = decision.pod.pod.metadata.uid;
    // Another pod of the same claim may have the promise already.
    for (const { claim, volume } of planOf(decision, node)?.bind ?? [])
      if (!this.#promised.has(volume.metadata.name))
        this.#promised.set(volume.metadata.name, { claim: claim.metadata.uid, pod });
    return undefined;
  }

  unreserve(decision: Decision, node: string): void {
    for (const { volume } of planOf(decision, node)?.bind ?? [])
      if (this.#promised.get(volume.metadata.name)?.pod === decision.pod.pod.metadata.uid)
        this.#promised.delete(volume.metadata.name);
  }

  actsBeforeBind(decision: Decision, node: string): boolean {
    return planOf(decision, node) !== undefined;
  }

  async preBind(decision: Decision, node: string, signal: AbortSignal): Promise<void> {
    const plan = planOf(decision, node);
    if (!plan) return;
    const { pod } = decision.pod;
    const promised: BindStep[] = [];
    for (const step of plan.bind)
      promised.push({ claim: step.claim, volume: await promise(this.#handle, pod, step) });
    const asked: Claim[] = [];
    for (const claim of plan.provision) asked.push(await select(this.#handle, pod, { claim, node }));
    try {
      await this.#untilBound({ promised, asked }, node, signal);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`binding volumes: ${text}`, { cause: error });
    }
  }

  /** Resolves once all claims have their volumes; throws where they cannot get them, or it takes too long. */
  async #untilBound(written: Written, name: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#handle;
    const deadlineMs = clock.monotonic() + this.#timeoutMs;
    for (;;) {
      const node = this.#nodes.get(name);
      if (!node) throw new Error(`failed to get node ${goQuote(name)}: node ${goQuote(name)} not found`);
      if (areBound(this.#storage, written, node)) return;
      if (clock.monotonic() >= deadlineMs) throw new Error('context deadline exceeded');
      await clock.sleep(checkEveryMs, signal);
    }
  }

  postBind(decision: Decision, node: string): void {
    this.unreserve(decision, node);
  }

  #boundReasons(claims: readonly Claim[], node: Node): string[] {
    const reasons = new Set<string>();
    const csiNode = claims.length > 0 ? this.#storage.csiNodes.get(node.metadata.name ?? '') : undefined;
    for (const claim of claims) {
      const volume = this.#storage.volumes.get(claim.spec?.volumeName ?? '');
      if (!volume) reasons.add(lost);
      else if (!reachesServed(volume, node, csiNode)) reasons.add(unreachable);
    }
    return [...reasons];
  }

  /** How the claims get their volumes on this node, or why they cannot. */
  #planFor(waiting: readonly Claim[], node: Node, volumes: State['volumes']): Plan | string {
    const plan = { bind: [] as BindStep[], provision: [] as Claim[] };
    if (waiting.length === 0) return plan;
    const promised = new Map<string, string>();
    for (const [volume, { claim }] of this.#promised) promised.set(volume, claim);
    for (const claim of waiting) {
      const chosen = claim.metadata.annotations?.[selectedNode];
      if (chosen !== undefined && chosen !== node.metadata.name) return nothingToBind;
      const volume = chosen === undefined ? findVolume(claim, node, { volumes, promised }) : undefined;
      if (volume) {
        promised.set(volume.metadata.name, claim.metadata.uid);
        plan.bind.push({ claim, volume });
        continue;
      }
      const refusal = this.#provisioningRefusal(claim, node);
      if (refusal) return refusal;
      plan.provision.push(claim);
    }
    return plan;
  }

  #provisioningRefusal(claim: Claim, node: Node): string | undefined {
    const { classes, drivers, capacities } = this.#storage;
    const storageClass = classes.get(storageClassOf(claim));
    if (!storageClass || storageClass.provisioner === noProvisioner) return nothingToBind;
    if (!allowsNode(storageClass, node)) return nothingToBind;
    if (!drivers.get(storageClass.provisioner)?.spec.storageCapacity) return undefined;
    const wanted = { storageClass: storageClass.metadata.name, size: sizeOf(claim), node };
    return hasCapacity(capacities.list(), wanted) ? undefined : noSpace;
  }
}

const planOf = ({ state }: Decision, node: string) => state.get<State>(name)?.plans.get(node);

/** Promises the volume to the claim; the volume controller does the rest. */
async function promise(
  { client }: Handle,
  pod: Stored<Pod>,
  { claim, volume }: BindStep,
): Promise<BindStep['volume']> {
  const { name: claimName, namespace, uid, resourceVersion } = claim.metadata;
  const claimRef = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    name: claimName,
    namespace,
    uid,
    resourceVersion,
  };
  // What a person keeps for a claim stays kept for it, should they be parted.
  const annotations = isKeptFor(volume, claim) ? {} : { 'pv.kubernetes.io/bound-by-controller': 'yes' };
  const metadata = { annotations, resourceVersion: volume.metadata.resourceVersion };
  const cause = causedBy({ ...pod, apiVersion: 'v1', kind: 'Pod' }, `the pod goes where this volume is`);
  return client
    .of(persistentvolumes)
    .patch(volume.metadata, { metadata, spec: { claimRef } }, { type: merge, cause });
}

/** Says for which node a volume is to be made. */
async function select(
  { client }: Handle,
  pod: Stored<Pod>,
  { claim, node }: { claim: Claim; node: string },
): Promise<Claim> {
  const { resourceVersion } = claim.metadata;
  const patch = { metadata: { annotations: { [selectedNode]: node }, resourceVersion } };
  const cause = causedBy({ ...pod, apiVersion: 'v1', kind: 'Pod' }, `the pod goes to ${node}`);
  return client.of(persistentvolumeclaims).patch(claim.metadata, patch, { type: merge, cause });
}

function eventsOf(): Plugin['events'] {
  return [
    interestIn(persistentvolumeclaims, ['Add', 'Update'], mounts),
    interestIn(persistentvolumes, ['Add', 'Update']),
    interestInChange(storageclasses, ['Add', 'Update'], (now, old) => {
      return !old || !deepEqual(now.allowedTopologies, old.allowedTopologies);
    }),
    interestInChange(csistoragecapacities, ['Add', 'Update'], (now, old) => isLarger(now, old)),
    interestInChange(csidrivers, ['Update'], (now, old) => {
      return Boolean(old?.spec.storageCapacity) && !now.spec.storageCapacity;
    }),
    interestInChange(csinodes, ['Add', 'Update'], ({ metadata }, old) => {
      return !old || metadata.annotations?.[migratedPlugins] !== old.metadata.annotations?.[migratedPlugins];
    }),
    interestIn(nodes, ['Add', 'UpdateLabel']),
  ];
}
