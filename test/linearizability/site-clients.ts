// Clients of API servers on another machine of a site: `node FILE OPTIONS-AS-JSON`, until standard input ends.
import type { ApiRequest, Transport } from '../../src/client/transport.ts';
import { transportOf } from '../crash/server.ts';
import { eventually } from '../e2e/support/commands.ts';
import { checkByRevision } from './check-by-revision.ts';
import { unexplainedKeys } from './check-by-search.ts';
import { checkCourse, Follower } from './courses.ts';
import { logOfEtcd } from './etcd-log.ts';
import { writeMarker } from './log.ts';
import { describeOperation, type Operation } from './operation.ts';
import { record } from './record.ts';

export interface ClientsOptions {
  access: readonly { url: string; kubeconfig: string }[];
  endpoints: readonly string[];
  seed: number;
  /** Tells the objects of this run from those of others. */
  name: string;
  /** Asks for any state where the history says that it asked for the newest: has to be found out. */
  planted?: boolean;
}

/** What is said at the end. */
export interface ClientsReport {
  /** What is wrong with the answers. */
  found: string[];
  figures: Record<string, number>;
}

const options = JSON.parse(process.argv[2] as string) as ClientsOptions;
const { access, endpoints, seed, name, planted = false } = options;

/** A client that gives up soon asks more often. */
const timeoutMs = 4000;

/** Reads of the newest that are not. */
function careless(transport: Transport): Transport {
  const query = (request: ApiRequest) =>
    request.method === 'GET' ? { resourceVersion: 0, ...defined(request.query) } : request.query;
  return {
    request: (request) => transport.request({ ...request, query: query(request) }),
    watch: (request, sink) => transport.watch(request, sink),
  };
}

const defined = (query: ApiRequest['query'] = {}) =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));

function connect(): Transport[] {
  const all = access.map(({ url, kubeconfig }) => transportOf(url, kubeconfig, timeoutMs));
  return planted ? all.map(careless) : all;
}

const over = new AbortController();
process.stdin.resume().once('end', () => over.abort());
const isOver = () => over.signal.aborted;

/** Records of a few clients each, one after the other, held to the search for an order. */
async function smallRecords(): Promise<{ found: string[]; operations: number; records: number }> {
  const transports = [...connect(), ...connect()];
  const found: string[] = [];
  let operations = 0;
  let records = 0;
  for (; !isOver(); records++) {
    const small = `${name}-small-${records}`;
    const history = await record({
      transports,
      clients: 4,
      keys: [`${small}-1`, `${small}-2`],
      seed: seed + records + 1,
      name: small,
      done: ({ length }) => length >= 50 || isOver(),
    });
    operations += history.length;
    for (const key of unexplainedKeys(history)) {
      const on = history.filter(({ call }) => call.verb === 'list' || call.key === key);
      found.push(`no order explains ${key}:\n${on.map(describeOperation).join('\n')}`);
    }
  }
  return { found, operations, records };
}

const keys = [1, 2, 3, 4].map((n) => `${name}-${n}`);
const followers = connect().map(
  (transport, i) => new Follower({ transport, record: name, name: `watcher ${i}` }),
);
for (const follower of followers) void follower.run();
await eventually(() => followers.every(({ courses }) => courses.length > 0) || undefined, { everyMs: 5 });
const began = Math.min(...followers.map(({ at }) => at));

process.stderr.write('recording\n');
const transports = [...connect(), ...connect()];
const recording = record({ transports, clients: 12, keys, seed, name, done: isOver });
const small = await smallRecords();
const history = await recording;
const end = await eventually(() => writeMarker(transports[0] as Transport, name).catch(() => undefined));
const log = await logOfEtcd({
  endpoints,
  after: began,
  until: end,
  isOfInterest: (key) => [...keys, `${name}-end`].includes(key),
});
const late: string[] = [];
for (const follower of followers) {
  await eventually(() => follower.at >= end || undefined, { everyMs: 5, timeoutMs: 10_000 }).catch(
    () => void late.push(`a watcher came only to @${follower.at} of @${end}`),
  );
}

const courses = followers.flatMap((follower) => follower.courses);
const count = (holds: (operation: Operation) => boolean) => history.filter(holds).length;
const report: ClientsReport = {
  found: [
    ...checkByRevision(
      history,
      log.filter(({ revision }) => revision < end),
    ),
    ...courses.flatMap((course) => checkCourse(course, log)),
    ...late,
    ...small.found,
  ],
  figures: {
    operations: history.length,
    done: count(({ result }) => result.type === 'done'),
    unknown: count(({ result }) => result.type === 'unknown'),
    older: count(({ call }) => 'notOlderThan' in call),
    told: courses.reduce((sum, { told }) => sum + told.length, 0),
    begunAnew: courses.length - followers.length,
    smallRecords: small.records,
    smallOperations: small.operations,
  },
};
process.stdout.write(JSON.stringify(report), () => process.exit(0));
