import type { AddressFamily } from '../machinery/address-family.ts';
import { clientIn, frontTypeIn } from './packet-keys.ts';

/** Clients with their backends that are remembered at once, some 100 bytes each; further ones are served, and forgotten. */
const mostClients = 1_048_576;

/** How the rules of a family remember which backend a client has. */
export interface Affinity {
  /** The map, and what else there is beside it. */
  readonly declarations: string;
  /** The rule that puts the number of a known client's backend into the priority. */
  readonly recall: string;
  /** What a rule says after having found a backend to be there, to match its own clients alone; nothing where the map says that. */
  readonly confirm: string;
  /** Statements that remember the number in the priority for so many silent seconds. Whoever is known is kept as he is. */
  remember(seconds: number): string[];
  /** The rule that forgets the client, who had the number in the priority. */
  readonly forget: string;
}

/** A client and the front that he asks are the key. */
function byClient(family: AddressFamily): Affinity {
  const client = clientIn(family);
  return {
    declarations: `map affinity { type ${family.nftType} . ${frontTypeIn(family)} : classid; flags dynamic,timeout; size ${mostClients}; }`,
    recall: `meta priority set ${client} map @affinity`,
    confirm: '',
    remember: (seconds) => [`update @affinity { ${client} timeout ${seconds}s : meta priority }`],
    forget: `delete @affinity { ${client} : meta priority }`,
  };
}

/**
 * The same where such a key has more than 16 bytes, which nft up to 1.0.6 cannot write into a map: two hashes of it are the key, and a set, which may have
 * larger ones, says that it was this client who got the backend. Of two clients with the same hashes none gets what is the other's: they choose anew.
 */
function byHash(family: AddressFamily): Affinity {
  const client = clientIn(family);
  const hash = (seed: number) => `jhash ${client} mod 4294967295 seed ${seed}`;
  const key = `${hash(1)} . ${hash(2)}`;
  const whole = `${client} . meta priority`;
  return {
    declarations: `
  map affinity { typeof numgen random mod 2 . numgen random mod 2 : meta priority; flags dynamic,timeout; size ${mostClients}; }
  set clients { type ${family.nftType} . ${frontTypeIn(family)} . classid; flags dynamic,timeout; size ${mostClients}; }`,
    recall: `meta priority set ${key} map @affinity`,
    confirm: `${whole} @clients `,
    remember: (seconds) => [
      `update @clients { ${whole} timeout ${seconds}s }`,
      `update @affinity { ${key} timeout ${seconds}s : meta priority }`,
    ],
    forget: `delete @affinity { ${key} : meta priority }`,
  };
}

export const affinityIn = (family: AddressFamily): Affinity =>
  family.bits === 32 ? byClient(family) : byHash(family);
