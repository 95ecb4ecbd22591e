import { Lease } from '../store/etcd/generated/etcd/rpc_pb.js';
import { etcdKey } from './keys.ts';
import { type EtcdNode, headerOf } from './node.ts';
import { type Route, streaming, unary } from './service.ts';

/** Leases. */
export function leaseService(node: EtcdNode): Route[] {
  const { method } = Lease;
  const { leases } = node;
  return [
    unary(method.leaseGrant, async (request) => {
      const { id: ID, ttl: TTL } = await leases.grant(request.ID, request.TTL);
      return { header: headerOf(node), ID, TTL };
    }),
    unary(method.leaseRevoke, async ({ ID }) => ({ header: headerOf(node, await leases.revoke(ID)) })),
    streaming(method.leaseKeepAlive, (call) => {
      call.onMessage(({ ID }) => void call.write({ header: headerOf(node), ID, TTL: leases.renew(ID) }));
      call.onHalfClose(() => call.end());
    }),
    unary(method.leaseTimeToLive, async ({ ID, keys }) => {
      const found = leases.look(ID);
      if (!found) return { header: headerOf(node), ID, TTL: -1n };
      const { ttl: TTL, grantedTtl: grantedTTL } = found;
      return { header: headerOf(node), ID, TTL, grantedTTL, keys: keys ? found.keys.map(etcdKey) : [] };
    }),
    unary(method.leaseLeases, async () => ({
      header: headerOf(node),
      leases: leases.ids().map((ID) => ({ ID })),
    })),
  ];
}
