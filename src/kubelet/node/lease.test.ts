import { expect, test } from 'vitest';
import { leases, nodes } from '../../api/generated/resources.ts';
import { Client } from '../../client/client.ts';
import type { Transport } from '../../client/transport.ts';
import { conflict } from '../../machinery/status-error.ts';
import { silentLog } from '../../platform/log.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import type { NodeContext } from '../pods/context.ts';
import { TestApi } from '../testing/test-api.ts';
import { NodeLease } from './lease.ts';

test('a lease that somebody else has changed is renewed at once all the same', async () => {
  const api = new TestApi();
  const clock = new VirtualClock();
  api.add(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, spec: {} });
  let conflicts = 2;
  const disturbed: Transport = {
    request: async (request) => {
      if (request.method === 'PUT' && conflicts-- > 0)
        throw conflict({ group: 'coordination.k8s.io', resource: 'leases', name: 'n1' }, 'it was modified');
      return api.request(request);
    },
    watch: (request, sink) => api.watch(request, sink),
  };
  const platform = { clock, log: silentLog };
  const context = { nodeName: 'n1', client: new Client(disturbed), platform } as unknown as NodeContext;
  const lease = new NodeLease(context);
  await lease.renew();
  const first = api.list(leases)[0]?.spec?.renewTime;
  await clock.advance(10_000);
  await lease.renew();
  expect(api.list(leases)[0]?.spec?.renewTime).not.toBe(first);
});
