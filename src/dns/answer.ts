import * as dnsPacket from 'dns-packet';
import type { Random } from '../platform/random.ts';
import { type Answer, type ClusterView, isOurs, resolveAliases } from './records.ts';

/** Seconds that answers may be kept. */
const ttlSeconds = 5;
/** What a UDP answer may be long without and, at most, with EDNS. */
const plainUdpBytes = 512;
const mostUdpBytes = 1232;

export type Query = dnsPacket.DecodedPacket & { opcode?: string };

/** Reads a message; undefined where it is none, or no query. */
export function readQuery(message: Buffer): Query | undefined {
  try {
    const query: Query = dnsPacket.decode(message);
    return query.type === 'query' && query.questions?.length === 1 ? query : undefined;
  } catch {
    return undefined;
  }
}

const nameOf = (query: Query) => (query.questions?.[0]?.name ?? '').toLowerCase().replace(/\.$/, '');

/** Whether the cluster itself answers the query. */
export function isOwnQuery(query: Query, view: ClusterView): boolean {
  return isOurs(nameOf(query), view);
}

type Code = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED';
const codes: Record<Code, number> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
};

interface Reply {
  code: Code;
  authoritative: boolean;
  answers: readonly Answer[];
  additionals: readonly Answer[];
  /** Has the answers in any order, as many as are taken. */
  random?: Random;
  /** Whether to say whose emptiness it is. */
  soa?: string;
}

/** What the cluster knows of what is asked; `outside` is a name that an alias leads to, for others to answer. */
export function ownRecords(query: Query, view: ClusterView): ReturnType<typeof resolveAliases> {
  return resolveAliases(nameOf(query), typeOf(query), view);
}

export const typeOf = (query: Query) => String(query.questions?.[0]?.type ?? 'A');

/** The answer from what the cluster knows, and others of a name that an alias leads to. */
export function ownAnswer(
  query: Query,
  view: ClusterView,
  options: { over: 'udp' | 'tcp'; random: Random; outside?: readonly Answer[] },
): Buffer {
  if (!isEncodable(nameOf(query))) return bareAnswer({ ...query, questions: [] }, 'FORMERR', options.over);
  const { random, over, outside = [] } = options;
  const { exists, answers: own, additionals } = ownRecords(query, view);
  const answers = outside.length > 0 ? [...own, ...outside] : own;
  const code = exists ? 'NOERROR' : 'NXDOMAIN';
  if (!areEncodable(answers) || !areEncodable(additionals)) return bareAnswer(query, 'SERVFAIL', over);
  const soa = answers.length === 0 ? view.domain : undefined;
  // Of an alias and what it leads to the alias comes first: resolvers read them in turn.
  const mixed = answers[0]?.type === 'CNAME' ? {} : { random };
  return encode(query, { code, authoritative: true, answers, additionals, ...mixed, soa }, over);
}

/** A message that asks for a name; undefined where no message can hold that. */
export function questionFor(name: string, type: string, random: Random): Buffer | undefined {
  if (!isEncodable(name)) return undefined;
  const questions = [{ name, type } as dnsPacket.Question];
  return dnsPacket.encode({
    type: 'query',
    id: random.int(65_536),
    flags: dnsPacket.RECURSION_DESIRED,
    questions,
  });
}

/** The addresses, and the aliases on the way to them, that another server has answered with. */
export function addressesIn(message: Buffer): Answer[] {
  const { answers = [] } = dnsPacket.decode(message);
  return answers.flatMap((answer): Answer[] => {
    const { type, name } = answer;
    return type === 'A' || type === 'AAAA' || type === 'CNAME' ? [{ type, name, data: answer.data }] : [];
  });
}

const encodable = new WeakMap<readonly Answer[], boolean>();

/** Whether a message can hold all names that the answers lead to; looked at once for each list. */
function areEncodable(answers: readonly Answer[]): boolean {
  const before = encodable.get(answers);
  if (before !== undefined) return before;
  const all = answers.every((answer) => targetOf(answer).every(isEncodable));
  encodable.set(answers, all);
  return all;
}

