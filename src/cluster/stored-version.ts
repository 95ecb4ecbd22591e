import { kubernetesVersion } from '../machinery/kubernetes-version.ts';
import { type Store, StoreError } from '../store/store.ts';
import { UserError } from './user-error.ts';
import { version } from './version.ts';

/** Beside the registry's keys: it is no object of the API. */
const storeKey = '/k8ts/version';

/** The newest version whose server has written into a store. */
interface WrittenBy {
  /** That of the API, such as `v1.36.0`. */
  kubernetes: string;
  k8ts: string;
}

export interface StoreClaim {
  /**
   * How many minor versions older than the newest server of the cluster this one may be. Upstream's servers are within one while they are
   * replaced one after the other; where a server is alone or new, nothing speaks for an older one.
   */
  mostOlder: 0 | 1;
  /** This server's; as it is unless given. */
  own?: WrittenBy;
}

/**
 * Writes down that a server of this version uses the store. Throws a `UserError`, having written nothing, where newer ones have written
 * what this one may not know: it would leave that out of every object it touches.
 */
export async function claimStore(
  store: Store,
  { mostOlder, own = { kubernetes: kubernetesVersion, k8ts: version } }: StoreClaim,
): Promise<void> {
  for (;;) {
    const entry = await store.get(storeKey);
    const found = entry && (JSON.parse(Buffer.from(entry.value).toString()) as WrittenBy);
    const newerBy = found ? minorOf(found) - minorOf(own) : -1;
    if (found && newerBy > mostOlder) throw tooOld(found, own);
    if (newerBy >= 0) return;
    const value = Buffer.from(JSON.stringify(own));
    try {
      await store.commit({ writes: [{ type: 'put', key: storeKey, value, expected: entry?.revision ?? 0 }] });
      return;
    } catch (error) {
      // Another server was quicker.
      if (!(error instanceof StoreError) || error.code !== 'Conflict') throw error;
    }
  }
}

/** Of versions as a number that orders them: a thousand minor versions make a major one. */
function minorOf({ kubernetes }: WrittenBy): number {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(kubernetes) ?? [];
  return Number(major) * 1000 + Number(minor);
}

function tooOld(found: WrittenBy, own: WrittenBy): UserError {
  const shown = ({ kubernetes, k8ts }: WrittenBy) => `Kubernetes ${kubernetes} (k8ts ${k8ts})`;
  return new UserError(
    `the objects of this cluster have been written by ${shown(found)}, and this is ${shown(own)}, which may not know all that is in them`,
    `start k8ts ${found.k8ts} or a newer one, or bring back a snapshot from before with \`k8ts snapshot restore\`; the store was not changed`,
  );
}
