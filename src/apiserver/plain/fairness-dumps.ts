import type { PathMux, PlainHandler } from '../corridor/plain-routes.ts';
import { dumpPriorityLevels, dumpQueues, dumpRequests } from '../fairness/dumps.ts';
import type { FairnessState } from '../fairness/fairness.ts';
import type { Clock } from '../../platform/clock.ts';

/** Serves what priority and fairness is doing; the paths are not listed at `/`, as upstream's are not. */
export function serveFairnessDumps(
  mux: PathMux,
  { fairness, clock }: { fairness: { readonly state: FairnessState }; clock: Clock },
): void {
  const serve = (name: string, dump: (query: URLSearchParams) => string) => {
    const handler: PlainHandler = ({ query }) => ({
      contentType: 'text/plain; charset=utf-8',
      body: dump(query),
    });
    mux.handleUnlisted(`/debug/api_priority_and_fairness/${name}`, handler);
  };
  serve('dump_priority_levels', () => dumpPriorityLevels(fairness.state));
  serve('dump_queues', () => dumpQueues(fairness.state));
  serve('dump_requests', (query) =>
    dumpRequests(fairness.state, { clock, withDetails: Boolean(query.get('includeRequestDetails')) }),
  );
}
