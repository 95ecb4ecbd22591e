import { mustRun, type Processes } from './processes.ts';

/** Has `nft` carry out a script: one transaction, all of it or nothing. Rejects in its words where it refuses. */
export async function runNft(processes: Processes, script: string): Promise<void> {
  await mustRun(processes, 'nft', ['-f', '-'], { input: script });
}

/** Whether the kernel has IPv6, and takes a table for it; changes nothing. */
export async function hasIPv6(processes: Processes, table: string): Promise<boolean> {
  const setting = await processes.run('sysctl', ['-n', 'net.ipv6.conf.all.forwarding']);
  if (setting.code !== 0) return false;
  return (await processes.run('nft', ['--check', 'add', 'table', 'ip6', table])).code === 0;
}

/** Elements go into nft in portions, so that no line becomes too long for it. */
const portion = 500;

/** The lines that add elements to a set or map of a table, or take them out of it. */
export function* elementLines(
  verb: 'add' | 'delete',
  { family, table, set }: { family: 'ip' | 'ip6'; table: string; set: string },
  elements: Iterable<string>,
): Iterable<string> {
  const line = (texts: readonly string[]) =>
    `${verb} element ${family} ${table} ${set} { ${texts.join(', ')} }`;
  let texts: string[] = [];
  for (const element of elements) {
    texts.push(element);
    if (texts.length < portion) continue;
    yield line(texts);
    texts = [];
  }
  if (texts.length > 0) yield line(texts);
}
