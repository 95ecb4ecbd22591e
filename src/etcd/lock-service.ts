import { Lock } from '../store/etcd/generated/etcd/lock_pb.js';
import { storeKey } from './keys.ts';
import { write } from './kv-service.ts';
import { type EtcdNode, headerOf } from './node.ts';
import { type Route, unary } from './service.ts';
import { becomeFirst, enter } from './waiting-line.ts';

/** Locks: who stands first in the line of a name holds it. */
export function lockService(node: EtcdNode): Route[] {
  const { method } = Lock;
  return [
    unary(method.lock, async ({ name, lease }, { signal }) => {
      const place = await enter(node, { name, lease, value: new Uint8Array() });
      await becomeFirst(node, { name, ...place }, signal);
      return { header: headerOf(node), key: place.key };
    }),
    unary(method.unlock, async ({ key }) => {
      const { header } = await write(node, (draft) => draft.remove(storeKey(key)));
      return { header };
    }),
  ];
}
