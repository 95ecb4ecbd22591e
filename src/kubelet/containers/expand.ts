/** More characters than any kernel starts a process with: variables that hold each other multiply without end. */
export const mostCharacters = 2 ** 23;

/**
 * Puts the values of variables where `$(NAME)` stands. `$$` is a dollar sign that begins nothing; a name without value
 * stays as it was written. Throws an Error where it would become longer than `room` characters.
 */
export function expand(
  text: string,
  valueOf: (name: string) => string | undefined,
  room = mostCharacters,
): string {
  const parts: string[] = [];
  let length = 0;
  let from = 0;
  // Where one parenthesis is not closed, no later one is either: it is not looked for again.
  let canClose = true;
  const add = (part: string, next: number) => {
    length += part.length;
    if (length > room)
      throw new Error('with its variables put in it becomes larger than a process may have it');
    parts.push(part);
    from = next;
  };
  for (let at = text.indexOf('$'); at >= 0; at = text.indexOf('$', from)) {
    add(text.slice(from, at), at);
    const close = canClose && text[at + 1] === '(' ? text.indexOf(')', at) : -1;
    if (close > 0) add(valueOf(text.slice(at + 2, close)) ?? text.slice(at, close + 1), close + 1);
    else {
      if (text[at + 1] === '(') canClose = false;
      add('$', at + (text[at + 1] === '$' ? 2 : 1));
    }
  }
  add(text.slice(from), text.length);
  return parts.join('');
}

/** Each word expanded; throws an Error where all together become too large. */
export function expandWords(
  words: readonly string[] | undefined,
  valueOf: (name: string) => string | undefined,
): string[] | undefined {
  let room = mostCharacters;
  return words?.map((word) => {
    const expanded = expand(word, valueOf, room);
    room -= expanded.length;
    return expanded;
  });
}

/** As `expand`, for texts that must be whole: throws an Error that names what has no value. */
export function expandStrictly(text: string, valueOf: (name: string) => string | undefined): string {
  const missing: string[] = [];
  const expanded = expand(text, (name) => {
    const value = valueOf(name);
    if (value === undefined) missing.push(name);
    return value;
  });
  if (missing.length > 0)
    throw new Error(`missing value for ${missing.map((m) => JSON.stringify(m)).join(', ')}`);
  return expanded;
}
