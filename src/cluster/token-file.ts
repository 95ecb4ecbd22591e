import type { UserInfo } from '../apiserver/registry/kind.ts';
import type { Files } from '../platform/files.ts';
import { UserError } from './user-error.ts';

/** Reads a file of tokens, each with its user, uid and groups: a line each, fields separated by commas. */
export async function readTokenFile(
  file: string,
  files: Pick<Files, 'readText'>,
): Promise<{ token: string; user: UserInfo }[]> {
  const text = await files.readText(file).catch((error: Error) => {
    throw new UserError(`token file ${file}: ${error.message}`);
  });
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const [token, name, uid, groups = ''] = fieldsOf(line);
    if (uid === undefined)
      throw new UserError(
        `token file ${file}: line ${i + 1} must have at least 3 columns (token, user name, user uid)`,
      );
    // An empty token would let in whoever shows none.
    if (!token) return [];
    const list = groups.split(',').filter(Boolean);
    return [{ token, user: { name: name as string, ...(uid && { uid }), groups: list } }];
  });
}

/** The fields of a line; one in quotes may have commas in it. */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  for (const [, quoted, plain = ''] of `${line},`.matchAll(/\s*(?:"((?:[^"]|"")*)"\s*|([^,]*)),/g))
    fields.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
  return fields;
}
