import type { Files } from '../../platform/files.ts';
import { HttpProblem } from './http-problem.ts';

const largestFile = 64 * 2 ** 20;
const escaped = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A folder below the node's logs as a list of links, or a file as it is. */
export async function nodeLog(
  files: Files,
  root: string,
  path: string,
): Promise<{ type: string; body: Buffer }> {
  const full = path === '' ? root : `${root}/${path}`;
  const stat = await files.stat(full);
  if (stat?.type === 'directory') {
    const names = await files.list(full);
    const links = names.map(
      (name) => `<a href="${escaped(encodeURIComponent(name))}">${escaped(name)}</a>\n`,
    );
    return { type: 'text/html; charset=utf-8', body: Buffer.from(`<pre>\n${links.join('')}</pre>\n`) };
  }
  if (stat?.type !== 'file') throw new HttpProblem(404, '404 page not found');
  if (stat.sizeBytes > largestFile) throw new HttpProblem(413, 'the file is too large to be sent whole');
  return { type: 'text/plain; charset=utf-8', body: await files.read(full) };
}
