import type { RequestInfo } from '../request.ts';

/** Objects that one seat is reckoned to list. */
const objectsPerSeat = 100;
/** What no list takes more of. */
const mostSeats = 10;
/** No single request takes more than this share of its level. */
const mostOfLevel = 0.15;

/** The most seats that one request of a level may take: so that a flow can always run as many as it has queues. */
export function mostSeatsPerRequest(nominalSeats: number, handSize: number): number {
  const share = Math.ceil(nominalSeats * mostOfLevel);
  return Math.max(1, Math.min(mostSeats, share, Math.floor(nominalSeats / handSize)));
}

/** Whether a watch begins with all the objects there are. */
function beginsWithAll(query: URLSearchParams): boolean {
  const initial = query.get('sendInitialEvents');
  if (initial !== null) return initial !== 'false' && initial !== '0';
  const revision = query.get('resourceVersion');
  return revision === null || revision === '' || revision === '0';
}

/**
 * The seats that a request takes: lists, and watches that begin like one, by the number of objects; all else one. A write
 * takes no more for those who watch: its event is encoded once for all of them.
 */
export function estimateSeats(
  { info, query }: { info: RequestInfo; query: URLSearchParams },
  count: (info: RequestInfo) => number,
  most: number,
): number {
  const lists = info.verb === 'list' || (info.verb === 'watch' && beginsWithAll(query));
  if (!lists || info.name !== '') return 1;
  return Math.max(1, Math.min(most, Math.ceil(count(info) / objectsPerSeat)));
}