/** Whether a message can hold the name: its labels have 63 bytes at most, and it 253. */
function isEncodable(name: string): boolean {
  const labels = name.split('.').map((label) => Buffer.byteLength(label));
  return Buffer.byteLength(name) <= 253 && labels.every((bytes) => bytes <= 63);
}

/** The names that an answer leads to. */
function targetOf({ type, data }: Answer): string[] {
  if (type === 'SRV') return [data.target];
  return type === 'CNAME' || type === 'PTR' ? [data] : [];
}

/** An answer without records. */
export function bareAnswer(query: Query, code: Code, over: 'udp' | 'tcp'): Buffer {
  return encode(query, { code, authoritative: false, answers: [], additionals: [] }, over);
}

/** Clients often take the first address: another one each time spreads them. What is not taken costs nothing. */
function* shuffled(answers: readonly Answer[], random: Random): Generator<Answer> {
  /** What stands where others were taken from. */
  const moved = new Map<number, Answer>();
  const at = (i: number) => moved.get(i) ?? (answers[i] as Answer);
  for (let i = 0; i < answers.length; i++) {
    const chosen = i + random.int(answers.length - i);
    yield at(chosen);
    moved.set(chosen, at(i));
  }
}

const record = (answer: Answer) => ({ ...answer, class: 'IN', ttl: ttlSeconds }) as dnsPacket.Answer;

function soaRecord(domain: string): dnsPacket.Answer {
  const data = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttlSeconds,
  };
  return { type: 'SOA', name: domain, class: 'IN', ttl: ttlSeconds, data } as dnsPacket.Answer;
}

function encode(query: Query, reply: Reply, over: 'udp' | 'tcp'): Buffer {
  const edns = query.additionals?.find((a) => a.type === 'OPT') as { udpPayloadSize?: number } | undefined;
  const opt = edns
    ? [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: mostUdpBytes,
          flags: 0,
          options: [],
        } as unknown as dnsPacket.Answer,
      ]
    : [];
  const flags =
    (reply.authoritative ? dnsPacket.AUTHORITATIVE_ANSWER : 0) |
    ((query.flags ?? 0) & dnsPacket.RECURSION_DESIRED) |
    dnsPacket.RECURSION_AVAILABLE |
    codes[reply.code];
  const packet: dnsPacket.Packet = {
    type: 'response',
    id: query.id,
    flags,
    questions: query.questions,
    authorities: reply.soa ? [soaRecord(reply.soa)] : [],
    additionals: opt,
  };
  const limit =
    over === 'tcp' ? 65_535 : Math.min(mostUdpBytes, Math.max(plainUdpBytes, edns?.udpPayloadSize ?? 0));
  return fitted(packet, reply, limit);
}

/**
 * Adds to a message what fits, first what answers; says so where some of that is missing. What does not fit is not written at all: a Service
 * may have thousands of endpoints, and a question costs its client nothing.
 */
function fitted(bare: dnsPacket.Packet, { answers, additionals, random }: Reply, limit: number): Buffer {
  const room = limit - dnsPacket.encodingLength(bare);
  const kept = within(random ? shuffled(answers, random) : answers, room);
  if (kept.records.length < answers.length) {
    const flags = (bare.flags ?? 0) | dnsPacket.TRUNCATED_RESPONSE;
    return dnsPacket.encode({ ...bare, flags, answers: kept.records });
  }
  const more = within(additionals, kept.left).records;
  const all = more.length === additionals.length ? [...more, ...(bare.additionals ?? [])] : bare.additionals;
  return dnsPacket.encode({ ...bare, answers: kept.records, additionals: all });
}

const emptyBytes = dnsPacket.encodingLength({});

/** The first of the answers, as many as there are bytes for, and what is left of these. */
function within(answers: Iterable<Answer>, bytes: number): { records: dnsPacket.Answer[]; left: number } {
  const records: dnsPacket.Answer[] = [];
  let left = bytes;
  for (const answer of answers) {
    const one = record(answer);
    left -= dnsPacket.encodingLength({ answers: [one] }) - emptyBytes;
    if (left < 0) break;
    records.push(one);
  }
  return { records, left };
}
