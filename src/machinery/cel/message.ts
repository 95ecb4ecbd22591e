const maxMessageBytes = 5 * 1024;

/** What an expression for a message has given, as it is shown; empty where it is no text, too long, or of many lines. */
export function shownMessage(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : '';
  return text.includes('\n') || Buffer.byteLength(text) > maxMessageBytes ? '' : text;
}
