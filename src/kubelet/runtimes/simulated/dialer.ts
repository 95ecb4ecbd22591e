import type { Dialer } from '../../../platform/dial.ts';
import { behaviourOf } from './behaviour.ts';
import type { SimulatedWorld } from './world.ts';

/** `SERVING`, as a grpc.health.v1.HealthCheckResponse. */
const serving = [8, 1];

/**
 * The network that a simulated node sees: whatever it calls answers that all is well, but for pods whose annotations say that
 * nothing listens in them. Nothing leaves the process, so what else the machine has at such an address is not disturbed.
 */
export function simulatedDialer(world: SimulatedWorld): Dialer {
  const reach = (address: string, port: number) => {
    if (listensAt(world, address)) return;
    throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED', address, port });
  };
  return {
    async httpGet({ url }) {
      const { protocol, hostname, port } = new URL(url);
      reach(hostname.replace(/^\[|\]$/g, ''), Number(port) || (protocol === 'https:' ? 443 : 80));
      return { statusCode: 200, headers: {}, body: '' };
    },
    tcp: async (host, port) => reach(host, port),
    async grpc({ host, port }) {
      reach(host, port);
      return Buffer.from(serving);
    },
  };
}

function listensAt(world: SimulatedWorld, address: string): boolean {
  if (!world.answers(address)) return false;
  for (const { ips, state, spec } of world.sandboxes.values())
    if (state === 'ready' && ips.includes(address)) return behaviourOf(spec.annotations, '').listens;
  return true;
}
