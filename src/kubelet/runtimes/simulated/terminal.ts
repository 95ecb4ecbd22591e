/** Keys as terminals send them. */
const interrupt = 0x03;
const endOfInput = 0x04;
const erase = new Set([0x08, 0x7f]);
const carriageReturn = 0x0d;
const newline = 0x0a;

/** A line is typed, not poured in. */
const longestLine = 4096;

/** What is typed on a terminal, line by line, and shown as it is typed. */
export async function* typedLines(
  keys: AsyncIterable<Uint8Array>,
  show: (text: string) => Promise<void>,
): AsyncIterable<Uint8Array> {
  let line: number[] = [];
  for await (const chunk of keys) {
    for (const key of chunk) {
      if (key === endOfInput && line.length === 0) return;
      if (key === carriageReturn || key === newline) {
        await show('\r\n');
        yield Buffer.from([...line, newline]);
        line = [];
      } else if (key === interrupt) {
        await show('^C\r\n');
        yield Buffer.of(newline);
        line = [];
      } else if (erase.has(key)) {
        if (line.pop() !== undefined) await show('\b \b');
      } else if (key >= 0x20 && line.length < longestLine) {
        line.push(key);
        await show(String.fromCharCode(key));
      }
    }
  }
}

/** Text as a terminal shows it. */
export const onTerminal = (text: string) => text.replace(/\r?\n/g, '\r\n');
