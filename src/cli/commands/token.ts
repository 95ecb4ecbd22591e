import { resolve } from 'node:path';
import { formatToken, generateToken, parseToken, parseTtlMs } from '../../cluster/join/bootstrap-token.ts';
import { joinCommand } from '../../cluster/join/join-command.ts';
import { createToken, deleteToken, listTokens } from '../../cluster/join/tokens.ts';
import { readState } from '../../cluster/state.ts';
import { clientFromKubeconfig } from '../../cluster/status.ts';
import { UserError } from '../../cluster/user-error.ts';
import { systemRandom } from '../../platform/random.ts';
import { print } from '../output.ts';
import { platformWith, stderrLog } from '../world.ts';

type AdminClient = Awaited<ReturnType<typeof clientFromKubeconfig>>['client'];

interface Where {
  dataDir: string;
  kubeconfig?: string;
}

interface CreateFlags extends Where {
  ttl: string;
  usages: string;
  groups: string;
  description?: string;
  printJoinCommand?: boolean;
}

const platform = platformWith(stderrLog('warn'));
const words = (text: string) => text.split(',').filter(Boolean);

/** Runs with a client of the cluster that the flags lead to. */
async function withClient<T>(where: Where, run: (client: AdminClient) => Promise<T>): Promise<T> {
  const dataDir = resolve(where.dataDir);
  const path = where.kubeconfig ?? (await readState(platform.files, dataDir))?.kubeconfig;
  if (path === undefined)
    throw new UserError(`no cluster runs in ${dataDir}`, 'say which with --data-dir or --kubeconfig');
  const { client, close } = await clientFromKubeconfig(platform, resolve(path));
  try {
    return await run(client);
  } finally {
    close();
  }
}

/** Makes a token, of its own or of the given text, and prints it. */
export async function create(text: string | undefined, flags: CreateFlags): Promise<void> {
  const token = text ? parseToken(text) : generateToken(systemRandom);
  const ttlMs = parseTtlMs(flags.ttl);
  const draft = {
    token,
    expiresMs: ttlMs === undefined ? undefined : platform.clock.now() + ttlMs,
    usages: words(flags.usages),
    groups: words(flags.groups),
    description: flags.description,
  };
  await withClient(flags, async (client) => {
    await createToken(client, draft);
    print(flags.printJoinCommand ? await joinCommand(client, token) : formatToken(token));
  });
}

export async function list(where: Where): Promise<void> {
  const rows = await withClient(where, listTokens);
  const head = ['TOKEN', 'EXPIRES', 'USAGES', 'GROUPS', 'DESCRIPTION'];
  const cells = rows.map((row) => [
    row.token,
    row.expires ?? '<forever>',
    row.usages.join(',') || '<none>',
    row.groups.join(',') || '<none>',
    row.description || '<none>',
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  for (const row of [head, ...cells])
    print(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('   ')
        .trimEnd(),
    );
}

export async function remove(ids: string[], where: Where): Promise<void> {
  await withClient(where, async (client) => {
    for (const id of ids) {
      await deleteToken(client, id);
      print(`deleted token ${id.slice(0, 6)}`);
    }
  });
}

/** Prints a token that no cluster knows yet. */
export function generate(): void {
  print(formatToken(generateToken(systemRandom)));
}
