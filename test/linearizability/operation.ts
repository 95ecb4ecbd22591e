/** What clients asked for, what they were answered, and when. */

/** A version of an object, known by the token of the write that made it: no two writes have the same. */
export interface Version {
  key: string;
  token: string;
  revision: number;
}

export type Call =
  | { verb: 'create'; key: string; token: string }
  /** Where the expected version stands and nothing else. */
  | { verb: 'update'; key: string; token: string; expected: Version }
  | { verb: 'delete'; key: string; expected: Version }
  | ({ verb: 'get'; key: string } & Read)
  | ({ verb: 'list' } & Read);

interface Read {
  /** Any state will do that is not older than this revision; undefined: what is newest. */
  notOlderThan?: number;
}

export type Result =
  /** Done; a create or an update with what it has written. */
  | { type: 'done'; version?: Version }
  /** Something stands there, but not what was expected (a create expects nothing). */
  | { type: 'conflict' }
  | { type: 'missing' }
  | { type: 'read'; version: Version }
  | { type: 'listed'; revision: number; versions: Version[] }
  /** No answer, or one that leaves it open: done at any time after it was asked for, or never. */
  | { type: 'unknown' };

export interface Operation {
  client: string;
  call: Call;
  /** On one clock for all clients; `returned` is Infinity where the outcome is unknown. */
  invoked: number;
  returned: number;
  result: Result;
}

/** What a revision did, as the store's log has it. */
export interface Change {
  revision: number;
  key: string;
  /** Of what was written; of what was taken away, for a deletion. */
  token: string;
  deleted: boolean;
}

export function describeOperation({ client, call, result, invoked, returned }: Operation): string {
  const key = call.verb === 'list' ? '' : ` ${call.key}`;
  const token = 'token' in call ? `=${call.token}` : '';
  const expected = 'expected' in call ? ` where @${call.expected.revision}` : '';
  const since = 'notOlderThan' in call ? ` since @${call.notOlderThan}` : '';
  const version =
    'version' in result && result.version ? ` ${result.version.token} @${result.version.revision}` : '';
  const at = result.type === 'listed' ? ` @${result.revision}` : '';
  const when = `${invoked.toFixed(2)}..${returned.toFixed(2)}`;
  return `${client} ${when}: ${call.verb}${key}${token}${expected}${since} -> ${result.type}${version}${at}`;
}
